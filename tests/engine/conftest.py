"""A real daemon for tests: ``pymon run`` in a process of its own, its JSON log read line by line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.addresses import listening
from tests.programs import write_program

Line = dict[str, Any]

LIMIT = 90.0
"""seconds for what comes at once, except on a machine that stands still for a while"""


class Daemon:
    """A ``pymon run`` on a site in a directory of its own; ``wait`` waits for a line of its log.

    ``environ`` is added to its environment.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "mon.cf"
        self.lines: list[Line] = []
        self.environ: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        for name in ("mon.d", "alert.d", "state", "log"):
            (directory / name).mkdir(exist_ok=True)

    def program(self, name: str, text: str) -> Path:
        """Write an executable: ``x.monitor`` goes to mon.d, ``x.alert`` to alert.d."""
        return write_program(self.directory / ("mon.d" if name.endswith(".monitor") else "alert.d") / name, text)

    def recorder(self, name: str = "rec.alert") -> Path:
        """An alert that writes its arguments and input to ``calls/NUMBER``; returns that directory."""
        calls = self.directory / "calls"
        calls.mkdir(exist_ok=True)
        self.program(name, f'#!/bin/sh\nf=$(mktemp {calls}/.XXXXXX)\n{{ echo "$@"; cat; }} >$f\nmv $f $f.done\n')
        return calls

    def configure(self, text: str) -> None:
        """Write mon.cf, the directories in front of the text given."""
        head = f"mondir = {self.directory}/mon.d\nalertdir = {self.directory}/alert.d\n"
        head += f"statedir = {self.directory}/state\nlogdir = {self.directory}/log\n{listening()}\n"
        self.config.write_text(head + text)

    async def start(self, *arguments: str) -> None:
        """Start the daemon, and wait until it says that it has."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pymon.cli.main", "run", "-c", str(self.config)),
            *("--log", "json", "--log-level", "debug"),
            *arguments,
            stderr=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
            env=os.environ | {"TZ": "UTC"} | self.environ,
        )
        self._reader = asyncio.create_task(self._read())
        await self.wait(lambda line: "mon server started" in line["message"])

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._process is not None
        return self._process.pid

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"message": line.decode(errors="replace"), "level": "raw", "epoch": 0.0})
            self._news.set()
        self._news.set()

    async def wait(self, wanted: Callable[[Line], bool], *, count: int = 1, seconds: float = LIMIT) -> list[Line]:
        """Wait until ``count`` lines of the log are wanted; returns them."""
        try:
            async with asyncio.timeout(seconds):
                while len(found := [line for line in self.lines if wanted(line)]) < count:
                    assert self._reader is None or not self._reader.done(), f"the daemon ended:\n{self.text()}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"{len(found)} of {count} lines came:\n{self.text()}")
        return found

    async def says(self, text: str, *, count: int = 1, seconds: float = LIMIT) -> list[Line]:
        """Wait for a line that contains a text."""
        return await self.wait(lambda line: text in line["message"], count=count, seconds=seconds)

    def text(self) -> str:
        """The log so far, for messages."""
        return "\n".join(f"{line['level']}: {line['message']}" for line in self.lines)

    def hang_up(self) -> None:
        """Let it read its configuration again."""
        self._signal(signal.SIGHUP)

    def _signal(self, number: int) -> None:
        """Send a signal, unless it has ended: asyncio reaps a process some time before it says so."""
        assert self._process is not None
        if self._process.returncode is None:
            # Not Process.send_signal, which may reap the process, and asyncio then loses its status.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, seconds: float = LIMIT) -> int:
        """SIGTERM; returns the exit status."""
        assert self._process is not None
        self._signal(signal.SIGTERM)
        async with asyncio.timeout(seconds):
            status = await self._process.wait()
            if self._reader is not None:
                await self._reader
        return status

    async def kill(self) -> None:
        """Make an end of it, whatever its condition."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            await self._process.wait()
        if self._reader is not None:
            await self._reader


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    """A daemon that is not started yet."""
    made = Daemon(tmp_path)
    yield made
    await made.kill()
