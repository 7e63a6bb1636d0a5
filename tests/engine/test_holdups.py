"""The daemon's own absence is nobody's failure: it is stopped, or held up, and nobody is alerted."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from pymon.client.traps import trap_packet
from tests.engine.conftest import Daemon, Line

pytestmark = pytest.mark.slow
EACH = 12
"""services of each kind: checks inside the daemon, checks by programs, traps"""
AWAY = 4.0
"""seconds for which the daemon stands still: longer than any limit"""
LIMIT = 2.0
"""seconds that a check may take, or a trap be missing"""
ANSWERS = 1.0
"""seconds after which servers answer, so that checks are under way at any time"""

GREETED = """#!/usr/bin/env python3
import asyncio
from dataclasses import dataclass

from pymon.plugin import Down, Host, Monitor, Up, option


@dataclass(frozen=True)
class Options:
    port: int = option("-p", default=0, convert=int, metavar="PORT", about="port")


async def probe(host: Host, options: Options) -> object:
    reader, writer = await asyncio.open_connection(host.name, options.port)
    greeting = await reader.readline()
    writer.close()
    return Up() if greeting else Down("not greeted")


monitor = Monitor(Options, probe)
"""
HANGS = """#!/usr/bin/env python3
# Holds up the daemon, once, in a function of C that does not look for signals.
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from pymon.plugin import Host, Monitor, Up


@dataclass(frozen=True)
class Options:
    pass


async def probe(host: Host, options: Options) -> object:
    wanted = Path(__file__).with_name("hang")
    if wanted.exists():
        seconds = float(wanted.read_text())
        wanted.unlink()
        began = time.perf_counter()
        hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)
        hashlib.pbkdf2_hmac("sha256", b"", b"", int(100_000 * seconds / (time.perf_counter() - began)))
    return Up()


monitor = Monitor(Options, probe)
"""


class SlowServer:
    """Greets each client after ANSWERS seconds, as long as it ``greets``."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.greets = True

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=500)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with suppress(OSError):
            await asyncio.sleep(ANSWERS)
            if self.greets:
                writer.write(b"220 hello\r\n")
                await writer.drain()
            await reader.read()
        writer.transport.abort()

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._serving)


