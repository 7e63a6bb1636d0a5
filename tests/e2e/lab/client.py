"""The client: asks the virtual service for a page again and again, and writes down who answered."""

from __future__ import annotations

import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.lab import process
from tests.e2e.lab.topology import VIRTUAL
from tests.e2e.lab.waiting import wait_for

RATE = 20.0
"""Requests a second."""
PATIENCE = 20.0
"""Seconds after which the client gives a request up; one to a dead server is refused at once."""
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when it began (time.monotonic) and the name of the server that answered, or why none did."""

    at: float
    who: str
    trouble: str = ""


@dataclass(slots=True)
class Client:
    """A client that asks ``rate`` times a second, in a process of its own, from start to stop."""

    book: Path
    rate: float = RATE
    pid: int | None = None
    _read: int = 0
    _asked: list[Asked] = field(default_factory=list)

    def start(self) -> None:
        """Begin to ask; when this returns, the first request has been answered."""
        self.book.touch()
        self.pid = process.start_in("client", self._ask_on)
        began = time.monotonic()
        wait_for("the client's first answer", lambda: self.tally(began, time.monotonic()).keys() - {LOST})

    def stop(self) -> None:
        """Ask no more."""
        if self.pid is not None:
            process.kill(self.pid)
            self.pid = None

    def asked(self, since: float, until: float) -> list[Asked]:
        """The requests that began in a span of time, and are over."""
        with self.book.open(encoding="utf-8") as book:
            book.seek(self._read)
            text = book.read()
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole.encode())
        for line in whole.splitlines():
            at, who, trouble = line.split("\t")
            self._asked.append(Asked(float(at), who, trouble))
        return [request for request in self._asked if since <= request.at < until]

    def tally(self, since: float, until: float) -> dict[str, int]:
        """How many requests of a span of time each server answered, and how many were lost."""
        return dict(Counter(request.who for request in self.asked(since, until)))

    def tally_of(self, requests: int) -> dict[str, int]:
        """How many of the next so many requests, or a few more, each server answers, and how many are lost."""
        began = time.monotonic()
        wait_for(f"{requests} requests", lambda: len(self.asked(began, time.monotonic())) >= requests)
        return self.tally(began, time.monotonic())

    def _ask_on(self) -> None:
        with self.book.open("a", encoding="utf-8", buffering=1) as book:
            due = time.monotonic()
            while True:
                request = ask()
                book.write(f"{request.at:.6f}\t{request.who}\t{request.trouble}\n")
                due = max(due + 1 / self.rate, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))


def ask(address: str = VIRTUAL, port: int = 80) -> Asked:
    """One GET over a connection of its own."""
    began = time.monotonic()
    try:
        with socket.create_connection((address, port), PATIENCE) as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := connection.recv(4096):
                answer += more
    except OSError as problem:
        return Asked(began, LOST, type(problem).__name__)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return Asked(began, LOST, "no answer")
    return Asked(began, body.decode().strip())
