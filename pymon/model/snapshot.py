"""What the daemon knows at one moment, for those who only look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from pymon.model.auth import AuthRules
from pymon.model.banished import Banished
from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.site import Site
from pymon.model.state import ServiceState


def _never(_key: ServiceKey) -> float | None:
    return None


def _nothing(_key: ServiceKey | None) -> Sequence[Owed]:
    return ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A look at the engine. The mappings may be the engine's own: read them before the event loop goes on.

    Times are seconds since the epoch. ``disabled_hosts`` are those written ``*host`` in the site, so they are not
    here: ``site.hosts(group)`` tells. ``next_check`` gives when a service is checked next, None if it is not
    scheduled. ``running`` maps services whose monitor runs now to its process id, 0 for one inside the daemon.
    ``stopped_since`` is when the scheduler was stopped, None while it runs. ``alert_history`` and
    ``failure_history`` are lines in mon's form, oldest first, not escaped. ``banished`` gives what runs as a process
    because it misbehaved inside the daemon. ``departed`` are the states of services that have left the configuration;
    ``owed`` gives what a service owes, departed ones too (None: what all owe).
    """

    site: Site
    now: float
    started: float = 0.0
    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: Set[str] = frozenset()
    disabled_services: Set[ServiceKey] = frozenset()
    stopped_since: float | None = None
    next_check: Callable[[ServiceKey], float | None] = _never
    running: Mapping[ServiceKey, int] = field(default_factory=dict)
    alert_history: Sequence[str] = ()
    failure_history: Sequence[str] = ()
    maxkeep: int = 0
    auth: AuthRules = field(default_factory=AuthRules)
    pid: int = 0
    hostname: str = ""
    banished: Callable[[], Sequence[Banished]] = tuple
    departed: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    owed: Callable[[ServiceKey | None], Sequence[Owed]] = _nothing
