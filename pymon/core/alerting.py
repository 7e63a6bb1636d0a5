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
from pymon.core.outages import about_outage
from pymon.core.period import in_period
from pymon.core.period_rules import (
    Ruling,
    check_exit,
    check_program,
    judge_failure,
    judge_follow_up,
    judge_recovery,
)
from pymon.core.state import unacknowledge
from pymon.model import acknowledgement
from pymon.model.depend import DependBehavior
from pymon.model.effect import AlertCall, Rule, SendReason, SendRule, Suppression
from pymon.model.service import LIST_OF, Alert, AlertKind, Command, Period, Service
from pymon.model.state import PeriodState, ServiceState, summary_of
from pymon.model.status import EventKind
from pymon.model.whole_seconds import elapsed, format_elapsed


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
class Occasion:
    """What a decision is made on: an event of a service, its state as alerts shall see it, and the rest of the site."""

    service: Service
    state: ServiceState
    event: Event
    context: SiteContext


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


def decide(occasion: Occasion) -> Decision:
    """Decide whom to tell of an event. The state that comes back still is as alerts see it, but for the counters."""
    service, before, event = occasion.service, occasion.state, occasion.event
    obstacle = _check_stopped(occasion) or _check_disabled(occasion) or _check_dependency(occasion)
    is_unacknowledged = obstacle is None and _ends_acknowledgement(occasion)
    if is_unacknowledged:
        occasion = replace(occasion, state=unacknowledge(service, before))
    obstacle = obstacle or _check_acknowledgement(occasion)
    decision = _decide_periods(occasion) if obstacle is None else Decision(occasion.state, held=(obstacle,))
    if is_unacknowledged:
        decision = _after_acknowledgement(decision, before)
    if event.kind is EventKind.UP and occasion.state.debts:
        decision = _settle(occasion, decision, obstacle)
        decision = _about_the_service(occasion, decision)
    kind = LIST_OF[event.kind]
    if decision.calls or any(alert.kind is kind for period in service.periods for alert in period.alerts):
        return decision
    if event.kind is EventKind.STARTUP:  # nobody misses those, and every service would say so
        return replace(decision, held=())
    return replace(decision, held=(Suppression(Rule.NONE_CONFIGURED, f"no {kind} is configured"),))


def settle_late(occasion: Occasion) -> Decision:
    """Settle what is owed at a success that ends no outage: the states were reset meanwhile, or the status was set.

    The latter has no upalert, as in mon (Q15), but what acts upon a thing is put right all the same.
    """
    state = occasion.state
    outside = [check for period in occasion.service.periods if (check := _check_period(period, occasion)) is not None]
    ended = Suppression(Rule.NO_FAILURE, "the outage was ended without a success") if state.has_result else None
    recovery = Recovery(
        at=occasion.event.at,
        held={each.period: each for each in outside if each.period is not None},
        missing=occasion.context.missing_alerts,
        all_held=_check_stopped(occasion) or _check_disabled(occasion),
        words_held=ended,
    )
    return _pay(occasion, Decision(state), recovery)


def redistribute(occasion: Occasion) -> Decision:
    """The redistribute alert: called at every event unless the scheduler is stopped; neither counted nor recorded."""
    command, state = occasion.service.redistribute, occasion.state
    if command is None:
        return Decision(state)
    if (obstacle := _check_stopped(occasion)) is not None:
        return Decision(state, held=(replace(obstacle, text=f"redistribute: {obstacle.text}", alert=str(command)),))
    if (missing := check_program(command, None, occasion.context.missing_alerts)) is not None:
        return Decision(state, held=(missing,))
    return Decision(state, calls=(_call(occasion, command, SendReason(SendRule.REDISTRIBUTE)),))


# Rules that concern all periods


def _check_stopped(occasion: Occasion) -> Suppression | None:
    return Suppression(Rule.STOPPED, "the scheduler is stopped") if occasion.context.stopped else None


def _check_disabled(occasion: Occasion) -> Suppression | None:
    service, context = occasion.service, occasion.context
    if occasion.event.kind is EventKind.DISABLE:  # that it is being disabled is what it tells (Q3)
        return None
    if service.group in context.disabled_watches:
        return Suppression(Rule.WATCH_DISABLED, f"watch {service.group} is disabled")
    if service.key in context.disabled_services:
        return Suppression(Rule.SERVICE_DISABLED, f"service {service.group} {service.name} is disabled")
    return None


