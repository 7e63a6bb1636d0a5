"""mon's own state files in statedir, ``disabled`` and ``opstatus``: written as mon reads them, read as mon writes them.

``disabled``: lines ``disable host H``, ``disable watch W``, ``disable service G S``.
``opstatus``: a line for each service, its fields ``name=value`` separated by tabs: ``group``, ``service``, the others
in mon's order, then for each period ``KEY:last_alert``, ``KEY:alert_sent``, ``KEY:1stfailtime``, ``KEY:failcount``.

Values are escaped as on the wire: a byte up to 32, above 126, or a quote becomes ``\\`` and two lower-case hex digits.
mon leaves ``\\`` and ``=`` alone, which it then reads back wrongly; here they are escaped too, so that mon reads what
was meant (R-escapes). Group, service and period names stand as they are. Formatting and parsing are pure.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pymon.core.outages import about_outage, is_failed_open, says_broken
from pymon.model.depend import ServiceKey
from pymon.model.request import SavedKind
from pymon.model.service import Service
from pymon.model.site import Site
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from pymon.text import decode, encode

SIZE_LIMIT = 64 << 20
"""bytes of a state file that are read; a larger one was not written by a mon"""
LEFT_OVER = 60.0
"""seconds after which nobody writes an unfinished state file any more"""

_UNESCAPED = re.compile(rb"[\x00-\x20\x7f-\xff\"'\\=]")
_BLANK = " \t\r\f\v"
_BLANKS = re.compile(f"[{_BLANK}]+")
_ESCAPE = re.compile(rb"\\([0-9a-f]{2})")
_PERIOD_FIELD = re.compile(r"(?P<key>.*):(?P<name>last_alert|alert_sent|1stfailtime|failcount)=(?P<value>[^=]*)")
_PERIOD_NAMES = {
    "last_alert": "last_alert",
    "alert_sent": "alert_sent",
    "1stfailtime": "first_fail_time",
    "failcount": "fail_count",
}
_UNDEFINED = "undef"
"""mon's exit value before the first result"""


