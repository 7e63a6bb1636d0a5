"""The statuses of thousands of services as text, quickly.

Clients ask for all of them every few seconds, and most services have not changed since. Services and states are records
that are replaced whole, so the very same pair stands for the very same text, but for what changes by the mere passing
of time: that is put in each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.protocol.json_text import JsonText, dumps
from pymon.protocol.service_status import line_template, live_json, to_lasting_json
from pymon.server.limits import ServerLimits
from pymon.server.status_of import live_fields, status_of

T = TypeVar("T")
StatusRow = tuple[ServiceKey, Service, ServiceState]
"""a service that is listed, with its state"""


class RenderCache(Generic[T]):
    """Makes a value of a service and its state, or gives the one made before of the very same ones."""

    def __init__(self, make: Callable[[Service, ServiceState], T], limits: ServerLimits) -> None:
        self._make = make
        self._limits = limits
        self._values: dict[ServiceKey, tuple[Service, ServiceState, T]] = {}

    def get(self, key: ServiceKey, service: Service, state: ServiceState) -> T:
        """The value; ``key`` is the service's."""
        known = self._values.get(key)
        if known is not None and known[0] is service and known[1] is state:
            return known[2]
        value = self._make(service, state)
        if len(state.last_detail) + len(state.last_summary) <= self._limits.rendered_text:
            if len(self._values) >= self._limits.rendered_services:
                self._values.clear()
            self._values[key] = (service, state, value)
        return value


class StatusRenderer:
    """Renders the statuses of services at the moment of a snapshot, as lines and as JSON."""

    def __init__(self, limits: ServerLimits | None = None) -> None:
        limits = limits or ServerLimits()
        self._templates = RenderCache(lambda service, state: line_template(status_of(service, state, 0.0)), limits)
        self._objects = RenderCache(_object_beginning, limits)

    def lines(self, rows: Iterable[StatusRow], snapshot: Snapshot) -> Iterator[str]:
        """The lines, made one by one."""
        now, due, running = snapshot.now, snapshot.next_check, snapshot.running
        template_of = self._templates.get
        for key, service, state in rows:
            live = live_fields(state, now, due(key), is_running=key in running)
            yield template_of(key, service, state).fill(live)

    def objects(self, rows: Iterable[StatusRow], snapshot: Snapshot) -> Iterator[JsonText]:
        """The JSON objects, made one by one."""
        now, due, running = snapshot.now, snapshot.next_check, snapshot.running
        for key, service, state in rows:
            live = live_fields(state, now, due(key), is_running=key in running)
            yield JsonText(f"{self._objects.get(key, service, state)},{dumps(live_json(live))[1:]}")


def _object_beginning(service: Service, state: ServiceState) -> str:
    """The JSON text of what a service and its state decide, without the closing brace."""
    return dumps(to_lasting_json(status_of(service, state, 0.0)))[:-1]
