"""The timer of the engine: the one place that knows APScheduler.

Each timer has a key and fires at instants on a grid. At each one the schedule asks ``following`` for the next
instant, and calls ``due`` from the event loop with the key and the instant that was planned, so that the
caller can tell how late it is.

APScheduler asks the system's clock for the time, in a time zone that it is given. The one that it gets here answers
with the engine's time (``pymon.engine.clock``), so that nobody who sets the system's clock sets off, or holds up, a
timer: when the engine goes over to the new time, it moves all timers by as much (``translate``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger("pymon.engine")

Following = Callable[[float, float], float | None]
"""(the planned instant, now) → the next instant, or None when the timer has ended; asked more than once"""


SLACK = 0.010
"""seconds that a timer may be late, so that those due at about the same time are looked at together: at 500 checks a
second this saves a quarter of their processor time"""


class Schedule:
    """Timers by key. All instants are seconds since the epoch; none of the methods blocks."""

    def __init__(
        self,
        due: Callable[[str, float], None],
        clock: Callable[[], float] = time.time,
        before_look: Callable[[], None] | None = None,
    ) -> None:
        """``due(key, planned)`` is called when a timer fires; what it raises is logged, and hurts no other timer.

        ``clock`` tells the time. ``before_look`` is called before each look at the timers, and may move them.
        """
        self._clock = clock
        self._zone = _EngineTime(clock)
        self._scheduler = _Scheduler(
            due,
            before_look,
            timezone=self._zone,
            # A late timer fires once, whatever it missed; overlap is the caller's business.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1 << 30},
            logger=logging.getLogger("pymon.timer"),
        )
        self._paused_at: float | None = None

    def start(self, *, paused: bool = False) -> None:
        """Begin to fire; to be called once, with the event loop running."""
        self._scheduler.start(paused=paused)
        if paused and self._paused_at is None:
            self._paused_at = self._clock()

    def pause(self) -> None:
        """Let the time of all timers stand still until ``resume``."""
        if self._paused_at is None:
            self._paused_at = self._clock()
            if self._scheduler.running:
                self._scheduler.pause()

    def resume(self) -> None:
        """Go on after ``pause``: each timer has as long to go as it had then, as in mon."""
        if self._paused_at is not None:
            self._shift(self._clock() - self._paused_at)
            self._paused_at = None
            if self._scheduler.running:
                self._scheduler.resume()

    @property
    def paused_for(self) -> float:
        """Seconds by which all timers will be put off when they go on; 0 while they run."""
        return 0.0 if self._paused_at is None else self._clock() - self._paused_at

    def stop(self) -> None:
        """End all timers for good."""
        if self._scheduler.running:
            self._scheduler.remove_all_jobs()
            self._scheduler.shutdown(wait=False)

    def at(self, key: str, when: float, following: Following) -> None:
        """Set the timer of a key (in place of one it had) to fire at ``when`` and then as ``following`` says."""
        self._scheduler.add_job(
            _nothing,
            trigger=_Grid(key, following, self._zone),
            id=key,
            name=key,
            next_run_time=self._zone.instant(when),
            replace_existing=True,
        )

    def move(self, key: str, when: float) -> None:
        """Let the timer of a key fire next at ``when``; no effect if it has none."""
        try:
            self._scheduler.modify_job(key, next_run_time=self._zone.instant(when))
        except JobLookupError:
            return

    def remove(self, key: str) -> None:
        """Forget the timer of a key; no effect if it has none."""
        try:
            self._scheduler.remove_job(key)
        except JobLookupError:
            return

    def next_time(self, key: str) -> float | None:
        """When the timer of a key fires next, or None if it has none."""
        job = self._scheduler.get_job(key)
        moment: datetime | None = getattr(job, "next_run_time", None)
        return None if moment is None else moment.timestamp()

    def keys(self) -> list[str]:
        """The keys of all timers."""
        return [job.id for job in self._scheduler.get_jobs()]

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: all timers, and the beginning of a pause, move with it."""
        self._shift(seconds)
        if self._paused_at is not None:
            self._paused_at += seconds

    def _shift(self, seconds: float) -> None:
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=job.next_run_time + timedelta(seconds=seconds))

    def wake(self) -> None:
        """Look at the timers now: the event loop's own clock has stood still while time went on."""
        if self._scheduler.running:
            self._scheduler.wakeup()


def _nothing() -> None:
    """What APScheduler believes it runs; the executor below reports the timer instead."""


class _Scheduler(AsyncIOScheduler):  # type: ignore[misc]  # APScheduler 3 has no types
    """Looks at its timers once in a turn of the event loop, however many were set in it.

    APScheduler's own asks for that at each one by ``call_soon_threadsafe``, which writes to the pipe that wakes the
    loop. A reload of a large site filled it, and then signals are lost, for they come through the same pipe.
    """

    _is_asked = False

    def __init__(
        self, due: Callable[[str, float], None], before_look: Callable[[], None] | None, **options: object
    ) -> None:
        self._due = due
        self._before_look = before_look
        self._fired = _Collect()
        super().__init__(executors={"default": self._fired}, **options)

    def wakeup(self) -> None:
        if not self._is_asked:
            self._is_asked = True
            asyncio.get_running_loop().call_soon(self._look_at_timers)

    def _look_at_timers(self) -> None:
        if self._before_look is not None:
            self._before_look()
        self._is_asked = False
        if self.running:
            self._stop_timer()
            self._start_timer(self._process_jobs())
            self._report()

    def _start_timer(self, wait_seconds: float | None) -> None:
        """As APScheduler's, but what the timer sets off is the look itself, not a request for it."""
        self._stop_timer()
        if wait_seconds is not None:
            self._timeout = self._eventloop.call_later(wait_seconds + SLACK, self._look_at_timers)

    def _report(self) -> None:
        fired, self._fired.timers = self._fired.timers, []
        for key, planned in fired:
            try:
                self._due(key, planned)
            except Exception as error:
                context = {"message": f"what the timer {key!r} sets off failed", "exception": error}
                self._eventloop.call_exception_handler(context)


class _EngineTime(tzinfo):
    """UTC, but "now" is what a clock says: APScheduler asks ``datetime.now(timezone)``, and that asks ``fromutc``.

    Every instant that it is given is of this zone already, so it never has one converted, which would ask as well.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def instant(self, when: float) -> datetime:
        """A time in seconds since the epoch, in this zone."""
        return datetime.fromtimestamp(when, UTC).replace(tzinfo=self)

    def fromutc(self, _when: datetime) -> datetime:
        return self.instant(self._clock())

    def utcoffset(self, _when: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _when: datetime | None) -> None:
        return None

    def tzname(self, _when: datetime | None) -> str:
        return "engine time"


class _Grid(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """A trigger that asks its owner for the next instant."""

    __slots__ = ("following", "key", "zone")

    def __init__(self, key: str, following: Following, zone: _EngineTime) -> None:
        self.key = key
        self.following = following
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        planned = (previous_fire_time or now).timestamp()
        when = self.following(planned, now.timestamp())
        return None if when is None else self.zone.instant(when)


class _Collect(BaseExecutor):  # type: ignore[misc]  # APScheduler 3 has no types
    """Collects the timers that fire in one look: (key, planned instant).

    APScheduler's own executor makes a task and two events for each run; and a call from here would find
    its lock held and the timer not yet moved on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[tuple[str, float]] = []

    def submit_job(self, job: Job, run_times: list[datetime]) -> None:
        self.timers.append((job.trigger.key, run_times[-1].timestamp()))

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        self.submit_job(job, run_times)