@dataclass(frozen=True, slots=True)
class SavedDisabled:
    """What a ``disabled`` file disables of a site; ``notes`` say what it names that is not there."""

    watches: frozenset[str] = frozenset()
    services: frozenset[ServiceKey] = frozenset()
    hosts: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedOpstatus:
    """The states that an ``opstatus`` file gives to services of a site.

    ``trap_timers`` are the seconds that were left until a trap was overdue. ``notes`` say what was passed over.
    """

    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    trap_timers: Mapping[ServiceKey, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


# disabled


def format_disabled(site: Site, watches: Set[str], services: Set[ServiceKey]) -> str:
    """The file of what is disabled: hosts (those of ``site``, group by group), then watches and services."""
    lines = [f"disable host {host.name}" for group in site.hostgroups.values() for host in group.hosts if host.disabled]
    for watch in site.watches.values():
        if watch.group in watches:
            lines.append(f"disable watch {watch.group}")
        lines += [f"disable service {watch.group} {each.name}" for each in watch.services if each.key in services]
    return "".join(f"{line}\n" for line in lines)


def parse_disabled(text: str, site: Site) -> SavedDisabled:
    """What a file disables. Loading only ever adds to what is disabled already."""
    watches: set[str] = set()
    services: set[ServiceKey] = set()
    hosts: set[str] = set()
    notes: list[str] = []
    known = {host.name for group in site.hostgroups.values() for host in group.hosts}
    for number, line in enumerate(text.split("\n"), 1):
        match words := _BLANKS.split(line.strip(_BLANK)):
            case ["disable", "host", name] if name in known:
                hosts.add(name)
            case ["disable", "watch", group] if group in site.watches:
                watches.add(group)
            case ["disable", "service", group, name] if ServiceKey(group, name) in site.services:
                services.add(ServiceKey(group, name))
            case ["disable", "host" | "watch", name]:
                notes.append(f"line {number}: there is no {words[1]} {name}")
            case ["disable", "service", group, name]:
                notes.append(f"line {number}: there is no service {group} {name}")
            case [""]:
                pass
            case _:
                notes.append(f"line {number} says nothing that can be disabled: {line[:80]!r}")
    return SavedDisabled(frozenset(watches), frozenset(services), frozenset(hosts), tuple(notes))


# opstatus


def format_opstatus(
    site: Site, states: Mapping[ServiceKey, ServiceState], trap_timers: Mapping[ServiceKey, float] | None = None
) -> str:
    """The file of all services of a site; ``trap_timers`` are the seconds left until a trap is overdue."""
    timers = trap_timers or {}
    return "".join(
        "\t".join(f"{name}={value}" for name, value in _fields(service, states.get(key, _FRESH), timers.get(key)))
        + "\n"
        for key, service in site.services.items()
    )


def parse_opstatus(text: str, site: Site, states: Mapping[ServiceKey, ServiceState] | None = None) -> SavedOpstatus:
    """The states that a file gives; what it does not say of a service stays as in ``states`` (default: fresh)."""
    before = states or {}
    found: dict[ServiceKey, ServiceState] = {}
    timers: dict[ServiceKey, float] = {}
    notes: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        values, periods, problems = _read_line(line)
        notes += [f"line {number}: {problem}" for problem in problems]
        key = ServiceKey(values.get("group", ""), values.get("service", ""))
        service = site.services.get(key)
        if service is None:
            notes.append(f"line {number}: there is no service {key.group} {key.service}")
            continue
        state, problems = _state(service, before.get(key, _FRESH), values, periods)
        notes += [f"line {number} ({key.group} {key.service}): {problem}" for problem in problems]
        found[key] = state
        if values.get("trap_timer"):
            with contextlib.suppress(ValueError):
                timers[key] = _number(values["trap_timer"])
    return SavedOpstatus(found, timers, tuple(notes))


# Files


def read(statedir: str | Path, kind: SavedKind) -> str:
    """The text of a file; its bytes survive. Raises OSError. Blocks."""
    with (Path(statedir) / kind.value).open("rb") as file:
        return decode(file.read(SIZE_LIMIT))


def write(statedir: str | Path, kind: SavedKind, text: str) -> None:
    """Replace a file by one that is complete, or leave the old one. Raises OSError. Blocks: it waits for the disk."""
    path = Path(statedir) / kind.value
    descriptor, name = tempfile.mkstemp(prefix=f".{kind.value}.", dir=statedir)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _remove_left_over(path, os.fstat(descriptor).st_mtime)
            file.write(encode(text))
            os.fchmod(file.fileno(), 0o644)  # as mon: pages of the web server read it
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _remove_left_over(path: Path, now: float) -> None:
    """Remove what a daemon that was killed while it wrote ``path`` has left in its folder.

    ``now`` is by the clock of that folder's file system.
    """
    name = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}")  # as mkstemp makes them
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in [each for each in entries if name.fullmatch(each.name)]:
            status = entry.stat(follow_symlinks=False)
            is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
            if is_ours and now - status.st_mtime > LEFT_OVER:
                Path(entry.path).unlink(missing_ok=True)


# Values

_FRESH = ServiceState()


def escape(text: str) -> str:
    """A value as it stands in the file; ASCII."""
    return _UNESCAPED.sub(lambda found: b"\\%02x" % ord(found[0]), encode(text)).decode("ascii")


def unescape(text: str) -> str:
    """A value from the file, by mon's rule: only lower-case digits count."""
    return decode(_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), encode(text)))


def _fields(service: Service, state: ServiceState, trap_timer: float | None) -> Iterator[tuple[str, str]]:
    """The fields of one line, in mon's order. What mon never fills is empty here too.

    There is room for one outage: of two it is that of the service, whose end is owed to what has acted upon it.
    """
    if is_failed_open(state):
        state = about_outage(state, broken=False)
    # mon has no value for a counter until something sets it, and a success sets them all to 0.
    never = "0" if state.last_success else ""

    def counted(value: float) -> str:
        return str(int(value)) if value else never

    yield "group", service.group
    yield "service", service.name
    yield "op_status", str(int(state.op_status))
    yield "failure_count", str(state.failure_count)
    yield "alert_count", str(state.alert_count)
    yield "last_success", str(int(state.last_success))
    yield "first_success", ""
    yield "consec_failures", str(state.consec_failures)
    yield "last_failure", str(int(state.last_failure))
    yield "first_failure", counted(state.first_failure)
    yield "last_summary", escape(state.last_summary)
    for name in ("last_failure_time", "last_failure_summary", "last_failure_detail"):
        yield name, ""
    yield "last_detail", escape(state.last_detail)
    yield "ack", str(int(state.ack))
    yield "ack_comment", escape(state.ack_comment)
    yield "last_trap", str(int(state.last_trap))
    yield "last_traphost", ""
    yield "exitval", _UNDEFINED if state.exitval is None else escape(str(state.exitval))
    yield "last_check", str(int(state.last_check)) if state.last_check else ""
    yield "last_op_status", str(int(state.last_op_status))
    yield "failure_output", escape(state.failure_output)
    yield "trap_timer", "" if trap_timer is None else str(max(int(trap_timer), 0))
    for period in service.periods:
        counters = state.period(period.key)
        yield f"{period.key}:last_alert", counted(counters.last_alert)
        yield f"{period.key}:alert_sent", str(counters.alert_sent)
        yield f"{period.key}:1stfailtime", counted(counters.first_fail_time)
        yield f"{period.key}:failcount", counted(counters.fail_count)


