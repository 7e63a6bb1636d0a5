"""The alert decision: which alerts an event calls, and one reason for each: why it is called, or why it is not.

    check                              failure, trap, traptimeout   up   startup   ack   disable
    scheduler stopped                  holds                        holds holds    holds holds
    watch or service disabled          holds                        holds holds    holds -  (Q3)
    dependency not fulfilled           holds                        -    -         holds holds
    acknowledged                       holds                        -    holds     -     -
    outside the period                 holds                        holds holds    holds holds
    no down alert, no no_comp_alerts   -                            holds -        holds -
    upalertafter                       -                            holds -        -     -  (Q1)
    alertexitrange, numalerts,
    alertevery, alertafter             holds                        -    -         -     -
    exit= on the line                  holds                        holds holds    holds holds (with value 0)

Periods are judged one by one in the order of the file, and independently: each that passes calls its alerts
(Q18). Only failures count as down alerts, for numalerts, alertevery and upalerts (Q6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pymon.core import debts, dependencies
from pymon.core.context import SiteContext
from pymon.core.debts import Recovery
from pymon.core.outages import as_told
from pymon.core.period import in_period
from pymon.core.period_rules import Ruling, exit_fact, in_range, judge_failure, judge_recovery, judge_told
from pymon.core.state import unacknowledge
from pymon.model import acknowledgement
from pymon.model.depend import DependBehavior
from pymon.model.effect import AlertCall, Rule, SendReason, SendRule, Suppression
from pymon.model.service import LIST_OF, Alert, AlertKind, Command, Period, Service
from pymon.model.state import PeriodState, ServiceState, summary_of
from pymon.model.status import EventKind
from pymon.model.whole_seconds import elapsed, lasting


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a service at the time ``at``, as alerts are told of it.

    ``output`` goes to their standard input; ``exitval`` is MON_RETVAL, and what exit ranges look at.
    """

    kind: EventKind
    at: float
    output: str = ""
    exitval: int | str | None = None
    trap_intended: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The state that follows, the alerts to call in order, and why others are not called."""

    state: ServiceState
    calls: tuple[AlertCall, ...] = ()
    held: tuple[Suppression, ...] = ()


HISTORY_WORD: Mapping[EventKind, str] = {
    EventKind.FAILURE: "alert",
    EventKind.TRAP: "trapalert",
    EventKind.TRAPTIMEOUT: "traptimeoutalert",
    EventKind.UP: "upalert",
    EventKind.STARTUP: "startupalert",
    EventKind.ACK: "ackalert",
    EventKind.DISABLE: "disablealert",
}
"""what the alert history calls an event"""


def decide(service: Service, state: ServiceState, event: Event, context: SiteContext) -> Decision:
    """Decide on an event. ``state`` is as alerts shall see it; what comes back still is, but for the counters."""
    held = _stopped(context) or _disabled(service, event, context) or _depend(service, state, event, context)
    acknowledged = None
    if held is None and _unacks(service, state, event):
        acknowledged, state = state, unacknowledge(service, state)
    held = held or _acked(state, event)
    decision = _decide_periods(service, state, event, context) if held is None else Decision(state, held=(held,))
    if acknowledged is not None:
        decision = _after_acknowledgement(decision, acknowledged)
    if event.kind is EventKind.UP and state.debts:
        decision = _settle(service, decision, event, context, held)
        decision = _about_the_service(service, state, decision, context)
    kind = LIST_OF[event.kind]
    if decision.calls or any(alert.kind is kind for period in service.periods for alert in period.alerts):
        return decision
    if event.kind is EventKind.STARTUP:  # nobody misses those, and every service would say so
        return replace(decision, held=())
    return replace(decision, held=(Suppression(Rule.NONE_CONFIGURED, f"no {kind} is configured"),))


def _after_acknowledgement(decision: Decision, acknowledged: ServiceState) -> Decision:
    """Alerts that start over as the acknowledgement has ended say so, and when the last one was before it."""
    calls = []
    for call in decision.calls:
        last = acknowledged.period(call.period or "").last_alert
        if call.reason.rule is SendRule.NO_RULE and last:
            reason = replace(call.reason, rule=SendRule.UNACKNOWLEDGED, since_last=elapsed(last, call.at))
            call = replace(call, reason=reason)  # noqa: PLW2901  # the same call, told better
        calls.append(call)
    return replace(decision, calls=tuple(calls))


def _about_the_service(service: Service, state: ServiceState, decision: Decision, context: SiteContext) -> Decision:
    """Upalerts that pay for a real failure say so, also where the outage that ends is one of the check.

    All began anew since that failure, and then the check broke. What heeds no broken check would not put right what it
    has done.
    """
    if not any(
        not each.unpaid_since and not context.target(service, each.command).heeds_broken for each in state.debts
    ):
        return decision
    calls = tuple(replace(call, state=replace(call.state, broken=False)) for call in decision.calls)
    return replace(decision, calls=calls)


def settle_late(service: Service, state: ServiceState, event: Event, context: SiteContext) -> Decision:
    """Settle what is owed at a success that ends no outage: all began anew meanwhile, or somebody set the status.

    The latter has no upalert, as in mon (Q15), but what acts upon a thing is put right all the same.
    """
    held: dict[str, Suppression] = {
        period.key: outside for period in service.periods if (outside := _outside(period, event, context)) is not None
    }
    ended = Suppression(Rule.NO_FAILURE, "the outage was ended without a success") if state.has_result else None
    recovery = Recovery(
        at=event.at,
        held=held,
        missing=context.missing_alerts,
        all_held=_stopped(context) or _disabled(service, event, context),
        words_held=ended,
    )
    return _settled(service, Decision(state), event, context, recovery)


def redistribute(service: Service, state: ServiceState, event: Event, context: SiteContext) -> Decision:
    """The redistribute alert: called at every event unless the scheduler is stopped; neither counted nor recorded."""
    command = service.redistribute
    if command is None:
        return Decision(state)
    if (held := _stopped(context)) is not None:
        return Decision(state, held=(replace(held, text=f"redistribute: {held.text}", alert=str(command)),))
    if (missing := not_found(command, None, context)) is not None:
        return Decision(state, held=(missing,))
    reason = SendReason(SendRule.REDISTRIBUTE)
    return Decision(state, calls=(_call(service, state, event, command, reason),))


def not_found(command: Command, period: str | None, context: SiteContext) -> Suppression | None:
    """Why an alert is not called whose program is in no directory; None if it is there."""
    if command.name not in context.missing_alerts:
        return None
    return Suppression(Rule.NO_SUCH_ALERT, f"{command.name} is in no alertdir", period, str(command))


def _stopped(context: SiteContext) -> Suppression | None:
    return Suppression(Rule.STOPPED, "the scheduler is stopped") if context.stopped else None


def _disabled(service: Service, event: Event, context: SiteContext) -> Suppression | None:
    if event.kind is EventKind.DISABLE:  # that it is being disabled is what it tells (Q3)
        return None
    if service.group in context.disabled_watches:
        return Suppression(Rule.WATCH_DISABLED, f"watch {service.group} is disabled")
    if service.key in context.disabled_services:
        return Suppression(Rule.SERVICE_DISABLED, f"service {service.group} {service.name} is disabled")
    return None


def _depend(service: Service, state: ServiceState, event: Event, context: SiteContext) -> Suppression | None:
    """Hold what the dependency holds; the status is that of the last result, evaluated now only if there is none."""
    if event.kind in (EventKind.UP, EventKind.STARTUP) or state.depend_status:
        return None
    outcome = dependencies.evaluate(service, DependBehavior.ALERTS, context, event.at)
    if outcome is None or (state.depend_status is None and outcome.fulfilled):
        return None
    return Suppression(Rule.DEPEND, outcome.text or "depend: it was not fulfilled at the last result")


def _unacks(service: Service, state: ServiceState, event: Event) -> bool:
    """Whether unack_summary ends the acknowledgement: the summary differs, blanks aside (Q20)."""
    if not (state.ack and service.unack_summary and (event.kind.is_failure or event.kind is EventKind.STARTUP)):
        return False
    before, after = summary_of(state.failure_output), summary_of(event.output)
    return "".join(before.split()) != "".join(after.split())


def _acked(state: ServiceState, event: Event) -> Suppression | None:
    if not state.ack or event.kind in (EventKind.UP, EventKind.ACK, EventKind.DISABLE):
        return None
    said = acknowledgement.said(state.ack_comment)
    return Suppression(Rule.ACK, f"acknowledged {lasting(state.ack, event.at)} ago{f' ({said})' if said else ''}")


def _decide_periods(service: Service, state: ServiceState, event: Event, context: SiteContext) -> Decision:
    calls: list[AlertCall] = []
    held: list[Suppression] = []
    counters: dict[str, PeriodState] = {}
    owed = state.debts
    for period in service.periods:
        mine = _decide_period(service, period, state, event, context)
        counters[period.key] = mine.counters
        calls += mine.calls
        held += mine.held
        if mine.calls and event.kind.is_failure:
            commands = [call.command for call in mine.calls]
            owed = debts.owe(owed, service, period, commands, event.at, context.target, broken=state.broken)
    alert_count = state.alert_count + len(calls)
    after = replace(state, periods=counters, alert_count=alert_count, debts=owed)
    return Decision(after, tuple(calls), tuple(held))


def _settle(
    service: Service, decision: Decision, event: Event, context: SiteContext, all_held: Suppression | None
) -> Decision:
    """Settle what the outage owes that is over: call what no rule has called."""
    recovery = Recovery(
        at=event.at,
        called=frozenset(call.command for call in decision.calls),
        held={held.period: held for held in decision.held if held.period is not None and held.alert is None},
        missing=context.missing_alerts,
        all_held=all_held,
    )
    return _settled(service, decision, event, context, recovery)


def _settled(service: Service, decision: Decision, event: Event, context: SiteContext, recovery: Recovery) -> Decision:
    state = decision.state
    settlement = debts.settle(service, state.debts, recovery, context.target)
    calls = tuple(
        replace(
            _call(service, state, event, payment.command, payment.reason, kind=AlertKind.UPALERT),
            period=payment.period,
            history_word=HISTORY_WORD[event.kind],
        )
        for payment in settlement.payments
    )
    paying = {payment.period for payment in settlement.payments}
    held = tuple(each for each in decision.held if not (each.rule is Rule.NO_DOWN_ALERT and each.period in paying))
    state = replace(state, debts=settlement.debts, alert_count=state.alert_count + len(calls))
    return Decision(state, decision.calls + calls, held)


@dataclass(frozen=True, slots=True)
class _PeriodDecision:
    counters: PeriodState
    calls: tuple[AlertCall, ...] = ()
    held: tuple[Suppression, ...] = ()


def _decide_period(
    service: Service, period: Period, state: ServiceState, event: Event, context: SiteContext
) -> _PeriodDecision:
    alerts = period.alerts_of(LIST_OF[event.kind])
    ruling = _judge(period, state, event, context)
    outcome = ruling.outcome
    if isinstance(outcome, Suppression) and (other := _end_of_other(period, state, event, context)) is not None:
        state = as_told(state, broken=not state.broken)
        event, outcome = replace(event, output=state.last_output), other
    if isinstance(outcome, Suppression):
        return _PeriodDecision(ruling.counters, held=(outcome,) if alerts else ())
    calls: list[AlertCall] = []
    held: list[Suppression] = []
    for alert in alerts:
        obstacle = _line_held(period, alert, event, context)
        if obstacle is None:
            calls.append(_call(service, state, event, alert.command, outcome, period, alert.kind))
        else:
            held.append(obstacle)
    counters = _count_sent(ruling.counters, event) if calls else ruling.counters
    return _PeriodDecision(counters, tuple(calls), tuple(held))


def _outside(period: Period, event: Event, context: SiteContext) -> Suppression | None:
    if in_period(period.spec, context.local_time(event.at)):
        return None
    return Suppression(Rule.PERIOD, f"it is outside {period.spec.text!r}", period.key)


def _judge(period: Period, state: ServiceState, event: Event, context: SiteContext) -> Ruling:
    counters = state.period(period.key)
    if (outside := _outside(period, event, context)) is not None:
        return Ruling(counters, outside)
    if event.kind.is_failure:
        return judge_failure(period, counters, state, event.exitval, event.output, event.at)
    if event.kind is EventKind.UP:
        return Ruling(counters, judge_recovery(period, counters, state, event.at))
    if event.kind is EventKind.ACK:
        return Ruling(counters, judge_told(period, counters, SendRule.ACK))
    return Ruling(counters, SendReason(SendRule.STARTUP if event.kind is EventKind.STARTUP else SendRule.DISABLE))


def _end_of_other(period: Period, state: ServiceState, event: Event, context: SiteContext) -> SendReason | None:
    """Why a period tells of the end of another outage that a success ends as well (``pymon.core.outages``), if it does.

    Only asked when the outage in force is held back; a period that the time is outside of tells of neither.
    """
    if event.kind is not EventKind.UP or state.other_outage is None or _outside(period, event, context) is not None:
        return None
    other = as_told(state, broken=not state.broken)
    counters = other.period(period.key)
    if not (other.first_failure or counters.alert_sent):
        return None
    outcome = judge_recovery(period, counters, other, event.at)
    return None if isinstance(outcome, Suppression) else outcome


def _line_held(period: Period, alert: Alert, event: Event, context: SiteContext) -> Suppression | None:
    """Why one line of a period that lets the event pass is not called."""
    if not in_range(alert.exit_range, event.exitval):
        text = f"{alert.kind} {alert.command.name} exit={alert.exit_range}: {exit_fact(event.exitval)}"
        return Suppression(Rule.EXIT, text, period.key, str(alert.command))
    return not_found(alert.command, period.key, context)


def _count_sent(counters: PeriodState, event: Event) -> PeriodState:
    """Count an event that called at least one alert of the period: once, however many it called.

    ``counted_sent`` is what opstatus shows and counts everything but recoveries, as mon does.
    """
    if event.kind is EventKind.UP:  # the success itself resets what is counted
        return counters
    if not event.kind.is_failure:
        return replace(counters, counted_sent=counters.counted_sent + 1)
    sent, counted = counters.alert_sent + 1, counters.counted_sent + 1
    return replace(counters, last_alert=event.at, alert_sent=sent, counted_sent=counted)


def _call(
    service: Service,
    state: ServiceState,
    event: Event,
    command: Command,
    reason: SendReason,
    period: Period | None = None,
    kind: AlertKind | None = None,
) -> AlertCall:
    return AlertCall(
        key=service.key,
        event=event.kind,
        command=command,
        state=state,
        output=event.output,
        at=event.at,
        exitval=event.exitval,
        list_kind=kind,
        period=period.key if period else None,
        history_word=HISTORY_WORD[event.kind] if period else None,
        trap_intended=event.trap_intended,
        reason=reason,
    )
