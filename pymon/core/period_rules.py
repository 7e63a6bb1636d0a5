"""The rules of one period, and of one line in it: what holds alerts back, and else why they are called.

A failure passes the rules in this order, and one that it does not pass leaves the counters of those after it
as they are: alertexitrange, numalerts, alertevery, and the three forms of alertafter. (spec: alert decision, 8)
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from pymon.core.state import exit_number
from pymon.model.duration import format_duration
from pymon.model.effect import Rule, SendReason, SendRule, Suppression
from pymon.model.service import Alert, AlerteveryMode, Command, ExitRange, Period
from pymon.model.state import PeriodState, ServiceState, summary_of
from pymon.model.whole_seconds import elapsed, format_elapsed


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one period says of an event: why it lets it pass, or why it holds it back; and its counters after that."""

    counters: PeriodState
    outcome: SendReason | Suppression


def judge_failure(
    period: Period, counters: PeriodState, state: ServiceState, exitval: int | str | None, output: str, now: float
) -> Ruling:
    """Judge a failure, a failing trap or a trap timeout. ``state`` is as alerts see it."""
    outcome = (
        _alertexitrange(period, exitval)
        or _numalerts(period, counters)
        or _alertevery(period, counters, state.failure_output, output, now)
    )
    if isinstance(outcome, SendReason):
        outcome = _alertafter_consecutive(period, state, outcome)
    if isinstance(outcome, Suppression) or period.alertafter_time is None:
        return Ruling(counters, outcome)
    if period.alertafter_count is None:
        return _alertafter_time(period, counters, outcome, period.alertafter_time, now)
    return _alertafter_count(period, counters, outcome, period.alertafter_count, period.alertafter_time, now)


def judge_recovery(period: Period, counters: PeriodState, state: ServiceState, now: float) -> SendReason | Suppression:
    """Judge a recovery: by default only an outage that was told of has its end told."""
    outcome = judge_follow_up(period, counters, SendRule.RECOVERY)
    if isinstance(outcome, Suppression) or not state.first_failure:
        return outcome
    lasted = elapsed(state.first_failure, now)
    if period.upalertafter is None or lasted >= period.upalertafter:
        return replace(outcome, lasting=lasted)
    length = format_elapsed(state.first_failure, now)
    text = f"upalertafter {format_duration(period.upalertafter)}: the outage lasted {length}"
    return Suppression(Rule.UPALERTAFTER, text, period.key)


def judge_follow_up(period: Period, counters: PeriodState, rule: SendRule) -> SendReason | Suppression:
    """Judge a recovery or an acknowledgement: they are for those who were told of the outage, or for all.

    The latter if no_comp_alerts is set; ``rule`` is the reason for the former.
    """
    if counters.alert_sent:
        return SendReason(rule, counters.alert_sent)
    if period.no_comp_alerts:
        return SendReason(SendRule.NO_COMP_ALERTS, 0)
    return Suppression(
        Rule.NO_DOWN_ALERT, "no down alert was sent in this outage (and no_comp_alerts is not set)", period.key
    )


def in_range(allowed: ExitRange | None, exitval: int | str | None) -> bool:
    """Whether an exit value is in a range; no range allows all. Text counts as the number that it begins with."""
    return allowed is None or allowed.low <= exit_number(exitval) <= allowed.high


def check_exit(period: Period, alert: Alert, exitval: int | str | None) -> Suppression | None:
    """Why a line of a period is not called because of its ``exit=``."""
    if in_range(alert.exit_range, exitval):
        return None
    text = f"{alert.kind} {alert.command.name} exit={alert.exit_range}: {_exit_fact(exitval)}"
    return Suppression(Rule.EXIT, text, period.key, str(alert.command))


def check_program(command: Command, period: str | None, missing: Set[str]) -> Suppression | None:
    """Why an alert is not called whose program is in no directory; None if it is there.

    ``period`` is the key of its period, None if it is in none; ``missing`` are the names of those that are not there.
    """
    if command.name not in missing:
        return None
    return Suppression(Rule.NO_SUCH_ALERT, f"{command.name} is in no alertdir", period, str(command))


def _exit_fact(exitval: int | str | None) -> str:
    return f"the exit value is {0 if exitval is None else exitval}"


def _alertexitrange(period: Period, exitval: int | str | None) -> Suppression | None:
    if in_range(period.alertexitrange, exitval):
        return None
    return Suppression(
        Rule.ALERTEXITRANGE, f"alertexitrange {period.alertexitrange}: {_exit_fact(exitval)}", period.key
    )


