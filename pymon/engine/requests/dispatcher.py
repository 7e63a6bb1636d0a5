"""What clients may have changed: each request goes to its handler, and the record says who asked for what.

The server has looked whether there is such a service, watch or period; here it is looked at again, for the world
may have changed since, and other callers may be less careful.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from pymon.engine.requests.handler import Handler
from pymon.engine.requests.host_switches import groups_of
from pymon.engine.state_owner import StateOwner
from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.request import Asker, Outcome, Request
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")


class RequestDispatcher:
    """Has requests performed by their handlers."""

    def __init__(self, owner: StateOwner, record: Store, *tables: Mapping[type, Handler]) -> None:
        """``tables`` have the handler of each request by its type."""
        self._owner = owner
        self._record = record
        self._handlers = {kind: handler for table in tables for kind, handler in table.items()}

    async def perform(self, request: Request, asker: Asker) -> Outcome:
        """Do what is asked; an outcome that is not ok says why. Raises ValueError for a request that has no handler."""
        now = self._owner.clock()
        handler = self._handlers.get(type(request))
        if handler is None:
            raise ValueError(f"{type(request).__name__} is not for the engine")
        key = getattr(request, "key", None)
        if isinstance(key, ServiceKey) and not self._is_known(key, request):
            outcome = Outcome(False, f"{key.group} {key.service} not defined")
        else:
            outcome = await handler(request, asker)
        self._record.add(*self._describe(request, asker, outcome, now))
        return outcome

    def _is_known(self, key: ServiceKey, request: Request) -> bool:
        """Whether there is the service that a request is about; what became of a departed one may be read."""
        is_departed = isinstance(request, asked.ReadTimeline) and key in self._owner.departed
        return is_departed or key in self._owner.site.services

    def _describe(self, request: Request, asker: Asker, outcome: Outcome, now: float) -> Iterable[TimelineEvent]:
        """What the record says of it: who asked for what, and when."""
        refused = "" if outcome.ok else outcome.text or "it could not be done"
        event = operator_events.of_request(request, asker, now, refused)
        if event is None:
            return ()
        about = f"{event.group}/{event.service}: " if event.service else ""
        facts = {"group": event.group, "service": event.service, "event": "operator"}
        log.info("%s%s %s", about, asker, event.text, extra=facts)
        if isinstance(request, asked.SwitchHosts) and outcome.ok:
            return operator_events.of_host_switch(
                request, groups_of(self._owner.site.hostgroups, request.hosts), asker, now
            )
        return (event,)
