"""The server stops at any moment, and leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from socket import socket

import pytest

from pymon.server import server
from pymon.server.listen.addresses import ListenAddress, ListenerKind, open_sockets
from tests.ports import free_port
from tests.server.conftest import Live
from tests.waiting import until


class Gate:
    """Opens places as the server does, but holds a thread that has done so until it may go on."""

    def __init__(self) -> None:
        self.is_there = threading.Event()
        self.may_go = threading.Event()
        self.opened: list[socket] = []

    def open(self, place: ListenAddress) -> list[socket]:
        """Open, then wait."""
        made = open_sockets(place)
        self.opened += made
        self.is_there.set()
        self.may_go.wait(10)
        return made


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.mark.parametrize("change", ["serverport = {port}", "serversocket = mon.sock"])
async def test_stop_while_a_reload_opens_a_place(
    live: Live, gate: Gate, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await live.start()
    monkeypatch.setattr(server, "open_sockets", gate.open)
    live.configure(change.format(port=free_port()))
    await live.engine.reload()
    await asyncio.to_thread(gate.is_there.wait, 10)
    async with asyncio.timeout(5):
        await live.server.stop()
    gate.may_go.set()
    await until(lambda: all(each.fileno() == -1 for each in gate.opened))
    assert gate.opened
    assert not (live.folder / "state" / "mon.sock").exists()


async def test_start_that_is_given_up_while_it_opens_a_place(
    live: Live, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "open_sockets", gate.open)
    starting = asyncio.create_task(live.start())
    await asyncio.to_thread(gate.is_there.wait, 10)
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    gate.may_go.set()
    await until(lambda: all(each.fileno() == -1 for each in gate.opened))
    assert gate.opened


async def test_stop_while_a_reload_closes_a_place(live: Live) -> None:
    await live.start()
    await live.connect()
    ((_, post),) = [each for each in live.server._posts.items() if each[0].kind is ListenerKind.CLIENTS]
    closing = asyncio.create_task(live.server._close(next(iter(live.server._posts))))
    await asyncio.sleep(0)
    closing.cancel()
    await live.server.stop()
    assert [each.fileno() for each in post.sockets] == [-1]
