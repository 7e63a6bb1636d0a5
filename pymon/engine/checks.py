"""The checks under way: none overlaps itself, and what there is no room for waits in queues that lose nothing.

There is room for ``maxprocs`` processes, for no more than the system allows, and for what the descriptors suffice for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

from pymon.clock import awake
from pymon.engine.limits import EngineLimits
from pymon.model.depend import ServiceKey

log = logging.getLogger("pymon.engine")


@dataclass(frozen=True, slots=True)
class Check:
    """One check to do. ``occupies_process`` is False for a plugin in process: maxprocs does not count it.

    ``descriptors`` is how many it is counted as having open.
    """

    key: ServiceKey
    planned: float
    occupies_process: bool
    run: Callable[[], Coroutine[Any, Any, None]]
    descriptors: int = 0


class _Waiting(NamedTuple):
    number: int
    check: Check


class Checks:
    """Starts checks as tasks. ``maxprocs`` (0: no limit) bounds how many processes run at the same time."""

    def __init__(
        self,
        maxprocs: int = 0,
        on_end: Callable[[ServiceKey], None] | None = None,
        most_processes: int | None = None,
        most_descriptors: Callable[[], int] | None = None,
        limits: EngineLimits | None = None,
    ) -> None:
        """Nothing runs yet. ``on_end`` is called with the service of each check that is over.

        ``most_processes`` is how many the system allows, ``most_descriptors`` gives how many descriptors checks may
        have open now. A check runs alone where it would need more than that.
        """
        self._quiet = (limits or EngineLimits()).throttled_quiet
        self.maxprocs = maxprocs
        self._on_end = on_end
        self._most_processes = most_processes
        self._most_descriptors = most_descriptors
        self.processes = 0
        self.descriptors = 0
        self._tasks: dict[ServiceKey, asyncio.Task[None]] = {}
        # One queue for processes, one for the others, which do not wait for maxprocs; the number tells who came first.
        self._queues: dict[bool, OrderedDict[ServiceKey, _Waiting]] = {True: OrderedDict(), False: OrderedDict()}
        self._arrived = 0
        self._throttled = False
        self._quiet_until = 0.0
        self._held = False

    def is_busy(self, key: ServiceKey) -> bool:
        """Whether a check of the service runs or waits in the queue."""
        return key in self._tasks or any(key in queue for queue in self._queues.values())

    @property
    def running(self) -> int:
        """How many checks are under way."""
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        """How many checks wait for their turn."""
        return sum(map(len, self._queues.values()))

    def submit(self, check: Check) -> None:
        """Start a check, or queue it (first come, first served) where there is no room for it.

        Its service must not be busy.
        """
        queue = self._queues[check.occupies_process]
        obstacle = self._process_obstacle(check) or self._descriptor_obstacle(check)
        if not obstacle and not queue and not any(not self._process_obstacle(each.check) for each in self._first()):
            self._start(check)
            return
        self._arrived += 1
        queue[check.key] = _Waiting(self._arrived, check)
        if obstacle:
            self._warn_of_throttling(obstacle)

    def drop(self, key: ServiceKey) -> None:
        """End the check of a service, running or waiting; its result does not come."""
        for queue in self._queues.values():
            queue.pop(key, None)
        if (task := self._tasks.get(key)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """End all checks, and wait until each of them has stopped its process group."""
        for queue in self._queues.values():
            queue.clear()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hold(self) -> None:
        """Start none of those that wait until ``release``; those under way go on."""
        self._held = True

    def release(self) -> None:
        """Undo ``hold``."""
        self._held = False
        self._start_waiting()

    def set_maxprocs(self, maxprocs: int) -> None:
        """Take over another limit; a higher one starts waiting checks at once."""
        self.maxprocs = maxprocs
        self._start_waiting()

    def _warn_of_throttling(self, obstacle: str) -> None:
        """Warn, but not at each interval of a site whose limit is a little too small."""
        now = awake()
        if not self._throttled and now >= self._quiet_until:
            self._throttled, self._quiet_until = True, now + self._quiet
            log.warning("throttled at %s: checks wait for their turn", obstacle)

    def _process_obstacle(self, check: Check) -> str:
        """Why a check that is a process cannot start now; empty if it can."""
        if not check.occupies_process:
            return ""
        if 0 < self.maxprocs <= self.processes:
            return f"{self.processes} processes (maxprocs)"
        if self._most_processes is not None and self._most_processes <= self.processes:
            return f"{self.processes} processes (the system allows no more: ulimit -u, TasksMax=)"
        return ""

    def _descriptor_obstacle(self, check: Check) -> str:
        """Why a check cannot start now for want of descriptors; empty if it can."""
        if self._most_descriptors is None or not self.descriptors:
            return ""
        most = self._most_descriptors()
        if self.descriptors + check.descriptors <= most:
            return ""
        return f"{self.descriptors} of {most} descriptors for checks (ulimit -n, LimitNOFILE=)"

    def _first(self) -> list[_Waiting]:
        """The first of each queue, in the order in which they came."""
        return sorted((next(iter(queue.values())) for queue in self._queues.values() if queue), key=_number)

    def _start(self, check: Check) -> None:
        self.processes += check.occupies_process
        self.descriptors += check.descriptors
        task = asyncio.create_task(check.run(), name=f"check {check.key}")
        self._tasks[check.key] = task
        task.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: Check, task: asyncio.Task[None]) -> None:
        self.processes -= check.occupies_process
        self.descriptors -= check.descriptors
        if self._tasks.get(check.key) is task:
            del self._tasks[check.key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the check of %s crashed (a bug in pymon): %r", check.key, error, exc_info=error)
        self._start_waiting()
        if self._on_end is not None:
            self._on_end(check.key)

    def _start_waiting(self) -> None:
        while not self._held and (check := self._next()) is not None:
            del self._queues[check.occupies_process][check.key]
            self._start(check)
        if self._throttled and not self.waiting:
            self._throttled = False
            log.info("no check has to wait any more")

    def _next(self) -> Check | None:
        """Whose turn it is. Nobody overtakes one that waits for descriptors, for there may never be so many at once."""
        for waiting in self._first():
            if not self._process_obstacle(waiting.check):
                return None if self._descriptor_obstacle(waiting.check) else waiting.check
        return None


def _number(waiting: _Waiting) -> int:
    return waiting.number
