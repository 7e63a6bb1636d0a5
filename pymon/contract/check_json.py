"""Orders and results of checks as dicts that JSON can hold, and back.

A reader passes over keys that it does not know, so that a newer peer may write more. Both ``..._from_json`` raise
ValueError for what is no such record. Lone surrogates, which stand for bytes that are not UTF-8, survive where the JSON
text is written in ASCII (``json.dumps``'s default).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pymon.contract.check_order import CheckOrder
from pymon.model.depend import ServiceKey
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult, HostOutcome

Json = dict[str, Any]
"""an object of JSON"""


def order_to_json(order: CheckOrder) -> Json:
    """An order for the wire."""
    return {
        "group": order.key.group,
        "service": order.key.service,
        "monitor": order.monitor,
        "arguments": list(order.arguments),
        "hosts": list(order.hosts),
        "environment": dict(order.environment),
        "time_limit": order.time_limit,
        "inprocess": order.inprocess,
    }


def order_from_json(json: object) -> CheckOrder:
    """An order from the wire. Raises ValueError."""
    fields = _object(json, "an order")
    environment = _object(fields.get("environment"), "environment")
    return CheckOrder(
        ServiceKey(_text(fields, "group"), _text(fields, "service")),
        _text(fields, "monitor"),
        _texts(fields, "arguments"),
        _texts(fields, "hosts"),
        {name: _as_text(value, "environment") for name, value in environment.items()},
        _seconds(fields, "time_limit"),
        fields.get("inprocess", True) is True,
    )


def result_to_json(result: CheckResult) -> Json:
    """A result for the wire."""
    return {
        "exitval": result.exitval,
        "output": result.output,
        "duration": result.duration,
        "cause": result.cause.value,
        "measurements": [list(each) for each in result.measurements],
        "hosts": {host: outcome.value for host, outcome in result.hosts.items()},
        "source": result.source,
    }


def result_from_json(json: object) -> CheckResult:
    """A result from the wire. Raises ValueError."""
    fields = _object(json, "a result")
    exitval = fields.get("exitval")
    if not isinstance(exitval, int) or isinstance(exitval, bool):
        raise _wrong("exitval", exitval, "a whole number")
    return CheckResult(
        exitval,
        _text(fields, "output"),
        _seconds(fields, "duration"),
        Cause(_text(fields, "cause")),
        tuple(_measurement(each) for each in _list(fields, "measurements")),
        {host: HostOutcome(outcome) for host, outcome in _object(fields.get("hosts"), "hosts").items()},
        _text(fields, "source"),
    )


def _wrong(name: str, value: object, what: str) -> ValueError:
    return ValueError(f"{name} is {value!r:.80}, not {what}")


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _wrong(what, value, "an object")
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise _wrong(name, value, "a list")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    return _as_text(fields.get(name), name)


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_as_text(each, name) for each in _list(fields, name))


def _as_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def _seconds(fields: Mapping[str, Any], name: str) -> float:
    value = _number(fields.get(name), name)
    if value < 0:
        raise _wrong(name, value, "a duration")
    return value


def _number(value: object, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(name, value, "a number")
    return float(value)


def _measurement(value: object) -> Measurement:
    if not isinstance(value, list) or len(value) != len(Measurement._fields):
        raise _wrong("one of measurements", value, "a measurement")
    host, name, number, unit = value
    return Measurement(
        _as_text(host, "host"), _as_text(name, "name"), _number(number, "measurement"), _as_text(unit, "unit")
    )
