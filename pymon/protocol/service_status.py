r"""The status of a service: one record, as a line of ``list opstatus`` and as JSON, and read back from both.

The line is mon's: ``name=value`` in mon's order. Behind mon's fields stands ``check=broken`` where the last check could
not be carried out. To mon's clients, which pass over what they do not know, that is a failure; an op status of its
own would be a success to them. JSON always has ``check``.

``from_line(to_line(status)) == status`` and ``from_json(to_json(status)) == status``, as far as the form goes.

- The line has whole seconds, an interval to the microsecond, and ``timer=0`` also for a service with an interval that
  is not scheduled; of one without an interval neither its monitor's duration nor whether it runs; a text of digits in
  ``exitval`` is a number there, and ``undef`` means none; blanks part the hosts that are excluded. It does not have
  ``consec_failures`` and ``outage_alerts``.
- JSON has the timer in milliseconds, and does not have ``last_traphost``, which only mon's servers could tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from pymon.model.depend import ServiceKey
from pymon.model.result import CheckOutcome
from pymon.model.status import OpStatus
from pymon.protocol.numbers import format_number
from pymon.protocol.wire import escape, parse_fields, unescape_quoted

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The status of a service at one moment.

    Points in time are seconds since the epoch, 0.0 for never; durations are seconds. Text is decoded: bytes that are
    not UTF-8 are kept as surrogates (``surrogateescape``). The names are those of mon's protocol.

    ``exitval`` is a number, or the text that a trap sent, or None before the first result. ``timer`` is the time
    until the next check, None if it is not scheduled. ``ack`` is when the failure was acknowledged, ``ackcomment`` by
    whom and with which words. ``depstatus`` says whether the dependency was fulfilled when last looked at, None if
    never. ``interval`` is None for services that are not checked (traps), ``monitor_duration`` before the first check,
    ``failure_duration`` while there is no failure. ``broken``: the last check could not be carried out (``opstatus``
    then is FAIL: mon has no such thing). ``alerts_sent`` counts as mon does: every event that sent
    something. ``outage_alerts`` is how many down alerts were sent in this outage, and ``consec_failures`` how many
    results in a row failed; a server of mon's does not tell: None, and 0. ``fields`` are all fields of a line as
    text, those that only other servers send too; empty for a status that does not come from a line.
    """

    group: str
    service: str
    opstatus: OpStatus
    last_opstatus: OpStatus = OpStatus.UNTESTED
    exitval: int | str | None = None
    timer: float | None = None
    last_success: float = 0.0
    last_failure: float = 0.0
    first_failure: float = 0.0
    failure_duration: float | None = None
    last_check: float = 0.0
    last_alert: float = 0.0
    last_trap: float = 0.0
    last_traphost: str = ""
    last_summary: str = ""
    last_detail: str = ""
    ack: float = 0.0
    ackcomment: str = ""
    alerts_sent: int = 0
    depstatus: bool | None = None
    depend: str = ""
    hostdepend: str = ""
    monitordepend: str = ""
    alertdepend: str = ""
    monitor: str = ""
    interval: float | None = None
    monitor_duration: float | None = None
    monitor_running: bool = False
    exclude_period: str = ""
    exclude_hosts: tuple[str, ...] = ()
    randskew: float = 0.0
    broken: bool = False
    consec_failures: int = 0
    outage_alerts: int | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS, repr=False, compare=False)

    @property
    def key(self) -> ServiceKey:
        """Group and service."""
        return ServiceKey(self.group, self.service)

    @property
    def is_broken(self) -> bool:
        """Whether the last check could not be carried out: nothing is known of the service itself."""
        return self.broken and self.opstatus is OpStatus.FAIL

    @property
    def check(self) -> CheckOutcome | None:
        """The outcome of the last result; None before the first, and in states that only clients set."""
        if self.opstatus is OpStatus.OK:
            return CheckOutcome.OK
        if self.opstatus is OpStatus.FAIL:
            return CheckOutcome.BROKEN if self.broken else CheckOutcome.FAILED
        return None

    @property
    def live(self) -> LiveFields:
        """Its fields that change from moment to moment."""
        return LiveFields(self.timer, self.monitor_running, self.failure_duration)


class LiveFields(NamedTuple):
    """The fields of a status that change with time alone, or while its monitor runs.

    The meaning is that of the fields of ``ServiceStatus``. The rest of a status stays the same as long as the service
    and its state do, so that who renders thousands of statuses every few seconds can keep its text.
    """

    timer: float | None = None
    monitor_running: bool = False
    failure_duration: float | None = None


class LineTemplate(NamedTuple):
    """The line of a status with gaps for its live fields."""

    before_timer: str
    before_running: str
    has_running: bool
    before_duration: str
    end: str

    def fill(self, live: LiveFields) -> str:
        """The line at one moment."""
        timer, is_running, duration = live
        running = ("1" if is_running else "0") if self.has_running else ""
        return (
            f"{self.before_timer}{0 if timer is None else math.ceil(timer)}{self.before_running}{running}"
            f"{self.before_duration}{'' if duration is None else int(duration)}{self.end}"
        )


