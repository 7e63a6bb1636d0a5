"""Orders and results of checks on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.check_json import order_from_json, order_to_json, result_from_json, result_to_json
from pymon.contract.check_order import CheckOrder
from pymon.model.depend import ServiceKey
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult, HostOutcome

TEXT = (
    st.text(st.characters(categories=None))
    .map(lambda text: text.encode("utf-8", "ignore") + b"\xff")
    .map(lambda data: data.decode("utf-8", "surrogateescape"))
)
"""any text, also with bytes that are not UTF-8"""
SECONDS = st.floats(0, 1e9)
ORDERS = st.builds(
    CheckOrder,
    key=st.builds(ServiceKey, TEXT, TEXT),
    monitor=TEXT,
    arguments=st.lists(TEXT).map(tuple),
    hosts=st.lists(TEXT).map(tuple),
    environment=st.dictionaries(TEXT, TEXT),
    time_limit=SECONDS,
    inprocess=st.booleans(),
)
RESULTS = st.builds(
    CheckResult,
    exitval=st.integers(0, 255),
    output=TEXT,
    duration=SECONDS,
    cause=st.sampled_from(Cause),
    measurements=st.lists(st.builds(Measurement, TEXT, TEXT, st.floats(-1e9, 1e9), TEXT)).map(tuple),
    hosts=st.dictionaries(TEXT, st.sampled_from(HostOutcome)),
    source=TEXT,
)
ORDER = CheckOrder(ServiceKey("web", "http"), "http.monitor", ("-p", "80", "web1"), ("web1",), {"MON_GROUP": "web"}, 30)
RESULT = CheckResult(1, "web1\n", 0.25, measurements=(Measurement("web1", "time", 0.2, "s"),), source="berlin")


def through_text(value: dict[str, Any]) -> object:
    """What a peer reads of it."""
    return json.loads(json.dumps(value, allow_nan=False).encode("ascii"))


@given(ORDERS)
def test_an_order_survives_the_wire(order: CheckOrder) -> None:
    assert order_from_json(through_text(order_to_json(order))) == order


@given(RESULTS)
def test_a_result_survives_the_wire(result: CheckResult) -> None:
    returned = result_from_json(through_text(result_to_json(result)))
    assert returned == result
    assert returned.outcome is result.outcome


def test_what_is_new_to_this_version_is_passed_over() -> None:
    assert order_from_json({**order_to_json(ORDER), "priority": 3}) == ORDER
    assert result_from_json({**result_to_json(RESULT), "mood": ["good"]}) == RESULT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group", None),
        ("monitor", 7),
        ("arguments", "-p 80"),
        ("hosts", [1]),
        ("environment", []),
        ("environment", {"X": None}),
        ("time_limit", "30"),
        ("time_limit", -1),
        ("time_limit", float("nan")),
        ("time_limit", True),
    ],
)
def test_a_bad_order_is_told_from_a_good_one(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name.removesuffix("s")):
        order_from_json({**order_to_json(ORDER), name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exitval", "0"),
        ("exitval", False),
        ("output", None),
        ("duration", -0.5),
        ("cause", "bored"),
        ("measurements", [["web1", "time"]]),
        ("measurements", [["web1", "time", "fast", "s"]]),
        ("hosts", {"web1": "maybe"}),
        ("source", 1),
    ],
)
def test_a_bad_result_is_told_from_a_good_one(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        result_from_json({**result_to_json(RESULT), name: value})


@pytest.mark.parametrize("json", [None, [], "x", {1: 2}, {}])
def test_what_is_no_record_is_refused(json: object) -> None:
    with pytest.raises(ValueError, match=" is "):
        order_from_json(json)
    with pytest.raises(ValueError, match=" is "):
        result_from_json(json)
