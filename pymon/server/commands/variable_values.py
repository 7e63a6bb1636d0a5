"""The variables of a service by the names that mon gives them: ``get G S VAR``.

Those with a leading ``_`` change while mon runs; the others stand in mon.cf. Times are in seconds. What mon shows
as ``HASH(0x…)`` is shown as what it holds: of the environment only the names, for a value may be a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pymon.core import timing, traps
from pymon.model.depend import Dependency
from pymon.model.service import Command, Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.protocol.numbers import countdown, instant, plain


@dataclass(frozen=True, slots=True)
class Subject:
    """What a variable is read from."""

    service: Service
    state: ServiceState
    snapshot: Snapshot


def value(name: str, service: Service, state: ServiceState, snapshot: Snapshot) -> str:
    """The value of a variable; empty if it is unknown or has none."""
    read = VARIABLES.get(name)
    found = None if read is None else read(Subject(service, state, snapshot))
    return "" if found is None else found


def monitor_text(service: Service) -> str | None:
    """The monitor line as it stands in mon.cf; None without a monitor."""
    monitor = service.monitor
    return None if monitor is None else f"{monitor}" if monitor.append_hosts else f"{monitor} ;;"


def exit_text(state: ServiceState) -> str:
    """The exit value of the last result, ``undef`` before the first."""
    return "undef" if state.exitval is None else str(state.exitval)


def depend_text(dependency: Dependency | None) -> str:
    """A dependency as written; empty if there is none."""
    return "" if dependency is None else dependency.text


def timer(subject: Subject) -> int:
    """The seconds until the next check; 0 while one runs, or if the service is not scheduled."""
    key, snapshot = subject.service.key, subject.snapshot
    return 0 if key in snapshot.running else countdown(snapshot.next_check(key), snapshot.now)


def _seconds(number: float | None) -> str | None:
    return None if number is None else plain(number)


def _flag(is_set: bool) -> str:
    return "1" if is_set else "0"


def _command(command: Command | None) -> str | None:
    return None if command is None else str(command)


def _depend_status(state: ServiceState) -> str | None:
    return None if state.depend_status is None else _flag(state.depend_status)


def _normal_interval(subject: Subject) -> str | None:
    """The interval that failure_interval has taken the place of."""
    return _seconds(subject.service.interval) if subject.state.failure_interval_active else None


def _next_check(subject: Subject) -> str | None:
    due = subject.snapshot.next_check(subject.service.key)
    return None if due is None else instant(due)


def _trap_timer(subject: Subject) -> str | None:
    """The seconds until the lack of a trap counts as a failure."""
    armed = max(subject.state.last_trap, subject.snapshot.started)
    due, every = traps.timeout_due(subject.service, armed), subject.service.traptimeout
    if due is None or not every:
        return None
    now = subject.snapshot.now
    return str(countdown(due if due > now else now + every - (now - due) % every, now))


def _trap_duration_timer(subject: Subject) -> str | None:
    due = traps.expiry_due(subject.service, subject.state)
    return None if due is None or due <= subject.snapshot.now else str(countdown(due, subject.snapshot.now))


VARIABLES: Mapping[str, Callable[[Subject], str | None]] = {
    "service": lambda of: of.service.name,
    "interval": lambda of: _seconds(timing.interval_in_force(of.service, of.state)),
    "failure_interval": lambda of: _seconds(of.service.failure_interval),
    "description": lambda of: of.service.description,
    "monitor": lambda of: monitor_text(of.service),
    "redistribute": lambda of: _command(of.service.redistribute),
    "allow_empty_group": lambda of: "1" if of.service.allow_empty_group else None,
    "unack_summary": lambda of: _flag(of.service.unack_summary),
    "traptimeout": lambda of: _seconds(of.service.traptimeout),
    "trapduration": lambda of: _seconds(of.service.trapduration),
    "randskew": lambda of: _seconds(of.service.randskew),
    "dep_behavior": lambda of: of.service.dep_behavior.value,
    "dep_memory": lambda of: _seconds(of.service.dep_memory),
    "depend": lambda of: depend_text(of.service.depend),
    "alertdepend": lambda of: depend_text(of.service.alertdepend),
    "monitordepend": lambda of: depend_text(of.service.monitordepend),
    "hostdepend": lambda of: depend_text(of.service.hostdepend),
    "exclude_hosts": lambda of: " ".join(sorted(of.service.exclude_hosts)),
    "exclude_period": lambda of: of.service.exclude_period.text if of.service.exclude_period else None,
    "periods": lambda of: "\n".join(period.key for period in of.service.periods),
    "ENV": lambda of: "\n".join(name for name, _ in of.service.environment),
    "timeout": lambda of: _seconds(of.service.timeout),
    "_op_status": lambda of: str(int(of.state.op_status)),
    "_last_op_status": lambda of: str(int(of.state.last_op_status)),
    "_exitval": lambda of: exit_text(of.state),
    "_failure_count": lambda of: str(of.state.failure_count),
    "_alert_count": lambda of: str(of.state.alert_count),
    "_consec_failures": lambda of: str(of.state.consec_failures),
    "_first_failure": lambda of: instant(of.state.first_failure) if of.state.has_result else None,
    "_last_failure": lambda of: instant(of.state.last_failure),
    "_last_success": lambda of: instant(of.state.last_success),
    "_last_check": lambda of: instant(of.state.last_check) if of.state.last_check else None,
    "_last_trap": lambda of: instant(of.state.last_trap),
    "_last_summary": lambda of: of.state.last_summary,
    "_last_detail": lambda of: of.state.last_detail,
    "_last_output": lambda of: of.state.last_output,
    "_failure_output": lambda of: of.state.failure_output,
    "_ack": lambda of: instant(of.state.ack),
    "_ack_comment": lambda of: of.state.ack_comment,
    "_depend_status": lambda of: _depend_status(of.state),
    "_monitor_duration": lambda of: "-1" if of.state.monitor_duration is None else instant(of.state.monitor_duration),
    "_monitor_running": lambda of: _flag(of.service.key in of.snapshot.running),
    "_timer": lambda of: str(timer(of)),
    "_next_check": _next_check,
    "_old_interval": _normal_interval,
    "_start_of_monitor": lambda of: instant(of.snapshot.started),
    "_trap_timer": _trap_timer,
    "_trap_duration_timer": _trap_duration_timer,
}
"""every variable that mon's ``get`` gives a value to, and ``timeout``, which is pymon's own"""
