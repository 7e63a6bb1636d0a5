"""A server that answers mon's protocol from a script, and takes down what it was asked.

It shows clients states that a real server shows only after minutes, or never: both monshows then see the very same.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pymon.protocol.wire import escape
from pymon.text import decode, encode
from tests.ports import free_port

FIRST = ("group", "service", "opstatus", "last_opstatus", "exitval", "timer", "last_success", "last_trap")
_DEFAULTS: dict[str, object] = {
    "last_opstatus": 7,
    "exitval": 1,
    "timer": 5,
    "last_success": 0,
    "last_trap": 0,
    "last_traphost": "",
    "last_check": 0,
    "ack": 0,
    "ackcomment": "",
    "alerts_sent": 0,
    "depstatus": "",
    "depend": "",
    "hostdepend": "",
    "monitordepend": "",
    "alertdepend": "",
    "monitor": "fping.monitor",
    "last_summary": "sum",
    "last_detail": "",
    "interval": 5,
    "monitor_duration": 1,
    "monitor_running": 0,
}


def status_line(group: str, service: str, opstatus: int, **fields: object) -> str:
    """A line of ``list opstatus``; a field that is not given has a plausible value."""
    values = {**_DEFAULTS, "last_check": int(time.time()) - 5, **fields}
    named = {"group": group, "service": service, "opstatus": opstatus, **values}
    order = [*FIRST, *(name for name in named if name not in FIRST)]
    return " ".join(f"{name}={escape(str(named[name]))}" for name in order)


class ScriptedServer:
    """Owns a port of 127.0.0.1; as a context manager it serves. ``asked`` are the commands it was sent.

    With ``tls`` it speaks TLS; with ``path`` it serves a Unix socket instead.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, path: Path | None = None) -> None:
        self.tls = tls
        self.path = path
        self.asked: list[str] = []
        self.answers: dict[str, Sequence[str]] = {}
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self.port = free_port()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(
        self,
        lines: Sequence[str] = (),
        *,
        state: str = "scheduler running",
        disabled: Sequence[str] = (),
        hosts: str = "a *b c",
        descriptions: Mapping[str, str] | None = None,
        answers: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """What there is to see from now on; ``answers`` beats all else."""
        names = [tuple(word.partition("=")[2] for word in line.split()[:2]) for line in lines]
        described = descriptions or {}
        script: dict[str, Sequence[str]] = {
            "list opstatus": (*lines, "220 list opstatus completed"),
            "list watch": (*(f"{group} {service}" for group, service in names), "220 list watch completed"),
            "list state": (state, "220 list state completed"),
            "list disabled": (*disabled, "220 list disabled completed"),
            "list descriptions": (
                *(f"{group} {service} {escape(described.get(group, 'desc'))}" for group, service in names),
                "220 list descriptions completed",
            ),
            "protid 9745": ("220 protocol match",),
        }
        for group in {group for group, _ in names}:
            script[f"list group {group}"] = (f"hostgroup {group} {hosts}", "220 list group completed")
        self.answers = {**script, **(answers or {})}

    def open(self) -> None:
        """Begin to serve, or begin again."""
        if self.path is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self.path))
            self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Stop, and cut off who is connected."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), self._secured(plain) as connection, connection.makefile("rwb") as stream:
            for raw in stream:
                command = decode(raw).rstrip("\r\n")
                self.asked.append(command)
                stream.write(b"".join(encode(f"{line}\n") for line in self._answer(command)))
                stream.flush()
                if command == "quit":
                    return

    def _secured(self, plain: socket.socket) -> socket.socket:
        """The connection that is talked over; raises OSError if the other side's certificate is not believed."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(plain)
            connection = plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)
            stack.pop_all()
        return connection

    def _answer(self, command: str) -> Sequence[str]:
        if command in self.answers:
            return self.answers[command]
        if command == "quit":
            return ("220 quitting",)
        if command.startswith("list opstatus "):
            return self._some(command.split()[2:])
        return ("520 invalid command",)

    def _some(self, keys: list[str]) -> Sequence[str]:
        """The status lines of ``group,service`` words."""
        *lines, final = self.answers["list opstatus"]
        named = {",".join(word.partition("=")[2] for word in line.split()[:2]): line for line in lines}
        return (*(named[key] for key in keys if key in named), final)
