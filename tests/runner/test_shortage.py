"""Waiting until the machine can again."""

from __future__ import annotations

import errno
import logging

import pytest

from pymon.runner import shortage
from pymon.runner.shortage import wait_in_thread, when_possible


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
    monkeypatch.setattr(shortage, "_WARNED", {})
    monkeypatch.setattr(shortage, "FIRST_PAUSE", 0.001)


async def test_shortages_are_waited_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert await when_possible(Scarce(errno.EMFILE, errno.EAGAIN, errno.ENOMEM), "start x") == "there"
    assert await when_possible(Scarce(errno.ENFILE), "start y") == "there"
    assert [record.getMessage() for record in caplog.records] == [
        "cannot start x for now: words; it waits, as do others that need the same"
    ]


async def test_other_errors_are_raised_at_once() -> None:
    scarce = Scarce(errno.ENOENT, errno.ENOENT)
    with pytest.raises(FileNotFoundError):
        await when_possible(scarce, "start x")
    assert len(scarce.codes) == 1


async def test_the_limit_ends_it_with_the_error() -> None:
    with pytest.raises(OSError, match="words") as raised:
        await when_possible(Scarce(*[errno.EMFILE] * 1000), "start x", limit=0.02)
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
