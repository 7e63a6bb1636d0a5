"""The one owner of what is known of a site: every change of it goes through here.

A change of a service's state is recorded first, then performed, then told to those who observe.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from pymon.core.context import SiteContext
from pymon.core.time_shift import shift_times
from pymon.engine.debt_payment import DebtBook
from pymon.engine.effects import Effects
from pymon.engine.plugin_lookup import Programs
from pymon.engine.state import SiteState
from pymon.local_time import local_time
from pymon.model.change import ChangeCause, Observer, StateChange
from pymon.model.depend import ServiceKey
from pymon.model.effect import Effect, Verdict
from pymon.model.result import CheckResult
from pymon.model.service import Service
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.trap import Trap
from pymon.observers import Observers
from pymon.store.store import Store
from pymon.timeline import decision_events

log = logging.getLogger("pymon.engine")


def _report_failure(change: StateChange) -> None:
    log.exception("an observer of %s/%s failed", *change.key)


class StateOwner:
    """Holds a site's state, and changes it. To be used from one event loop only.

    ``clock`` gives the time in seconds since the epoch. ``debts`` has the debts of all services.
    """

    def __init__(
        self,
        site: Site,
        programs: Programs,
        *,
        stopped: bool,
        record: Store,
        effects: Effects,
        environ: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        """``stopped``: by the daemon's option. ``effects`` performs; ``environ`` is what alerts inherit."""
        self.clock = clock
        self._record = record
        self._effects = effects
        self._observers = Observers[StateChange](_report_failure)
        self._states = {key: ServiceState() for key in site.services}
        self._departed: dict[ServiceKey, ServiceState] = {}
        now = clock()
        self._state = SiteState(
            site,
            programs,
            now,
            MappingProxyType(self._states),
            MappingProxyType(self._departed),
            stopped_since=now if stopped else None,
            is_stopped_by_option=stopped,
        )
        self.debts = DebtBook(self, record, environ)
        self._context = self._state.context(self.debts.target, local_time)

    # A look at it

    @property
    def state(self) -> SiteState:
        """What is known now; ``states`` and ``departed`` are views that show each later change (``copied``)."""
        return self._state

    @property
    def site(self) -> Site:
        """What is watched."""
        return self._state.site

    @property
    def programs(self) -> Programs:
        """The programs that monitors and alerts are."""
        return self._state.programs

    @property
    def states(self) -> Mapping[ServiceKey, ServiceState]:
        """What is known of each service of the site now."""
        return self._state.states

    @property
    def departed(self) -> Mapping[ServiceKey, ServiceState]:
        """The states of services that have left the configuration."""
        return self._state.departed

    @property
    def context(self) -> SiteContext:
        """What a decision may look at besides the service that it is about."""
        return self._context

    def find(self, key: ServiceKey) -> tuple[Service, ServiceState] | None:
        """A service as it is declared and known now; None if it is not watched."""
        service = self._state.site.services.get(key)
        return None if service is None else (service, self._states[key])

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call an observer after each change of a service's state; the function that is returned ends that."""
        return self._observers.observe(observer)

    # One service

    def commit(
        self,
        key: ServiceKey,
        state: ServiceState,
        cause: ChangeCause,
        *,
        effects: tuple[Effect, ...] = (),
        source: CheckResult | Trap | None = None,
        at: float | None = None,
    ) -> None:
        """Take over the state of a service, whatever it comes from: record it, perform what follows, tell observers.

        ``source`` is the result or the trap that was judged, ``at`` the time of that decision (seconds since the epoch,
        None: now): what is recorded of it has the time that its alerts have. The service may be one that has left the
        configuration; it has no effects then. Raises KeyError for a service that is neither watched nor remembered.
        """
        table = self._states if key in self._states else self._departed
        before = table[key]
        if state is before and not effects:
            return
        table[key] = state
        self._record.state(key, state)
        if effects or cause.is_observation:
            self._perform(key, before, Verdict(state, effects), source, self.clock() if at is None else at)
        if self._observers:
            self._observers.tell(StateChange(key, before, state, cause, effects, source))

    def _perform(
        self,
        key: ServiceKey,
        before: ServiceState,
        verdict: Verdict,
        source: CheckResult | Trap | None,
        at: float,
    ) -> None:
        service = self._state.site.services[key]
        self._record.add(*decision_events.of_verdict(service, before, verdict, at, source))
        if verdict.state.debts is not before.debts:
            self.debts.report_changes(service, before, verdict)
        if verdict.effects:
            self._effects.perform(verdict.effects, service, self._state)

    # All of it

    def replace_site(
        self,
        site: Site,
        programs: Programs | None = None,
        states: Mapping[ServiceKey, ServiceState] | None = None,
        departed: Mapping[ServiceKey, ServiceState] | None = None,
        cause: ChangeCause = ChangeCause.CONFIGURATION,
    ) -> None:
        """Watch another site: with other programs, and with these states, unless they stay.

        Services without a state are fresh. Timers and checks under way are the caller's business, and so is
        ``record_all``, which takes what has left out of the record.
        """
        known, away = self._states, self._departed
        gone = {key: state for key, state in known.items() if key not in site.services}
        wanted = known if states is None else states
        remembered = away if departed is None else departed
        self._states = {key: known.get(key) or away.get(key) or ServiceState() for key in site.services}
        self._departed = {key: away.get(key) or gone.get(key) or state for key, state in remembered.items()}
        views = MappingProxyType(self._states), MappingProxyType(self._departed)
        self._take_over(self._state.with_site(site, programs or self._state.programs, *views))
        for key in site.services:
            self._commit_unless_equal(key, wanted.get(key) or ServiceState(), cause)
        for key, state in remembered.items():
            self._commit_unless_equal(key, state, cause)
        now = self.clock()
        for key in gone.keys() - remembered.keys():
            self._observers.tell(StateChange(key, gone[key], replace(gone[key], left=now), cause))

    def _commit_unless_equal(self, key: ServiceKey, state: ServiceState, cause: ChangeCause) -> None:
        before = self._states.get(key) or self._departed[key]
        if state is not before and state != before:  # most are the same, and to compare two takes a while
            self.commit(key, state, cause)

    def replace_service(self, service: Service) -> None:
        """Watch a service by another declaration, from its next check on."""
        self._take_over(self._state.with_service(service))

    def replace_programs(self, programs: Programs) -> None:
        """Use other programs."""
        self._take_over(self._state.with_programs(programs))

    def switch_hosts(self, names: Iterable[str], *, disabled: bool) -> None:
        """Disable or enable hosts in every group that has them."""
        self._take_over(self._state.with_hosts_switched(names, disabled=disabled))
        self._record_disabled()

    def forget_enabled_hosts(self) -> None:
        """Let only what is disabled stay switched, as a re-read of the configuration does; ``record_all`` follows."""
        self._take_over(self._state.with_enabled_hosts_forgotten())

    def disable(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> None:
        """Be silent about watches and services."""
        self._take_over(self._state.with_disabled(watches, services))
        self._record_disabled()

    def enable(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> None:
        """Undo ``disable``."""
        self._take_over(self._state.with_enabled(watches, services))
        self._record_disabled()

    def stop_scheduler(self, since: float) -> None:
        """Let no alert be decided; timers and checks are the caller's business."""
        self._take_over(self._state.with_scheduler_stopped(since))
        self._record.scheduler(self._state.stopped_since)

    def start_scheduler(self) -> None:
        """Undo ``stop_scheduler``."""
        self._take_over(self._state.with_scheduler_started())
        self._record.scheduler(None)

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: all that is known of earlier times moves with it."""
        self._record.translate(seconds)
        self._take_over(self._state.with_clock_set(seconds))
        for key, state in (*self._states.items(), *self._departed.items()):
            self.commit(key, shift_times(state, seconds), ChangeCause.CLOCK_SET)
        if self._state.is_stopped and not self._state.is_stopped_by_option:
            self._record.scheduler(self._state.stopped_since)

    def record_all(self) -> None:
        """Have the record say what is, and nothing of what is not any more."""
        state = self._state
        self._record.retain(state.states.keys() | state.departed.keys())
        for key, known in (*state.states.items(), *state.departed.items()):
            self._record.state(key, known)
        self._record.scheduler(None if state.is_stopped_by_option else state.stopped_since)
        self._record_disabled()

    def _take_over(self, state: SiteState) -> None:
        self._state = state
        self._context = state.context(self.debts.target, local_time)

    def _record_disabled(self) -> None:
        state = self._state
        self._record.disabled(
            state.disabled_watches, state.disabled_services, state.disabled_hosts, state.enabled_hosts
        )
