"""A real server as a process: without privileges, in a folder of its own, ended at the end whatever happens."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.servers.needs import needs

_NOBODY = 65534
_START, _STOP = 20.0, 10.0
"""Seconds that a server may take to be ready, and to end."""


class NotStarted(Exception):
    """The server did not say that it is ready; what it said instead is the message."""


class Server:
    """A running server and what it has said so far, on both of its outputs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._ended = False
        self._more = threading.Condition()
        assert process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process, which leads a process group."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        with self._more:
            return "".join(self._lines)

    def wait_for(self, pattern: str, within: float = _START) -> re.Match[str]:
        """Wait until it has said a line with this; NotStarted if it ended, or after ``within`` seconds."""
        wanted = re.compile(pattern, re.MULTILINE)

        def found() -> bool:
            return self._ended or wanted.search("".join(self._lines)) is not None

        with self._more:
            self._more.wait_for(found, within)
            match = wanted.search("".join(self._lines))
            if match is None:
                raise NotStarted(f"{self._process.args!r} said no {pattern!r} but:\n{''.join(self._lines)}")
            return match

    def end(self) -> None:
        """End it and all that it started, at once, as it has nothing to keep; returns when they are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(_STOP)
        self._reader.join(_STOP)  # its outputs are closed when the last of them is gone
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, output: IO[bytes]) -> None:
        for line in output:
            with self._more:
                self._lines.append(line.decode("utf-8", "replace"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()


@contextlib.contextmanager
def running(
    command: Sequence[object], *, ready: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server that stays in the foreground: the block begins when it says ``ready`` (a pattern), and ends it.

    ``command`` is the program's path and its arguments.

    As root it is run by nobody, to whom ``folder`` is given, and may take ports below 1024. It dies with this process.
    """
    process = subprocess.Popen(
        [*_as_nobody(folder), *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "LC_ALL": "C", **(environ or {})},
        start_new_session=True,
    )
    server = Server(process)
    try:
        server.wait_for(ready)
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for a server's files, where it can get at them whoever runs it; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"pymon-server-{os.getpid()}-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def account() -> tuple[str, str]:
    """The user and the group that servers run as: nobody's where the tests run as root, else one's own."""
    uid, gid = (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    return pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name


def _as_nobody(folder: Path) -> list[str]:
    setpriv = [str(needs("setpriv")), "--pdeathsig", "KILL"]
    if os.geteuid() != 0:
        return [*setpriv, "--"]
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)
    low_ports = ["--inh-caps", "-all,+net_bind_service", "--ambient-caps", "+net_bind_service"]
    account = ["--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups"]
    return [*setpriv, *account, *low_ports, "--"]
