"""What each event leads to: one function for each, state bookkeeping and decision together.

A monitor's result is one of three: well, failed, or broken, when the check could not be carried out. What the last two
do to each other is in the table of ``pymon.core.outages``; broken ones go to the same alerts, are no downtime, and
fulfil the dependencies of others.

All take the service, its state and ``now`` (seconds since the epoch), and most the context; all give the
state that follows and the effects in mon's order: what is noticed, the failure or downtime record, the
redistribute alert, the alerts of the periods, and last what was held back, with its reasons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pymon.core import alerting, debts, dependencies
from pymon.core.alerting import Event, Occasion
from pymon.core.context import SiteContext
from pymon.core.outages import acknowledge_outages, broken_result, ending, enter, is_failed_open, says_broken
from pymon.core.period_rules import check_program
from pymon.core.state import (
    begin_failure,
    begin_success,
    end_trapduration,
    finish_failure,
    finish_success,
)
from pymon.core.timing import interval_in_force
from pymon.core.traps import TRAP_TIMEOUT_EXITVAL, timeout_output
from pymon.model.depend import DependBehavior
from pymon.model.effect import (
    AlertCall,
    DowntimeRecorded,
    Effect,
    FailureRecorded,
    Noticed,
    SendReason,
    SendRule,
    Suppressed,
    Suppression,
    Verdict,
)
from pymon.model.result import Cause, CheckOutcome, CheckResult
from pymon.model.service import AlertKind, Service
from pymon.model.state import ServiceState, split_output
from pymon.model.status import EventKind, OpStatus
from pymon.model.trap import Trap

TEST_OUTPUT = "test\ntest detail\n"
"""what a test alert reads from its standard input"""

_TEST = SendReason(SendRule.TEST)
_TEST_EVENT = {
    AlertKind.ALERT: EventKind.TEST,
    AlertKind.UPALERT: EventKind.UP,
    AlertKind.STARTUPALERT: EventKind.STARTUP,
    AlertKind.ACKALERT: EventKind.ACK,
    AlertKind.DISABLEALERT: EventKind.DISABLE,
}


def observe(service: Service, state: ServiceState, result: CheckResult, now: float, context: SiteContext) -> Verdict:
    """A monitor has ended. A run that the daemon itself cut off (Cause.CANCELLED) says nothing and changes nothing."""
    if result.cause is Cause.CANCELLED:
        return Verdict(state)
    match result.outcome:
        case CheckOutcome.OK:
            event = Event(EventKind.UP, now, result.output, 0)
            return _succeed(Occasion(service, state, event, context), 0, result)
        case CheckOutcome.BROKEN:  # told as a failure is, and to be told from one by what it says
            result = broken_result(result)
            event = Event(EventKind.FAILURE, now, result.output, result.exitval)
            return _fail(Occasion(service, state, event, context), result, broken=True)
        case CheckOutcome.FAILED:
            event = Event(EventKind.FAILURE, now, result.output, result.exitval)
            return _fail(Occasion(service, state, event, context), result)


def trap(service: Service, state: ServiceState, trap: Trap, now: float, context: SiteContext) -> Verdict:
    """A trap has come, authentic and addressed to this service. One of success is an ordinary recovery."""
    state = replace(state, last_trap=now, trap_intended=trap.intended)
    if trap.is_success:
        event = Event(EventKind.UP, now, trap.output, 0, trap.intended)
        return _succeed(Occasion(service, state, event, context), trap.sta)
    broken = says_broken(trap.sta, trap.summary)  # by trap.alert of another pymon, whose check it is
    event = Event(EventKind.TRAP, now, trap.output, trap.sta, trap.intended)
    return _fail(Occasion(service, state, event, context), broken=broken)


def trap_timeout(service: Service, state: ServiceState, now: float, context: SiteContext) -> Verdict:
    """No trap has come for traptimeout: a failure with exit value 1."""
    output = timeout_output(service, context.local_time(now))
    event = Event(EventKind.TRAPTIMEOUT, now, output, TRAP_TIMEOUT_EXITVAL)
    return _fail(Occasion(service, state, event, context))


def trap_expired(service: Service, state: ServiceState, now: float) -> Verdict:
    """trapduration is over: the status becomes OK, and nobody is told."""
    return Verdict(end_trapduration(state, now))


def startup(service: Service, state: ServiceState, now: float, context: SiteContext) -> Verdict:
    """The daemon has started, or was reset with startupalerts_on_reset."""
    return _tell(Occasion(service, state, Event(EventKind.STARTUP, now, exitval=0), context))


def recall_outage(service: Service, state: ServiceState, at: float, *, broken: bool = False) -> ServiceState:
    """A service that an earlier daemon found failing at ``at``, and told of, without having seen its end.

    Its next success then is a recovery that is told in every period, and its next failure no new outage. ``broken``: it
    was its check that failed.
    """
    return replace(
        enter(state, broken=broken),
        op_status=OpStatus.FAIL,
        first_failure=at,
        last_failure=at,
        has_result=True,
        periods={period.key: replace(state.period(period.key), alert_sent=1) for period in service.periods},
    )


def is_acknowledgeable(state: ServiceState) -> bool:
    """Whether there is a failure to acknowledge."""
    return state.op_status not in (OpStatus.OK, OpStatus.UNTESTED)


def acknowledge(
    service: Service, state: ServiceState, who: str, comment: str, now: float, context: SiteContext
) -> Verdict:
    """Somebody has taken note of a failure (again, maybe); ``who`` is empty for a client that is not logged in.

    Raises ValueError when there is no failure (see is_acknowledgeable).
    """
    if not is_acknowledgeable(state):
        raise ValueError(f"{service.key} is in a non-failure state")
    text = f"{who}: {comment}"
    return _tell(Occasion(service, acknowledge_outages(state, now, text), Event(EventKind.ACK, now, text), context))


def disable(service: Service, state: ServiceState, who: str, now: float, context: SiteContext) -> Verdict:
    """Somebody disables the service, or its watch: the last that is told of it (Q3)."""
    return _tell(Occasion(service, state, Event(EventKind.DISABLE, now, who), context))


def test_alert(
    service: Service,
    state: ServiceState,
    kind: AlertKind,
    retval: int | str,
    period: str,
    now: float,
    context: SiteContext,
) -> Verdict:
    """Call all alerts of one kind in one period (its key), whatever the time, the state and their exit= (Q12).

    Nothing is counted or recorded, and disabled services and a stopped scheduler are no obstacle.
    Raises KeyError when there is no such period.
    """
    declared = next((each for each in service.periods if each.key == period), None)
    if declared is None:
        raise KeyError(period)
    event = _TEST_EVENT[kind]
    calls: list[AlertCall] = []
    held: list[Suppression] = []
    for alert in declared.alerts_of(kind):
        if (missing := check_program(alert.command, period, context.missing_alerts)) is not None:
            held.append(missing)
            continue
        call = AlertCall(service.key, event, alert.command, state, TEST_OUTPUT, now, retval, kind, period, reason=_TEST)
        calls.append(call)
    return Verdict(state, (*calls, *_suppressions(Occasion(service, state, Event(event, now), context), held)))


def _fail(occasion: Occasion, check: CheckResult | None = None, *, broken: bool = False) -> Verdict:
    """A failure of a monitor, by a trap, or by a trap's absence; or a check that is ``broken``."""
    service, event = occasion.service, occasion.event
    state, noticed = _evaluate_dependency(occasion)
    seen = begin_failure(state, event.exitval, event.output, event.at, broken=broken)
    recorded = FailureRecorded(service.key, event.at, seen.last_summary, broken=broken)
    told = _tell(replace(occasion, state=seen))
    after = finish_failure(service, told.state, event.output, event.at, check)
    return Verdict(after, (*noticed, recorded, *told.effects))


