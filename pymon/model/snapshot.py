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


def _owe_nothing(_key: ServiceKey | None) -> Sequence[Owed]:
    return ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the engine knew at one moment. Nothing of it changes later, whatever the engine does meanwhile.

    Times are seconds since the epoch. Disabled hosts are those written ``*host`` in the site, so they are not here:
    ``site.hosts(group)`` tells. ``due`` has when each scheduled service is checked next, if the scheduler goes on, or
    had gone on: while it is stopped all of them are put off by ``put_off`` seconds. ``running`` maps services whose
    monitor runs to its process id, 0 for one inside the daemon. ``stopped_since`` is when the scheduler was stopped,
    None while it runs. ``alert_history`` and ``failure_history`` are lines in mon's form, oldest first, not escaped.
    ``banished`` is what runs as a process because it misbehaved inside the daemon. ``departed`` are the states of
    services that have left the configuration. ``owed`` reckons from these states what a service owes, also one that
    has left (None: what all services owe); it asks mon.cf as it is then, so call it at once.
    """

    site: Site
    now: float
    started: float = 0.0
    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: Set[str] = frozenset()
    disabled_services: Set[ServiceKey] = frozenset()
    stopped_since: float | None = None
    due: Mapping[ServiceKey, float] = field(default_factory=dict)
    put_off: float = 0.0
    running: Mapping[ServiceKey, int] = field(default_factory=dict)
    alert_history: Sequence[str] = ()
    failure_history: Sequence[str] = ()
    maxkeep: int = 0
    auth: AuthRules = field(default_factory=AuthRules)
    pid: int = 0
    hostname: str = ""
    banished: Sequence[Banished] = ()
    departed: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    owed: Callable[[ServiceKey | None], Sequence[Owed]] = _owe_nothing

    def next_check(self, key: ServiceKey) -> float | None:
        """When a service is checked next; None if it is not scheduled."""
        due = self.due.get(key)
        return None if due is None else due + self.put_off