def _numalerts(period: Period, counters: PeriodState) -> Suppression | None:
    if not period.numalerts or counters.alert_sent < period.numalerts:
        return None
    return Suppression(
        Rule.NUMALERTS, f"numalerts {period.numalerts}: {counters.alert_sent} sent in this outage", period.key
    )


def _alertevery(
    period: Period, counters: PeriodState, before: str, output: str, now: float
) -> SendReason | Suppression:
    number = counters.alert_sent + 1
    further = SendRule.NO_RULE if counters.alert_sent else SendRule.FIRST
    if not counters.last_alert:
        return SendReason(further, number)
    since = elapsed(counters.last_alert, now)
    if not period.alertevery:
        return SendReason(further, number, since)
    over = SendReason(SendRule.REPEAT if counters.alert_sent else SendRule.FIRST, number, since, period.alertevery)
    if since >= period.alertevery:
        return over
    match period.alertevery_mode:
        case AlerteveryMode.SUMMARY:
            holds, option, fact = summary_of(before) == summary_of(output), "", ", summary unchanged"
        case AlerteveryMode.OBSERVE_DETAIL:
            holds, option, fact = before == output, " observe_detail", ", output unchanged"
        case AlerteveryMode.STRICT | AlerteveryMode.IGNORE_SUMMARY:
            holds, option, fact = True, f" {period.alertevery_mode}", ""
    if not holds:
        detail = period.alertevery_mode is AlerteveryMode.OBSERVE_DETAIL
        return replace(over, rule=SendRule.OUTPUT_CHANGED if detail else SendRule.SUMMARY_CHANGED)
    ago = format_elapsed(counters.last_alert, now)
    text = f"alertevery {format_duration(period.alertevery)}{option}: last alert {ago} ago{fact}"
    return Suppression(Rule.ALERTEVERY, text, period.key)


def _alertafter_consecutive(period: Period, state: ServiceState, reason: SendReason) -> SendReason | Suppression:
    """``alertafter 3``: so many failures in a row."""
    wanted, count = period.alertafter_consecutive, state.consec_failures
    if wanted is None:
        return reason
    if count < wanted:
        return Suppression(Rule.ALERTAFTER, f"alertafter {wanted}: failure {count} of {wanted}", period.key)
    starts = _starts_over(reason) and count > 1
    return replace(reason, rule=SendRule.COUNT_REACHED if starts else reason.rule, count=count, wanted=wanted)


def _alertafter_time(period: Period, counters: PeriodState, reason: SendReason, window: float, now: float) -> Ruling:
    """``alertafter 30m``: failing for longer than that (exactly that long is not enough)."""
    since = counters.first_fail_time or now
    after = replace(counters, first_fail_time=since)
    failing = elapsed(since, now)
    if failing > window:
        rule = SendRule.WINDOW_REACHED if _starts_over(reason) else reason.rule
        return Ruling(after, replace(reason, rule=rule, count=None, wanted=None, lasting=failing, window=window))
    text = f"alertafter {format_duration(window)}: failing for {format_elapsed(since, now)}, not for longer yet"
    return Ruling(after, Suppression(Rule.ALERTAFTER, text, period.key))


def _alertafter_count(
    period: Period, counters: PeriodState, reason: SendReason, wanted: int, window: float, now: float
) -> Ruling:
    """``alertafter 3 30m``: so many failures in a window that begins with a failure and is over after the time."""
    count, since = counters.fail_count + 1, counters.first_fail_time
    if not since or elapsed(since, now) > window:
        count = 1
    if count == 1:
        since = now
    after = replace(counters, fail_count=count, first_fail_time=since)
    if count >= wanted:
        reached = (_starts_over(reason) or reason.rule is SendRule.NO_RULE) and count > 1
        if reason.rule is SendRule.COUNT_REACHED and not reached:  # that count had the last word, so its facts stay
            return Ruling(after, reason)
        rule = SendRule.WINDOW_REACHED if reached else reason.rule
        facts = replace(reason, count=count, wanted=wanted, lasting=elapsed(since, now), window=window)
        return Ruling(after, replace(facts, rule=rule))
    first = "" if count == 1 else f", the first one {format_elapsed(since, now)} ago"
    text = f"alertafter {wanted} {format_duration(window)}: failure {count} of {wanted}{first}"
    return Ruling(after, Suppression(Rule.ALERTAFTER, text, period.key))


def _starts_over(reason: SendReason) -> bool:
    """Whether alertafter counts from nothing: before the first alert, or since something has reset the counters."""
    return reason.number == 1 or reason.since_last is None
