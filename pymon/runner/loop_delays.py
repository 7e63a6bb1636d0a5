"""When the event loop was held up: the daemon was stopped, its machine slept or was overloaded, or something blocked.

What ran out meanwhile says nothing about anybody else. So whoever is about to judge by a time limit, or by what came of
a run, asks first whether there was a hold-up since it began: ``mark`` at the beginning, ``since`` at the end.

A hold-up is noticed by the one who looks first: the heartbeat of the watchdog (each BEAT seconds), the event loop
itself (``pymon.runner.event_loop``), or whoever asks. Who is told of it (``observe``) is told before the asker goes
on, so that no order of timers matters: after a SIGCONT the event loop runs those that are due before it reads what has
come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from pymon.clock import boottime
from pymon.observers import Observers

log = logging.getLogger("pymon.engine")

LIMIT = 1.0
"""seconds for which the event loop gives no sign of life that are a hold-up"""
BEAT = 0.25
"""seconds between two signs of life that it gives of itself"""
TURNS = 5
"""turns of the event loop in which what has come meanwhile is read, and reaches those who wait for it"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: how many hold-ups there had been, and how many seconds long they were together."""

    count: int
    seconds: float


class HoldUps:
    """Of one event loop. ``steady`` is a clock that nobody can set, in seconds."""

    def __init__(self, steady: Callable[[], float] = boottime) -> None:
        """Nothing is watched before ``start``: until then there are no hold-ups."""
        self._observers = Observers[float](
            lambda _: log.exception("what follows from a hold-up failed (a bug in pymon)")
        )
        self._steady = steady
        self._seen: float | None = None
        self._sofar = Mark(0, 0.0)

    def observe(self, observer: Callable[[float], None]) -> Callable[[], None]:
        """Call an observer with the seconds of each hold-up; the function that is returned ends that."""
        return self._observers.observe(observer)

    def start(self) -> None:
        """The event loop is expected to give signs of life (``look``) each BEAT seconds from now on."""
        self._seen = self._steady()

    def stop(self) -> None:
        """Expect none any more."""
        self._seen = None

    def look(self) -> None:
        """The event loop is alive: was it held up until now? If so, note it and tell everybody, before returning."""
        if self._seen is None:
            return
        now = self._steady()
        gap, self._seen = now - self._seen, now
        if gap < LIMIT:
            return
        self._sofar = Mark(self._sofar.count + 1, self._sofar.seconds + gap)
        self._observers.tell(gap)

    def mark(self) -> Mark:
        """This moment, for ``since``."""
        self.look()
        return self._sofar

    def since(self, mark: Mark) -> float:
        """Seconds for which the event loop was held up since then; 0 if it was not."""
        self.look()
        return self._sofar.seconds - mark.seconds


async def read_what_came() -> None:
    """Let what has come during a hold-up be read before anybody is judged by his silence."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
