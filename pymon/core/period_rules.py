"""The rules of one period: what holds a failure's alerts back, and what a recovery's.

A failure passes the rules in this order, and one that it does not pass leaves the counters of those after it
as they are: alertexitrange, numalerts, alertevery, and the three forms of alertafter. (spec: alert decision, 8)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pymon.core.state import exit_number, summary_of
from pymon.core.whole_seconds import elapsed, lasting
from pymon.model.duration import format_duration
from pymon.model.effect import Held, Rule
from pymon.model.service import AlerteveryMode, ExitRange, Period
from pymon.model.state import PeriodState, ServiceState


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether one period lets an event pass (``held`` is None), and its counters after that."""

    counters: PeriodState
    held: Held | None = None


def judge_failure(
    period: Period, counters: PeriodState, state: ServiceState, exitval: int | str | None, output: str, now: float
) -> Ruling:
    """Judge a failure, a failing trap or a trap timeout. ``state`` is as alerts see it."""
    held = (
        _alertexitrange(period, exitval)
        or _numalerts(period, counters)
        or _alertevery(period, counters, state.failure_output, output, now)
        or _alertafter_consecutive(period, state)
    )
    if held is not None:
        return Ruling(counters, held)
    if period.alertafter_time is None:
        return Ruling(counters)
    if period.alertafter_count is None:
        return _alertafter_time(period, counters, period.alertafter_time, now)
    return _alertafter_count(period, counters, period.alertafter_count, period.alertafter_time, now)


def judge_recovery(period: Period, counters: PeriodState, state: ServiceState, now: float) -> Held | None:
    """Judge a recovery: by default only an outage that was told of has its end told."""
    if (held := needs_down_alert(period, counters)) is not None:
        return held
    if period.upalertafter is None or not state.first_failure:
        return None
    lasted = elapsed(state.first_failure, now)
    if lasted >= period.upalertafter:
        return None
    text = f"upalertafter {format_duration(period.upalertafter)}: the outage lasted {lasting(state.first_failure, now)}"
    return Held(Rule.UPALERTAFTER, text, period.key)


def needs_down_alert(period: Period, counters: PeriodState) -> Held | None:
    """A recovery or an acknowledgement is for those who were told of the outage, unless no_comp_alerts is set."""
    if period.no_comp_alerts or counters.alert_sent:
        return None
    return Held(Rule.NO_DOWN_ALERT, "no down alert was sent in this outage (and no_comp_alerts is not set)", period.key)


def in_range(allowed: ExitRange | None, exitval: int | str | None) -> bool:
    """Whether an exit value is in a range; no range allows all. Text counts as the number that it begins with."""
    return allowed is None or allowed.low <= exit_number(exitval) <= allowed.high


def exit_fact(exitval: int | str | None) -> str:
    """An exit value, for people."""
    return f"the exit value is {0 if exitval is None else exitval}"


def _alertexitrange(period: Period, exitval: int | str | None) -> Held | None:
    if in_range(period.alertexitrange, exitval):
        return None
    return Held(Rule.ALERTEXITRANGE, f"alertexitrange {period.alertexitrange}: {exit_fact(exitval)}", period.key)


def _numalerts(period: Period, counters: PeriodState) -> Held | None:
    if not period.numalerts or counters.alert_sent < period.numalerts:
        return None
    return Held(Rule.NUMALERTS, f"numalerts {period.numalerts}: {counters.alert_sent} sent in this outage", period.key)


def _alertevery(period: Period, counters: PeriodState, before: str, output: str, now: float) -> Held | None:
    if not period.alertevery or not counters.last_alert:
        return None
    since = elapsed(counters.last_alert, now)
    if since >= period.alertevery:
        return None
    match period.alertevery_mode:
        case AlerteveryMode.SUMMARY:
            holds, option, fact = summary_of(before) == summary_of(output), "", ", summary unchanged"
        case AlerteveryMode.OBSERVE_DETAIL:
            holds, option, fact = before == output, " observe_detail", ", output unchanged"
        case AlerteveryMode.STRICT | AlerteveryMode.IGNORE_SUMMARY:
            holds, option, fact = True, f" {period.alertevery_mode}", ""
    if not holds:
        return None
    ago = lasting(counters.last_alert, now)
    text = f"alertevery {format_duration(period.alertevery)}{option}: last alert {ago} ago{fact}"
    return Held(Rule.ALERTEVERY, text, period.key)


def _alertafter_consecutive(period: Period, state: ServiceState) -> Held | None:
    wanted = period.alertafter_consecutive
    if wanted is None or state.consec_failures >= wanted:
        return None
    return Held(Rule.ALERTAFTER, f"alertafter {wanted}: failure {state.consec_failures} of {wanted}", period.key)


def _alertafter_time(period: Period, counters: PeriodState, time: float, now: float) -> Ruling:
    """``alertafter 30m``: failing for longer than that (exactly that long is not enough)."""
    since = counters.first_fail_time or now
    after = replace(counters, first_fail_time=since)
    failing = elapsed(since, now)
    if failing > time:
        return Ruling(after)
    text = f"alertafter {format_duration(time)}: failing for {lasting(since, now)}, not for longer yet"
    return Ruling(after, Held(Rule.ALERTAFTER, text, period.key))


def _alertafter_count(period: Period, counters: PeriodState, wanted: int, time: float, now: float) -> Ruling:
    """``alertafter 3 30m``: so many failures in a window that begins with a failure and is over after the time."""
    count, since = counters.fail_count + 1, counters.first_fail_time
    if not since or elapsed(since, now) > time:
        count = 1
    if count == 1:
        since = now
    after = replace(counters, fail_count=count, first_fail_time=since)
    if count >= wanted:
        return Ruling(after)
    first = "" if count == 1 else f", the first one {lasting(since, now)} ago"
    text = f"alertafter {wanted} {format_duration(time)}: failure {count} of {wanted}{first}"
    return Ruling(after, Held(Rule.ALERTAFTER, text, period.key))
