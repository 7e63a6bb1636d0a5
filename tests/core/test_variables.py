"""What clients may set of a service's state, and what is refused: a good and a bad value of every variable."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pymon.core.variables import AHEAD, FIELDS, set_state
from pymon.errors import SettingError
from pymon.model.state import Outage, ServiceState
from pymon.model.status import OpStatus
from tests.core.build import T0

TIMES = ("_first_failure", "_last_failure", "_last_success", "_last_check", "_last_trap", "_ack")
COUNTS = ("_failure_count", "_alert_count", "_consec_failures")
TEXTS = ("_last_summary", "_last_detail", "_last_output", "_failure_output", "_ack_comment")
STATUSES = ("_op_status", "_last_op_status")

GOOD: list[tuple[str, str, object]] = [
    *((name, "fail", OpStatus.FAIL) for name in STATUSES),
    *((name, "7", OpStatus.UNTESTED) for name in STATUSES),
    *((name, "12", 12) for name in COUNTS),
    *((name, "1699999999.5", 1_699_999_999.5) for name in TIMES),
    *((name, "0", 0.0) for name in TIMES),
    *((name, "any\ntext", "any\ntext") for name in TEXTS),
    ("_exitval", "3", 3),
    ("_exitval", "no number", "no number"),
    ("_exitval", "", None),
    ("_exitval", "undef", None),
    ("_monitor_duration", "1.25", 1.25),
    ("_monitor_duration", "-1", None),
    ("_monitor_duration", "", None),
    ("_depend_status", "1", True),
    ("_depend_status", "0", False),
    ("_depend_status", "", None),
]
BAD: list[tuple[str, str, str]] = [
    *((name, "bad", "is one of fail, ok,") for name in STATUSES),
    *((name, "99", "or its number, not '99'") for name in STATUSES),
    *((name, "-1", "is a whole number, not '-1'") for name in COUNTS),
    *((name, "1e9", "in seconds since 1970, or 0 for never") for name in TIMES),
    *((name, f"{T0 + AHEAD + 1:.0f}", "that is in the future") for name in TIMES),
    ("_monitor_duration", "long", "is in seconds, or -1, not 'long'"),
    ("_depend_status", "2", "is 1, 0 or empty, not '2'"),
    ("_nonsense", "1", "is no variable of a service's state"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_what_is_set_is_what_is_there(name: str, text: str, value: object) -> None:
    assert getattr(set_state(ServiceState(), name, text, T0), FIELDS[name]) == value


@pytest.mark.parametrize(("name", "text", "words"), BAD)
def test_what_cannot_be_is_refused_with_a_reason(name: str, text: str, words: str) -> None:
    with pytest.raises(SettingError) as refused:
        set_state(ServiceState(), name, text, T0)
    assert words in str(refused.value)


def test_every_variable_is_in_the_tables() -> None:
    assert {name for name, *_ in GOOD} == FIELDS.keys()
    assert set(FIELDS.values()) <= {field.name for field in fields(ServiceState)}


@pytest.mark.parametrize("name", TIMES)
def test_another_machines_clock_may_be_a_day_ahead(name: str) -> None:
    assert getattr(set_state(ServiceState(), name, f"{T0 + AHEAD:.0f}", T0), FIELDS[name]) == T0 + AHEAD


@pytest.mark.parametrize(
    ("name", "result", "output"),
    [
        ("_last_summary", True, False),
        ("_last_detail", True, False),
        ("_last_output", True, True),
        ("_ack", False, False),
    ],
)
def test_what_was_said_is_there_once_it_is_set(name: str, result: bool, output: bool) -> None:
    state = set_state(ServiceState(), name, "1", T0)
    assert (state.has_result, state.has_output) == (result, output)


def test_a_status_that_is_set_leaves_no_outage_open_that_it_does_not_tell_of() -> None:
    """R-broken: with the books of the failed outage in force."""
    waits = ServiceState(OpStatus.FAIL, broken=True, first_failure=T0, other_outage=Outage(first_failure=T0 - 9))
    well = set_state(waits, "_op_status", "ok", T0)
    assert (well.op_status, well.broken, well.first_failure) == (OpStatus.OK, False, T0 - 9)
    assert well.other_outage is not None
    assert well.other_outage.first_failure == 0.0