def to_line(status: ServiceStatus) -> str:
    """The line of ``list opstatus``, without its end."""
    return line_template(status).fill(status.live)


def line_template(status: ServiceStatus) -> LineTemplate:
    """The line of a status, but for its live fields."""
    depstatus = "" if status.depstatus is None else int(status.depstatus)
    before_timer = (
        f"group={_escape(status.group)} service={_escape(status.service)} opstatus={int(status.opstatus)}"
        f" last_opstatus={int(status.last_opstatus)} exitval={_escape(exit_text(status.exitval))} timer="
    )
    before_running = (
        f" last_success={int(status.last_success)} last_trap={int(status.last_trap)}"
        f" last_traphost={_escape(status.last_traphost)} last_check={int(status.last_check) or ''}"
        f" ack={int(status.ack)} ackcomment={_escape(status.ackcomment)} alerts_sent={status.alerts_sent}"
        f" depstatus={depstatus} depend={_escape(status.depend)} hostdepend={_escape(status.hostdepend)}"
        f" monitordepend={_escape(status.monitordepend)} alertdepend={_escape(status.alertdepend)}"
        f" monitor={_escape(status.monitor)} last_summary={_escape(status.last_summary)}"
        f" last_detail={_escape(status.last_detail)}"
    )
    if status.last_failure:
        before_running += f" last_failure={int(status.last_failure)}"
    if status.interval is not None:
        duration = -1 if status.monitor_duration is None else int(status.monitor_duration)
        before_running += f" interval={format_number(status.interval)} monitor_duration={duration} monitor_running="
    return LineTemplate(
        before_timer,
        before_running,
        has_running=status.interval is not None,
        before_duration=_rare_fields(status),
        end=" check=broken" if status.is_broken else "",
    )


def _rare_fields(status: ServiceStatus) -> str:
    """The fields at the end of the line, which few services have; the length of the outage comes last."""
    fields = ""
    if status.exclude_period:
        fields += f" exclude_period={_escape(status.exclude_period)}"
    if status.exclude_hosts:
        fields += f" exclude_hosts={_escape(' '.join(status.exclude_hosts))}"
    if status.randskew:
        fields += f" randskew={format_number(status.randskew)}"
    if status.last_alert:
        fields += f" last_alert={int(status.last_alert)}"
    if status.first_failure:
        fields += f" first_failure={int(status.first_failure)} failure_duration="
    return fields


def exit_text(exitval: int | str | None) -> str:
    """An exit value as mon writes it: ``undef`` before the first result."""
    return "undef" if exitval is None else str(exitval)


def from_line(line: str) -> ServiceStatus:
    """Read a line of ``list opstatus``, of pymon or of mon. Raises ValueError if it is not one."""
    fields = parse_fields(line, unescape_quoted)
    if not fields.keys() >= {"group", "service", "opstatus"}:
        raise ValueError(f"no status line: {line[:80]!r}")
    text = fields.get
    interval, timer = _number(text("interval")), _number(text("timer"))
    return ServiceStatus(
        group=fields["group"],
        service=fields["service"],
        opstatus=parse_op_status(fields["opstatus"]),
        last_opstatus=parse_op_status(text("last_opstatus", "")),
        exitval=_exitval(text("exitval", "undef")),
        timer=None if interval is None and not timer else timer,
        last_success=_time(text("last_success")),
        last_failure=_time(text("last_failure")),
        first_failure=_time(text("first_failure")),
        failure_duration=_number(text("failure_duration")),
        last_check=_time(text("last_check")),
        last_alert=_time(text("last_alert")),
        last_trap=_time(text("last_trap")),
        last_traphost=text("last_traphost", ""),
        last_summary=text("last_summary", ""),
        last_detail=text("last_detail", ""),
        ack=_time(text("ack")),
        ackcomment=text("ackcomment", ""),
        alerts_sent=int(_time(text("alerts_sent"))),
        depstatus=None if not text("depstatus") else text("depstatus") != "0",
        depend=text("depend", ""),
        hostdepend=text("hostdepend", ""),
        monitordepend=text("monitordepend", ""),
        alertdepend=text("alertdepend", ""),
        monitor=text("monitor", ""),
        interval=interval,
        monitor_duration=_duration(text("monitor_duration")),
        monitor_running=text("monitor_running", "0") not in ("", "0"),
        exclude_period=text("exclude_period", ""),
        exclude_hosts=tuple(text("exclude_hosts", "").split()),
        randskew=_time(text("randskew")),
        broken=text("check") == CheckOutcome.BROKEN,
        fields=fields,
    )


