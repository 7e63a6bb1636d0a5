"""What clients may have changed: one handler for each kind of request.

The server has looked whether there is such a service, watch or period; here it is looked at again, for the world
may have changed since, and other callers may be less careful.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymon.core import events
from pymon.core.outages import with_status
from pymon.core.state import clear_timers
from pymon.engine.downtime import read_pages
from pymon.engine.history import History
from pymon.engine.line_writer import Appender
from pymon.engine.mon_state_sync import Saving
from pymon.engine.monitoring import SiteMonitor
from pymon.engine.monremote import Monremote
from pymon.engine.plugin_lookup import Lookup
from pymon.engine.requests.configuration import Configuration
from pymon.engine.requests.enable_disable import Switching
from pymon.engine.requests.host_switches import groups_of
from pymon.engine.requests.variables import Change, set_variable
from pymon.engine.state_owner import StateOwner
from pymon.errors import PymonError, SettingError
from pymon.model import request as asked
from pymon.model.change import ChangeCause
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.request import Asker, Outcome, Request
from pymon.model.service import Service
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")

Handler = Callable[["Control", Any, Asker], Outcome]


class Control:
    """Performs requests."""

    def __init__(
        self,
        owner: StateOwner,
        monitor: SiteMonitor,
        history: History,
        appender: Appender,
        record: Store,
        configuration: Configuration,
        saving: Saving,
        monremote: Monremote,
    ) -> None:
        self._owner = owner
        self._monitor = monitor
        self._timers = monitor.timers
        self._history = history
        self._appender = appender
        self._record = record
        self._configuration = configuration
        self._monremote = monremote
        self._saving = saving
        self._switching = Switching(owner, saving, monremote)

    async def perform(self, request: Request, asker: Asker) -> Outcome:
        """Do what is asked; an outcome that is not ok says why. Raises ValueError for a request that is not ours."""
        now = self._owner.clock()
        outcome = await self._perform(request, asker)
        self._record.add(*self._told(request, asker, outcome, now))
        return outcome

    def _told(self, request: Request, asker: Asker, outcome: Outcome, now: float) -> Iterable[TimelineEvent]:
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

    async def _perform(self, request: Request, asker: Asker) -> Outcome:
        key = getattr(request, "key", None)
        is_known = key in self._owner.site.services or (
            isinstance(request, asked.ReadTimeline) and key in self._owner.departed
        )
        if isinstance(key, ServiceKey) and not is_known:
            return Outcome(False, f"{key.group} {key.service} not defined")
        match request:
            case asked.Reset():
                return await self._reset(request)
            case asked.ReloadAuth():
                return await _attempt(self._configuration.reload_auth)
            case asked.TestConfig():
                return await _attempt(self._configuration.test)
            case asked.ReadDowntimeLog():
                return await self._downtime_log()
            case asked.ReadTimeline(key, since, limit):
                return Outcome(events=tuple(await self._record.events(key, since, limit)))
            case asked.LoadState(kinds):
                await self._saving.load(kinds)
                return Outcome()
            case asked.SaveState(kinds):
                failed = await self._saving.save(*kinds)
                return Outcome(not failed, f"cannot write {', '.join(failed)}, see the log" if failed else "")
            case asked.SwitchWatch() | asked.SwitchService() | asked.SwitchHosts():
                return await self._switching.perform(request, asker)
        naming = _NAMING.get(type(request))
        if naming is not None:
            return await naming(self, request)
        handler = _HANDLERS.get(type(request))
        if handler is None:
            raise ValueError(f"{type(request).__name__} is not for the engine")
        return handler(self, request, asker)

    # One service

    def _acknowledge(self, request: asked.Acknowledge, asker: Asker) -> Outcome:
        owner, key = self._owner, request.key
        service, state = owner.site.services[key], owner.states[key]
        if not events.is_acknowledgeable(state):
            return Outcome(False, "service is in a non-failure state")
        now = owner.clock()
        verdict = events.acknowledge(service, state, asker.user, request.comment, now, owner.context)
        owner.commit(key, verdict.state, ChangeCause.OPERATOR, effects=verdict.effects)
        return Outcome()

    def _clear_timers(self, request: asked.ClearTimers, _asker: Asker) -> Outcome:
        owner, key = self._owner, request.key
        owner.commit(key, clear_timers(owner.site.services[key], owner.states[key]), ChangeCause.OPERATOR)
        self._timers.clear(key)
        return Outcome()

    async def _test_monitor(self, request: asked.TestMonitor) -> Outcome:
        monitor = self._owner.site.services[request.key].monitor
        lookup = await self._configuration.look_up(monitors=() if monitor is None else (monitor.name,))
        if lookup.problems or request.key not in self._owner.site.services:
            return _not_there(request.key, lookup)
        self._monitor.check_now(request.key)
        self._monremote.tell(self._owner.site.settings.monremote, "test", *request.key)
        return Outcome()

    async def _test_alert(self, request: asked.TestAlert) -> Outcome:
        """Call the alerts that are there; the outcome says which are not."""
        owner, key = self._owner, request.key
        period = next((each for each in owner.site.services[key].periods if each.key == request.period), None)
        names = () if period is None else [each.command.name for each in period.alerts_of(request.kind)]
        lookup = await self._configuration.look_up(alerts=names)
        if key not in owner.site.services:
            return _not_there(key, lookup)
        service, state, now = owner.site.services[key], owner.states[key], owner.clock()
        try:
            verdict = events.test_alert(
                service, state, request.kind, request.retval, request.period, now, owner.context
            )
        except KeyError:
            return Outcome(False, "period not defined")
        owner.commit(key, verdict.state, ChangeCause.OPERATOR, effects=verdict.effects)
        return _not_there(key, lookup) if lookup.problems else Outcome()

    def _set_opstatus(self, request: asked.SetOpstatus, _asker: Asker) -> Outcome:
        state = self._owner.states[request.key]
        state = replace(with_status(state, request.status), last_op_status=state.op_status)
        self._owner.commit(request.key, state, ChangeCause.OPERATOR)
        return Outcome()

    async def _set_variable(self, request: asked.SetVariable) -> Outcome:
        owner, key = self._owner, request.key
        try:
            named = self._change(request).service
            lookup = await self._configuration.look_up(**_programs_named(named, request.name))
            if lookup.problems or key not in owner.site.services:
                return _not_there(key, lookup)
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

    # The daemon

    def _stop_scheduler(self, _request: asked.StopScheduler, _asker: Asker) -> Outcome:
        self._monitor.stop_scheduler()
        return Outcome()

    def _start_scheduler(self, _request: asked.StartScheduler, _asker: Asker) -> Outcome:
        self._monitor.start_scheduler()
        return Outcome()

    def _end(self, _request: asked.Terminate, _asker: Asker) -> Outcome:
        """The engine says so to those who wait for it, once all is on file."""
        return Outcome()

    def _set_maxkeep(self, request: asked.SetMaxkeep, _asker: Asker) -> Outcome:
        self._history.set_length(request.count)
        return Outcome()

    async def _reset(self, request: asked.Reset) -> Outcome:
        if request.stopped:
            self._monitor.stop_scheduler()

        async def reset() -> None:
            await self._configuration.reset(keepstate=request.keepstate)

        return await _attempt(reset)

    async def _downtime_log(self) -> Outcome:
        """The records of the downtime log; the first page is read here, so that a file that cannot be is refused."""
        settings = self._owner.site.settings
        await self._appender.written()
        pages = read_pages(Path(settings.dtlogfile))
        try:
            first = await anext(pages)
        except OSError as error:
            return Outcome(False, f"{settings.dtlogfile}: {error.strerror}")
        return Outcome(lines=first, pages=pages)


_HANDLERS: dict[type, Handler] = {
    asked.Acknowledge: Control._acknowledge,
    asked.ClearTimers: Control._clear_timers,
    asked.SetOpstatus: Control._set_opstatus,
    asked.StopScheduler: Control._stop_scheduler,
    asked.StartScheduler: Control._start_scheduler,
    asked.Terminate: Control._end,
    asked.SetMaxkeep: Control._set_maxkeep,
}
"""request → what performs it at once; what has to wait for files is in ``perform``"""

_NAMING: dict[type, Callable[[Control, Any], Awaitable[Outcome]]] = {
    asked.TestMonitor: Control._test_monitor,
    asked.TestAlert: Control._test_alert,
    asked.SetVariable: Control._set_variable,
}
"""request → what performs it once the programs that it names are looked up"""


def _programs_named(service: Service, variable: str) -> dict[str, tuple[str, ...]]:
    """The programs that a service has by one of its variables: what ``look_up`` takes."""
    if variable == "monitor" and service.monitor is not None:
        return {"monitors": (service.monitor.name,)}
    if variable == "redistribute" and service.redistribute is not None:
        return {"alerts": (service.redistribute.name,)}
    return {}


def _not_there(key: ServiceKey, lookup: Lookup) -> Outcome:
    """Refused for programs that cannot be had, or because the service has gone while they were looked up."""
    return Outcome(False, "; ".join(lookup.problems) or f"{key.group} {key.service} not defined")


async def _attempt(work: Callable[[], Any]) -> Outcome:
    """Do what reads files; what is wrong with them is the outcome, line by line."""
    try:
        await work()
    except PymonError as error:
        log.error("refused, and all goes on as before:\n%s", error)
        lines = str(error).splitlines()
        return Outcome(False, lines[0] if lines else "", tuple(lines))
    return Outcome()
