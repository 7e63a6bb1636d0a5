"""The variables of a service by the names that mon gives them: ``get G S VAR``.

Those with a leading ``_`` change while mon runs; the others stand in mon.cf. Times are in seconds. What mon shows
as ``HASH(0x…)`` is shown as what it holds: of the environment only the names, for a value may be a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pymon.config.keywords import SERVICE_KEYWORDS
from pymon.core import traps
from pymon.model.service import Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.protocol.numbers import countdown, format_instant, format_number
from pymon.protocol.service_status import ServiceStatus, exit_text
from pymon.server.status_of import status_of


@dataclass(frozen=True, slots=True)
class VariableSource:
    """What a variable is read from."""

    service: Service
    state: ServiceState
    snapshot: Snapshot
    status: ServiceStatus


def value(name: str, service: Service, state: ServiceState, snapshot: Snapshot) -> str:
    """The value of a variable; empty if it is unknown or has none."""
    read = VARIABLES.get(name)
    if read is None:
        keyword = SERVICE_KEYWORDS.get(name)
        return "" if keyword is None else _text(keyword.get(service))
    key = service.key
    status = status_of(service, state, snapshot.now, snapshot.next_check(key), is_running=key in snapshot.running)
    found = read(VariableSource(service, state, snapshot, status))
    return "" if found is None else found


def _seconds(number: float | None) -> str | None:
    return None if number is None else format_number(number)


def _flag(is_set: bool) -> str:
    return "1" if is_set else "0"


def _text(value: str | float | bool | None) -> str:
    """The value of a keyword, as mon sends it."""
    if value is None or isinstance(value, str):
        return "" if value is None else str(value)
    return _flag(value) if isinstance(value, bool) else format_number(value)


def _optional_flag(is_set: bool | None) -> str | None:
    return None if is_set is None else _flag(is_set)


def _duration(seconds: float | None) -> str:
    """Whole seconds; -1 before the first check, as mon has it."""
    return "-1" if seconds is None else str(int(seconds))


def _normal_interval(subject: VariableSource) -> str | None:
    """The interval that failure_interval has taken the place of."""
    return _seconds(subject.service.interval) if subject.state.failure_interval_active else None


def _next_check(subject: VariableSource) -> str | None:
    due = subject.snapshot.next_check(subject.service.key)
    return None if due is None else format_instant(due)


def _trap_timer(subject: VariableSource) -> str | None:
    """The seconds until the lack of a trap counts as a failure."""
    armed = max(subject.state.last_trap, subject.snapshot.started)
    due, every = traps.timeout_due(subject.service, armed), subject.service.traptimeout
    if due is None or not every:
        return None
    now = subject.snapshot.now
    return str(countdown(due if due > now else now + every - (now - due) % every, now))


def _trap_duration_timer(subject: VariableSource) -> str | None:
    due = traps.expiry_due(subject.service, subject.state)
    return None if due is None or due <= subject.snapshot.now else str(countdown(due, subject.snapshot.now))


VARIABLES: Mapping[str, Callable[[VariableSource], str | None]] = {
    "service": lambda of: of.service.name,
    "interval": lambda of: _seconds(of.status.interval),
    "periods": lambda of: "\n".join(period.key for period in of.service.periods),
    "ENV": lambda of: "\n".join(name for name, _ in of.service.environment),
    "_op_status": lambda of: str(int(of.status.opstatus)),
    "_last_op_status": lambda of: str(int(of.status.last_opstatus)),
    "_exitval": lambda of: exit_text(of.status.exitval),
    "_failure_count": lambda of: str(of.state.failure_count),
    "_alert_count": lambda of: str(of.state.alert_count),
    "_consec_failures": lambda of: str(of.status.consec_failures),
    "_first_failure": lambda of: format_instant(of.state.first_failure) if of.state.has_result else None,
    "_last_failure": lambda of: format_instant(of.status.last_failure),
    "_last_success": lambda of: format_instant(of.status.last_success),
    "_last_check": lambda of: format_instant(of.status.last_check) if of.status.last_check else None,
    "_last_trap": lambda of: format_instant(of.status.last_trap),
    "_last_summary": lambda of: of.status.last_summary,
    "_last_detail": lambda of: of.status.last_detail,
    "_last_output": lambda of: of.state.last_output,
    "_failure_output": lambda of: of.state.failure_output,
    "_ack": lambda of: format_instant(of.status.ack),
    "_ack_comment": lambda of: of.status.ackcomment,
    "_depend_status": lambda of: _optional_flag(of.status.depstatus),
    "_monitor_duration": lambda of: _duration(of.status.monitor_duration),
    "_monitor_running": lambda of: _flag(of.status.monitor_running),
    "_timer": lambda of: str(countdown(of.status.timer, 0.0)),
    "_next_check": _next_check,
    "_old_interval": _normal_interval,
    "_start_of_monitor": lambda of: format_instant(of.snapshot.started),
    "_trap_timer": _trap_timer,
    "_trap_duration_timer": _trap_duration_timer,
}
"""every variable that mon's ``get`` gives a value to, but for keywords whose value stands in mon.cf"""
