"""What a new daemon takes up of an earlier one: its record, or mon's state files (-l), and its undone alerts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pymon.core import events
from pymon.core.debts import keep_debts
from pymon.core.outages import enter
from pymon.core.time_shift import bound_times, shift_times
from pymon.engine.carry_over import notice_forgotten, resume, why_shrunk
from pymon.engine.clock import EngineClock
from pymon.engine.debt_payment import alert_names_of
from pymon.engine.effects import is_inprocess_wanted
from pymon.engine.history import ALERTS, FAILURES, History
from pymon.engine.limits import EngineLimits
from pymon.engine.mon_state_sync import MonStateFiles
from pymon.engine.monitoring import SiteMonitor
from pymon.engine.plugin_lookup import find_programs
from pymon.engine.state_owner import StateOwner
from pymon.model.change import ChangeCause
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.duration import format_duration
from pymon.model.request import SavedKind
from pymon.model.result import CheckOutcome
from pymon.model.state import PeriodState
from pymon.model.status import EventKind, OpStatus
from pymon.model.variables import MonVariable
from pymon.store.batch import Saved
from pymon.store.moment import Moment, clock_set_since, is_boot, since_boot
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")


_FAILURES = frozenset(kind.value for kind in EventKind if kind.is_failure)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Takes up what was left. To be used once, before the monitor starts."""

    owner: StateOwner
    monitor: SiteMonitor
    history: History
    record: Store
    saving: MonStateFiles
    clock: EngineClock
    limits: EngineLimits

    async def restore(self, saved: Saved, wanted: Iterable[SavedKind]) -> dict[str, Pending]:
        """Go on from ``saved``, and from those of mon's files that are wanted; gives the alerts to launch, by tokens.

        A file of mon's beats the record only if it was written after it: somebody ran mon meanwhile (E-newest).
        """
        newer = [kind for kind in wanted if self._is_newer(kind, saved.last_write)]
        rebooted, written = self._is_rebooted(saved), saved.last_write
        saved = self._by_the_clock_now(saved)
        await asyncio.to_thread(self._find_programs, saved)  # importing plugins takes its time
        if SavedKind.OPSTATUS not in newer:
            self._restore_states(saved)
            if rebooted:
                self._allow_alerts_after_boot()
        else:  # mon knew nothing of what is owed
            self._restore_states(replace(saved, states=keep_debts(saved.states)))
        if SavedKind.DISABLED not in newer:
            self._restore_disabled(saved)
        self.history.resume(saved.histories.get(ALERTS, ()), saved.histories.get(FAILURES, ()), written)
        if saved.stopped_since is not None:
            self.monitor.stop_scheduler(saved.stopped_since)
        if saved.last_write:
            self._log_summary()
            self._warn_if_shrunk(saved)
        for notice in notice_forgotten(saved.forgotten):
            self.owner.debts.report(notice)
        await self.saving.load(newer)
        self.owner.record_all()
        return self._select_undone(saved)

    def restore_late(self, saved: Saved) -> None:
        """The record could not be read at the start, and now it can: go on from it where nothing newer is known.

        Without this, what operators had disabled would be checked, and outages acknowledged long ago told of again.
        Its undone alerts stay on file for the next daemon.
        """
        log.warning("the record is there at last: what an earlier daemon knew is taken up now")
        owner, saved = self.owner, self._by_the_clock_now(saved)
        self._find_programs(saved)
        self._restore_states(saved)
        self._restore_disabled(saved)
        if saved.stopped_since is not None:
            self.monitor.stop_scheduler(saved.stopped_since)
        self._log_summary()
        owner.record_all()

    def is_still_wanted(self, pending: Pending) -> bool:
        """Whether an ordered alert that an earlier daemon left undone is to be done now.

        One about a failure is, unless the service was found well meanwhile. The outage then counts as told of, so
        that its end is told too: a real server that is taken out now must be put back when it turns out well.
        """
        key = ServiceKey(pending.group, pending.service)
        service = self.owner.site.services.get(key)
        if service is None:
            return pending.event == EventKind.UP  # it was well when that was decided, and nothing else pays (R-debts)
        state = self.owner.states[key]
        if pending.event not in _FAILURES:
            return state.op_status is not OpStatus.FAIL
        if state.op_status is OpStatus.UNTESTED:
            broken = pending.environ.get(MonVariable.CHECK) == CheckOutcome.BROKEN
            at = min(pending.at, self.owner.clock())
            self.owner.commit(key, events.recall_outage(service, state, at, broken=broken), ChangeCause.RECALL)
        return state.op_status is not OpStatus.OK

    def is_inprocess(self, pending: Pending) -> bool:
        """Whether an alert that an earlier daemon left undone may run inside this one."""
        service = self.owner.site.services.get(ServiceKey(pending.group, pending.service))
        settings = self.owner.site.settings
        return settings.inprocess if service is None else is_inprocess_wanted(service, settings)

    def _is_rebooted(self, saved: Saved) -> bool:
        """Whether the machine was started since an earlier daemon wrote to its record."""
        boot, _ = since_boot(self.clock)
        if is_boot(boot) and is_boot(saved.written.boot):
            return boot != saved.written.boot
        return 0 < saved.last_write < self.clock.wall() - self.clock.steady()  # its start

    def _by_the_clock_now(self, saved: Saved) -> Saved:
        """What was saved, by the clock as it is now: it may have been set while no daemon ran (E-clock-set)."""
        now = self.owner.clock()
        step = clock_set_since(saved.written, Moment(now, *since_boot(self.clock)))
        if not step:
            return saved
        event = operator_events.of_clock_set(now, step)
        log.warning("%s (while no daemon ran)", event.text)
        self.record.add(event)
        return shift_saved(saved, step)

    def _is_newer(self, kind: SavedKind, last_write: float) -> bool:
        path = Path(self.owner.site.settings.statedir, kind.value)
        try:
            written = path.stat().st_mtime
        except OSError as error:
            if last_write:
                log.info("cannot look at %s (%s): going on from the record", path, error.strerror)
            return not last_write  # without a record, loading the file says why there is nothing to load
        if last_write and written <= last_write:
            log.info("%s is older than the record: not loaded", path)
            return False
        return True

    def _find_programs(self, saved: Saved) -> None:
        """Find the alerts that are owed or were left undone, also those that mon.cf does not name now."""
        owner = self.owner
        undone = {each.pending.name for each in saved.undone if each.pending.event == EventKind.UP}
        wanted = (alert_names_of(saved.states.values()) | undone) - owner.programs.alerts.keys()
        if wanted:
            owner.replace_programs(find_programs(owner.site, owner.programs, wanted))

    def _restore_states(self, saved: Saved) -> None:
        """Take up the states of services of which nothing is known yet, and those of services that are not there."""
        owner = self.owner
        carried = resume(
            *(owner.site, saved.states, saved.last_write, owner.clock(), owner.debts.target),
            disabled=saved.disabled_services,
        )
        for key, state in carried.states.items():
            if owner.states[key].is_untold and state != owner.states[key]:
                owner.commit(key, bound_times(state, owner.clock()), ChangeCause.RESTORE)
        departed = {**carried.departed, **owner.departed}
        owner.replace_site(owner.site, departed=departed, cause=ChangeCause.RESTORE)
        for notice in carried.notices:
            owner.debts.report(notice)

    def _allow_alerts_after_boot(self) -> None:
        """Let ordered alerts about outages be sent again: what they changed in the kernel ended with it (E-reboot).

        Those whose changes are elsewhere (``survives_boot``) need not be.

        The next failure then takes the real server out again that whatever fills the table at boot has put there.
        """
        ordered = {
            name
            for name, file in self.owner.programs.alerts.items()
            if file.plugin and file.plugin.ordered and not getattr(file.plugin, "survives_boot", False)
        }
        for key, service in self.owner.site.services.items():
            state = self.owner.states[key]
            periods = [
                period.key for period in service.periods if any(each.command.name in ordered for each in period.alerts)
            ]
            failed = enter(state, broken=False)
            if state.op_status is OpStatus.FAIL and any(failed.period(period).alert_sent for period in periods):
                log.info("%s/%s: the machine was started since it failed: alerted again if it still does", *key)
                afresh = dict.fromkeys(periods, PeriodState())
                failed = replace(failed, periods={**failed.periods, **afresh})
                self.owner.commit(key, enter(failed, broken=state.broken), ChangeCause.RESTORE)

    def _restore_disabled(self, saved: Saved) -> None:
        site = self.owner.site
        newer = set(self.owner.state.host_switches)
        self.owner.switch_hosts(saved.disabled_hosts - newer, disabled=True)
        self.owner.switch_hosts(saved.enabled_hosts - newer, disabled=False)
        away = self.owner.departed.keys()
        self.owner.disable(
            saved.disabled_watches & (site.watches.keys() | {key.group for key in away}),
            saved.disabled_services & (site.services.keys() | away),
        )

    def _warn_if_shrunk(self, saved: Saved) -> None:
        """A half-written mon.cf cannot be told from a short one, but what the record knows makes one suspicious."""
        known = sum(not state.left for state in saved.states.values())
        has = len(self.owner.site.services)
        if why_shrunk(known, has):
            log.warning("is mon.cf complete? The last daemon watched %d services, and it has %d", known, has)

    def _log_summary(self) -> None:
        owner = self.owner
        states = owner.states.values()
        counts = {
            "services with a result": sum(state.has_result for state in states),
            "failing": sum(state.op_status is OpStatus.FAIL for state in states),
            "acknowledged": sum(bool(state.ack) for state in states),
            "watches disabled": len(owner.state.disabled_watches & owner.site.watches.keys()),
            "services disabled": len(owner.state.disabled_services & owner.site.services.keys()),
            "hosts disabled": sum(owner.state.host_switches.values()),
        }
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        stopped = "; the scheduler is stopped" if owner.state.is_stopped else ""
        log.info("resumed from the record: %s%s", told, stopped)

    def _select_undone(self, saved: Saved) -> dict[str, Pending]:
        """The alerts to launch; of the others the log and the record tell that they are not."""
        launched: dict[str, Pending] = {}
        now = self.owner.clock()
        for undone in saved.undone:
            pending = undone.pending
            ago = format_duration(max(0.0, round(now - pending.at)))
            if pending.key:
                launched[undone.token] = (
                    pending  # what is ordered may be done twice, and the launcher asks if it is wanted
                )
            elif undone.started:
                why = "the daemon ended while it was under way, so nobody knows whether it arrived"
                self._record_loss(undone.token, pending, f"decided {ago} ago: {why}", now)
            elif now - pending.at > self.limits.alerts_too_old:
                self._record_loss(undone.token, pending, f"it was decided {ago} ago, which is too long", now)
            else:
                launched[undone.token] = pending
        return launched

    def _record_loss(self, token: str, pending: Pending, why: str, now: float) -> None:
        log.warning("%s for %s/%s (%s): %s", pending.name, pending.group, pending.service, pending.event, why)
        self.record.add(
            operator_events.of_lost_alert(pending.group, pending.service, pending.name, pending.event, now, why)
        )
        self.record.alert_ended(token)


def shift_saved(saved: Saved, seconds: float) -> Saved:
    """What was saved, so many seconds later: states, the scheduler's stop, and alerts that are not done."""
    undone = [
        replace(
            each,
            pending=replace(each.pending, at=each.pending.at + seconds),
            started=each.started + seconds if each.started else 0.0,
        )
        for each in saved.undone
    ]
    return replace(
        saved,
        states={key: shift_times(state, seconds) for key, state in saved.states.items()},
        forgotten={key: shift_times(state, seconds) for key, state in saved.forgotten.items()},
        stopped_since=None if saved.stopped_since is None else saved.stopped_since + seconds,
        undone=tuple(undone),
        last_write=saved.last_write + seconds,
    )
