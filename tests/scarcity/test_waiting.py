"""E-starved: waiting until the machine can again, and telling that it could not."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl

import pytest

from pymon.scarcity import waiting
from pymon.scarcity.lack import LackScope, queueing
from pymon.scarcity.symptoms import NoThread, shortage_in
from pymon.scarcity.waiting import NO_LONGER, retry_until_possible, wait_in_thread


class Scarce:
    """Something that raises these errors, one after the other, and then is there."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def __call__(self) -> str:
        """Have it, or raise the next error."""
        if self.codes:
            raise OSError(self.codes.pop(0), "words")
        return "there"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_WARNED", {})
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.001)


async def test_shortages_are_waited_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert await retry_until_possible(Scarce(errno.EMFILE, errno.EAGAIN, errno.ENOMEM), "start x") == "there"
    assert await retry_until_possible(Scarce(errno.ENFILE), "start y") == "there"
    assert [record.getMessage() for record in caplog.records] == [
        "cannot start x for now: words; it waits, as do others that need the same"
    ]


async def test_other_errors_are_raised_at_once() -> None:
    scarce = Scarce(errno.ENOENT, errno.ENOENT)
    with pytest.raises(FileNotFoundError):
        await retry_until_possible(scarce, "start x")
    assert len(scarce.codes) == 1


async def test_the_limit_ends_it_with_the_error() -> None:
    with pytest.raises(OSError, match="words") as raised:
        await retry_until_possible(Scarce(*[errno.EMFILE] * 1000), "start x", limit=0.02)
    assert raised.value.errno == errno.EMFILE


def test_a_thread_waits_as_well() -> None:
    assert wait_in_thread(Scarce(errno.EMFILE, errno.ENOMEM), "read x") == "there"
    with pytest.raises(FileNotFoundError):
        wait_in_thread(Scarce(errno.ENOENT), "read x")
    with pytest.raises(OSError, match="words"):
        wait_in_thread(Scarce(*[errno.EMFILE] * 1000), "read x", limit=0.02)


async def test_the_event_loop_is_not_kept_waiting() -> None:
    scarce = Scarce(errno.EMFILE, errno.EMFILE)
    with pytest.raises(OSError, match="words"):
        wait_in_thread(scarce, "read x")
    assert len(scarce.codes) == 1


def _refused() -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, "refused")


def _caused(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


def _no_thread() -> BaseException:
    return RuntimeError("can't start new thread")


OURS: list[BaseException] = [
    OSError(errno.EMFILE, "x"),
    OSError(errno.ENFILE, "x"),
    OSError(errno.ENOMEM, "x"),
    OSError(errno.ENOBUFS, "x"),
    OSError(errno.EADDRNOTAVAIL, "no local port left"),
    MemoryError(),
    NoThread("64 earlier calls hang"),
    _no_thread(),
    socket.gaierror(socket.EAI_MEMORY, "x"),
    _caused(ValueError("a library's own"), OSError(errno.EMFILE, "x")),
    _caused(OSError("without a number"), _no_thread()),
    ExceptionGroup("several", [_refused(), OSError(errno.EMFILE, "x")]),
]
OTHERS: list[BaseException] = [
    _refused(),
    TimeoutError(errno.ETIMEDOUT, "x"),
    BlockingIOError(errno.EAGAIN, "nothing has come within SO_RCVTIMEO"),
    socket.gaierror(socket.EAI_NONAME, "x"),
    socket.gaierror(socket.EAI_AGAIN, "x"),
    ssl.SSLError(errno.EMFILE, "OpenSSL's numbers are its own"),
    RuntimeError("anything else"),
    _caused(_refused(), OSError(errno.EMFILE, "a first address")),
    OSError("no number, no cause"),
]


@pytest.mark.parametrize("error", OURS, ids=repr)
def test_what_this_machine_lacks_is_told_from_an_error(error: BaseException) -> None:
    assert shortage_in(error)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_what_others_do_is_no_shortage(error: BaseException) -> None:
    assert not shortage_in(error)


def test_a_context_that_was_set_aside_does_not_count() -> None:
    error = ValueError("another matter")
    error.__context__ = OSError(errno.EMFILE, "x")
    assert shortage_in(error)
    error.__suppress_context__ = True  # raise … from None
    assert not shortage_in(error)


async def test_a_shortage_is_noted_for_who_judges() -> None:
    with LackScope() as lack:
        with LackScope() as part:
            await retry_until_possible(Scarce(errno.EMFILE), "open a socket")
        assert part.said == part.within == "could not open a socket: words"
        assert (lack.said, lack.within) == ("", part.said)
        await retry_until_possible(Scarce(), "open a socket")
    with LackScope() as other:
        await retry_until_possible(Scarce(), "open a socket")
    assert (other.said, other.within) == ("", "")


async def test_at_the_end_nobody_waits_for_what_is_short() -> None:
    ended = asyncio.Event()
    NO_LONGER.set(ended)
    asyncio.get_running_loop().call_soon(ended.set)
    with pytest.raises(OSError, match="words"):
        await retry_until_possible(Scarce(*[errno.EAGAIN] * 100_000), "start x")


async def test_the_limit_of_what_waits_in_a_queue_stands_still() -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(1000) as deadline:
        with LackScope() as lack:
            lack.limit_by(deadline)
            before = deadline.when()
            with queueing(), queueing():
                assert deadline.when() is None
                await asyncio.sleep(0.01)
            after = deadline.when()
    assert before is not None
    assert after is not None
    assert 0 < lack.queued <= after - before <= loop.time()