def _succeed(occasion: Occasion, exitval: int | str, check: CheckResult | None = None) -> Verdict:
    """A success. Only the one that ends an outage is told of, but redistribute hears of each."""
    service, event = occasion.service, occasion.event
    state, noticed = _evaluate_dependency(occasion)
    was = state.op_status
    effects: tuple[Effect, ...] = noticed
    if was is OpStatus.FAIL or service.redistribute is not None:
        told = _tell_success(replace(occasion, state=state))
        state = told.state
        effects += told.effects
    if was is not OpStatus.FAIL and debts.is_due(state.debts):
        seen, output = begin_success(state), state.last_output
        late = alerting.settle_late(replace(occasion, state=seen, event=replace(event, output=output)))
        state = replace(state, debts=late.state.debts, alert_count=late.state.alert_count)
        effects += late.calls
    after = finish_success(service, state, was, exitval, event.output, event.at, check)
    return Verdict(after, effects)


def _tell_success(occasion: Occasion) -> Verdict:
    """Upalerts get the output of the event before (the outage's last), redistribute that of the success (Q8)."""
    state, event = occasion.state, occasion.event
    ended = ending(state)
    seen = begin_success(ended)
    summary, detail = split_output(event.output)
    shown = replace(seen, last_summary=summary, last_detail=detail, has_result=True)
    shared = alerting.redistribute(replace(occasion, state=shown))
    if state.op_status is not OpStatus.FAIL:
        return Verdict(state, (*shared.calls, *_suppressions(occasion, shared.held)))
    is_downtime = occasion.context.settings.dtlogging and is_failed_open(state)
    recorded = (_downtime(replace(occasion, state=ended)),) if is_downtime else ()
    decision = alerting.decide(replace(occasion, state=seen, event=replace(event, output=ended.last_output)))
    held = _suppressions(occasion, shared.held + decision.held)
    return Verdict(decision.state, (*recorded, *shared.calls, *decision.calls, *held))


def _tell(occasion: Occasion) -> Verdict:
    """The redistribute alert, then the alerts of the periods, then what was held back of both."""
    shared, decision = alerting.redistribute(occasion), alerting.decide(occasion)
    held = _suppressions(occasion, shared.held + decision.held)
    return Verdict(decision.state, (*shared.calls, *decision.calls, *held))


def _suppressions(occasion: Occasion, held: Iterable[Suppression]) -> tuple[Suppressed, ...]:
    reasons, event = tuple(held), occasion.event
    return (Suppressed(occasion.service.key, event.kind, reasons, event.at),) if reasons else ()


def _evaluate_dependency(occasion: Occasion) -> tuple[ServiceState, tuple[Noticed, ...]]:
    """Evaluate what may hold alerts back, as each result does."""
    service, state = occasion.service, occasion.state
    outcome = dependencies.evaluate(service, DependBehavior.ALERTS, occasion.context, occasion.event.at)
    return (state, ()) if outcome is None else dependencies.keep(service, state, DependBehavior.ALERTS, outcome)


def _downtime(occasion: Occasion) -> DowntimeRecorded:
    """What the downtime log is told of an outage that ends; its state is that of the outage."""
    service, state = occasion.service, occasion.state
    return DowntimeRecorded(
        key=service.key,
        back_up=occasion.event.at,
        first_failure=state.first_failure or occasion.context.started,
        interval=interval_in_force(service, state) or 0.0,
        summary=state.last_summary,
    )