def parse_op_status(text: str) -> OpStatus:
    """A status by its number, or by its name, which mon shows after ``set … opstatus``; mon's phantoms have none."""
    try:
        if not text:
            return OpStatus.UNKNOWN
        return OpStatus(int(text)) if text.isdecimal() else OpStatus[text.upper()]
    except (KeyError, ValueError):
        raise ValueError(f"no operational status: {text!r}") from None


def to_json(status: ServiceStatus) -> dict[str, object]:
    """The status as JSON values: null for what is unknown or never was."""
    return to_lasting_json(status) | live_json(status.live)


def to_lasting_json(status: ServiceStatus) -> dict[str, object]:
    """The same without the live fields."""
    return {
        "group": status.group,
        "service": status.service,
        "opstatus": int(status.opstatus),
        "last_opstatus": int(status.last_opstatus),
        "exitval": status.exitval,
        "last_success": status.last_success or None,
        "last_trap": status.last_trap or None,
        "last_check": status.last_check or None,
        "ack": status.ack or None,
        "ackcomment": status.ackcomment,
        "alerts_sent": status.alerts_sent,
        "depstatus": status.depstatus,
        "depend": status.depend,
        "hostdepend": status.hostdepend,
        "monitordepend": status.monitordepend,
        "alertdepend": status.alertdepend,
        "monitor": status.monitor,
        "last_summary": status.last_summary,
        "last_detail": status.last_detail,
        "last_failure": status.last_failure or None,
        "interval": status.interval,
        "monitor_duration": status.monitor_duration,
        "exclude_period": status.exclude_period,
        "exclude_hosts": list(status.exclude_hosts),
        "randskew": status.randskew,
        "last_alert": status.last_alert or None,
        "first_failure": status.first_failure or None,
        "check": status.check,
        "consec_failures": status.consec_failures,
        "outage_alerts": status.outage_alerts,
    }


def live_json(live: LiveFields) -> dict[str, object]:
    """The live fields as JSON values."""
    return {
        "timer": None if live.timer is None else round(live.timer, 3),
        "failure_duration": live.failure_duration,
        "monitor_running": live.monitor_running,
    }


def from_json(data: object) -> ServiceStatus:
    """The status that ``to_json`` made the values from; of an older server some are missing.

    Raises ValueError if it is not one.
    """
    if not isinstance(data, Mapping):
        raise ValueError("no status: not a JSON object")  # noqa: TRY004  # wrong data, whatever its type
    try:
        return _from_json(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no status: {error!r}") from error


def _from_json(data: Mapping[str, Any]) -> ServiceStatus:
    value = data.get
    return ServiceStatus(
        group=str(data["group"]),
        service=str(data["service"]),
        opstatus=OpStatus(data["opstatus"]),
        last_opstatus=OpStatus(value("last_opstatus", OpStatus.UNTESTED)),
        exitval=value("exitval"),
        timer=_optional(value("timer")),
        last_success=float(value("last_success") or 0.0),
        last_failure=float(value("last_failure") or 0.0),
        first_failure=float(value("first_failure") or 0.0),
        failure_duration=_optional(value("failure_duration")),
        last_check=float(value("last_check") or 0.0),
        last_alert=float(value("last_alert") or 0.0),
        last_trap=float(value("last_trap") or 0.0),
        last_summary=str(value("last_summary", "")),
        last_detail=str(value("last_detail", "")),
        ack=float(value("ack") or 0.0),
        ackcomment=str(value("ackcomment", "")),
        alerts_sent=int(value("alerts_sent", 0)),
        depstatus=value("depstatus"),
        depend=str(value("depend", "")),
        hostdepend=str(value("hostdepend", "")),
        monitordepend=str(value("monitordepend", "")),
        alertdepend=str(value("alertdepend", "")),
        monitor=str(value("monitor", "")),
        interval=_optional(value("interval")),
        monitor_duration=_optional(value("monitor_duration")),
        monitor_running=bool(value("monitor_running", False)),
        exclude_period=str(value("exclude_period", "")),
        exclude_hosts=tuple(map(str, value("exclude_hosts", ()))),
        randskew=float(value("randskew") or 0.0),
        broken=value("check") == CheckOutcome.BROKEN,
        consec_failures=int(value("consec_failures", 0)),
        outage_alerts=value("outage_alerts"),
    )


def _escape(text: str) -> str:
    """A value as it stands in a line; backslashes are doubled, as if it were in quotes."""
    return escape(text, quoted=True)


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _time(text: str | None) -> float:
    return float(text) if text else 0.0


def _duration(text: str | None) -> float | None:
    """How long the last run took; mon says -1 before the first."""
    seconds = _number(text)
    return None if seconds is None or seconds < 0 else seconds


def _exitval(text: str) -> int | str | None:
    if text in ("", "undef"):
        return None
    try:
        return int(text)
    except ValueError:
        return text


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
