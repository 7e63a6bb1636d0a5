"""Repetitions are one event, and what a reader has to see in between keeps them apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.timeline.coalesce import EventCoalescer, meaning_of, subject_of
from tests.store.samples import MAIL, T0, WEB, act, check


def held(at: float, rule: str = "alertevery", period: str = "p", text: str = "last alert 1m ago") -> TimelineEvent:
    facts = {"event": "failure", "rule": rule, "period": period, "alert": None}
    return TimelineEvent(at, TimelineKind.HELD, text, *WEB, facts=facts)


def alert(at: float, period: str | None = "p") -> TimelineEvent:
    facts = {"event": "failure", "period": period, "alert": "mail.alert ops"}
    return TimelineEvent(at, TimelineKind.ALERT, "mail.alert ops", *WEB, facts=facts)


def after(*events: TimelineEvent) -> list[TimelineEvent]:
    """What the record holds after these events, in the order of their numbers."""
    runs, rows = EventCoalescer(), {}
    for event in events:
        number, known = runs.add(event)
        rows[number] = known
    return list(rows.values())


def test_the_same_again_counts() -> None:
    (one,) = after(check(T0), check(T0 + 60), check(T0 + 120))
    assert one == replace(check(T0), until=T0 + 120, count=3)


def test_figures_of_the_last_one_stand_and_the_first_text_is_kept() -> None:
    (one,) = after(held(T0), held(T0 + 60, text="last alert 2m ago"), held(T0 + 120, text="last alert 3m ago"))
    assert (one.text, one.facts["first"], one.count) == ("last alert 3m ago", "last alert 1m ago", 3)


def test_interleaved_lines_each_go_on() -> None:
    rows = after(
        *(check(T0), held(T0, "alertafter"), held(T0, "period", "night")),
        *(check(T0 + 60), held(T0 + 60, "alertafter"), held(T0 + 60, "period", "night")),
    )
    assert [row.count for row in rows] == [2, 2, 2]


def test_an_alert_begins_the_lines_of_its_period_anew_and_no_others() -> None:
    rows = after(
        check(T0),
        held(T0),
        held(T0, "period", "night"),
        alert(T0 + 60),
        held(T0 + 120),
        held(T0 + 120, "period", "night"),
    )
    assert [(row.kind.value, row.facts.get("period"), row.count) for row in rows] == [
        ("check", None, 1),
        ("held", "p", 1),
        ("held", "night", 2),
        ("alert", "p", 1),
        ("held", "p", 1),
    ]


def test_another_rule_is_another_event() -> None:
    assert len(after(held(T0, "alertafter"), held(T0 + 60, "alertevery"), held(T0 + 120, "alertafter"))) == 3


@pytest.mark.parametrize(
    "between",
    [
        check(T0 + 30, "ok"),
        TimelineEvent(T0 + 30, TimelineKind.TRAP, "trap of failure (sta 1): s", *WEB),
        act(T0 + 30),
        act(T0 + 30, "disabled watch web", ("web", "")),
        act(T0 + 30, "stopped the scheduler", ("", "")),
        TimelineEvent(T0 + 30, TimelineKind.DAEMON, "configuration read again"),
    ],
    ids=lambda event: event.text,
)
def test_what_changes_the_case_ends_repetitions(between: TimelineEvent) -> None:
    rows = after(check(T0), held(T0), between, held(T0 + 60), check(T0 + 60))
    assert [row.count for row in rows] == [1] * 5


def test_an_act_elsewhere_changes_nothing() -> None:
    rows = after(check(T0), act(T0 + 30, key=MAIL), act(T0 + 30, "disabled watch mail", ("mail", "")), check(T0 + 60))
    assert [row.count for row in rows] == [2, 1, 1]


def test_alerts_of_a_period_are_events_of_their_own() -> None:
    assert len(after(alert(T0), alert(T0 + 60))) == 2


def test_redistribute_at_every_check_is_one_event() -> None:
    (one,) = after(*(alert(T0 + second, None) for second in range(100)))
    assert one.count == 100


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("load 3.41 is high", "load 12.07 is high", True),
        ("answer after 812ms", "answer after 97ms", True),
        ("disk 91% full", "disk 92% full", True),
        ("web1 is down", "web2 is down", False),
        ("10.0.0.1 is down", "10.0.0.2 is down", False),
        ("port 80 refused", "port 443 refused", False),
        ("failed (exit 1): x", "failed (exit 2): x", False),
        ("version 1.2.3", "version 1.2.4", False),
        ("HTTP/1.1 500", "HTTP/1.0 500", False),
    ],
)
def test_only_measurements_do_not_count(one: str, other: str, alike: bool) -> None:
    assert (meaning_of(check(T0, one)) == meaning_of(check(T0, other))) is alike


def test_other_services_are_forgotten() -> None:
    runs = EventCoalescer()
    number, _ = runs.add(check(T0))
    runs.retain([MAIL])
    assert runs.add(check(T0 + 60))[0] != number


KEYS = (WEB, MAIL, ServiceKey("web", "dns"))
any_event = st.one_of(
    st.builds(check, st.just(T0), st.sampled_from(["down", "gone"]), st.sampled_from(KEYS)),
    st.builds(held, st.just(T0), st.sampled_from(["ack", "period"]), st.sampled_from(["p", "q"])),
    st.builds(alert, st.just(T0), st.sampled_from(["p", "q", None])),
    st.builds(act, st.just(T0), st.just("did"), st.sampled_from([WEB, ("web", ""), ("", "")])),
)


def model(events: list[TimelineEvent]) -> list[tuple[int, int]]:
    """What becomes of each event by the rules as written: the index of the event that it is part of, and its place.

    Slow and plain: of each event the last of its line is looked for backwards, until something closes that line.
    """
    heads: list[int] = []
    for index, event in enumerate(events):
        head = index
        if event.kind not in (TimelineKind.OPERATOR, TimelineKind.DAEMON):
            for earlier in range(index - 1, -1, -1):
                if is_same_line(events[earlier], event):
                    if meaning_of(events[earlier]) == meaning_of(event):
                        head = heads[earlier]
                    break
                if closes(events[earlier], earlier == heads[earlier], event):
                    break
        heads.append(head)
    return [(head, heads[:index].count(head)) for index, head in enumerate(heads)]


def is_same_line(one: TimelineEvent, other: TimelineEvent) -> bool:
    said = one.kind not in (TimelineKind.OPERATOR, TimelineKind.DAEMON)
    return said and (one.group, one.service, subject_of(one)) == (other.group, other.service, subject_of(other))


def closes(earlier: TimelineEvent, is_first: bool, event: TimelineEvent) -> bool:
    mine = (earlier.group, earlier.service) == (event.group, event.service)
    if earlier.kind is TimelineKind.OPERATOR:
        return mine or not earlier.group or (earlier.group == event.group and not earlier.service)
    if not mine or not is_first:
        return False
    if earlier.kind is TimelineKind.CHECK:
        return True
    is_of_period = event.kind is not TimelineKind.CHECK and subject_of(event)[1] == subject_of(earlier)[1]
    return earlier.kind is TimelineKind.ALERT and is_of_period


@given(st.lists(any_event, max_size=40))
def test_repetitions_are_those_of_the_rules(events: list[TimelineEvent]) -> None:
    events = [replace(event, at=T0 + index) for index, event in enumerate(events)]
    runs, firsts, found = EventCoalescer(), dict[int, int](), []
    for index, event in enumerate(events):
        number, known = runs.add(event)
        firsts.setdefault(number, index)
        found.append((firsts[number], known.count - 1))
    assert found == model(events)


@given(st.lists(any_event, max_size=40))
def test_nothing_is_lost(events: list[TimelineEvent]) -> None:
    """Every event is counted once, in a row that begins no later and ends no earlier."""
    events = [replace(event, at=T0 + index) for index, event in enumerate(events)]
    rows = after(*events)
    assert sum(row.count for row in rows) == len(events)
    for event in events:
        assert any(row.kind is event.kind and row.at <= event.at <= max(row.at, row.until) for row in rows)
