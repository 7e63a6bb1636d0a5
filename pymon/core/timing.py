"""When a check runs next, and how long it may take. All times in seconds (since the epoch, where points in time).

A service runs on a grid of its own, start to start: interval after interval from its first slot on. mon's runs
come a second late, and once one was missed each takes its own duration longer (S-interval). A run that is
longer than the interval leaves out the slots that it covers; nothing is made up for in a burst.
"""

from __future__ import annotations

from math import floor
from typing import Protocol

from pymon.model.service import Service
from pymon.model.state import ServiceState


class Chance(Protocol):
    """Where random numbers come from (random.Random, or a test's own)."""

    def random(self) -> float:
        """A number from 0 up to but without 1."""
        ...


EXCLUDED_RETRY = 60.0
"""how often a check is tried again in its exclude_period (a shorter interval comes first)"""
SHORTEST_INTERVAL = 0.01
"""what a shorter interval is taken for (S-shortest): timers count microseconds, and a loop must end"""
DEPEND_RETRY = 1.0
"""how often a check that monitordepend holds back is tried again (D9)"""


def first_run(
    index: int, total: int, service: Service, started: float, randstart: float | None, rng: Chance
) -> float | None:
    """When a service runs first; None if it has no interval. It is the ``index``-th of ``total``, from 0.

    With randstart at a random time within it; without, where mon starts all together after one interval, the
    services are spread over their first interval, the last one at its end (S-spread).
    """
    if service.interval is None:
        return None
    if randstart:
        return started + rng.random() * randstart
    return started + service.interval * (index + 1) / total


def interval_in_force(service: Service, state: ServiceState) -> float | None:
    """The interval, or failure_interval while a monitor finds the service failing; None: it is not scheduled."""
    if state.failure_interval_active and service.failure_interval is not None:
        return service.failure_interval
    return service.interval


def next_run(
    service: Service, state: ServiceState, scheduled: float, started: float, ended: float, rng: Chance
) -> float:
    """When a service runs next, after a run for the slot ``scheduled`` that began and ended at these times.

    The result is always later than ``ended``: the next slot of the grid that starts at ``scheduled``, with
    randskew that slot some whole seconds (1 to randskew) earlier or later. When the interval has changed (to
    failure_interval, or back), call it with the start of the check that changed it as ``scheduled``.
    Raises ValueError for a service without an interval.
    """
    configured = interval_in_force(service, state)
    if configured is None:
        raise ValueError(f"{service.key} has no interval")
    interval = max(configured, SHORTEST_INTERVAL)
    slots = max(1, floor((max(started, ended) - scheduled) / interval) + 1)
    slot = scheduled + slots * interval
    while slot <= ended:  # what rounding may leave
        slot += interval
    return _skew(slot, interval, service.randskew, ended, rng) if service.randskew else slot


def retry_run(scheduled: float, retry_after: float, now: float) -> float:
    """When a check that was not admitted is tried again: on the grid of its slot, and after ``now``."""
    return scheduled + (floor(max(0.0, now - scheduled) / retry_after) + 1) * retry_after


def time_limit(service: Service) -> float:
    """How long a check may take: its ``timeout``, else the larger of 5 minutes and 10 intervals."""
    if service.timeout is not None:
        return service.timeout
    return max(300.0, 10.0 * (service.interval or 0.0))


def _skew(slot: float, interval: float, randskew: float, ended: float, rng: Chance) -> float:
    skew = min(float(floor(rng.random() * randskew) + 1), randskew)
    earlier = slot - min(skew, interval / 2)
    return earlier if rng.random() < 0.5 and earlier > ended else slot + skew
