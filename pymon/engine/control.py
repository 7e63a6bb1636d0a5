"""What clients may have changed: one handler for each kind of request."""

from __future__ import annotations

import logging

from pymon.core import process
from pymon.core.state import clear_timers
from pymon.engine.watcher import Watcher
from pymon.model.request import (
    Acknowledge,
    Asker,
    ClearTimers,
    Outcome,
    Request,
    SetMaxkeep,
    StartScheduler,
    StopScheduler,
    TestMonitor,
)

log = logging.getLogger("pymon.engine")


class Control:
    """Performs requests on a watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def perform(self, request: Request, asker: Asker) -> Outcome:
        """Do what is asked; an outcome that is not ok says why."""
        watcher = self._watcher
        match request:
            case Acknowledge(key, comment):
                service, state = watcher.site.services[key], watcher.states[key]
                if not process.is_acknowledgeable(state):
                    return Outcome(False, "service is in a non-failure state")
                now = watcher.clock()
                watcher.apply(key, process.acknowledge(service, state, asker.user, comment, now, watcher.around))
            case StopScheduler():
                watcher.stop_scheduler()
            case StartScheduler():
                watcher.start_scheduler()
            case ClearTimers(key):
                state = clear_timers(watcher.site.services[key], watcher.states[key])
                watcher.states[key] = state
                watcher.clear_timers(key)
            case TestMonitor(key):
                watcher.check_now(key)
            case SetMaxkeep(count):
                watcher.history.set_length(count)
            case _:
                return Outcome(False, f"{type(request).__name__} is refused")
        return Outcome()
