"""The checks under way: none overlaps itself, and maxprocs makes the rest wait in a queue that loses nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from pymon.model.depend import ServiceKey

log = logging.getLogger("pymon.engine")

QUIET = 60.0
"""seconds after a warning of throttling in which it is not repeated"""


@dataclass(frozen=True, slots=True)
class Check:
    """One check to do. ``occupies_process`` is False for a plugin in process: maxprocs does not count it."""

    key: ServiceKey
    planned: float
    occupies_process: bool
    run: Callable[[], Coroutine[Any, Any, None]]


class Checks:
    """Starts checks as tasks. ``maxprocs`` (0: no limit) bounds how many processes run at the same time."""

    def __init__(self, maxprocs: int = 0, ended: Callable[[ServiceKey], None] | None = None) -> None:
        """Nothing runs yet. ``ended`` is called with the service of each check that is over."""
        self.maxprocs = maxprocs
        self._tell_end = ended
        self.processes = 0
        self._tasks: dict[ServiceKey, asyncio.Task[None]] = {}
        self._waiting: OrderedDict[ServiceKey, Check] = OrderedDict()
        self._throttled = False
        self._quiet_until = 0.0
        self._held = False

    def is_busy(self, key: ServiceKey) -> bool:
        """Whether a check of the service runs or waits in the queue."""
        return key in self._tasks or key in self._waiting

    @property
    def running(self) -> int:
        """How many checks are under way."""
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        """How many checks wait because of maxprocs."""
        return len(self._waiting)

    def submit(self, check: Check) -> None:
        """Start a check, or queue it (first come, first served) when maxprocs processes are running.

        Its service must not be busy.
        """
        if check.occupies_process and self._is_full():
            self._waiting[check.key] = check
            self._say_throttled()
            return
        self._start(check)

    def drop(self, key: ServiceKey) -> None:
        """End the check of a service, running or waiting; its result does not come."""
        self._waiting.pop(key, None)
        if (task := self._tasks.get(key)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """End all checks, and wait until each of them has stopped its process group."""
        self._waiting.clear()
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

    def _say_throttled(self) -> None:
        """Warn, but not at each interval of a site whose maxprocs is a little too small."""
        now = asyncio.get_running_loop().time()
        if not self._throttled and now >= self._quiet_until:
            self._throttled, self._quiet_until = True, now + QUIET
            log.warning("throttled at %d processes (maxprocs): checks wait for their turn", self.processes)

    def _is_full(self) -> bool:
        return 0 < self.maxprocs <= self.processes

    def _start(self, check: Check) -> None:
        self.processes += check.occupies_process
        task = asyncio.create_task(check.run(), name=f"check {check.key}")
        self._tasks[check.key] = task
        task.add_done_callback(lambda done: self._ended(check, done))

    def _ended(self, check: Check, task: asyncio.Task[None]) -> None:
        self.processes -= check.occupies_process
        if self._tasks.get(check.key) is task:
            del self._tasks[check.key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the check of %s came to grief (a bug in pymon): %r", check.key, error, exc_info=error)
        self._start_waiting()
        if self._tell_end is not None:
            self._tell_end(check.key)

    def _start_waiting(self) -> None:
        while self._waiting and not self._held and not self._is_full():
            _, check = self._waiting.popitem(last=False)
            self._start(check)
        if self._throttled and not self._waiting:
            self._throttled = False
            log.info("no check has to wait any more")
