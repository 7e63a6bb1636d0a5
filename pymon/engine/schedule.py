"""The timer of the engine: the one place that knows APScheduler.

Each timer has a key and fires at instants on a grid. At each one the schedule asks ``following`` for the next
instant, and calls ``due`` from the event loop with the key and the instant that was planned, so that the
caller can tell how late it is.

APScheduler is adapted in the ways that its guide names for extensions:

- it asks the system's clock for the time, in a time zone that it is given. The zone that it gets here (``_EngineTime``)
  answers with the engine's time, so that nobody who sets the system's clock sets off, or holds up, a timer: when the
  engine goes over to the new time, it moves all timers by as much (``translate``);
- its schedulers, executors, triggers and job stores are to be subclassed: ``wakeup``, ``shutdown``, ``submit_job``,
  ``get_next_fire_time``, a store's ``add_job`` and its like are public. Two names that begin with an underscore are
  part of that contract all the same: a scheduler sleeps as long as ``_process_jobs`` returns, and an executor has to
  define ``_do_submit_job``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger

from pymon.engine.clock import EngineClock

log = logging.getLogger("pymon.engine")

Following = Callable[[float, float], float | None]
"""(the planned instant, now) → the next instant, or None when the timer has ended; asked more than once"""

Planned = Callable[[str, float | None], None]
"""takes note of when the timer of a key fires next"""


class Schedule:
    """Timers by key. All instants are seconds since the epoch; none of the methods blocks."""

    def __init__(
        self,
        due: Callable[[str, float], None],
        clock: EngineClock,
        *,
        planned: Planned | None = None,
        slack: float = 0.0,
        before_firing: Callable[[], None] | None = None,
    ) -> None:
        """``due(key, planned)`` is called when a timer fires; what it raises is logged, and hurts no other timer.

        ``planned(key, when)`` is called each time when a timer is to fire at another instant, with None when it is
        not to fire any more: so all instants of one moment can be had at once.

        ``slack``: seconds that a timer may be late, for those due at about the same time to be handled together.
        ``before_firing`` is called each time before the timers that are due fire, and may move them.
        """
        self._clock = clock
        self._zone = _EngineTime(clock.now)
        self._scheduler = _Scheduler(
            due,
            clock,
            slack,
            before_firing,
            timezone=self._zone,
            jobstores={"default": _Plan(planned or _ignore)},
            # A late timer fires once, whatever it missed; overlap is the caller's business.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1 << 30},
            logger=logging.getLogger("pymon.timer"),
        )
        self._paused_at: float | None = None

    def start(self, *, paused: bool = False) -> None:
        """Begin to fire; to be called once, with the event loop running."""
        self._scheduler.start(paused=paused)
        if paused and self._paused_at is None:
            self._paused_at = self._clock.now()

    def pause(self) -> None:
        """Let the time of all timers stand still until ``resume``."""
        if self._paused_at is None:
            self._paused_at = self._clock.now()
            if self._scheduler.running:
                self._scheduler.pause()

    def resume(self) -> None:
        """Go on after ``pause``: each timer has as long to go as it had then, as in mon."""
        if self._paused_at is not None:
            self._shift(self._clock.now() - self._paused_at)
            self._paused_at = None
            if self._scheduler.running:
                self._scheduler.resume()

    @property
    def paused_for(self) -> float:
        """Seconds by which all timers will be put off when they go on; 0 while they run."""
        return 0.0 if self._paused_at is None else self._clock.now() - self._paused_at

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
        """Fire what is due now: the event loop's own clock has stood still while time went on."""
        if self._scheduler.running:
            self._scheduler.wakeup()


def _nothing() -> None:
    """What APScheduler believes it runs; the executor below reports the timer instead."""


class _Scheduler(BaseScheduler):  # type: ignore[misc]  # APScheduler 3 has no types
    """Handles the timers that are due once in a turn of the event loop, however many were set in it.

    APScheduler's own for asyncio asks for that at each one by ``call_soon_threadsafe``, which writes to the pipe that
    wakes the loop. A reload of a large site filled it, and then signals are lost, for they come through the same pipe.
    """

    def __init__(
        self,
        due: Callable[[str, float], None],
        clock: EngineClock,
        slack: float,
        before_firing: Callable[[], None] | None,
        **options: object,
    ) -> None:
        self._due = due
        self._clock = clock
        self._slack = slack
        self._before_firing = before_firing
        self._fired = _Collect()
        self._timer: asyncio.TimerHandle | None = None
        self._is_asked = False
        super().__init__(executors={"default": self._fired}, **options)

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)
        self._cancel_timer()

    def wakeup(self) -> None:
        if not self._is_asked:
            self._is_asked = True
            asyncio.get_running_loop().call_soon(self._fire_due)

    def _fire_due(self) -> None:
        if self._before_firing is not None:
            self._before_firing()
        self._is_asked = False
        if self.running:
            self._cancel_timer()
            wait = self._process_jobs()
            if wait is not None:
                self._timer = self._clock.call_at(self._clock.steady() + wait + self._slack, self._fire_due)
            self._report()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report(self) -> None:
        for key, planned in self._fired.take():
            try:
                self._due(key, planned)
            except Exception as error:
                context = {"message": f"what the timer {key!r} sets off failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)


def _ignore(_key: str, _when: float | None) -> None:
    """Takes note of nothing."""


class _Plan(MemoryJobStore):  # type: ignore[misc]  # APScheduler 3 has no types
    """APScheduler's store of timers; it says when one is to fire at another instant."""

    def __init__(self, planned: Planned) -> None:
        super().__init__()
        self._planned = planned

    def add_job(self, job: Job) -> None:
        super().add_job(job)
        self._planned(job.id, job.next_run_time.timestamp())

    def update_job(self, job: Job) -> None:
        super().update_job(job)
        self._planned(job.id, job.next_run_time.timestamp())

    def remove_job(self, job_id: str) -> None:
        super().remove_job(job_id)
        self._planned(job_id, None)

    def remove_all_jobs(self) -> None:
        for job in self.get_all_jobs():
            self._planned(job.id, None)
        super().remove_all_jobs()


class _EngineTime(tzinfo):
    """UTC, but "now" is what a clock says: APScheduler asks ``datetime.now(timezone)``, and that asks ``fromutc``.

    Every instant that it is given is of this zone already, so it never has one converted, which would ask as well.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def instant(self, when: float) -> datetime:
        """A time in seconds since the epoch, in this zone."""
        return datetime.fromtimestamp(when, UTC).replace(tzinfo=self)

    def fromutc(self, _when: datetime) -> datetime:
        return self.instant(self._now())

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
    """Collects the timers that fire in one turn: (key, planned instant).

    APScheduler's own executor makes a task and two events for each run; and a call from here would find
    its lock held and the timer not yet moved on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timers: list[tuple[str, float]] = []

    def take(self) -> list[tuple[str, float]]:
        """Those collected since the last call."""
        taken, self._timers = self._timers, []
        return taken

    def submit_job(self, job: Job, run_times: list[datetime]) -> None:
        self._timers.append((job.trigger.key, run_times[-1].timestamp()))

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        self.submit_job(job, run_times)
