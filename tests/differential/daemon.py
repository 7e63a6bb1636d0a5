"""Start a monitoring daemon on a rig of scripted plugins, wait until its scripts are exhausted, and read what it did.

Debian's mon and pymon take the same command line, so that one class serves both. Every process that a daemon starts
inherits RIG_DIR, by which stragglers are found and ended: mon leaves its monitors behind when it stops.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.differential import script
from tests.programs import write_program
from tests.tools import ends_with_the_tests

AUTH = "command section\nlist:all\nservertime:all\ndisable:all\nenable:all\nack:all\ntest:all\n"


@dataclass(frozen=True, slots=True)
class Rig:
    """The folders and the port of one daemon under test; ``create`` makes them."""

    folder: Path
    port: int

    def create(self) -> None:
        """Make the folders, the scripted plugins (``rec.alert``, ``script.monitor``) and an auth file."""
        for name in ("alerts", "script", "state", "log"):
            (self.folder / name).mkdir(parents=True)
        write_program(self.folder / "mon.d/script.monitor", script.MONITOR)
        write_program(self.folder / "alert.d/rec.alert", script.ALERT)
        (self.folder / "auth.cf").write_text(AUTH)

    def settings(self, mondir: Iterable[Path] = (), alertdir: Iterable[Path] = ()) -> str:
        """The global section of its mon.cf; further plugin folders may be named."""
        here = self.folder
        return "\n".join(
            [
                f"cfbasedir = {here}",
                f"mondir = {':'.join(map(str, (here / 'mon.d', *mondir)))}",
                f"alertdir = {':'.join(map(str, (here / 'alert.d', *alertdir)))}",
                f"statedir = {here / 'state'}",
                f"logdir = {here / 'log'}",
                f"authfile = {here / 'auth.cf'}",
                f"pidfile = {here / 'mon.pid'}",
                f"serverport = {self.port}",
                f"trapport = {self.port}",
                "serverbind = 127.0.0.1",
                "trapbind = 127.0.0.1",
                "dtlogging = yes",
                f"historicfile = {here / 'log/history.log'}",
                "",
            ]
        )

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment to start the daemon with."""
        return {**base, "RIG_DIR": str(self.folder), "RIG_PORT": str(self.port)}


@dataclass(slots=True)
class RiggedDaemon:
    """A running daemon. Use as a context manager: at the end everything that it started is gone.

    ``ends_monitors`` says whether it ends its monitors itself on SIGTERM. Debian's mon does not, and even waits for
    them, so that they have to be ended for it. ``command`` is run instead of the program with ``-c`` and its options,
    if it is given.
    """

    program: Path
    rig: Rig
    base_environ: Mapping[str, str]
    options: tuple[str, ...] = ()
    ends_monitors: bool = True
    command: tuple[str, ...] = ()
    exit_status: int | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> RiggedDaemon:
        with (self.rig.folder / "stderr").open("wb") as errors, (self.rig.folder / "stdout").open("wb") as output:
            self._process = subprocess.Popen(
                ends_with_the_tests(
                    self.command or (str(self.program), "-c", str(self.rig.folder / "mon.cf"), *self.options)
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=self.rig.environ(self.base_environ),
                cwd=self.rig.folder,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        if self._process is None:
            raise RuntimeError("the daemon was not started")
        return self._process.pid

    @property
    def errors(self) -> str:
        """What it wrote to its standard error so far."""
        return (self.rig.folder / "stderr").read_text(errors="replace")

    def wait_for(self, paths: Iterable[Path], limit: float) -> None:
        """Wait until all these files exist; fails with what is missing when the daemon ends or time runs out."""
        waited = list(paths)

        def missing() -> str:
            return ", ".join(str(path.relative_to(self.rig.folder)) for path in waited if not path.exists())

        self.wait_until(missing, limit)

    def wait_until(self, missing: Callable[[], str], limit: float) -> None:
        """Wait until ``missing`` has nothing to say; fails with what it says when the daemon ends or time runs out."""
        deadline = time.monotonic() + limit
        while lack := missing():
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(f"{self.program} ended early; its standard error: {self.errors}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.program}: after {limit} s still missing: {lack}; {self.errors}")
            time.sleep(0.05)

    def settle(self, limit: float) -> None:
        """Wait until nothing that it started runs any more, but for monitors whose scripts are exhausted."""
        deadline = time.monotonic() + limit
        while busy := [line for pid, line in self._descendants() if line != script.HANG and pid != self.pid]:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.program}: still running after {limit} s: {busy}")
            time.sleep(0.05)

    def stop(self, limit: float = 90.0) -> None:
        """End it by SIGTERM, then whatever it left behind."""
        if self._process is not None and self.exit_status is None:
            self._process.terminate()
            if not self.ends_monitors:
                self._end_descendants()
            try:
                self.exit_status = self._process.wait(limit)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self.exit_status = self._process.wait()
        self._end_descendants()

    def _end_descendants(self) -> None:
        for pid, _ in list(self._descendants()):
            if pid == self.pid:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _descendants(self) -> Iterator[tuple[int, str]]:
        """Every process that carries this rig's RIG_DIR, with its command line."""
        mark = b"RIG_DIR=" + os.fsencode(self.rig.folder)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    yield int(entry.name), line
            except OSError:
                continue
