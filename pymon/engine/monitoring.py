"""The check path of one site, and the only owner of what changes about it.

A timer fires, the check runs, its result is judged, and what follows from it is done, each step the moment
the one before it has ended. Everything that decides is in ``pymon.core``; this module keeps the records and
hands them over.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from pymon.alert.concurrency import Places
from pymon.alert.launch import Launcher
from pymon.contract.check_order import CheckOrder
from pymon.contract.monitor_call import order_check
from pymon.core import admission, events, timing
from pymon.core.context import Surroundings
from pymon.core.time_shift import shift_times
from pymon.engine.capacity import check_descriptors, current_capacity, descriptors_of
from pymon.engine.checks import Check, Checks
from pymon.engine.clock import EngineClock
from pymon.engine.debt_payment import Owing
from pymon.engine.deliveries import Deliveries
from pymon.engine.downtime import DowntimeLog
from pymon.engine.effects import Effects, is_inprocess_wanted
from pymon.engine.history import History
from pymon.engine.limits import EngineLimits
from pymon.engine.line_writer import Appender
from pymon.engine.plugin_lookup import Programs, find_programs
from pymon.engine.requests.host_switches import with_hosts
from pymon.engine.timekeeping import Timekeeping
from pymon.engine.timers import Timer, Timers
from pymon.engine.trap_timers import TrapWatch
from pymon.local_time import local_time
from pymon.model.banished import Banished
from pymon.model.depend import ServiceKey
from pymon.model.effect import Verdict
from pymon.model.result import Cause, CheckResult
from pymon.model.service import MonitorCommand, Service
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.trap import Trap
from pymon.redaction import MASK
from pymon.redaction.command_words import mask_echoed
from pymon.runner.executor import Executor, LocalExecutor, MissingMonitor
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from pymon.store.store import Store
from pymon.timeline import decision_events

log = logging.getLogger("pymon.engine")

Observer = Callable[[ServiceKey, CheckResult | None, Verdict], None]
"""called after each decision with its service, the result it came from (None: no check), and the verdict"""


class Watcher:
    """Watches one site until it is closed. To be used from one event loop only.

    Its attributes are there to be read; they change by its methods.
    ``host_switches`` are the hosts that clients have disabled (True) or enabled, whatever the configuration says.
    ``running`` maps the services being checked to their process (0: inside the daemon). ``departed`` are the states of
    services that have left the configuration (R-debts).
    """

    def __init__(
        self,
        site: Site,
        *,
        environ: Mapping[str, str],
        record: Store,
        stopped: bool,
        clock: EngineClock,
        runner: PluginRunner,
        executor: Executor,
        rng: random.Random | None = None,
        limits: EngineLimits | None = None,
    ) -> None:
        self._limits = limits = limits or EngineLimits()
        self.clock = clock.now
        self._record = record
        now = self.clock()
        self.site = site
        self.states: dict[ServiceKey, ServiceState] = {key: ServiceState() for key in site.services}
        self.departed: dict[ServiceKey, ServiceState] = {}
        self.disabled_watches: set[str] = set()
        self.disabled_services: set[ServiceKey] = set()
        self.host_switches: dict[str, bool] = {}
        self.running: dict[ServiceKey, int] = {}
        self.observers: list[Observer] = []
        self.lateness: deque[float] = deque(maxlen=limits.lateness_remembered)
        self.started = now
        self.stopped_since = now if stopped else None
        self._stopped_by_option = stopped  # then the next daemon is not stopped, unless it has the option too
        self.programs: Programs = find_programs(site)
        self.environ = environ
        self.appender = Appender()
        self.history = History(site.settings, self.appender, now, record.line)
        self.downtime = DowntimeLog(self.appender)
        self._runner = runner
        self._executor = executor
        # What an executor on other machines occupies there is not this daemon's to count.
        self._local = executor if isinstance(executor, LocalExecutor) else None
        if self._local is not None:
            self._local.connect(self._find_monitor, on_process=self.running.__setitem__, on_misbehaved=self._misbehaved)
        self._timekeeping = Timekeeping(self, clock, self._runner.holdups, record, limits)
        self._trapwatch = TrapWatch(self, self._timekeeping.absences, record)
        ledger = Deliveries(record, self.clock)
        room = current_capacity()
        places = Places(room.alert_programs, room.alerts_inside)
        self.launcher = Launcher(self._runner, environ=environ, ledger=ledger, places=places, clock=clock)
        self._effects = Effects(self.launcher, self.history, self.downtime, environ)
        self.checks = Checks(site.settings.maxprocs, self._check_ended, room.check_programs, check_descriptors)
        self._asked_for: set[ServiceKey] = set()
        due = {
            Timer.CHECK: self._check_due,
            Timer.TRAP_TIMEOUT: self._trapwatch.timeout_due,
            Timer.TRAP_EXPIRY: self._trapwatch.expired,
        }
        self.timers = Timers(
            due, self._look, clock, slack=limits.timer_slack, rng=rng, before_firing=self._runner.holdups.look
        )
        self.owing = Owing(self, record, environ)
        self.around = self._surroundings()

    def start(self) -> None:
        """Begin to watch: the timers first, then the startup alerts."""
        self._runner.start()
        self._timekeeping.start()
        self.lay_timers(self.site.services)
        self.timers.start(stopped=self.stopped_since is not None)
        if self.stopped_since is not None:
            self.checks.hold()
        self.startup_alerts()

    async def close(self) -> None:
        """End monitors with their process groups, let alerts under way finish (bounded), write what is unwritten."""
        self.timers.close()
        self._timekeeping.stop()
        self._asked_for.clear()
        await self.checks.stop()
        await self.launcher.drain(self._limits.alerts_at_stop)
        self._runner.stop()
        self.appender.close()

    # Changes of what is watched

    def replace_site(
        self,
        site: Site,
        programs: Programs | None = None,
        states: Mapping[ServiceKey, ServiceState] | None = None,
        departed: Mapping[ServiceKey, ServiceState] | None = None,
    ) -> None:
        """Watch another site: with other programs, and with these states, unless they stay.

        Services without a state are fresh. Timers, checks under way, and the record are the caller's business.
        """
        self.site = site
        self.programs = programs or self.programs
        known = self.states if states is None else states
        self.states = {key: known.get(key) or ServiceState() for key in site.services}
        self.departed = dict(self.departed if departed is None else departed)
        self.disabled_watches &= site.watches.keys() | {key.group for key in self.departed}
        self.disabled_services &= site.services.keys() | self.departed.keys()
        self.around = self._surroundings()

    def replace_service(self, service: Service) -> None:
        """Watch a service by another declaration, from its next check on."""
        services = {**self.site.services, service.key: service}
        watch = self.site.watches[service.group]
        declared = tuple(service if each.name == service.name else each for each in watch.services)
        watches = {**self.site.watches, service.group: replace(watch, services=declared)}
        self.replace_site(replace(self.site, services=services, watches=watches))

    def switch_hosts(self, names: Iterable[str], *, disabled: bool) -> None:
        """Disable or enable hosts in every group that has them."""
        switched = dict.fromkeys(names, disabled)
        self.host_switches |= switched
        hostgroups = with_hosts(self.site.hostgroups, switched.keys(), disabled=disabled)
        self.site = replace(self.site, hostgroups=hostgroups)
        self._record_disabled()

    def disable(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> None:
        """Be silent about watches and services."""
        self.disabled_watches |= set(watches)
        self.disabled_services |= set(services)
        self._record_disabled()

    def enable(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> None:
        """Undo ``disable``."""
        self.disabled_watches -= set(watches)
        self.disabled_services -= set(services)
        self._record_disabled()

    def is_disabled(self, key: ServiceKey) -> bool:
        """Whether a client has disabled a service, or its watch."""
        return key in self.disabled_services or key.group in self.disabled_watches

    def stop_scheduler(self, since: float | None = None) -> None:
        """Let no timer fire, and no alert be decided, until ``start_scheduler``; ``since`` default: now."""
        if self.stopped_since is None:
            self.stopped_since = self.clock() if since is None else since
            self.timers.pause()
            self.checks.hold()
            self.around = self._surroundings()
        self._stopped_by_option = False
        self._record.scheduler(self.stopped_since)

    def start_scheduler(self) -> None:
        """Go on: each timer has as long to go as it had."""
        if self.stopped_since is not None:
            self.stopped_since = None
            self._stopped_by_option = False
            self.around = self._surroundings()
            self.timers.resume()
            self.checks.release()
            self._record.scheduler(None)

    def startup_alerts(self) -> None:
        """Tell everybody who wants to know that the watch begins."""
        for key, service in self.site.services.items():
            self.apply(key, events.startup(service, self.states[key], self.clock(), self.around))

    def lay_timers(self, keys: Iterable[ServiceKey]) -> None:
        """Begin anew with the timers of services."""
        self.timers.arm(keys, self.site.settings.randstart)

    # Checks

    def check_now(self, key: ServiceKey) -> None:
        """Check a service at once (after a check of it that is under way), and leave its timer alone.

        While the scheduler is stopped, it is checked as soon as that goes on.
        """
        if self.stopped_since is not None:
            self.timers.put_off(Timer.CHECK, key, 0.0)
        elif self.checks.is_busy(key):
            self._asked_for.add(key)
        else:
            self._begin_check(key, self.clock())

    def _check_due(self, key: ServiceKey, planned: float) -> None:
        if self.checks.is_busy(key):
            log.debug("%s/%s is still being checked: this turn is left out", *key)
            return
        not_run = self._begin_check(key, planned)
        if not_run is not None and not_run.retry_after is not None:
            when = timing.retry_run(planned, not_run.retry_after, self.clock())
            self.timers.move(Timer.CHECK, key, when)

    def _begin_check(self, key: ServiceKey, planned: float) -> admission.NotRun | None:
        service = self.site.services[key]
        if service.monitor is None:
            return None
        decision = admission.admit(service, self.states[key], self.site.hosts(key.group), self.clock(), self.around)
        self.apply(key, Verdict(decision.state, decision.noticed))
        if isinstance(decision, admission.NotRun):
            log.debug("%s/%s is not checked: %s", *key, decision.reason)
            return decision
        needs_process, descriptors = self._needs(service, service.monitor, len(decision.hosts))
        run = partial(self._check, service, service.monitor, decision.hosts, planned)
        self.checks.submit(Check(key, planned, needs_process, run, descriptors))
        return None

    def _needs(self, service: Service, monitor: MonitorCommand, hosts: int) -> tuple[bool, int]:
        """Whether a check takes a process of this machine, and for how many descriptors it is counted."""
        if self._local is None:
            return False, 0
        inprocess = is_inprocess_wanted(service, self.site.settings)
        is_program = self._local.needs_process(service.key, monitor.name, inprocess=inprocess)
        return is_program, descriptors_of(hosts, is_program=is_program, limit=check_descriptors())

    async def _check(self, service: Service, monitor: MonitorCommand, hosts: tuple[str, ...], planned: float) -> None:
        key, state, settings = service.key, self.states[service.key], self.site.settings
        started = self.clock()
        self.lateness.append(started - planned)
        order = order_check(
            service,
            monitor,
            hosts,
            state,
            settings,
            time_limit=timing.time_limit(service),
            inprocess=is_inprocess_wanted(service, settings),
        )
        self.keep(key, replace(state, last_check=started))
        result = await self._execute(order)
        if MASK in monitor.shown_arguments:
            said = mask_echoed(result.output, monitor.arguments, monitor.name)
            result = result._replace(output=said)
        if log.isEnabledFor(logging.DEBUG):
            facts = {"planned": planned, "started": started, "ended": self.clock(), "exitval": result.exitval}
            extra = {"group": key.group, "service": key.service, "event": "check", "facts": facts}
            log.debug("checked %s/%s: exit %d (%s)", *key, result.exitval, result.cause.value, extra=extra)
        if result.cause is not Cause.CANCELLED and key in self.site.services:
            self._conclude(key, result)

    async def _execute(self, order: CheckOrder) -> CheckResult:
        self.running[order.key] = 0
        try:
            return await self._executor.execute(order)
        finally:
            self.running.pop(order.key, None)

    def _find_monitor(self, name: str) -> PluginFile | MissingMonitor:
        file = self.programs.monitors.get(name)
        if file is not None:
            return file
        obstacle = self.programs.obstacles.get(name)
        if obstacle:
            return MissingMonitor(f"monitor {name!r} cannot be run: {obstacle}", exists=True)
        return MissingMonitor(f"no monitor {name!r} in {':'.join(self.site.settings.mondir)}")

    def _misbehaved(self, key: ServiceKey, result: CheckResult, until: float) -> None:
        if key in self.site.services:
            service, state = self.site.services[key], self.states[key]
            self._record.add(decision_events.of_misbehaviour(service, state, result, self.clock(), until))

    def banished(self) -> tuple[Banished, ...]:
        """The plugins that run as processes at present because they misbehaved inside the daemon."""
        return tuple(self._runner.banished())

    def _conclude(self, key: ServiceKey, result: CheckResult) -> None:
        service, before, now = self.site.services[key], self.states[key], self.clock()
        self.apply(key, events.observe(service, before, result, now, self.around), result)
        if self.states[key].failure_interval_active != before.failure_interval_active:
            self.timers.follow_interval(key, now - result.duration, now)

    def _check_ended(self, key: ServiceKey) -> None:
        if key in self._asked_for:
            self._asked_for.discard(key)
            if key in self.site.services:
                self.check_now(key)

    # Traps

    def take_trap(self, key: ServiceKey, taken: Trap) -> None:
        """Judge a trap, which is authentic and addressed to this service, and set off the timers that it starts."""
        self._trapwatch.take(key, taken)

    def note_lost_traps(self) -> None:
        """Traps were lost, nobody knows whose."""
        self._trapwatch.note_loss()

    # Time

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: all that is kept of earlier times moves with it."""
        self.started += seconds
        if self.stopped_since is not None:
            self.stopped_since += seconds
        self._trapwatch.translate(seconds)
        self._record.translate(seconds)
        self.timers.translate(seconds)
        for key, state in self.states.items():
            self.keep(key, shift_times(state, seconds))
        for key, state in self.departed.items():
            self.departed[key] = shifted = shift_times(state, seconds)
            self._record.state(key, shifted)
        self.around = self._surroundings()
        if self.stopped_since is not None and not self._stopped_by_option:
            self._record.scheduler(self.stopped_since)

    def wake(self) -> None:
        """The event loop was held up: look which timers are due."""
        self.timers.wake()

    # Decisions

    def keep(self, key: ServiceKey, state: ServiceState) -> None:
        """Take over a state that was not decided on, but read, or set by somebody."""
        self.states[key] = state
        self._record.state(key, state)

    def apply(
        self,
        key: ServiceKey,
        verdict: Verdict,
        result: CheckResult | None = None,
        cause: Trap | None = None,
    ) -> None:
        """Record what was decided, then do it. ``result`` is the check, or ``cause`` the trap, that it came from."""
        before = self.states[key]
        if verdict.state is before and not verdict.effects:
            return
        service = self.site.services[key]
        self.keep(key, verdict.state)
        self._record.add(*decision_events.of_verdict(service, before, verdict, self.clock(), result or cause))
        if verdict.state.debts is not before.debts:
            self.owing.settled(service, before, verdict)
        if verdict.effects:
            hosts = tuple(host.name for host in self.site.hosts(key.group) if not host.disabled)
            self._effects.perform(verdict.effects, service, hosts, self.site.settings, self.programs.alerts)
        for observer in self.observers:
            try:
                observer(key, result, verdict)
            except Exception:
                log.exception("an observer of %s/%s failed", *key)

    # The record

    def record_all(self) -> None:
        """Have the record say what is, and nothing of what is not any more."""
        self._record.retain(self.states.keys() | self.departed.keys())
        for key, state in (*self.states.items(), *self.departed.items()):
            self._record.state(key, state)
        self._record.scheduler(None if self._stopped_by_option else self.stopped_since)
        self._record_disabled()

    def _record_disabled(self) -> None:
        disabled = [host for host, is_disabled in self.host_switches.items() if is_disabled]
        enabled = self.host_switches.keys() - set(disabled)
        self._record.disabled(self.disabled_watches, self.disabled_services, disabled, enabled)

    def _look(self, key: ServiceKey) -> tuple[Service, ServiceState] | None:
        service = self.site.services.get(key)
        return None if service is None else (service, self.states[key])

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            services=self.site.services,
            states=self.states,
            disabled_watches=self.disabled_watches,
            disabled_services=self.disabled_services,
            missing_alerts=self.programs.missing_alerts,
            settings=self.site.settings,
            stopped=self.stopped_since is not None,
            started=self.started,
            target=self.owing.target,
            local_time=local_time,
        )
