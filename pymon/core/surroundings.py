"""What a decision may look at besides the service that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rest of the site, read-only. The mappings may be the engine's own: nothing here changes them.

    ``disabled_watches`` and ``disabled_services`` are what clients have disabled. ``missing_alerts`` are the
    names of alert programs that were not found. ``stopped``: the scheduler is stopped (``moncmd stop``).
    ``started`` is when the daemon started, in seconds since the epoch.
    """

    services: Mapping[ServiceKey, Service] = field(default_factory=dict)
    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: Set[str] = frozenset()
    disabled_services: Set[ServiceKey] = frozenset()
    missing_alerts: Set[str] = frozenset()
    settings: Settings = field(default_factory=Settings)
    stopped: bool = False
    started: float = 0.0
