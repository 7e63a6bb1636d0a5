"""Finds where a plugin holds up the event loop, long before the daemon's watchdog would step in.

A thread looks at the event loop's stack every few milliseconds. It interrupts nothing, so that a trial ends as it would
without it. What keeps the interpreter lock (a regular expression) keeps this thread waiting, too; the processor time
that passed meanwhile gives it away.
"""

from __future__ import annotations

import linecache
import sys
import threading
import time
from collections import Counter
from types import FrameType, TracebackType
from typing import NamedTuple

from pymon.runner.watchdog import own_frame, step_of

STALL_LIMIT = 0.05
"""seconds that one step may take; the daemon interrupts it after a second, but others wait meanwhile"""

_LOOKS_PER_LIMIT = 10
_ENOUGH_LOOKS = 5
"""looks within one step that show it was held up, rather than that the machine was busy elsewhere"""


class Spot(NamedTuple):
    """A line of code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.line).strip()
        return f"{self.file} line {self.line} in {self.function}" + (f": {code}" if code else "")


class Stall(NamedTuple):
    """One step that held up the event loop for ``seconds``, most of it at ``spot``; ``importing`` a module or not."""

    spot: Spot
    seconds: float
    importing: bool


class _Look(NamedTuple):
    """When there was a look (seconds of the clock, and of the loop's thread on the processor)."""

    at: float
    processor: float


class StallWatch:
    """While entered, watches the event loop of the thread that entered it. ``stalls`` is complete after the end.

    ``path`` is the plugin's file: a stall's spot is its innermost line in there, if it has one. ``limit`` is in
    seconds. ``processor`` is how many seconds of processor time the watching itself took.
    """

    def __init__(self, path: str, limit: float = STALL_LIMIT) -> None:
        self.stalls: list[Stall] = []
        self.processor = 0.0
        self._path = path
        self._limit = limit
        self._watched = 0
        self._clock = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall watch", daemon=True)
        self._step: FrameType | None = None
        self._since = _Look(0.0, 0.0)
        self._seen: Counter[tuple[Spot, bool]] = Counter()
        self._last = _Look(0.0, 0.0)

    def __enter__(self) -> StallWatch:
        self._watched = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._watched)
        self._last = self._now()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._step = None  # frames keep what they hold alive

    def _now(self) -> _Look:
        return _Look(time.monotonic(), time.clock_gettime(self._clock))

    def _watch(self) -> None:
        while not self._end.wait(self._limit / _LOOKS_PER_LIMIT):
            self._look()
        self._close()
        self.processor = time.thread_time()

    def _look(self) -> None:
        frame = sys._current_frames().get(self._watched)
        now, step = self._now(), step_of(frame)
        if step is not self._step:
            self._close()
            self._step = step
            was_busy = min(now.at - self._last.at, now.processor - self._last.processor) >= self._limit
            self._since = self._last if was_busy else now
        if step is not None and frame is not None:
            self._seen[self._spot(frame)] += 1
        self._last = now
        del frame

    def _close(self) -> None:
        """The step that was looked at is over: keep it if it took too long."""
        held = self._last.at - self._since.at
        worked = self._last.processor - self._since.processor
        if self._seen and held >= self._limit and (self._seen.total() >= _ENOUGH_LOOKS or worked >= self._limit):
            (spot, importing), _ = self._seen.most_common(1)[0]
            self.stalls.append(Stall(spot, held, importing))
        self._seen.clear()

    def _spot(self, frame: FrameType) -> tuple[Spot, bool]:
        own = own_frame(frame, self._path)
        here: FrameType | None = frame
        importing = False
        while here is not None and here is not own:
            importing = importing or here.f_code.co_filename.startswith("<frozen importlib")
            here = here.f_back
        return Spot(own.f_code.co_filename, own.f_lineno, own.f_code.co_name), importing
