"""What somebody asks about one service: acknowledge it, test it, set something of it.

The dispatcher has looked whether there is such a service; what is read or looked up meanwhile may take it away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pymon.core import events
from pymon.core.outages import with_status
from pymon.core.state import clear_timers
from pymon.engine.monitoring import SiteMonitor
from pymon.engine.monremote import Monremote
from pymon.engine.plugin_lookup import Lookup
from pymon.engine.requests.configuration import Configuration
from pymon.engine.requests.handler import Handler
from pymon.engine.requests.variables import Change, set_variable
from pymon.engine.state_owner import StateOwner
from pymon.errors import SettingError
from pymon.model import request as asked
from pymon.model.change import ChangeCause
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome
from pymon.model.service import Service


class ServiceRequests:
    """Performs what is about one service."""

    def __init__(
        self, owner: StateOwner, monitor: SiteMonitor, configuration: Configuration, monremote: Monremote
    ) -> None:
        self._owner = owner
        self._monitor = monitor
        self._timers = monitor.timers
        self._configuration = configuration
        self._monremote = monremote

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Request → what performs it."""
        return {
            asked.Acknowledge: self._acknowledge,
            asked.ClearTimers: self._clear_timers,
            asked.SetOpstatus: self._set_opstatus,
            asked.SetVariable: self._set_variable,
            asked.TestAlert: self._test_alert,
            asked.TestMonitor: self._test_monitor,
        }

    async def _acknowledge(self, request: asked.Acknowledge, asker: Asker) -> Outcome:
        owner, key = self._owner, request.key
        service, state = owner.site.services[key], owner.states[key]
        if not events.is_acknowledgeable(state):
            return Outcome(False, "service is in a non-failure state")
        now = owner.clock()
        verdict = events.acknowledge(service, state, asker.user, request.comment, now, owner.context)
        owner.commit(key, verdict.state, ChangeCause.OPERATOR, effects=verdict.effects, at=now)
        return Outcome()

    async def _clear_timers(self, request: asked.ClearTimers, _asker: Asker) -> Outcome:
        owner, key = self._owner, request.key
        owner.commit(key, clear_timers(owner.site.services[key], owner.states[key]), ChangeCause.OPERATOR)
        self._timers.clear(key)
        return Outcome()

    async def _test_monitor(self, request: asked.TestMonitor, _asker: Asker) -> Outcome:
        monitor = self._owner.site.services[request.key].monitor
        lookup = await self._configuration.look_up(monitors=() if monitor is None else (monitor.name,))
        if lookup.problems or request.key not in self._owner.site.services:
            return _refuse(request.key, lookup)
        self._monitor.check_now(request.key)
        self._monremote.tell(self._owner.site.settings.monremote, "test", *request.key)
        return Outcome()

    async def _test_alert(self, request: asked.TestAlert, _asker: Asker) -> Outcome:
        """Call the alerts that are there; the outcome says which are not."""
        owner, key = self._owner, request.key
        period = next((each for each in owner.site.services[key].periods if each.key == request.period), None)
        names = () if period is None else [each.command.name for each in period.alerts_of(request.kind)]
        lookup = await self._configuration.look_up(alerts=names)
        if key not in owner.site.services:
            return _refuse(key, lookup)
        service, state, now = owner.site.services[key], owner.states[key], owner.clock()
        try:
            verdict = events.test_alert(
                service, state, request.kind, request.retval, request.period, now, owner.context
            )
        except KeyError:
            return Outcome(False, "period not defined")
        owner.commit(key, verdict.state, ChangeCause.OPERATOR, effects=verdict.effects, at=now)
        return _refuse(key, lookup) if lookup.problems else Outcome()

    async def _set_opstatus(self, request: asked.SetOpstatus, _asker: Asker) -> Outcome:
        state = self._owner.states[request.key]
        state = replace(with_status(state, request.status), last_op_status=state.op_status)
        self._owner.commit(request.key, state, ChangeCause.OPERATOR)
        return Outcome()

    async def _set_variable(self, request: asked.SetVariable, _asker: Asker) -> Outcome:
        owner, key = self._owner, request.key
        try:
            named = self._change(request).service
            lookup = await self._configuration.look_up(**_programs_named(named, request.name))
            if lookup.problems or key not in owner.site.services:
                return _refuse(key, lookup)
            change = self._change(request)
        except SettingError as error:
            return Outcome(False, str(error))
        if change.service is not owner.site.services[key]:
            owner.replace_service(change.service)
        owner.commit(key, change.state, ChangeCause.OPERATOR)
        if change.due_in is not None and change.retimed is not None:
            self._timers.put_off(change.retimed, key, change.due_in)
        elif change.retimed is not None:
            self._timers.retime(change.retimed, key)
        return Outcome()

    def _change(self, request: asked.SetVariable) -> Change:
        """What a variable's new value makes of its service as it is now. Raises SettingError."""
        owner, key = self._owner, request.key
        service, state = owner.site.services[key], owner.states[key]
        return set_variable(service, state, request.name, request.value, owner.clock())


def _programs_named(service: Service, variable: str) -> dict[str, tuple[str, ...]]:
    """The programs that a service has by one of its variables: what ``look_up`` takes."""
    if variable == "monitor" and service.monitor is not None:
        return {"monitors": (service.monitor.name,)}
    if variable == "redistribute" and service.redistribute is not None:
        return {"alerts": (service.redistribute.name,)}
    return {}


def _refuse(key: ServiceKey, lookup: Lookup) -> Outcome:
    """Refused for programs that cannot be had, or because the service has gone while they were looked up."""
    return Outcome(False, "; ".join(lookup.problems) or f"{key.group} {key.service} not defined")
