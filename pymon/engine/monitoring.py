"""The check path of one site: a timer fires, the check runs, its result is judged, and what follows is committed.

Each step begins the moment the one before it has ended. Everything that decides is in ``pymon.core``; what is known of
the site, and what a decision does to it, is the owner's (``pymon.engine.state_owner``).
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from pymon.contract.check_order import CheckOrder
from pymon.contract.monitor_call import order_check
from pymon.core import admission, events, timing
from pymon.engine.capacity import check_descriptors, descriptors_of
from pymon.engine.checks import Check, Checks
from pymon.engine.clock import EngineClock
from pymon.engine.effects import is_inprocess_wanted
from pymon.engine.limits import EngineLimits
from pymon.engine.state_owner import StateOwner
from pymon.engine.timekeeping import Timekeeping
from pymon.engine.timers import Timers
from pymon.engine.trap_timers import TrapTimers
from pymon.model.banished import Banished
from pymon.model.change import ChangeCause
from pymon.model.depend import ServiceKey
from pymon.model.result import Cause, CheckResult
from pymon.model.service import MonitorCommand, Service
from pymon.model.timer import Timer
from pymon.model.trap import Trap
from pymon.redaction import MASK
from pymon.redaction.command_words import mask_echoed
from pymon.runner.executor import Executor, LocalExecutor, MissingMonitor
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from pymon.store.store import Store
from pymon.timeline import decision_events

log = logging.getLogger("pymon.engine")


class SiteMonitor:
    """Watches one site until it is closed: runs its timers and checks. To be used from one event loop only.

    What is known of the site is its owner's, and so are all decisions' effects. ``running`` maps the services being
    checked to their process (0: inside the daemon); ``lateness`` has the seconds from the planned time of each of the
    last checks to its start. ``timers`` is for those who set timers.
    """

    def __init__(
        self,
        owner: StateOwner,
        *,
        record: Store,
        clock: EngineClock,
        runner: PluginRunner,
        executor: Executor,
        limits: EngineLimits,
        check_programs: int | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """``executor`` carries out checks. ``check_programs`` is how many the system has room for (None: any)."""
        self._owner = owner
        self._clock = clock.now
        self._record = record
        self._runner = runner
        self.running: dict[ServiceKey, int] = {}
        self._executor = executor
        # What an executor on other machines occupies there is not this daemon's to count.
        self._local = executor if isinstance(executor, LocalExecutor) else None
        if self._local is not None:
            self._local.connect(self._find_monitor, on_process=self.running.__setitem__, on_misbehaved=self._note_fault)
        self.lateness: deque[float] = deque(maxlen=limits.lateness_remembered)
        maxprocs = owner.site.settings.maxprocs
        self._checks = Checks(maxprocs, self._check_ended, check_programs, check_descriptors, limits)
        self._requested: set[ServiceKey] = set()
        due = {
            Timer.CHECK: self._check_due,
            Timer.TRAP_TIMEOUT: self._trap_overdue,
            Timer.TRAP_EXPIRY: self._trap_expired,
        }
        self.timers = Timers(
            due, owner.find, clock, slack=limits.timer_slack, rng=rng, before_firing=runner.holdups.note_alive
        )
        self._timekeeping = Timekeeping(self, clock, runner.holdups, record, limits)
        self._trap_timers = TrapTimers(owner, self.timers, self._timekeeping.absences, record)

    def start(self) -> None:
        """Begin to watch: the timers first, then the startup alerts."""
        is_stopped = self._owner.state.is_stopped
        self._timekeeping.start()
        self.arm_timers(self._owner.site.services)
        self.timers.start(stopped=is_stopped)
        if is_stopped:
            self._checks.hold()
        self.startup_alerts()

    async def close(self) -> None:
        """End timers and monitors, these with their process groups."""
        self.timers.close()
        self._timekeeping.stop()
        self._requested.clear()
        await self._checks.stop()

    def stop_scheduler(self, since: float | None = None) -> None:
        """Let no timer fire, and no alert be decided, until ``start_scheduler``; ``since`` default: now."""
        if not self._owner.state.is_stopped:
            self.timers.pause()
            self._checks.hold()
        self._owner.stop_scheduler(self._clock() if since is None else since)

    def start_scheduler(self) -> None:
        """Go on: each timer has as long to go as it had."""
        if self._owner.state.is_stopped:
            self._owner.start_scheduler()
            self.timers.resume()
            self._checks.release()

    def startup_alerts(self) -> None:
        """Tell everybody who wants to know that the watch begins."""
        owner = self._owner
        for key, service in owner.site.services.items():
            now = self._clock()
            verdict = events.startup(service, owner.states[key], now, owner.context)
            owner.commit(key, verdict.state, ChangeCause.STARTUP, effects=verdict.effects, at=now)

    def arm_timers(self, keys: Iterable[ServiceKey]) -> None:
        """Set all timers of services from now on."""
        self.timers.arm(keys, self._owner.site.settings.randstart)

    def forget(self, key: ServiceKey) -> None:
        """End the timers of a service, and its check: it is not watched any more."""
        self.end_check(key)
        self.timers.forget(key)

    def end_check(self, key: ServiceKey) -> None:
        """End the check of a service, running or waiting; its result does not come."""
        self._checks.drop(key)

    def set_maxprocs(self, maxprocs: int) -> None:
        """Let so many checks run as processes at the same time (0: any number)."""
        self._checks.set_maxprocs(maxprocs)

    # Checks

    def check_now(self, key: ServiceKey) -> None:
        """Check a service at once (after a check of it that is under way), and leave its timer alone.

        While the scheduler is stopped, it is checked as soon as that goes on.
        """
        if self._owner.state.is_stopped:
            self.timers.put_off(Timer.CHECK, key, 0.0)
        elif self._checks.is_busy(key):
            self._requested.add(key)
        else:
            self._begin_check(key, self._clock())

    @property
    def running_checks(self) -> int:
        """How many checks are under way."""
        return self._checks.running

    def _check_due(self, key: ServiceKey, planned: float) -> None:
        if self._checks.is_busy(key):
            log.debug("%s/%s is still being checked: not checked again now", *key)
            return
        not_run = self._begin_check(key, planned)
        if not_run is not None and not_run.retry_after is not None:
            when = timing.retry_run(planned, not_run.retry_after, self._clock())
            self.timers.move(Timer.CHECK, key, when)

    def _begin_check(self, key: ServiceKey, planned: float) -> admission.NotRun | None:
        service = self._owner.site.services[key]
        if service.monitor is None:
            return None
        owner = self._owner
        decision = admission.admit(
            service, owner.states[key], owner.site.hosts(key.group), self._clock(), owner.context
        )
        owner.commit(key, decision.state, ChangeCause.CHECK_START, effects=decision.noticed)
        if isinstance(decision, admission.NotRun):
            log.debug("%s/%s is not checked: %s", *key, decision.reason)
            return decision
        needs_process, descriptors = self._needs(service, service.monitor, len(decision.hosts))
        run = partial(self._check, service, service.monitor, decision.hosts, planned)
        self._checks.submit(Check(key, planned, needs_process, run, descriptors))
        return None

    def _needs(self, service: Service, monitor: MonitorCommand, hosts: int) -> tuple[bool, int]:
        """Whether a check takes a process of this machine, and for how many descriptors it is counted."""
        if self._local is None:
            return False, 0
        inprocess = is_inprocess_wanted(service, self._owner.site.settings)
        is_program = self._local.needs_process(service.key, monitor.name, inprocess=inprocess)
        return is_program, descriptors_of(hosts, is_program=is_program, limit=check_descriptors())

    async def _check(self, service: Service, monitor: MonitorCommand, hosts: tuple[str, ...], planned: float) -> None:
        key, state, settings = service.key, self._owner.states[service.key], self._owner.site.settings
        started = self._clock()
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
        self._owner.commit(key, replace(state, last_check=started), ChangeCause.CHECK_START)
        result = await self._execute(order)
        if MASK in monitor.shown_arguments:
            said = mask_echoed(result.output, monitor.arguments, monitor.name)
            result = result._replace(output=said)
        if log.isEnabledFor(logging.DEBUG):
            facts = {"planned": planned, "started": started, "ended": self._clock(), "exitval": result.exitval}
            extra = {"group": key.group, "service": key.service, "event": "check", "facts": facts}
            log.debug("checked %s/%s: exit %d (%s)", *key, result.exitval, result.cause.value, extra=extra)
        if result.cause is not Cause.CANCELLED and key in self._owner.site.services:
            self._judge(key, result)

    async def _execute(self, order: CheckOrder) -> CheckResult:
        self.running[order.key] = 0
        try:
            return await self._executor.execute(order)
        finally:
            self.running.pop(order.key, None)

    def _find_monitor(self, name: str) -> PluginFile | MissingMonitor:
        file = self._owner.programs.monitors.get(name)
        if file is not None:
            return file
        obstacle = self._owner.programs.obstacles.get(name)
        if obstacle:
            return MissingMonitor(f"monitor {name!r} cannot be run: {obstacle}", exists=True)
        return MissingMonitor(f"no monitor {name!r} in {':'.join(self._owner.site.settings.mondir)}")

    def _note_fault(self, key: ServiceKey, result: CheckResult, until: float) -> None:
        if (found := self._owner.find(key)) is not None:
            self._record.add(decision_events.of_misbehaviour(*found, result, self._clock(), until))

    def list_banished(self) -> tuple[Banished, ...]:
        """The plugins that run as processes at present because they misbehaved inside the daemon."""
        return tuple(self._runner.list_banished())

    def _judge(self, key: ServiceKey, result: CheckResult) -> None:
        owner, now = self._owner, self._clock()
        service, before = owner.site.services[key], owner.states[key]
        verdict = events.observe(service, before, result, now, owner.context)
        owner.commit(key, verdict.state, ChangeCause.CHECK, effects=verdict.effects, source=result, at=now)
        if owner.states[key].failure_interval_active != before.failure_interval_active:
            self.timers.follow_interval(key, now - result.duration, now)

    def _check_ended(self, key: ServiceKey) -> None:
        if key in self._requested:
            self._requested.discard(key)
            if key in self._owner.site.services:
                self.check_now(key)

    # Traps

    def take_trap(self, key: ServiceKey, taken: Trap) -> None:
        """Judge a trap, which is authentic and addressed to this service, and set off the timers that it starts."""
        self._trap_timers.take(key, taken)

    def note_lost_traps(self) -> None:
        """Traps were lost, nobody knows whose."""
        self._trap_timers.note_loss()

    def _trap_overdue(self, key: ServiceKey, planned: float) -> None:
        self._trap_timers.timeout_due(key, planned)

    def _trap_expired(self, key: ServiceKey, planned: float) -> None:
        self._trap_timers.expired(key, planned)

    # Time

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: all that is kept of earlier times moves with it."""
        self._trap_timers.translate(seconds)
        self.timers.translate(seconds)
        self._owner.translate(seconds)

    def wake(self) -> None:
        """The event loop was held up: look which timers are due."""
        self.timers.wake()
