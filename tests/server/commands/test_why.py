"""``why G S``: the record of a service on the wire (P-why)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pymon.local_time import local_time
from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.request import Outcome, ReadTimeline
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.protocol.wire import is_final
from pymon.server.commands.reply import Session
from pymon.timeline import text
from tests.server.samples import NOW, S1, Client, with_auth

EVENTS = (
    TimelineEvent(NOW - 60, TimelineKind.CHECK, "failed (exit 1): a\nb", "g1", "s1", facts={"exitval": 1}),
    TimelineEvent(NOW - 50, TimelineKind.OPERATOR, "acknowledged", "g1", "s1", asker="bob@::1"),
)


def client_of(events: Sequence[TimelineEvent] = EVENTS, auth: str = "list: all") -> Client:
    client = Client(with_auth(auth), outcome=lambda _: Outcome(events=tuple(events)))
    client.session = Session(user="alice")
    return client


def test_why_tells_how_the_service_stands_and_its_events() -> None:
    client = client_of()
    standing, *lines, final = client.say("why g1 s1")
    assert standing.startswith("g1 s1 has been failing for 1m4s")
    assert lines == text.lines(EVENTS, local_time, now=NOW)
    assert final == "220 why completed"
    assert client.asked == [ReadTimeline(S1)]


def test_why_tells_what_is_disabled_first() -> None:
    muted = replace(with_auth("list: all"), disabled_watches={"g1"}, disabled_services={S1}, stopped_since=NOW)
    client = Client(muted, outcome=lambda _: Outcome(events=tuple(EVENTS)))
    standing, *_ = client.say("why g1 s1")
    assert (
        "; no checks, no alerts: the watch is disabled, the service is disabled, the scheduler is stopped" in standing
    )


def test_why_tells_what_is_owed_also_of_a_service_that_has_left() -> None:
    """R-debts."""
    key = ServiceKey("old", "s")
    debt = Owed(
        key, "lvs.alert -X down", NOW - 60, False, NOW - 30, "it is gone", ("lvs.alert",), ("lvs.alert -u </dev/null",)
    )
    left = replace(
        with_auth("list: all"),
        departed={key: ServiceState(left=NOW - 30, op_status=OpStatus.FAIL)},
        owed=lambda _: [debt],
    )
    client = Client(left, outcome=lambda _: Outcome(events=()))
    standing, unpaid, by_hand, final = client.say("why old s")
    assert standing.startswith("old s was failing")
    assert "left mon.cf on " in standing
    assert unpaid == "  unpaid   lvs.alert -X down (called 1m ago): it is gone"
    assert by_hand == "  by hand  lvs.alert -u </dev/null"
    assert final == "220 why completed"
    assert client.asked == [ReadTimeline(key)]


def test_json_why_gives_the_events_with_their_figures() -> None:
    line, final = client_of().say("json why g1 s1")
    assert [text.from_data(data) for data in json.loads(line)] == list(EVENTS)
    assert final == "220 why completed"
    assert client_of(()).say("json why g1 s1") == ["[]", "220 why completed"]


@pytest.mark.parametrize(
    ("since", "start"), [("", 0.0), ("1795477000", 1795477000.0), ("2h ", NOW - 7200), ("1.5m", NOW - 90), ("0", 0.0)]
)
def test_beginning_is_a_time_or_how_long_ago(since: str, start: float) -> None:
    client = client_of()
    assert client.say(f"why  g1  s1  {since}")[-1] == "220 why completed"
    assert client.asked == [ReadTimeline(S1, start)]


@pytest.mark.parametrize("since", ["yesterday", "2h 3m", "-1", "10y", "1e9", "nan"])
def test_beginning_that_is_none_is_refused_with_advice(since: str) -> None:
    client = client_of()
    (final,) = client.say(f"why g1 s1 {since}")
    assert final.startswith("520 why error, write a number")
    assert client.asked == []


@pytest.mark.parametrize(("words", "named"), [("", ""), ("g1", ""), ("g1 nope", "g1,nope"), ("zz s1 2h", "zz,s1")])
def test_unknown_service_is_refused(words: str, named: str) -> None:
    for command in ("why", "json why"):
        refusal = f"520 {named} does not exist" if named else "520 why error, group and service required"
        assert client_of().say(f"{command} {words}") == [refusal]


def test_record_that_cannot_be_read_is_refused() -> None:
    client = Client(outcome=lambda _: Outcome(ok=False, text="the record cannot be read"))
    assert client.say("why g1 s1") == ["520 the record cannot be read"]
    assert client.say("json why g1 s1") == ["520 the record cannot be read"]


def test_no_line_can_be_taken_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "lines", lambda _events, _local, *, now: ["220 why completed", "a\nb", f"{now}"])
    _, first, second, _, final = client_of().say("why g1 s1")
    assert (first, second, final) == (" 220 why completed", "a\\0ab", "220 why completed")
    assert not is_final(first)


@pytest.mark.parametrize(
    ("auth", "is_allowed"),
    [
        ("list: all", True),
        ("list: bob", False),
        ("list: bob\nwhy: alice", True),
        ("list: all\nwhy: bob", False),
        ("list: all\nwhy: all, !alice", False),
        ("stop: all", False),
    ],
)
def test_permission_is_that_of_list_unless_auth_cf_names_why(auth: str, is_allowed: bool) -> None:
    client = client_of(auth=auth)
    for line in ("why g1 s1", "json why g1 s1", "checkauth why"):
        assert client.say(line)[-1].startswith("220") is is_allowed