def _read_line(line: str) -> tuple[dict[str, str], dict[str, dict[str, str]], list[str]]:
    """The fields of a line, those of its periods by their keys, and what is no field."""
    values: dict[str, str] = {}
    periods: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for piece in line.split("\t"):
        name, equals, value = piece.partition("=")
        if equals and name in _NAMES:
            values[name] = value if name in ("group", "service") else unescape(value)
        elif (found := _PERIOD_FIELD.fullmatch(piece)) is not None:
            periods.setdefault(found["key"], {})[_PERIOD_NAMES[found["name"]]] = found["value"]
        else:
            problems.append(f"no field of a service: {piece[:80]!r}")
    return values, periods, problems


def _state(
    service: Service, before: ServiceState, values: Mapping[str, str], periods: Mapping[str, Mapping[str, str]]
) -> tuple[ServiceState, list[str]]:
    problems: list[str] = []
    changes: dict[str, Any] = {}
    for name, convert in _CONVERTERS.items():
        if name in values:
            try:
                changes[name] = convert(values[name])
            except ValueError:
                problems.append(f"{name} cannot be {values[name][:40]!r}")
    counters = dict(before.periods)
    known = {period.key for period in service.periods}
    for key, fields in periods.items():
        if key not in known:
            problems.append(f"there is no period {key!r}")
            continue
        try:
            counters[key] = _period(before.period(key), fields)
        except ValueError:
            problems.append(f"a counter of period {key!r} is no number")
    state = replace(before, **changes, periods=counters)
    return _complete(state), problems


def _complete(state: ServiceState) -> ServiceState:
    """Add what mon does not save, but what it does save shows: that a check was broken, by exit value and summary."""
    if state.op_status is OpStatus.UNTESTED and not state.last_summary:
        return state
    output = state.failure_output
    if not output and (state.last_summary or state.last_detail):
        output = f"{state.last_summary}\n{state.last_detail}"
    broken = state.op_status is OpStatus.FAIL and says_broken(state.exitval, state.last_summary)
    return replace(state, has_result=True, last_output=output, has_output=True, broken=broken, other_outage=None)


def _period(before: PeriodState, fields: Mapping[str, str]) -> PeriodState:
    numbers = {name: _number(value) for name, value in fields.items()}
    sent = int(numbers.get("alert_sent", before.alert_sent))
    return PeriodState(
        last_alert=numbers.get("last_alert", before.last_alert),
        alert_sent=sent,
        counted_sent=max(sent, before.counted_sent),
        first_fail_time=numbers.get("first_fail_time", before.first_fail_time),
        fail_count=int(numbers.get("fail_count", before.fail_count)),
    )


def _number(text: str) -> float:
    value = float(text or 0)
    if not 0 <= value < 1e12:
        raise ValueError(text)
    return value


def _status(text: str) -> OpStatus:
    """A status by its number, or by its name, as mon's ``set opstatus`` leaves it."""
    return OpStatus(int(text)) if text.isdecimal() else OpStatus[_status_name(text)]


def _status_name(text: str) -> str:
    name = text.upper()
    if name not in OpStatus.__members__:
        raise ValueError(text)
    return name


def _exitval(text: str) -> int | str | None:
    if text in ("", _UNDEFINED):
        return None
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


def _count(text: str) -> int:
    return int(_number(text))


_CONVERTERS: Mapping[str, Callable[[str], object]] = {
    "op_status": _status,
    "last_op_status": _status,
    "failure_count": _count,
    "alert_count": _count,
    "consec_failures": _count,
    "last_success": _number,
    "last_failure": _number,
    "first_failure": _number,
    "last_check": _number,
    "last_trap": _number,
    "ack": _number,
    "exitval": _exitval,
    **dict.fromkeys(("last_summary", "last_detail", "ack_comment", "failure_output"), str),
}
_NAMES = frozenset(
    {"group", "service", *_CONVERTERS, "first_success", "last_failure_time", "last_failure_summary"}
    | {"last_failure_detail", "last_traphost", "trap_timer"}
)
