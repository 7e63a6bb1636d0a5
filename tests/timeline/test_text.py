"""Events as lines for people, and as data for programs."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.core.context import utc
from pymon.local_time import local_time
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.measurement import Measurement
from pymon.model.state import ServiceState
from pymon.timeline import text as timeline

T0 = 1_795_458_000.0  # 2026-11-23 18:20:00 UTC
WEB = ServiceKey("web", "http")
texts = st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape"))
json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists)
events = st.builds(
    TimelineEvent,
    at=st.floats(min_value=-1e18, max_value=1e18),
    kind=st.sampled_from(TimelineKind),
    text=texts,
    group=texts,
    service=texts,
    asker=texts,
    facts=st.dictionaries(st.text(), json_values, max_size=3),
)


def test_measurements_stand_below_their_event() -> None:
    facts = {"measurements": [["web1", "time", 0.0123, "s"], ["web1", "loss", 20.0, "%"], ["web2", "time", 2.0, "s"]]}
    told = [TimelineEvent(T0, TimelineKind.CHECK, "failed (exit 1): web1", *WEB, facts={**facts, "unlisted": 4})]
    assert timeline.lines(told, utc)[1:] == [
        "  18:20:00  check      failed (exit 1): web1",
        "            measured   web1 time 12.3 ms, loss 20 %; web2 time 2 s; and 4 more",
    ]
    state = ServiceState(measured=T0, measurements=(Measurement("we\nb", "ttl", 7.0),))
    assert timeline.measurement_lines(state.measurements, state.measured, T0 + 90) == [
        "  measured 1m30s ago: we\\x0ab ttl 7"
    ]
    assert timeline.measurement_lines((), 0.0, T0) == []


@pytest.mark.parametrize("facts", [{"measurements": 5}, {"measurements": [["a"], 3, ["a", "b", "c", "d"]]}])
def test_what_is_no_measurement_is_passed_over(facts: dict[str, object]) -> None:
    assert len(timeline.lines([TimelineEvent(T0, TimelineKind.CHECK, "x", *WEB, facts=facts)], utc)) == 2


def test_days_times_words_and_repetitions() -> None:
    told = [
        TimelineEvent(T0 + 60, TimelineKind.OPERATOR, "acknowledged: on it", *WEB, asker="bob@10.0.0.9"),
        TimelineEvent(T0, TimelineKind.CHECK, "failed (exit 1): down", *WEB, until=T0 + 660, count=12),
        TimelineEvent(T0 - 86400, TimelineKind.DAEMON, "pymon started"),
        TimelineEvent(T0 - 10 * 86400, TimelineKind.HELD, "alert not sent", *WEB, until=T0 - 86400, count=2),
    ]
    assert timeline.lines(told, utc, now=T0 + 700) == [
        "2026-11-13",
        "  18:20:00  held back  alert not sent  [2 times until 2026-11-22 18:20:00]",
        "2026-11-22 (yesterday)",
        "  18:20:00  daemon     pymon started",
        "2026-11-23 (today)",
        "  18:20:00  check      failed (exit 1): down  [12 times until 18:31:00]",
        "  18:21:00  operator   bob@10.0.0.9 acknowledged: on it",
    ]


def test_without_now_no_day_is_near() -> None:
    assert timeline.lines([TimelineEvent(T0, TimelineKind.DAEMON, "x")], utc)[0] == "2026-11-23"


def test_nothing_is_no_line() -> None:
    assert timeline.lines([], utc) == []


@pytest.mark.slow
@given(st.lists(events, max_size=5))
def test_lines_are_lines_for_any_terminal(told: list[TimelineEvent]) -> None:
    lines = timeline.lines(told, local_time, now=T0)
    assert len(lines) >= len(told)
    for line in lines:
        assert line.isprintable()
        line.encode()
        assert not re.match(r"\d{3}\s", line), "it would end an answer of the server"


def test_every_kind_has_its_word() -> None:
    assert timeline.WORDS.keys() == set(TimelineKind)


@pytest.mark.slow
@given(events, st.integers(min_value=1, max_value=9), st.floats(min_value=0, max_value=1e10))
def test_data_comes_back_as_it_was(event: TimelineEvent, count: int, until: float) -> None:
    if count > 1:
        event = TimelineEvent(event.at, event.kind, event.text, *WEB, "", event.facts, until, count)
    assert timeline.from_data(json.loads(json.dumps(timeline.as_data(event)))) == event


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"at": "now", "kind": "check", "text": ""},
        {"at": 1, "kind": "gossip", "text": ""},
        {"at": 1, "kind": "check", "text": None},
        {"at": 1, "kind": "check", "text": "", "count": "2"},
        {"at": 1, "kind": "check", "text": "", "facts": []},
    ],
)
def test_what_is_no_event_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the words
        timeline.from_data(wrong)
