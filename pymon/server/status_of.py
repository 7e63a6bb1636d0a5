"""The status of a service, from what mon.cf declares of it and what the daemon knows: the one place that makes it."""

from __future__ import annotations

from pymon.config.client_values import command_text, dependency_text
from pymon.core import timing
from pymon.core.state import alerts_sent
from pymon.model.service import Service
from pymon.model.state import ServiceState
from pymon.protocol.service_status import LiveFields, ServiceStatus


def status_of(
    service: Service, state: ServiceState, now: float, due: float | None = None, *, is_running: bool = False
) -> ServiceStatus:
    """The status at ``now`` (seconds since the epoch).

    ``due`` is when the service is checked next, None if it is not scheduled; ``is_running``: its monitor runs now.
    For a service that is not in mon.cf any more, give one that has only its names: all its alerts are counted.
    """
    live = live_fields(state, now, due, is_running=is_running)
    exclude_period = service.exclude_period
    return ServiceStatus(
        group=service.group,
        service=service.name,
        opstatus=state.op_status,
        last_opstatus=state.last_op_status,
        exitval=state.exitval,
        timer=live.timer,
        last_success=state.last_success,
        last_failure=state.last_failure,
        first_failure=state.first_failure,
        failure_duration=live.failure_duration,
        last_check=state.last_check,
        last_alert=max((state.period(period.key).last_alert for period in service.periods), default=0.0),
        last_trap=state.last_trap,
        last_summary=state.last_summary,
        last_detail=state.last_detail,
        ack=state.ack,
        ackcomment=state.ack_comment,
        alerts_sent=alerts_sent(service, state),
        depstatus=state.depend_status,
        depend=dependency_text(service.depend) or "",
        hostdepend=dependency_text(service.hostdepend) or "",
        monitordepend=dependency_text(service.monitordepend) or "",
        alertdepend=dependency_text(service.alertdepend) or "",
        monitor=command_text(service.monitor) or "",
        interval=timing.interval_in_force(service, state),
        monitor_duration=state.monitor_duration,
        monitor_running=live.monitor_running,
        exclude_period="" if exclude_period is None else exclude_period.text,
        exclude_hosts=tuple(sorted(service.exclude_hosts)),
        randskew=service.randskew,
        broken=state.is_broken,
        consec_failures=state.consec_failures,
        outage_alerts=sum(counters.alert_sent for counters in state.periods.values()),
    )


def live_fields(state: ServiceState, now: float, due: float | None, *, is_running: bool) -> LiveFields:
    """What of the status changes from moment to moment; the arguments are those of ``status_of``."""
    timer = None if due is None else 0.0 if is_running else max(0.0, due - now)
    duration = max(0, int(now - state.first_failure)) if state.first_failure else None
    return LiveFields(timer, is_running, duration)
