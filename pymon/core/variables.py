"""What mon's clients call the variables of a service's state (``get`` and ``set GROUP SERVICE _op_status``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pymon.core.outages import with_status
from pymon.errors import SettingError
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus

FIELDS: Mapping[str, str] = {
    "_op_status": "op_status",
    "_last_op_status": "last_op_status",
    "_exitval": "exitval",
    "_failure_count": "failure_count",
    "_alert_count": "alert_count",
    "_consec_failures": "consec_failures",
    "_first_failure": "first_failure",
    "_last_failure": "last_failure",
    "_last_success": "last_success",
    "_last_check": "last_check",
    "_last_trap": "last_trap",
    "_monitor_duration": "monitor_duration",
    "_last_summary": "last_summary",
    "_last_detail": "last_detail",
    "_last_output": "last_output",
    "_failure_output": "failure_output",
    "_ack": "ack",
    "_ack_comment": "ack_comment",
    "_depend_status": "depend_status",
}
"""mon's name → the field of ServiceState"""

STATUS_NAMES: Mapping[str, OpStatus] = {status.name.lower(): status for status in OpStatus}
"""the names that ``set … opstatus`` takes"""

AHEAD = 86400.0
"""seconds that a time may be ahead of this machine's clock: another machine's may be wrong"""

_WHOLE = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")


def set_state(state: ServiceState, name: str, text: str, now: float) -> ServiceState:
    """A state with another value of one variable, by mon's name for it; ``now`` is in seconds since the epoch.

    Raises SettingError, which says why, for an unknown variable or a value that it cannot have.
    """
    field = FIELDS.get(name)
    if field is None:
        raise SettingError(f"{name} is no variable of a service's state")
    value = _READERS[field](name, text)
    if field in _TIMES and isinstance(value, float) and value > now + AHEAD:
        raise SettingError(f"{name} cannot be {text}: that is in the future")
    if field == "op_status" and isinstance(value, OpStatus):
        return with_status(state, value)
    changes: dict[str, Any] = {field: value}
    if field in ("last_summary", "last_detail"):
        changes["has_result"] = True
    elif field == "last_output":
        changes |= {"has_result": True, "has_output": True}
    return replace(state, **changes)


def _status(name: str, text: str) -> OpStatus:
    if text in STATUS_NAMES:
        return STATUS_NAMES[text]
    if _WHOLE.fullmatch(text) and int(text) in {status.value for status in OpStatus}:
        return OpStatus(int(text))
    raise SettingError(f"{name} is one of {', '.join(STATUS_NAMES)}, or its number, not {text!r}")


def _count(name: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise SettingError(f"{name} is a whole number, not {text!r}")
    return int(text)


def _time(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise SettingError(f"{name} is in seconds since 1970, or 0 for never, not {text!r}")
    return float(text)


def _duration(name: str, text: str) -> float | None:
    if text in ("", "-1"):
        return None
    if not _NUMBER.fullmatch(text):
        raise SettingError(f"{name} is in seconds, or -1, not {text!r}")
    return float(text)


def _exit(_name: str, text: str) -> int | str | None:
    if text in ("", "undef"):
        return None
    return int(text) if _WHOLE.fullmatch(text) else text


def _truth(name: str, text: str) -> bool | None:
    values = {"": None, "0": False, "1": True}
    if text not in values:
        raise SettingError(f"{name} is 1, 0 or empty, not {text!r}")
    return values[text]


def _text(_name: str, text: str) -> str:
    return text


_TIMES = ("first_failure", "last_failure", "last_success", "last_check", "last_trap", "ack")
_READERS: Mapping[str, Callable[[str, str], object]] = {
    **dict.fromkeys(("op_status", "last_op_status"), _status),
    **dict.fromkeys(("failure_count", "alert_count", "consec_failures"), _count),
    **dict.fromkeys(_TIMES, _time),
    **dict.fromkeys(("last_summary", "last_detail", "last_output", "failure_output", "ack_comment"), _text),
    "exitval": _exit,
    "monitor_duration": _duration,
    "depend_status": _truth,
}
