"""Status lines: ``name=value`` pairs in mon's order, and the same as JSON.

Behind mon's fields stands ``check=broken`` where the last check could not be carried out: to mon's clients, which pass
over what they do not know, that is a failure; a status of its own would be a success to them. JSON always has it.

The timer, whether a monitor runs, and the length of the outage are put in each time; the rest comes from a service
and its state alone, and is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pymon.core import timing
from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.protocol.numbers import countdown, plain
from pymon.protocol.wire import escape
from pymon.server.commands.listing import dumps
from pymon.server.commands.render_cache import Kept
from pymon.server.commands.variable_values import depend_text, exit_text, monitor_text

Row = tuple[ServiceKey, Service, ServiceState]


def lines(rows: Iterable[Row], snapshot: Snapshot) -> Iterator[str]:
    """The status lines of services, made one by one."""
    now, next_check, running = snapshot.now, snapshot.next_check, snapshot.running
    for key, service, state in rows:
        before_timer, before_running, rest = _texts.get(key, service, state)
        if key in running:
            timer, flag = 0, "1"
        else:
            timer, flag = countdown(next_check(key), now), "0"
        if service.interval is None:
            flag = ""
        line = f"{before_timer}{timer}{before_running}{flag}{rest}"
        if state.first_failure:
            line += str(_duration(state, now))
        yield f"{line} check=broken" if state.is_broken else line


def items(rows: Iterable[Row], snapshot: Snapshot) -> Iterator[str]:
    """The same as JSON objects: ``timer`` with its fraction, and null for what is unknown or never was."""
    now, next_check, running = snapshot.now, snapshot.next_check, snapshot.running
    for key, service, state in rows:
        due, is_running = next_check(key), key in running
        timer = "null" if due is None else 0 if is_running else max(0.0, round(due - now, 3))
        duration = _duration(state, now) if state.first_failure else "null"
        yield (
            f'{_objects.get(key, service, state)},"timer":{timer},"failure_duration":{duration},'
            f'"monitor_running":{"true" if is_running else "false"}}}'
        )


def _duration(state: ServiceState, now: float) -> int:
    return max(0, int(now - state.first_failure))


def _text(service: Service, state: ServiceState) -> tuple[str, str, str]:
    """The text before the timer, that between it and ``monitor_running``, and the rest."""
    depend_status = "" if state.depend_status is None else int(state.depend_status)
    before = (
        f"group={_value(service.group)} service={_value(service.name)} opstatus={int(state.op_status)}"
        f" last_opstatus={int(state.last_op_status)} exitval={_value(exit_text(state))} timer="
    )
    between = (
        f" last_success={int(state.last_success)} last_trap={int(state.last_trap)} last_traphost="
        f" last_check={int(state.last_check) or ''} ack={int(state.ack)} ackcomment={_value(state.ack_comment)}"
        f" alerts_sent={_alerts_sent(service, state)} depstatus={depend_status}"
        f" depend={_value(depend_text(service.depend))} hostdepend={_value(depend_text(service.hostdepend))}"
        f" monitordepend={_value(depend_text(service.monitordepend))}"
        f" alertdepend={_value(depend_text(service.alertdepend))} monitor={_value(monitor_text(service) or '')}"
        f" last_summary={_value(state.last_summary)} last_detail={_value(state.last_detail)}"
    )
    if state.last_failure:
        between += f" last_failure={int(state.last_failure)}"
    interval = timing.interval_in_force(service, state)
    if interval is not None:
        duration = -1 if state.monitor_duration is None else int(state.monitor_duration)
        between += f" interval={plain(interval)} monitor_duration={duration} monitor_running="
    return before, between, _exceptional(service, state)


def _exceptional(service: Service, state: ServiceState) -> str:
    """The fields at the end of the line, which few services have; the length of the outage comes last."""
    fields = ""
    if service.exclude_period is not None:
        fields += f" exclude_period={_value(service.exclude_period.text)}"
    if service.exclude_hosts:
        fields += f" exclude_hosts={_value(' '.join(sorted(service.exclude_hosts)))}"
    if service.randskew:
        fields += f" randskew={plain(service.randskew)}"
    last_alert = _last_alert(service, state)
    if last_alert:
        fields += f" last_alert={int(last_alert)}"
    if state.first_failure:
        fields += f" first_failure={int(state.first_failure)} failure_duration="
    return fields


def _value(text: str) -> str:
    """A value as it stands in a line; backslashes are doubled, as if it were in quotes."""
    return escape(text, quoted=True)


def _object(service: Service, state: ServiceState) -> str:
    """A JSON object of the fields that a service and its state decide, without its closing brace."""
    fields = {
        "group": service.group,
        "service": service.name,
        "opstatus": int(state.op_status),
        "last_opstatus": int(state.last_op_status),
        "exitval": state.exitval,
        "last_success": state.last_success or None,
        "last_trap": state.last_trap or None,
        "last_check": state.last_check or None,
        "ack": state.ack or None,
        "ackcomment": state.ack_comment,
        "alerts_sent": _alerts_sent(service, state),
        "depstatus": state.depend_status,
        "depend": depend_text(service.depend),
        "hostdepend": depend_text(service.hostdepend),
        "monitordepend": depend_text(service.monitordepend),
        "alertdepend": depend_text(service.alertdepend),
        "monitor": monitor_text(service) or "",
        "last_summary": state.last_summary,
        "last_detail": state.last_detail,
        "last_failure": state.last_failure or None,
        "interval": timing.interval_in_force(service, state),
        "monitor_duration": state.monitor_duration,
        "exclude_period": service.exclude_period.text if service.exclude_period else "",
        "exclude_hosts": sorted(service.exclude_hosts),
        "randskew": service.randskew,
        "last_alert": _last_alert(service, state) or None,
        "first_failure": state.first_failure or None,
        "check": state.check,
    }
    return dumps(fields)[:-1]


def _alerts_sent(service: Service, state: ServiceState) -> int:
    return sum(state.period(period.key).counted_sent for period in service.periods if not period.alerts_dont_count)


def _last_alert(service: Service, state: ServiceState) -> float:
    return max((state.period(period.key).last_alert for period in service.periods), default=0.0)


_texts = Kept(_text)
_objects = Kept(_object)
