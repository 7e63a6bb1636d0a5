"""The bookkeeping: which variable an event changes. Whom to tell is decided elsewhere.

A result changes state in two steps, with the alert decision between them, because alerts see the time between:
what the result is, but still the outage's beginning, its acknowledgement and the output of the event before.

    event          begin (seen by alerts)                    finish (after the decision)
    failure,       counters, first/last_failure, status,     failure_output, last_output, failure_interval
    broken check   exit value, summary, detail
    success        status                                    exit value, summary, detail, outputs; ends the outage:
                                                             ack, failure times, counters of the periods
    trap           last_trap, and as failure or success      as failure (no failure_interval) or success
    trapduration   status OK, no failure times (Q10)         -

A broken check is an outage of its own, with books of its own: see ``pymon.core.outages``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from pymon.core.outages import ending, enter, is_failed_open, with_status
from pymon.model.result import CheckResult
from pymon.model.service import AlerteveryMode, Period, Service
from pymon.model.state import Outage, PeriodState, ServiceState, split_output, summary_of
from pymon.model.status import OpStatus

_STARTS_OUTAGE = frozenset({OpStatus.OK, OpStatus.UNKNOWN, OpStatus.UNTESTED})


def exit_number(exitval: int | str | None) -> float:
    """An exit value as a number, for exit ranges: the number that a trap's text begins with, else 0 (Q9)."""
    if isinstance(exitval, str):
        return _leading_number(exitval)
    return exitval or 0


def alerts_sent(service: Service, state: ServiceState) -> int:
    """What opstatus shows: the events that sent something, in all periods without alerts_dont_count."""
    return sum(state.period(period.key).counted_sent for period in service.periods if not period.alerts_dont_count)


def begin_failure(
    state: ServiceState, exitval: int | str | None, output: str, now: float, *, broken: bool = False
) -> ServiceState:
    """What alerts about a failure see: all of it is recorded, but the outputs still are the earlier events'.

    ``broken``: it is not the service that fails but its check. That is no failure of the service's to count.
    """
    turns = state.broken is not broken
    state = enter(state, broken=broken)
    starts = state.op_status in _STARTS_OUTAGE or (turns and not state.first_failure)
    return replace(
        state,
        failure_count=state.failure_count + (not broken),
        consec_failures=state.consec_failures + 1,
        last_failure=now,
        first_failure=now if starts else state.first_failure,
        last_op_status=state.op_status,
        op_status=OpStatus.FAIL,
        exitval=exitval,
        last_summary=summary_of(output),
        last_detail=split_output(output)[1],
        has_result=True,
    )


def finish_failure(
    service: Service, state: ServiceState, output: str, now: float, check: CheckResult | None
) -> ServiceState:
    """What follows the decision. Only a monitor's failure switches to failure_interval, a trap's does not.

    ``check`` is the run that it came from, None for a trap or its absence.
    """
    switches = check is not None and service.failure_interval is not None
    return replace(
        state,
        failure_output=output,
        last_output=output,
        has_output=True,
        failure_interval_active=state.failure_interval_active or switches,
        last_check=now - check.duration if check else state.last_check,
        monitor_duration=check.duration if check else state.monitor_duration,
        measured=now if check and check.measurements else state.measured,
        measurements=check.measurements if check and check.measurements else state.measurements,
    )


def begin_success(state: ServiceState) -> ServiceState:
    """What upalerts see: the service is well, but everything else still is of the outage that ends."""
    return replace(state, last_op_status=state.op_status, op_status=OpStatus.OK)


