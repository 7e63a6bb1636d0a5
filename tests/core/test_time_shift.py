"""The state moves with the clock: every instant, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.core.time_shift import INSTANT, bound_times, shift_times
from pymon.model.debt import Debt
from pymon.model.instant import Instant
from pymon.model.state import PeriodState, ServiceState


def records(kind: type = ServiceState) -> Iterator[type]:
    """The dataclasses that a state is made of."""
    yield kind
    for hint in get_type_hints(kind).values():
        for part in parts(hint):
            if is_dataclass(part) and isinstance(part, type):
                yield from records(part)


def parts(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint):
        yield from parts(each)


KINDS = tuple(dict.fromkeys(records()))


def filled(kind: type, instant: float) -> Any:
    """A record in which each instant is set."""
    changes: dict[str, Any] = {}
    for each in fields(kind):
        if each.type == INSTANT:
            changes[each.name] = instant
        inside = [part for part in parts(get_type_hints(kind)[each.name]) if is_dataclass(part)]
        if inside:
            nested = filled(inside[0], instant)  # type: ignore[arg-type]
            several: dict[str, Any] = {"Mapping": {"a": nested, "b": nested}, "tuple": (nested, nested)}
            changes[each.name] = next((many for word, many in several.items() if word in str(each.type)), nested)
        elif each.default is MISSING and each.default_factory is MISSING and each.name not in changes:
            changes[each.name] = "text"
    return kind(**changes)


def instants(record: Any) -> Iterator[float]:
    for each in fields(record):
        value = getattr(record, each.name)
        if each.type == INSTANT:
            yield value
        for inside in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,):
            if is_dataclass(inside):
                yield from instants(inside)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_number_with_a_fraction_is_declared_an_instant_or_a_duration(kind: type) -> None:
    """Whoever adds a point in time to the state writes ``Instant``, or it would stay behind when the clock is set."""
    durations = {"monitor_duration"}
    forgotten = {each.name for each in fields(kind) if "float" in str(each.type)} - durations
    assert not forgotten, f"annotate {', '.join(sorted(forgotten))} of {kind.__name__} as Instant, or add it here"


def test_the_records_of_a_state_are_looked_through() -> None:
    assert {ServiceState, PeriodState, Debt} <= set(KINDS)
    assert Instant is float


@pytest.mark.slow
@given(st.floats(-1e9, 1e9))
def test_every_instant_moves_by_the_same_seconds(seconds: float) -> None:
    """E-clock-set."""
    before = filled(ServiceState, 1.8e9)
    after = shift_times(before, seconds)
    assert list(instants(after)) == [1.8e9 + seconds] * len(list(instants(before)))
    assert len(list(instants(after))) >= 12
    assert shift_times(ServiceState(), seconds) == ServiceState()  # never stays never


def test_nothing_else_moves() -> None:
    state = replace(ServiceState(), failure_count=3, last_summary="s", monitor_duration=2.5, last_failure=100.0)
    assert shift_times(state, 50.0) == replace(state, last_failure=150.0)
    assert shift_times(state, 0.0) is state


def test_what_is_yet_to_come_counts_as_just_now() -> None:
    """E-future."""
    state = replace(ServiceState(), last_failure=500.0, ack=50.0, periods={"p": PeriodState(last_alert=1e12)})
    bounded = bound_times(state, 100.0)
    assert (bounded.last_failure, bounded.ack, bounded.periods["p"].last_alert) == (100.0, 50.0, 100.0)
    assert bound_times(bounded, 100.0) is bounded