def _check_dependency(occasion: Occasion) -> Suppression | None:
    """Hold what the dependency holds; the status is that of the last result, evaluated now only if there is none."""
    event, status = occasion.event, occasion.state.depend_status
    if event.kind in (EventKind.UP, EventKind.STARTUP) or status:
        return None
    outcome = dependencies.evaluate(occasion.service, DependBehavior.ALERTS, occasion.context, event.at)
    if outcome is None or (status is None and outcome.fulfilled):
        return None
    return Suppression(Rule.DEPEND, outcome.text or "depend: it was not fulfilled at the last result")


def _check_acknowledgement(occasion: Occasion) -> Suppression | None:
    state, event = occasion.state, occasion.event
    if not state.ack or event.kind in (EventKind.UP, EventKind.ACK, EventKind.DISABLE):
        return None
    said = acknowledgement.describe(state.ack_comment)
    comment = f" ({said})" if said else ""
    return Suppression(Rule.ACK, f"acknowledged {format_elapsed(state.ack, event.at)} ago{comment}")


def _ends_acknowledgement(occasion: Occasion) -> bool:
    """Whether unack_summary ends the acknowledgement: the summary differs, blanks aside (Q20)."""
    state, event = occasion.state, occasion.event
    is_concerned = event.kind.is_failure or event.kind is EventKind.STARTUP
    if not (state.ack and occasion.service.unack_summary and is_concerned):
        return False
    before, after = summary_of(state.failure_output), summary_of(event.output)
    return "".join(before.split()) != "".join(after.split())


def _after_acknowledgement(decision: Decision, acknowledged: ServiceState) -> Decision:
    """Alerts that start over as the acknowledgement has ended say so, and when the last one was before it."""
    calls = []
    for call in decision.calls:
        last = acknowledged.period(call.period or "").last_alert
        if call.reason.rule is SendRule.NO_RULE and last:
            reason = replace(call.reason, rule=SendRule.UNACKNOWLEDGED, since_last=elapsed(last, call.at))
            calls.append(replace(call, reason=reason))
        else:
            calls.append(call)
    return replace(decision, calls=tuple(calls))


# What is owed


def _settle(occasion: Occasion, decision: Decision, all_held: Suppression | None) -> Decision:
    """Settle what the outage owes that is over: call what no rule has called."""
    recovery = Recovery(
        at=occasion.event.at,
        called=frozenset(call.command for call in decision.calls),
        held={held.period: held for held in decision.held if held.period is not None and held.alert is None},
        missing=occasion.context.missing_alerts,
        all_held=all_held,
    )
    return _pay(occasion, decision, recovery)


def _pay(occasion: Occasion, decision: Decision, recovery: Recovery) -> Decision:
    service, state = occasion.service, decision.state
    settlement = debts.settle(service, state.debts, recovery, occasion.context.target)
    paying = replace(occasion, state=state)
    calls = tuple(
        replace(
            _call(paying, payment.command, payment.reason, kind=AlertKind.UPALERT),
            period=payment.period,
            history_word=HISTORY_WORD[occasion.event.kind],
        )
        for payment in settlement.payments
    )
    paid = {payment.period for payment in settlement.payments}
    held = tuple(each for each in decision.held if not (each.rule is Rule.NO_DOWN_ALERT and each.period in paid))
    state = replace(state, debts=settlement.debts, alert_count=state.alert_count + len(calls))
    return Decision(state, decision.calls + calls, held)


def _about_the_service(occasion: Occasion, decision: Decision) -> Decision:
    """Upalerts that pay for a real failure say so, also where the outage that ends is one of the check.

    The states were reset since that failure, and then the check broke. What heeds no broken check would not put right
    what it has done.
    """
    service, target = occasion.service, occasion.context.target
    owed = [each for each in occasion.state.debts if not each.unpaid_since]
    if all(target(service, each.command).heeds_broken for each in owed):
        return decision
    calls = tuple(replace(call, state=replace(call.state, broken=False)) for call in decision.calls)
    return replace(decision, calls=calls)


# Period by period


