"""What a decision may look at besides the service that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor

from pymon.model.debt import Target
from pymon.model.depend import ServiceKey
from pymon.model.instant import Instant, LocalTime
from pymon.model.service import Command, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState

TargetOf = Callable[[Service, Command], Target]
"""tells what an alert of a service acts upon"""


def by_words(_service: Service, command: Command) -> Target:
    """What a program acts upon that does not say so itself: its name and arguments."""
    return Target("\0".join((command.name, *command.arguments)))


def utc(seconds: Instant) -> datetime:
    """The date and time in UTC, without fractions: what periods go by where nobody says in which time zone."""
    return datetime.fromtimestamp(floor(seconds), UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The rest of the site, read-only. The mappings may be the engine's own: nothing here changes them.

    ``disabled_watches`` and ``disabled_services`` are what clients have disabled. ``missing_alerts`` are the
    names of alert programs that were not found. ``stopped``: the scheduler is stopped (``moncmd stop``).
    ``started`` is when the daemon started, in seconds since the epoch. ``target`` tells what an alert acts upon.
    ``local_time`` tells the time on the wall, which periods go by; nothing here reads the machine's time zone.
    """

    services: Mapping[ServiceKey, Service] = field(default_factory=dict)
    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: Set[str] = frozenset()
    disabled_services: Set[ServiceKey] = frozenset()
    missing_alerts: Set[str] = frozenset()
    settings: Settings = field(default_factory=Settings)
    stopped: bool = False
    started: float = 0.0
    target: TargetOf = by_words
    local_time: LocalTime = utc
