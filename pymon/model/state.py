"""What is known of one service while the daemon runs. Times are seconds since the epoch; 0 means never.

The names are those of mon's opstatus lines and state files. What is a point in time is annotated ``Instant``, for when
the system's clock is set, all of them move with it (``pymon.core.time_shift``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pymon.model.debt import Debt
from pymon.model.instant import Instant
from pymon.model.measurement import Measurement
from pymon.model.result import CheckOutcome
from pymon.model.status import OpStatus

NO_SUMMARY = "(NO SUMMARY)"
"""what mon writes for a failure whose output has a blank first line"""


def split_output(output: str) -> tuple[str, str]:
    """Split output into summary (the text before the first newline) and detail (all after it)."""
    summary, _, detail = output.partition("\n")
    return summary, detail


def summary_of(output: str) -> str:
    """The first line of output; ``(NO SUMMARY)`` when that is blank."""
    summary, _ = split_output(output)
    return summary if summary.strip() else NO_SUMMARY


@dataclass(frozen=True, slots=True)
class PeriodState:
    """The counters of one period.

    ``last_alert``: time of the last down alert, which alertevery counts from. ``alert_sent``: down alerts sent in
    this outage. ``counted_sent``: every event that sent something, for opstatus's ``alerts_sent``.
    ``first_fail_time`` and ``fail_count`` serve alertafter.
    """

    last_alert: Instant = 0.0
    alert_sent: int = 0
    counted_sent: int = 0
    first_fail_time: Instant = 0.0
    fail_count: int = 0


@dataclass(frozen=True, slots=True)
class Outage:
    """The books of one of the two outages that a service may have at the same time: failed, and check broken.

    Each field is one of ServiceState, where those of the outage in force are. ``first_failure`` is 0 where there is no
    such outage since the last success, and the rest only serves a strict alertevery, which goes on over a success.
    """

    first_failure: Instant = 0.0
    last_failure: Instant = 0.0
    consec_failures: int = 0
    failure_output: str = ""
    ack: Instant = 0.0
    ack_comment: str = ""
    periods: Mapping[str, PeriodState] = field(default_factory=dict)

    @property
    def is_alerted(self) -> bool:
        """Whether somebody was alerted of it, so that they have to be told its end too."""
        return any(counters.alert_sent for counters in self.periods.values())


@dataclass(frozen=True, slots=True)
class ServiceState:
    """All that changes about a service; replaced whole at each event.

    ``exitval`` is a number, or the text that a trap sent, or None before the first result.
    ``failure_output`` is the whole output of the last failure of this outage, empty after a success;
    ``last_output`` that of the last event. ``outage_ended`` is when the last outage was over and
    ``outage_summary`` its last summary (dep_memory looks at both). ``depend_status`` is None until a dependency
    was evaluated; ``depend_error`` and ``monitor_depend_error`` say why one that holds back alerts, or checks,
    could not be evaluated the last time. ``failure_interval_active``: failure_interval is in force.
    ``has_result``: there was a result, so the summary and the failure times mean something; ``has_output``: so does
    ``last_output`` (alerts about the very first result see the former only).
    ``periods`` maps a period's key to its counters; a missing key means fresh counters. ``measurements`` are those of
    the last check that had any, which ended at ``measured``.
    ``broken``: the last result was a check that could not be carried out. The outage in force (``first_failure``,
    ``last_failure``, ``consec_failures``, ``failure_output``, ``ack``, ``ack_comment``, ``periods``) is that of the
    check then, else that of the service; ``other_outage`` has the books of the other one (``pymon.core.outages``).
    ``debts`` are the down alerts whose end is not told yet, of either. ``left`` is when the service left the
    configuration, 0 while it is in it.
    """

    op_status: OpStatus = OpStatus.UNTESTED
    last_op_status: OpStatus = OpStatus.UNTESTED
    exitval: int | str | None = None
    failure_count: int = 0
    alert_count: int = 0
    consec_failures: int = 0
    first_failure: Instant = 0.0
    last_failure: Instant = 0.0
    last_success: Instant = 0.0
    last_check: Instant = 0.0
    last_trap: Instant = 0.0
    monitor_duration: float | None = None
    has_result: bool = False
    has_output: bool = False
    last_summary: str = ""
    last_detail: str = ""
    last_output: str = ""
    failure_output: str = ""
    outage_ended: Instant = 0.0
    outage_summary: str = ""
    ack: Instant = 0.0
    ack_comment: str = ""
    depend_status: bool | None = None
    depend_error: str = ""
    monitor_depend_error: str = ""
    failure_interval_active: bool = False
    trap_intended: str = ""
    periods: Mapping[str, PeriodState] = field(default_factory=dict)
    measured: Instant = 0.0
    measurements: tuple[Measurement, ...] = ()
    broken: bool = False
    other_outage: Outage | None = None
    debts: tuple[Debt, ...] = ()
    left: Instant = 0.0

    @property
    def is_broken(self) -> bool:
        """Whether the check could not be carried out the last time: nothing is known of the service itself."""
        return self.broken and self.op_status is OpStatus.FAIL

    @property
    def is_failing(self) -> bool:
        """Whether the service itself was found failing the last time."""
        return self.op_status is OpStatus.FAIL and not self.broken

    @property
    def check(self) -> CheckOutcome | None:
        """The outcome of the last result; None before the first, and in states that only clients set."""
        if self.op_status is OpStatus.OK:
            return CheckOutcome.OK
        if self.op_status is OpStatus.FAIL:
            return CheckOutcome.BROKEN if self.broken else CheckOutcome.FAILED
        return None

    @property
    def is_untold(self) -> bool:
        """Whether there is no result yet: not from a check, a trap or an operator."""
        return self.op_status is OpStatus.UNTESTED and not (self.has_result or self.last_check or self.last_trap)

    def period(self, key: str) -> PeriodState:
        """The counters of a period, fresh ones if nothing is known of it."""
        return self.periods.get(key, _FRESH)


_FRESH = PeriodState()