def _decide_periods(occasion: Occasion) -> Decision:
    service, state, event = occasion.service, occasion.state, occasion.event
    calls: list[AlertCall] = []
    held: list[Suppression] = []
    counters: dict[str, PeriodState] = {}
    owed = state.debts
    for period in service.periods:
        mine = _decide_period(period, occasion)
        counters[period.key] = mine.counters
        calls += mine.calls
        held += mine.held
        if mine.calls and event.kind.is_failure:
            commands = [call.command for call in mine.calls]
            owed = debts.owe(owed, service, period, commands, event.at, occasion.context.target, broken=state.broken)
    alert_count = state.alert_count + len(calls)
    after = replace(state, periods=counters, alert_count=alert_count, debts=owed)
    return Decision(after, tuple(calls), tuple(held))


@dataclass(frozen=True, slots=True)
class _PeriodDecision:
    counters: PeriodState
    calls: tuple[AlertCall, ...] = ()
    held: tuple[Suppression, ...] = ()


def _decide_period(period: Period, occasion: Occasion) -> _PeriodDecision:
    event = occasion.event
    alerts = period.alerts_of(LIST_OF[event.kind])
    ruling = _judge(period, occasion)
    outcome = ruling.outcome
    if isinstance(outcome, Suppression) and (reason := _end_of_other(period, occasion)) is not None:
        occasion, outcome = _about_other(occasion), reason
    if isinstance(outcome, Suppression):
        return _PeriodDecision(ruling.counters, held=(outcome,) if alerts else ())
    calls: list[AlertCall] = []
    held: list[Suppression] = []
    for alert in alerts:
        obstacle = _check_line(period, alert, occasion)
        if obstacle is None:
            calls.append(_call(occasion, alert.command, outcome, period, alert.kind))
        else:
            held.append(obstacle)
    counters = _count_sent(ruling.counters, event) if calls else ruling.counters
    return _PeriodDecision(counters, tuple(calls), tuple(held))


def _judge(period: Period, occasion: Occasion) -> Ruling:
    state, event = occasion.state, occasion.event
    counters = state.period(period.key)
    if (outside := _check_period(period, occasion)) is not None:
        return Ruling(counters, outside)
    if event.kind.is_failure:
        return judge_failure(period, counters, state, event.exitval, event.output, event.at)
    if event.kind is EventKind.UP:
        return Ruling(counters, judge_recovery(period, counters, state, event.at))
    if event.kind is EventKind.ACK:
        return Ruling(counters, judge_follow_up(period, counters, SendRule.ACK))
    return Ruling(counters, SendReason(SendRule.STARTUP if event.kind is EventKind.STARTUP else SendRule.DISABLE))


def _check_period(period: Period, occasion: Occasion) -> Suppression | None:
    if in_period(period.spec, occasion.context.local_time(occasion.event.at)):
        return None
    return Suppression(Rule.PERIOD, f"it is outside {period.spec.text!r}", period.key)


def _about_other(occasion: Occasion) -> Occasion:
    """The occasion as seen by alerts about the outage that is not in force."""
    state = about_outage(occasion.state, broken=not occasion.state.broken)
    return replace(occasion, state=state, event=replace(occasion.event, output=state.last_output))


def _end_of_other(period: Period, occasion: Occasion) -> SendReason | None:
    """Why a period tells of the end of another outage that a success ends as well (``pymon.core.outages``), if it does.

    Only asked when the outage in force is held back; a period that the time is outside of tells of neither.
    """
    event = occasion.event
    if event.kind is not EventKind.UP or occasion.state.other_outage is None:
        return None
    if _check_period(period, occasion) is not None:
        return None
    other = _about_other(occasion).state
    counters = other.period(period.key)
    if not (other.first_failure or counters.alert_sent):
        return None
    outcome = judge_recovery(period, counters, other, event.at)
    return None if isinstance(outcome, Suppression) else outcome


def _check_line(period: Period, alert: Alert, occasion: Occasion) -> Suppression | None:
    """Why one line of a period that lets the event pass is not called."""
    return check_exit(period, alert, occasion.event.exitval) or check_program(
        alert.command, period.key, occasion.context.missing_alerts
    )


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
    occasion: Occasion,
    command: Command,
    reason: SendReason,
    period: Period | None = None,
    kind: AlertKind | None = None,
) -> AlertCall:
    event = occasion.event
    return AlertCall(
        key=occasion.service.key,
        event=event.kind,
        command=command,
        state=occasion.state,
        output=event.output,
        at=event.at,
        exitval=event.exitval,
        list_kind=kind,
        period=period.key if period else None,
        history_word=HISTORY_WORD[event.kind] if period else None,
        trap_intended=event.trap_intended,
        reason=reason,
    )