class Busy:
    """A daemon with services of all kinds, and what they watch."""

    def __init__(self, daemon: Daemon, server: SlowServer) -> None:
        self.daemon, self.server = daemon, server
        self.calls = daemon.recorder()

    async def start(self, *extra: str) -> None:
        """Start it, with further services ``x0``, ``x1``, … that have these monitors."""
        port = await self.server.start()
        self.daemon.program("greeted.monitor", GREETED)
        self.daemon.program("slow.monitor", f"#!/bin/sh\nexec sleep {ANSWERS:g}\n")
        folder = self.daemon.directory
        (folder / "auth.cf").write_text("command section\nlist: all\n\ntrap section\n* * *\n")
        self.daemon.configure(f"cfbasedir = {folder}\nauthfile = auth.cf\n{_site(port, extra)}")
        await self.daemon.start()

    async def all_checked(self, times: int) -> None:
        """Wait until each service was checked so many times more."""
        already = len(self.daemon.lines)
        for kind in "ip":
            for number in range(EACH):
                name, since = f"checked servers/{kind}{number}:", already
                checked = partial(self._is_said_since, name, since)
                await self.daemon.wait(checked, count=times)

    def _is_said_since(self, text: str, since: int, line: Line) -> bool:
        return text in line["message"] and any(line is each for each in self.daemon.lines[since:])

    @property
    def failures(self) -> list[str]:
        """What was found failing."""
        return [line["message"] for line in self.daemon.lines if line["level"].lower() == "critical"]

    async def stand_still(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while. Nothing tells when that has done its work but time."""
        os.kill(self.daemon.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(self.daemon.pid, signal.SIGCONT)


def trap_address(daemon: Daemon) -> tuple[str, int]:
    """Where a daemon takes traps."""
    text = daemon.config.read_text()
    host, port = re.search(r"trapbind = (\S+)", text), re.search(r"trapport = (\d+)", text)
    assert host is not None
    assert port is not None
    return host[1], int(port[1])


@contextmanager
def traps(address: tuple[str, int]) -> Iterator[None]:
    """Send each trap service its sign of life, four times in a second, from a thread of its own."""
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not stop.wait(0.25):
                for number in range(EACH):
                    sender.sendto(trap_packet("traps", f"t{number}", 0, "alive", now=1e9), address)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        stop.set()
        sending.join()


def _site(port: int, extra: tuple[str, ...]) -> str:
    period = "        period wd {Sun-Sat}\n            alert rec.alert\n            alertevery 1h\n"

    def service(name: str, *keywords: str) -> str:
        return "".join(f"    {line}\n" for line in (f"service {name}", *(f"    {each}" for each in keywords))) + period

    limits = ("interval 1s", f"timeout {LIMIT:g}s")
    inside = [service(f"i{n}", *limits, f"monitor greeted.monitor -p {port} -t {LIMIT:g}") for n in range(EACH)]
    programs = [service(f"p{n}", *limits, "monitor slow.monitor") for n in range(EACH)]
    expected = [service(f"t{n}", f"traptimeout {LIMIT:g}s") for n in range(EACH)]
    others = [service(f"x{n}", "interval 1s", each) for n, each in enumerate(extra)]
    return (
        "hostgroup servers 127.0.0.1\nhostgroup traps 127.0.0.1\n\n"
        f"watch servers\n{''.join(inside + programs + others)}\nwatch traps\n{''.join(expected)}"
    )


def says(*words: str) -> Callable[[Line], bool]:
    return lambda line: all(word in line["message"] for word in words)


@pytest.fixture
async def busy(daemon: Daemon) -> AsyncIterator[Busy]:
    made = Busy(daemon, SlowServer())
    yield made
    await daemon.kill()
    await made.server.stop()


async def test_a_daemon_that_was_stopped_alerts_nobody(busy: Busy) -> None:
    """E-hold-up: limits ran out meanwhile, and traps lay in the socket."""
    await busy.start()
    with traps(trap_address(busy.daemon)):
        await busy.all_checked(2)
        for _ in range(2):
            await busy.stand_still(AWAY)
            await busy.daemon.says("pymon was held up for", count=1)
            await busy.all_checked(2)
        assert busy.failures == [], busy.daemon.text()
    busy.server.greets = False
    # It judges all the same: nobody greets now, and no traps come.
    await busy.daemon.wait(says("failure for servers i"), count=EACH)
    await busy.daemon.wait(says("failure for traps t"), count=EACH)
    assert not any("failure for servers p" in failure for failure in busy.failures)


async def test_what_runs_in_the_daemon_when_it_is_stopped_is_not_to_blame(busy: Busy) -> None:
    """E-hold-up: a plugin that calculates looks like one that hangs, but for the SIGCONT."""
    hangs = busy.daemon.program("hangs.monitor", HANGS)
    await busy.start("monitor hangs.monitor")
    await busy.all_checked(1)
    hangs.with_name("hang").write_text("0.6")
    while hangs.with_name("hang").exists():  # noqa: ASYNC110  # another process removes it
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.2)  # it is at its calculation, in the daemon's one thread
    await busy.stand_still(AWAY)
    await busy.all_checked(2)
    assert not [line for line in busy.daemon.lines if "it held up the event loop" in line["message"]]


async def test_who_holds_up_the_daemon_is_banished_and_nobody_else_is_blamed(busy: Busy) -> None:
    """E-hold-up: a plugin that hangs in a function of C cannot be interrupted; the others are innocent."""
    hangs = busy.daemon.program("hangs.monitor", HANGS)
    await busy.start("monitor hangs.monitor")
    with traps(trap_address(busy.daemon)):
        await busy.all_checked(2)
        hangs.with_name("hang").write_text(f"{AWAY}")
        told = await busy.daemon.says("it held up the event loop at")
        await busy.all_checked(2)
        assert busy.failures == [], busy.daemon.text()
    assert "hangs.monitor" in told[0]["message"]
    assert "line " in told[0]["message"]
    assert len([line for line in busy.daemon.lines if "runs as a process" in line["message"]]) == 1
    assert not list(busy.calls.iterdir())


async def test_a_client_that_spoke_while_the_daemon_was_stopped_is_answered(daemon: Daemon) -> None:
    """E-hold-up: its time (cltimeout) was over, and what it said lay in the socket."""
    folder = daemon.directory
    (folder / "auth.cf").write_text("command section\nlist: all\n")
    daemon.configure(f"cfbasedir = {folder}\nauthfile = auth.cf\ncltimeout = {LIMIT:g}s\n")
    await daemon.start()
    host, _ = trap_address(daemon)
    port = re.search(r"serverport = (\d+)", daemon.config.read_text())
    assert port is not None
    reader, writer = await asyncio.open_connection(host, int(port[1]))
    writer.write(b"list disabled\n")
    assert b"220" in await reader.readuntil(b"220 list disabled completed\n")
    os.kill(daemon.pid, signal.SIGSTOP)
    writer.write(b"list disabled\n")
    await asyncio.sleep(AWAY)
    os.kill(daemon.pid, signal.SIGCONT)
    try:
        assert b"220" in await reader.readuntil(b"220 list disabled completed\n")
    finally:
        writer.close()
