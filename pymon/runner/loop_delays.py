"""When the event loop was held up: the daemon was stopped, its machine slept or was overloaded, or something blocked.

What ran out meanwhile says nothing about anybody else. Code that judges by a time limit, or by the end of a run, first
asks whether there was a hold-up since the run began: ``mark`` at the beginning, ``since`` at the end.

The first call of ``note_alive`` after a hold-up notices it: by the watchdog's heartbeat, by the event loop itself
(``pymon.runner.event_loop``), or by code that asks. Observers are called before it returns, so that no order of timers
matters: after a SIGCONT the event loop runs those that are due before it reads what has come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from pymon.clock import boottime
from pymon.observers import Observers
from pymon.runner.limits import RunnerLimits

log = logging.getLogger("pymon.engine")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: how many hold-ups there had been, and how many seconds long they were together."""

    count: int
    seconds: float


class HoldUps:
    """Those of one event loop. ``steady`` is a clock that nobody can set, in seconds."""

    def __init__(self, steady: Callable[[], float] = boottime, limits: RunnerLimits | None = None) -> None:
        """Nothing is watched before ``start``: until then there are no hold-ups."""
        self._limits = limits or RunnerLimits()
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
        """Expect signs of life (``note_alive``) of the event loop from now on."""
        self._seen = self._steady()

    def stop(self) -> None:
        """Expect no more of them."""
        self._seen = None

    def note_alive(self) -> None:
        """The event loop is alive. If it was held up until now, note that, and call the observers before returning."""
        if self._seen is None:
            return
        now = self._steady()
        gap, self._seen = now - self._seen, now
        if gap < self._limits.hold_up:
            return
        self._sofar = Mark(self._sofar.count + 1, self._sofar.seconds + gap)
        self._observers.tell(gap)

    def mark(self) -> Mark:
        """This moment, for ``since``."""
        self.note_alive()
        return self._sofar

    def since(self, mark: Mark) -> float:
        """Seconds for which the event loop was held up since then; 0 if it was not."""
        self.note_alive()
        return self._sofar.seconds - mark.seconds

    async def read_what_came(self) -> None:
        """Let what has come during a hold-up be read, before silence counts as an answer."""
        for _ in range(self._limits.reading_turns):
            await asyncio.sleep(0)
