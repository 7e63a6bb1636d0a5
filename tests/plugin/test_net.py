"""Addresses and connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pymon.plugin import net
from pymon.plugin.net import NameNotFound, addresses, connect, literal
from tests.ports import free_port
from tests.waiting import until


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", (socket.AF_INET, ("127.0.0.1", 80))),
        ("127.1", (socket.AF_INET, ("127.0.0.1", 80))),
        ("::1", (socket.AF_INET6, ("::1", 80, 0, 0))),
        ("::ffff:10.0.0.1", (socket.AF_INET6, ("::ffff:10.0.0.1", 80, 0, 0))),
        ("fe80::1%lo", (socket.AF_INET6, ("fe80::1", 80, 0, 1))),
        ("web1", None),
        ("1host.example", None),
        ("", None),
        ("a:b", None),
        ("한.example", None),
    ],
)
def test_literals(host: str, expected: tuple[object, ...] | None) -> None:
    assert literal(host, 80) == expected


async def test_a_literal_asks_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the resolver was asked")

    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    assert await addresses("10.0.0.1", 5) == ((socket.AF_INET, ("10.0.0.1", 5)),)
    assert await addresses("::1", 5) == ((socket.AF_INET6, ("::1", 5, 0, 0)),)


async def test_names() -> None:
    found = await addresses("localhost", 7)
    assert (socket.AF_INET, ("127.0.0.1", 7)) in found


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "", "a b"])
async def test_names_that_are_not_found(host: str) -> None:
    with pytest.raises(NameNotFound, match=r"\S"):
        await addresses(host)


class SlowResolver:
    """A resolver that answers when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.answer = threading.Event()
        self.most = 0
        """lookups that were under way at the same time, at most"""
        self._running = 0
        self._lock = threading.Lock()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        """As socket.getaddrinfo."""
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.asked.append(host)
            self.threads.add(threading.get_ident())
        self.answer.wait(30)
        with self._lock:
            self._running -= 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.9.9.9", 0))]


async def test_a_slow_lookup_blocks_nobody_and_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = SlowResolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    asking = [asyncio.create_task(addresses("slow.example", port)) for port in range(1, 6)]
    await asyncio.sleep(0.01)
    asking[0].cancel()  # one that goes away does not spoil it for the others
    resolver.answer.set()
    assert await asyncio.gather(*asking[1:]) == [[(socket.AF_INET, ("10.9.9.9", port))] for port in range(2, 6)]
    assert resolver.asked == ["slow.example"]
    assert threading.get_ident() not in resolver.threads
    await addresses("slow.example")
    assert resolver.asked == ["slow.example"] * 2  # nothing is remembered: a check asks anew


async def test_a_name_that_is_not_found_says_why_where_any_error_of_the_system_does() -> None:
    with pytest.raises(NameNotFound) as caught:
        await addresses("no-such-host.invalid")
    assert caught.value.strerror == str(caught.value) != ""


