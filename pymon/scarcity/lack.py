"""What a piece of work had to do without: the system's descriptors, threads and processes, or a place in a queue here.

A run of a plugin is such a piece, and so is each attempt of the SDK at one host. Code that waits for something that is
short notes it (``pymon.scarcity.waiting`` does), and code that judges the work asks: time that ran out, or an answer
that came late, says nothing about anybody else then. In a queue of pymon's own the clock of the work stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pymon.clock import awake


class Lack:
    """Of one piece of work; ``said`` is what it lacked first, empty if nothing.

    ``within`` is the same of parts of it, which were judged by themselves, and of itself. ``queued`` is for how many
    seconds it waited in queues, the waits included that go on.
    """

    __slots__ = ("_deadline", "_left", "_parent", "_queued", "_queues", "_since", "said", "within")

    def __init__(self, parent: Lack | None = None) -> None:
        self.said = ""
        self.within = ""
        self._parent = parent
        self._deadline: asyncio.Timeout | None = None
        self._left: float | None = None
        self._queues = 0
        self._since = 0.0
        self._queued = 0.0

    def note(self, what: str) -> None:
        """Note that the work lacks something, or lacked it."""
        self.said = self.said or what
        part: Lack | None = self
        while part is not None:
            part.within = part.within or what
            part = part._parent

    def limit_by(self, deadline: asyncio.Timeout | None) -> None:
        """Let this limit, which is in force, stand still in queues; None: there is no limit any more."""
        self._deadline = deadline

    @property
    def queued(self) -> float:
        """Seconds in queues so far, with the waits that go on."""
        going_on = awake() - self._since if self._queues else 0.0
        return self._queued + going_on

    def enter_queue(self) -> None:
        """Note that the work waits in a queue from now on. It may wait in several at once."""
        self._queues += 1
        if self._queues == 1:
            self._since = awake()
            when = None if self._deadline is None or self._deadline.expired() else self._deadline.when()
            if self._deadline is not None and when is not None:
                self._left = when - self._since
                self._deadline.reschedule(None)
        if self._parent is not None:
            self._parent.enter_queue()

    def leave_queue(self) -> None:
        """Note that the work has left a queue."""
        self._queues -= 1
        if self._queues == 0:
            now = awake()
            self._queued += now - self._since
            left, self._left = self._left, None
            if self._deadline is not None and left is not None:
                self._deadline.reschedule(now + left)
        if self._parent is not None:
            self._parent.leave_queue()


CURRENT_LACK: ContextVar[Lack | None] = ContextVar("pymon_lack", default=None)
"""that of the work that the running code is part of, if anybody judges it"""


def note_lack(what: str) -> None:
    """Note that the running work lacks something."""
    if (lack := CURRENT_LACK.get()) is not None:
        lack.note(what)


class LackScope:
    """A context: the code inside is a piece of work that is judged by itself.

    A class, since a generator would take a microsecond longer, of each attempt at each host.
    """

    __slots__ = ("_lack", "_token")

    def __enter__(self) -> Lack:
        self._lack = Lack(CURRENT_LACK.get())
        self._token = CURRENT_LACK.set(self._lack)
        return self._lack

    def __exit__(self, *_error: object) -> None:
        self._lack.limit_by(None)
        CURRENT_LACK.reset(self._token)


@contextmanager
def queueing() -> Iterator[None]:
    """A context: the code inside waits for a place in a queue of pymon's own."""
    lack = CURRENT_LACK.get()
    if lack is None:
        yield
        return
    lack.enter_queue()
    try:
        yield
    finally:
        lack.leave_queue()
