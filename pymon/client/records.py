"""A server's answers as typed records.

Times are seconds since the epoch, 0.0 for never; durations are seconds. Text is decoded: bytes that are no UTF-8 are
kept as surrogates (``surrogateescape``). Names of fields are those of mon's protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pymon.model.depend import ServiceKey

__all__ = [
    "CalledAlert",
    "ConfigTest",
    "DisabledItems",
    "Downtime",
    "Failure",
    "GroupHost",
    "ListedDebt",
    "Processes",
    "RunningMonitor",
    "SchedulerState",
    "ServiceDependency",
]


@dataclass(frozen=True, slots=True)
class CalledAlert:
    """One line of ``list alerthist``: an alert that was called.

    ``kind`` is ``alert``, ``upalert``, ``startupalert`` …; ``alert`` is the program, ``args`` its arguments as they
    stand in the configuration.
    """

    kind: str
    group: str
    service: str
    time: float
    alert: str
    args: str
    summary: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of ``list failurehist``."""

    group: str
    service: str
    time: float
    summary: str


@dataclass(frozen=True, slots=True)
class ListedDebt:
    """A down alert whose end is not told yet, of a service that may have left the configuration.

    ``alert`` is as mon.cf has it, ``at`` is when it was called. ``state`` is ``owed`` (the recovery pays it) or
    ``unpaid`` (nothing does, since ``unpaid_since``; ``why`` says why). ``by_hand`` are lines for a shell that pay it.
    """

    group: str
    service: str
    state: str
    at: float
    alert: str
    unpaid_since: float = 0.0
    why: str = ""
    upalerts: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()

    @property
    def is_owed(self) -> bool:
        """Whether the daemon pays it when the service is well again."""
        return self.state == "owed"


@dataclass(frozen=True, slots=True)
class Downtime:
    """One line of ``list dtlog``: an outage that is over.

    ``timeup`` is when it ended, ``failtime`` when it began, ``downtime`` how long it was; ``interval`` is that of the
    checks then.
    """

    timeup: float
    group: str
    service: str
    failtime: float
    downtime: float
    interval: float
    summary: str


@dataclass(frozen=True, slots=True)
class DisabledItems:
    """``list disabled``: by group the hosts that are not checked, watches, and services."""

    hosts: Mapping[str, tuple[str, ...]]
    watches: tuple[str, ...]
    services: tuple[ServiceKey, ...]


class GroupHost(NamedTuple):
    """A member of a group."""

    name: str
    disabled: bool


class RunningMonitor(NamedTuple):
    """A monitor that runs now; ``pid`` is 0 for one inside the daemon."""

    group: str
    service: str
    pid: int


class Processes(NamedTuple):
    """``list pids``: the server's process id, and the monitors that run."""

    server: int
    monitors: tuple[RunningMonitor, ...]


class SchedulerState(NamedTuple):
    """``list state``: ``stopped_since`` is 0.0 while it runs."""

    running: bool
    stopped_since: float


class ServiceDependency(NamedTuple):
    """``list deps``: a service's expression (empty: none) and the services in it."""

    group: str
    service: str
    expression: str
    components: tuple[ServiceKey, ...]


class ConfigTest(NamedTuple):
    """``test config``: whether the configuration is in order, and if not, what is wrong with it."""

    ok: bool
    text: str