@pytest.mark.slow
async def test_lookups_at_the_same_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = SlowResolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
    monkeypatch.setattr(net, "MAX_LOOKUPS", 3)
    asking = [asyncio.create_task(addresses(f"h{number}.example")) for number in range(10)]
    await until(lambda: len(resolver.asked) == 3)
    for each in asking[:5]:
        each.cancel()  # its thread goes on, and keeps its place
    await asyncio.wait(asking[:5])
    resolver.answer.set()
    await asyncio.gather(*asking[5:])
    assert sorted(resolver.asked) == [f"h{number}.example" for number in (0, 1, 2, 5, 6, 7, 8, 9)]
    assert resolver.most == 3
    resolver.asked.clear()
    resolver.answer.clear()
    asking = [asyncio.create_task(addresses(f"h{number % 2}.example")) for number in range(9)]
    await until(lambda: len(resolver.asked) == 2)
    resolver.answer.set()
    await asyncio.gather(*asking)
    assert sorted(resolver.asked) == ["h0.example", "h1.example"]
    lookups = net._LOOKUPS[asyncio.get_running_loop()]
    assert lookups._free._value == 3, "no place was lost, and none came of nothing"


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The system has no thread for the first two that ask; the list is of those that asked."""
    asked: list[str] = []
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        asked.append(thread.name)
        if len(asked) <= 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    return asked


async def test_a_lookup_waits_for_a_thread(monkeypatch: pytest.MonkeyPatch, no_threads: list[str]) -> None:
    resolving_to(monkeypatch, "127.0.0.2")
    first, second = await asyncio.gather(addresses("web1", 80), addresses("web1", 80))
    assert first == second == [(socket.AF_INET, ("127.0.0.2", 80))]
    assert no_threads == ["lookup web1"] * 3
    await addresses("web1", 80)  # no lookup is left behind that would never answer
    assert len(no_threads) == 4


async def test_a_connection_waits_for_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    create, refused = socket.socket, [errno.EMFILE, errno.ENFILE]

    def scarce(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if refused:
            code = refused.pop()
            raise OSError(code, os.strerror(code))
        return create(family, kind)

    with create() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setattr(socket, "socket", scarce)
        connection = await connect("127.0.0.1", port)
        monkeypatch.undo()
        assert connection.getpeername()[1] == port
        connection.close()
    assert not refused


async def test_the_words_of_the_system() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as raised:
        await connect("127.0.0.1", port)
    assert raised.value.strerror == "Connection refused"


def serve(host: str) -> socket.socket:
    """A server that accepts, which the kernel does for it."""
    server = socket.socket()
    server.bind((host, 0))
    server.listen()
    return server


def resolving_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """Have any name resolve to these addresses, in this order."""

    def getaddrinfo(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve("127.0.0.3")
    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    connection = await connect("both.example", server.getsockname()[1])
    assert connection.getpeername()[0] == "127.0.0.3"
    connection.close()
    server.close()


@contextlib.contextmanager
def silent_server(address: str, port: int) -> Iterator[None]:
    """One whose queue is full: the kernel lets further connections wait without an answer."""
    with socket.socket() as server, contextlib.ExitStack() as queued:
        server.bind((address, port))
        server.listen(0)
        queued.enter_context(socket.create_connection((address, port)))
        yield


@pytest.mark.slow
async def test_the_next_address_is_tried_when_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve("127.0.0.3")
    port = server.getsockname()[1]
    with silent_server("127.0.0.2", port):
        resolving_to(monkeypatch, "127.0.0.2", "127.0.0.3")
        async with asyncio.timeout(60):
            connection = await connect("both.example", port)
    assert connection.getpeername()[0] == "127.0.0.3"
    connection.close()
    server.close()


async def test_the_first_of_several_failures_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the system's words: the library has all of them in one text then, and no number."""
    for found, code in (
        (("224.0.0.1", "127.0.0.2"), errno.ENETUNREACH),
        (("127.0.0.2", "224.0.0.1"), errno.ECONNREFUSED),
    ):
        resolving_to(monkeypatch, *found)
        with pytest.raises(OSError, match=os.strerror(code)) as raised:
            await connect("both.example", free_port())
        assert (raised.value.errno, raised.value.strerror) == (code, os.strerror(code))


async def test_what_an_address_says_counts_more_than_what_this_machine_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.socket
    opened: list[int] = []

    def scarce(*kind: Any) -> socket.socket:
        opened.append(len(opened))
        if len(opened) == 2:  # that of the second address
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return create(*kind)

    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    port = free_port()
    monkeypatch.setattr(socket, "socket", scarce)
    with pytest.raises(ConnectionRefusedError):
        await connect("both.example", port)
    assert len(opened) == 2


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
async def test_no_socket_is_left_of_attempts_that_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with silent_server("127.0.0.2", port), silent_server("127.0.0.3", port):
        resolving_to(monkeypatch, "127.0.0.2", "127.0.0.3")
        before = open_descriptors()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):  # after the second attempt has begun
                await connect("both.example", port)
        assert open_descriptors() == before


async def test_when_all_refuse_the_first_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await connect("both.example", port)
