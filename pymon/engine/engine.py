"""One site that is watched: the only owner of mutable state.

A timer fires, the check runs, its result is judged, and what follows from it is done, each step the moment
the one before it has ended. Everything that decides is in ``pymon.core``; this module keeps the records and
hands them over.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from pymon.alert.launch import Launcher
from pymon.alert.pending import Pending
from pymon.core import gate, process, timing, trap
from pymon.core.surroundings import Surroundings
from pymon.engine.appending import Appender
from pymon.engine.checks import Check, Checks
from pymon.engine.downtime import DowntimeLog
from pymon.engine.effects import Effects, is_inprocess_wanted
from pymon.engine.history import History
from pymon.engine.programs import Programs, find_programs
from pymon.engine.reload import carry_over
from pymon.engine.schedule import Schedule
from pymon.model.depend import ServiceKey
from pymon.model.effect import Verdict
from pymon.model.result import Cause, CheckResult
from pymon.model.service import Service
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus
from pymon.monitor.call import invocation
from pymon.plugin.registry import PluginFile
from pymon.plugin.runner import Runner

log = logging.getLogger("pymon.engine")

Observer = Callable[[ServiceKey, CheckResult | None, Verdict], None]
"""called after each decision with its service, the result it came from (None: no check), and the verdict"""

LATENESS_KEPT = 10_000
"""how many of the last checks ``Engine.lateness`` tells of: the seconds from their planned time to their start"""

DRAIN_LIMIT = 30.0
"""seconds that alerts under way have at a stop"""

_FAILURES = frozenset(kind for kind in EventKind if kind.is_failure)


class Engine:
    """Watches one site until it is stopped. To be used from one event loop only."""

    def __init__(
        self,
        site: Site,
        *,
        environ: Mapping[str, str],
        stopped: bool = False,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        """``environ`` is what monitors and alerts inherit; ``stopped`` starts with the scheduler stopped (mon -S)."""
        now = clock()
        self.site = site
        self.states: dict[ServiceKey, ServiceState] = {key: ServiceState() for key in site.services}
        self.disabled_watches: set[str] = set()
        self.disabled_services: set[ServiceKey] = set()
        self.observers: list[Observer] = []
        self.lateness: deque[float] = deque(maxlen=LATENESS_KEPT)
        self.started = now
        self.programs: Programs = find_programs(site)
        self._stopped = stopped
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._environ = environ
        self._appender = Appender()
        self.history = History(site.settings, self._appender, now)
        self._downtime = DowntimeLog(self._appender)
        self._runner = Runner()
        self._launcher = Launcher(self._runner, statedir=site.settings.statedir, environ=environ)
        self._effects = Effects(self._launcher, self.history, self._downtime, environ)
        self._checks = Checks(site.settings.maxprocs)
        self._schedule = Schedule(self._due)
        self._due_by_timer: dict[str, Callable[[float], None]] = {}
        self._around = self._surroundings()

    async def start(self) -> None:
        """Begin to watch: timers first, then startup alerts; what an earlier run had left undone is taken up."""
        self._downtime.configure(self.site.settings, self.started)
        self._runner.start()
        self._launcher.resume(self.programs.alerts, self._is_still_wanted, self._is_inprocess)
        self._set_timers(list(self.site.services), self.started)
        self._schedule.start(paused=self._stopped)
        self._startup_alerts()

    async def stop(self) -> None:
        """End monitors with their process groups, let alerts under way finish (bounded), write what is unwritten."""
        self._schedule.stop()
        self._due_by_timer.clear()  # a timer may have fired already, and wait for its turn of the loop
        await self._checks.stop()
        await self._launcher.drain(DRAIN_LIMIT)
        self._runner.stop()
        self._appender.close()

    def reload(self, site: Site, programs: Programs) -> None:
        """Watch another site from now on. Services that did not change keep their state, timers and checks."""
        now = self._clock()
        carried = carry_over(self.site, site, self.states)
        for key in carried.changed | carried.removed:
            self._checks.drop(key)
        for key in carried.removed:
            self._forget_timers(key)
        self.site, self.programs = site, programs
        self.states = dict(carried.states)
        self.disabled_watches &= site.watches.keys()
        self.disabled_services &= site.services.keys()
        self.history.configure(site.settings, now)
        self._downtime.configure(site.settings, now)
        self._checks.set_maxprocs(site.settings.maxprocs)
        self._around = self._surroundings()
        self._set_timers([key for key in site.services if key not in carried.unchanged], now)
        log.info(
            "configuration read again: %d services unchanged, %d changed, %d new, %d gone",
            *map(len, (carried.unchanged, carried.changed, carried.added, carried.removed)),
        )
        if site.settings.startupalerts_on_reset:
            self._startup_alerts()

    def next_check(self, key: ServiceKey) -> float | None:
        """When the service is checked next (seconds since the epoch), or None if it is not scheduled."""
        return self._schedule.next_time(_check_timer(key))

    @property
    def running_checks(self) -> int:
        """How many checks are under way."""
        return self._checks.running

    # Timers

    def _set_timers(self, keys: list[ServiceKey], now: float) -> None:
        """Lay the timers of services anew; the first checks of those given are spread over their intervals."""
        settings = self.site.settings
        for index, key in enumerate(keys):
            service = self.site.services[key]
            self._forget_timers(key)
            first = timing.first_run(index, len(keys), service, now, settings.randstart, self._rng)
            if first is not None:
                self._set_timer(_check_timer(key), first, partial(self._check_due, key), partial(self._next_check, key))
            if service.traptimeout is not None:
                due, following = partial(self._trap_timeout_due, key), partial(self._next_trap_timeout, key)
                self._set_timer(_trap_timer(key), now + service.traptimeout, due, following)

    def _set_timer(
        self, timer: str, when: float, due: Callable[[float], None], following: Callable[[float, float], float | None]
    ) -> None:
        self._due_by_timer[timer] = due
        self._schedule.at(timer, when, following)

    def _forget_timers(self, key: ServiceKey) -> None:
        for timer in (_check_timer(key), _trap_timer(key)):
            if self._due_by_timer.pop(timer, None) is not None:
                self._schedule.remove(timer)

    def _due(self, timer: str, planned: float) -> None:
        if (due := self._due_by_timer.get(timer)) is not None:
            due(planned)

    def _next_check(self, key: ServiceKey, planned: float, now: float) -> float | None:
        service = self.site.services.get(key)
        if service is None or service.interval is None:
            return None
        return timing.next_run(service, self.states[key], planned, now, now, self._rng)

    def _next_trap_timeout(self, key: ServiceKey, planned: float, now: float) -> float | None:
        service = self.site.services.get(key)
        if service is None or service.traptimeout is None:
            return None
        return timing.retry_run(planned, service.traptimeout, now)

    # Checks

    def _check_due(self, key: ServiceKey, planned: float) -> None:
        service = self.site.services[key]
        if service.monitor is None:
            return
        if self._checks.is_busy(key):
            log.debug("%s/%s is still being checked: this turn is left out", *key)
            return
        now = self._clock()
        decision = gate.admit(service, self.states[key], self.site.hosts(key.group), now, self._around)
        self._apply(key, Verdict(decision.state, decision.noticed), None)
        if isinstance(decision, gate.NotRun):
            self._not_checked(key, planned, decision, now)
            return
        file = self.programs.monitors.get(service.monitor.name)
        inprocess = self._runs_in_process(service, file)
        run = partial(self._check, service, file, decision.hosts, inprocess, planned)
        self._checks.submit(Check(key, planned, occupies_process=not inprocess, run=run))

    def _not_checked(self, key: ServiceKey, planned: float, decision: gate.NotRun, now: float) -> None:
        log.debug("%s/%s is not checked: %s", *key, decision.reason)
        if decision.retry_after is not None:
            self._schedule.move(_check_timer(key), timing.retry_run(planned, decision.retry_after, now))

    def _runs_in_process(self, service: Service, file: PluginFile | None) -> bool:
        wanted = is_inprocess_wanted(service, self.site.settings)
        return wanted and file is not None and self._runner.can_run_in_process(file)

    async def _check(
        self, service: Service, file: PluginFile | None, hosts: tuple[str, ...], inprocess: bool, planned: float
    ) -> None:
        key, state = service.key, self.states[service.key]
        started = self._clock()
        self.lateness.append(started - planned)
        call = None
        if file is not None:
            call = invocation(service, file.path, hosts, state, self.site.settings, self._environ)
        self.states[key] = replace(state, last_check=started)
        if file is None or call is None:
            result = _no_such_monitor(service, self.site.settings.mondir, started)
        else:
            limit = timing.time_limit(service)
            result = await self._runner.run(file, call, time_limit=limit, inprocess=inprocess, repeat_blocked=True)
        if log.isEnabledFor(logging.DEBUG):
            facts = {"planned": planned, "started": result.started, "ended": result.ended, "exitval": result.exitval}
            extra = {"group": key.group, "service": key.service, "event": "check", "facts": facts}
            log.debug("checked %s/%s: exit %d (%s)", *key, result.exitval, result.cause.value, extra=extra)
        now_declared = self.site.services.get(key)
        if result.cause is not Cause.CANCELLED and (now_declared is service or now_declared == service):
            self._conclude(key, result)

    def _conclude(self, key: ServiceKey, result: CheckResult) -> None:
        service, before = self.site.services[key], self.states[key]
        verdict = process.observe(service, before, result, self._clock(), self._around)
        self._apply(key, verdict, result)
        if verdict.state.failure_interval_active != before.failure_interval_active:
            when = timing.next_run(service, verdict.state, result.started, result.started, result.ended, self._rng)
            self._schedule.move(_check_timer(key), when)

    # Other events

    def _startup_alerts(self) -> None:
        for key, service in self.site.services.items():
            self._apply(key, process.startup(service, self.states[key], self._clock(), self._around), None)

    def _is_still_wanted(self, pending: Pending) -> bool:
        """Whether an alert that an earlier daemon left undone is to be done now.

        One about a failure is, unless the service was found well meanwhile. The outage then counts as told of, so
        that its end is told too: a real server that is taken out now must be put back when it turns out well.
        """
        key = ServiceKey(pending.group, pending.service)
        service = self.site.services.get(key)
        if service is None:
            return False
        state = self.states[key]
        if pending.event not in _FAILURES:
            return state.op_status is not OpStatus.FAIL
        if state.op_status is OpStatus.UNTESTED:
            self.states[key] = process.recall_outage(service, state, pending.at)
        return state.op_status is not OpStatus.OK

    def _is_inprocess(self, pending: Pending) -> bool:
        """Whether an alert that an earlier daemon left undone may run inside this one."""
        service = self.site.services.get(ServiceKey(pending.group, pending.service))
        return service is not None and is_inprocess_wanted(service, self.site.settings)

    def _trap_timeout_due(self, key: ServiceKey, _planned: float) -> None:
        service, now = self.site.services[key], self._clock()
        state = self.states[key]
        due = trap.timeout_due(service, max(state.last_trap, self.started))
        if due is None:
            return
        if now < due:
            self._schedule.move(_trap_timer(key), due)
            return
        self._apply(key, process.trap_timeout(service, state, now, self._around), None)

    def _apply(self, key: ServiceKey, verdict: Verdict, result: CheckResult | None) -> None:
        """Record what was decided, then do it."""
        if verdict.state is self.states[key] and not verdict.effects:
            return
        self.states[key] = verdict.state
        if verdict.effects:
            hosts = tuple(host.name for host in self.site.hosts(key.group) if not host.disabled)
            service, settings = self.site.services[key], self.site.settings
            self._effects.perform(verdict.effects, service, hosts, settings, self.programs.alerts)
        for observer in self.observers:
            try:
                observer(key, result, verdict)
            except Exception:
                log.exception("an observer of %s/%s failed", *key)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            services=self.site.services,
            states=self.states,
            disabled_watches=self.disabled_watches,
            disabled_services=self.disabled_services,
            missing_alerts=self.programs.missing_alerts,
            settings=self.site.settings,
            stopped=self._stopped,
            started=self.started,
        )


def _check_timer(key: ServiceKey) -> str:
    return f"check {key.group} {key.service}"


def _trap_timer(key: ServiceKey) -> str:
    return f"trap {key.group} {key.service}"


def _no_such_monitor(service: Service, mondir: tuple[str, ...], now: float) -> CheckResult:
    """A monitor that is in no directory fails its check, so that somebody is told (mon: only a line in the log)."""
    name = service.monitor.name if service.monitor else ""
    return CheckResult(1, f"no monitor {name!r} in {':'.join(mondir)}\n", now, now, Cause.NOT_STARTED)


async def load_programs(site: Site) -> Programs:
    """``find_programs`` off the event loop, for importing plugins takes its time."""
    return await asyncio.to_thread(find_programs, site)
