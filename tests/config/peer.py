"""Debian's mon as a black box that reads configurations: one daemon, asked over its protocol.

``test config`` reads the file anew and answers with the error, if any; ``reset`` takes it in force, after which ``get``
tells what mon made of it.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port
from tests.tools import ends_with_the_tests

_AUTH = "command section\n" + "".join(f"{name}: all\n" for name in ("list", "test", "get", "reset"))
_FIRST = "hostgroup first h\n\nwatch first\n service s\n  traptimeout 1h\n"
_PATIENCE = 30.0


class Peer:
    """A running mon whose scheduler is stopped. Use as a context manager."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "peer.cf"
        self._file.write_text(_FIRST)
        (folder / "auth.cf").write_text(_AUTH)
        for name in ("state", "log"):
            (folder / name).mkdir()
        port = free_port()
        self._said = (folder / "said").open("wb")
        command = [
            str(program), "-c", str(self._file), "-b", str(folder), "-B", str(folder), "-D", str(folder / "state"),
            "-L", str(folder / "log"), "-A", str(folder / "auth.cf"), "-s", str(folder / "mon.d"),
            "-a", str(folder / "alert.d"), "-P", "", "-p", str(port), "-t", str(port), "-S",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            ends_with_the_tests(command), cwd=folder, stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said
        )
        self._port = port
        self._socket: socket.socket | None = self._connect()
        self._replies = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._socket is not None:
            self._replies.close()
            self._socket.close()
        self._process.terminate()
        self._process.wait(_PATIENCE)
        self._said.close()

    def error_line(self, text: str) -> int | None:
        """The line at which mon rejects a configuration; None if it accepts it, 0 if it names no line."""
        error = self.error(text)
        if not error:
            return None
        match = re.search(r"line (\d+)\s*$", error)
        return int(match[1]) if match else 0

    def error(self, text: str) -> str:
        """What mon says about a configuration; empty if it accepts it."""
        self._write(text)
        reply = self.command("test config")
        return "" if reply[-1].startswith("220") else "\n".join(reply[:-1])

    def take(self, text: str) -> None:
        """Let a configuration be in force."""
        self._write(text)
        assert self.command("reset stopped")[-1].startswith("220"), text

    def get(self, group: str, service: str, name: str) -> str:
        """A variable of a service; empty if it has no value."""
        line = self.command(f"get {group} {service} {name}")[0]
        value = line.partition("='")[2].removesuffix("'")
        plain = re.sub(r"\\([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), value).replace("\\\\", "\\")
        return plain.encode("latin-1").decode("utf-8")

    def command(self, text: str) -> list[str]:
        """The lines of the reply to a command. mon closes a connection that is idle: then there is another."""
        return self._ask(text) or self._ask(text) or []

    def _ask(self, text: str) -> list[str] | None:
        """The lines of the reply; None if the connection was closed before."""
        if self._socket is None:
            self._socket = self._connect()
            self._replies = self._socket.makefile("rb")
        lines: list[str] = []
        try:
            self._socket.sendall(text.encode() + b"\n")
            while not lines or not re.match(r"\d{3}\s", lines[-1]):
                line = self._replies.readline()
                if not line:
                    raise ConnectionResetError
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
        except ConnectionError:
            self._replies.close()
            self._socket.close()
            self._socket = None
            return None
        return lines

    def _write(self, text: str) -> None:
        self._file.write_bytes(text.encode("utf-8", "surrogateescape"))

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + _PATIENCE
        while True:
            assert self._process.poll() is None, (self._folder / "said").read_text()
            try:
                return socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE)
            except OSError:
                assert time.monotonic() < deadline, "mon does not answer"
                time.sleep(0.02)
