"""Records to JSON text and back, without loss.

The text is ASCII: bytes that are not UTF-8 stand in a str as lone surrogates, which JSON's escapes carry. (Pairs of
surrogates would come back as one character; decoding with surrogateescape never makes them.)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from pymon.model.debt import Debt
from pymon.model.delivery import Pending, pending_of
from pymon.model.measurement import Measurement
from pymon.model.service import Command
from pymon.model.state import Outage, PeriodState, ServiceState
from pymon.model.status import OpStatus

_APART = ("periods", "measured", "measurements", "other_outage", "debts")
"""fields that are not encoded as they are: measurements have a table of their own"""
_PLAIN = tuple(field.name for field in fields(ServiceState) if field.name not in _APART)
_plain_values = attrgetter(*_PLAIN)
FIGURES_KEPT = 4096
"""measurements of one service that are kept on file"""
FIGURES_LENGTH = 128 * 1024
"""characters of their names"""
_PERIOD = tuple(field.name for field in fields(PeriodState))
_period_values = attrgetter(*_PERIOD)
_OUTAGE = tuple(field.name for field in fields(Outage) if field.name != "periods")
_outage_values = attrgetter(*_OUTAGE)


def encode_state(state: ServiceState) -> str:
    """A state as a JSON object: its fields by their names, OpStatus by mon's numbers."""
    values: dict[str, Any] = dict(zip(_PLAIN, _plain_values(state), strict=True))
    values["periods"] = _encode_periods(state.periods)
    if (other := state.other_outage) is not None:
        values["other_outage"] = dict(zip(_OUTAGE, _outage_values(other), strict=True))
        values["other_outage"]["periods"] = _encode_periods(other.periods)
    values["debts"] = [asdict(debt) for debt in state.debts]
    return json.dumps(values, separators=(",", ":"))


def decode_state(text: str) -> ServiceState:
    """A state from its JSON. Fields that are missing have their defaults, and unknown ones are passed over.

    Raises ValueError for anything that is not a state.
    """
    values = _object(text)
    periods, other, owed = _decode_periods(values), values.get("other_outage"), values.get("debts", [])
    if not isinstance(owed, list):
        raise ValueError("its debts are not a list")  # noqa: TRY004
    known = _check(values, ServiceState, _PLAIN)
    outage = None if other is None else _decode_outage(other)
    return ServiceState(**known, periods=periods, other_outage=outage, debts=tuple(map(_decode_debt, owed)))


def encode_measurements(measurements: Sequence[Measurement]) -> str:
    """The first of the measurements, as many as are kept, as a JSON object: ``{"web1":[["time",0.01,"s"],…],…}``."""
    hosts: dict[str, list[tuple[str, float, str]]] = {}
    room = FIGURES_LENGTH
    for host, name, value, unit in measurements[:FIGURES_KEPT]:
        room -= len(host) + len(name) + len(unit)
        if room < 0:
            break
        hosts.setdefault(host, []).append((name, value, unit))
    return json.dumps(hosts, separators=(",", ":"))


def decode_measurements(text: str) -> tuple[Measurement, ...]:
    """Measurements from their JSON; raises ValueError for anything else."""
    found = []
    for host, figures in _object(text).items():
        for figure in _list(figures):
            match figure:
                case [str(name), float() | int() as value, str(unit)] if abs(value) <= sys.float_info.max:
                    found.append(Measurement(host, name, float(value), unit))
                case _:
                    raise ValueError(f"{figure!r:.60} is not a measurement")
    return tuple(found)


def encode_pending(pending: Pending) -> str:
    """An alert under way as a JSON object."""
    return json.dumps(asdict(pending))


def decode_pending(text: str) -> Pending:
    """An alert under way from its JSON; raises ValueError for anything else."""
    return pending_of(_object(text))


def encode_facts(facts: Mapping[str, object]) -> str:
    """An event's figures as a JSON object; what JSON does not know becomes text."""
    return json.dumps(dict(facts), default=str)


def decode_facts(text: str) -> dict[str, object]:
    """An event's figures from JSON; raises ValueError for anything but an object."""
    return _object(text)


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("it is not an object")  # noqa: TRY004  # one exception for all that is wrong with a text
    return values


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("the measurements of a host are not a list")  # noqa: TRY004
    return value


def _encode_periods(periods: Mapping[str, PeriodState]) -> dict[str, Any]:
    return {key: dict(zip(_PERIOD, _period_values(periods[key]), strict=True)) for key in periods}


def _decode_outage(values: object) -> Outage:
    if not isinstance(values, dict):
        raise ValueError("an outage is not an object")  # noqa: TRY004
    return Outage(**_check(values, Outage, _OUTAGE), periods=_decode_periods(values))


def _decode_periods(values: Mapping[str, Any]) -> dict[str, PeriodState]:
    periods = values.get("periods", {})
    if not isinstance(periods, dict):
        raise ValueError("its periods are not an object")  # noqa: TRY004
    return {key: _decode_period(value) for key, value in periods.items()}


def _decode_period(values: object) -> PeriodState:
    if not isinstance(values, dict):
        raise ValueError("a period is not an object")  # noqa: TRY004
    return PeriodState(**_check(values, PeriodState, _PERIOD))


def _decode_debt(values: object) -> Debt:
    match values:
        case {"command": command, "period": str(), "at": int() | float(), "payers": list(payers)} if isinstance(
            values, dict
        ):
            known = _check(values, Debt, ("period", "at", "unpaid_since", "why"))
            return Debt(command=_decode_command(command), payers=tuple(map(_decode_command, payers)), **known)
    raise ValueError(f"{values!r:.60} is not a debt")


def _decode_command(values: object) -> Command:
    match values:
        case {"name": str(name), "shown_arguments": str(shown), "arguments": list(words)}:
            if all(isinstance(word, str) for word in words):
                return Command(name, shown, tuple(words))
    raise ValueError(f"{values!r:.60} is not a command")


def _check(values: Mapping[str, Any], record: type, names: Iterable[str]) -> dict[str, Any]:
    """The known fields of a record among the values, each of a type that its annotation allows."""
    known, kinds_of = {}, _kinds_of(record)
    for name in names:
        if name not in values:
            continue
        value, (kinds, convert) = values[name], kinds_of[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"{name} cannot be {value!r:.60}")
        known[name] = value if convert is None else convert(value)
    return known


@cache
def _kinds_of(record: type) -> dict[str, tuple[tuple[type, ...], Callable[[Any], Any] | None]]:
    """Field → what its value in JSON may be, and what makes the field's value of it, if it is another."""
    found: dict[str, tuple[tuple[type, ...], Callable[[Any], Any] | None]] = {}
    for name, hint in get_type_hints(record).items():
        if isinstance(hint, type) and issubclass(hint, OpStatus):
            found[name] = (int,), hint
        else:
            kinds = get_args(hint) or (hint,)
            found[name] = (*kinds, int) if float in kinds else kinds, None
    return found
