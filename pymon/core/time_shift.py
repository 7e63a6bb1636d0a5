"""What is known, moved in time: the system's clock was set, and every instant that is kept goes with it.

Durations then stay what they were: ``now`` and the state move together, and no rule needs to know of it. What was
told already (events, histories, alerts) keeps the time that it was told with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
_Change = Callable[[float], float]

INSTANT = "Instant"
"""how a field that is a point in time is annotated (``pymon.model.instant.Instant``)"""


def shift_times(record: T, seconds: float) -> T:
    """A record of the state with each of its instants so many seconds later, also in the records that it is made of.

    0, which is never, stays 0.
    """
    return _map_instants(record, lambda when: when + seconds if when else when)


def bound_times(record: T, latest: float) -> T:
    """The same with no instant later than ``latest``: what is yet to come cannot have happened."""
    return _map_instants(record, lambda when: min(when, latest))


def _map_instants(record: T, change: _Change) -> T:
    changes: dict[str, Any] = {}
    kind: Any = type(record)
    for name, is_instant in _plan(kind):
        value = getattr(record, name)
        new: Any = value
        if is_instant:
            new = change(value)
        elif isinstance(value, Mapping):
            if _has_records(value.values()):
                new = {key: _map_instants(each, change) for key, each in value.items()}
        elif isinstance(value, tuple):
            if _has_records(value):
                new = tuple(_map_instants(each, change) for each in value)
        elif is_dataclass(value):
            new = _map_instants(value, change)
        if new is not value and new != value:
            changes[name] = new
    return replace(record, **changes) if changes else record  # type: ignore[type-var]  # _plan takes dataclasses only


def _has_records(values: Iterable[Any]) -> bool:
    return any(is_dataclass(each) for each in values)


@cache
def _plan(kind: Any) -> tuple[tuple[str, bool], ...]:
    """The fields to look at: (name, whether it is an instant). Plain text and numbers are none."""
    plain = {"str", "int", "bool", "float", "OpStatus"}
    named = {field.name: str(field.type) for field in fields(kind)}
    return tuple((name, annotation == INSTANT) for name, annotation in named.items() if annotation not in plain)