def finish_success(
    service: Service,
    state: ServiceState,
    was: OpStatus,
    exitval: int | str,
    output: str,
    now: float,
    check: CheckResult | None,
) -> ServiceState:
    """What follows the decision: an outage, if there was one, is over, and the interval is the normal one again.

    ``was`` is the status before; ``check`` is the run that the success came from, None for a trap.
    """
    summary, detail = split_output(output)
    was_failing = is_failed_open(replace(state, op_status=was))
    state = enter(state, broken=False)
    return replace(
        state,
        op_status=OpStatus.OK,
        last_op_status=was,
        exitval=exitval,
        has_result=True,
        has_output=True,
        last_success=now,
        last_summary=summary,
        last_detail=detail,
        last_output=output,
        failure_output="",
        consec_failures=0,
        first_failure=0.0,
        last_failure=0.0,
        outage_ended=now if was_failing else state.outage_ended,
        outage_summary=state.last_summary if was_failing else state.outage_summary,
        ack=0.0,
        ack_comment="",
        other_outage=_keep_strict(service, state.other_outage),
        failure_interval_active=False,
        last_check=now - check.duration if check else state.last_check,
        monitor_duration=check.duration if check else state.monitor_duration,
        periods={period.key: _after_success(period, state.period(period.key)) for period in service.periods},
        measured=now if check and check.measurements else state.measured,
        measurements=check.measurements if check and check.measurements else state.measurements,
    )


def end_trapduration(state: ServiceState, now: float) -> ServiceState:
    """The status becomes OK and the failure times are cleared (Q10); counters and exit value stay, as in mon."""
    was_failing = is_failed_open(state)
    return replace(
        with_status(state, OpStatus.OK),
        last_op_status=state.op_status,
        first_failure=0.0,
        last_failure=0.0,
        outage_ended=now if was_failing else state.outage_ended,
        outage_summary=ending(state).last_summary if was_failing else state.outage_summary,
    )


def clear_timers(service: Service, state: ServiceState) -> ServiceState:
    """What ``clear timers`` does to the counters; its timers (checks, traps) are the engine's."""
    other = state.other_outage
    if other is not None:
        other = replace(other, consec_failures=0, periods=_clear_periods(service, other.periods))
    return replace(state, consec_failures=0, periods=_clear_periods(service, state.periods), other_outage=other)


def unacknowledge(service: Service, state: ServiceState) -> ServiceState:
    """What unack_summary does when the summary changed: alerts start over as with a first failure.

    ``alert_sent`` stays, so numalerts goes on counting.
    """
    periods = {
        period.key: replace(state.period(period.key), last_alert=0.0, first_fail_time=0.0, fail_count=0)
        for period in service.periods
    }
    return replace(state, ack=0.0, ack_comment="", consec_failures=1, periods=periods)


def _after_success(period: Period, counters: PeriodState) -> PeriodState:
    """A success ends what was counted in the outage; a strict alertevery goes on (Q7)."""
    if counters == _FRESH:
        return counters
    keeps = period.alertevery_mode is AlerteveryMode.STRICT
    return PeriodState(last_alert=counters.last_alert if keeps else 0.0, fail_count=counters.fail_count)


def _keep_strict(service: Service, ended: Outage | None) -> Outage | None:
    """What is left of a broken outage's books after a success: the last alert that a strict alertevery counts from."""
    if ended is None:
        return None
    periods = {}
    for period in service.periods:
        last_alert = _after_success(period, ended.periods.get(period.key, _FRESH)).last_alert
        if last_alert:
            periods[period.key] = PeriodState(last_alert=last_alert)
    return Outage(periods=periods) if periods else None


def _clear_periods(service: Service, periods: Mapping[str, PeriodState]) -> dict[str, PeriodState]:
    return {period.key: _clear_period(period, periods.get(period.key, _FRESH)) for period in service.periods}


def _clear_period(period: Period, counters: PeriodState) -> PeriodState:
    return replace(counters, last_alert=0.0 if period.alertevery else counters.last_alert, first_fail_time=0.0)


def _leading_number(text: str) -> float:
    """What Perl makes of a text used as a number."""
    match = re.match(r"\s*[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII)
    return float(match.group()) if match else 0.0


_FRESH = PeriodState()
