"""The status of a service, rendered as mon's line and as JSON: every field in mon's order and form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import PeriodState
from pymon.model.status import OpStatus
from pymon.protocol import wire
from pymon.text import decode
from tests.server.samples import FAILING, NOW, S1, S2, S3, SNAPSHOT, STATES, TR, Client, with_states

LINES = {
    S1: (
        "group=g1 service=s1 opstatus=0 last_opstatus=7 exitval=3 timer=5 last_success=0 last_trap=0 last_traphost="
        " last_check=1795477396 ack=0 ackcomment= alerts_sent=2 depstatus=0 depend=g2:s3\\20&&\\20!g1:s2 hostdepend="
        " monitordepend= alertdepend= monitor=ctl.monitor\\20a\\20\\27b\\20c\\27"
        " last_summary=sum\\20\\27q\\27\\20\\\\\\20\\c3\\a9\\09~ last_detail=det1\\20\\\\\\0adet2\\0a"
        " last_failure=1795477397 interval=7 monitor_duration=1 monitor_running=0 exclude_period=wd\\20{Sun}"
        " exclude_hosts=h2\\20h3 randskew=3 last_alert=1795477350 first_failure=1795477336 failure_duration=63"
    ),
    S2: (
        "group=g1 service=s2 opstatus=7 last_opstatus=7 exitval=undef timer=3600 last_success=0 last_trap=0"
        " last_traphost= last_check= ack=0 ackcomment= alerts_sent=0 depstatus= depend= hostdepend=g1:s1"
        " monitordepend=g2:s3 alertdepend=g2:s3 monitor=ctl.monitor\\20;; last_summary= last_detail="
        " interval=3600 monitor_duration=-1 monitor_running=0"
    ),
    TR: (
        "group=g1 service=tr opstatus=1 last_opstatus=7 exitval=0 timer=0 last_success=1795477391 last_trap=0"
        " last_traphost= last_check=1795477390 ack=0 ackcomment= alerts_sent=0 depstatus= depend= hostdepend="
        " monitordepend= alertdepend= monitor= last_summary= last_detail="
    ),
    S3: (
        "group=g2 service=s3 opstatus=1 last_opstatus=7 exitval=0 timer=0 last_success=1795477391 last_trap=0"
        " last_traphost= last_check=1795477390 ack=0 ackcomment= alerts_sent=0 depstatus= depend= hostdepend="
        " monitordepend= alertdepend= monitor=slow.monitor last_summary= last_detail="
        " interval=90 monitor_duration=30 monitor_running=0"
    ),
}
"""as Debian's mon writes them, but for the order of exclude_hosts, which is random there"""


def line_of(key: ServiceKey, snapshot: Snapshot = SNAPSHOT) -> str:
    line, final = Client(snapshot).say(f"list opstatus {key.group},{key.service}")
    assert final == "220 list opstatus completed"
    return line


def object_of(key: ServiceKey, snapshot: Snapshot = SNAPSHOT) -> dict[str, Any]:
    text, _ = Client(snapshot).say(f"json list opstatus {key.group},{key.service}")
    (found,) = json.loads(text)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("key", LINES, ids=str)
def test_line_is_mons(key: ServiceKey) -> None:
    assert line_of(key) == LINES[key]


def test_list_has_the_lines_in_the_order_of_the_file() -> None:
    assert Client().say("list opstatus") == [*LINES.values(), "220 list opstatus completed"]


@pytest.mark.parametrize(
    ("changes", "field", "shown"),
    [
        ({"ack": NOW, "ack_comment": "bob: on it"}, "ack", "1795477400"),
        ({"ack": NOW, "ack_comment": "bob: on it"}, "ackcomment", "bob: on it"),
        ({"depend_status": True}, "depstatus", "1"),
        ({"last_trap": NOW - 0.1}, "last_trap", "1795477399"),
        ({"exitval": "abc d"}, "exitval", "abc d"),
        ({"op_status": OpStatus.WARN}, "opstatus", "9"),
        ({"last_op_status": OpStatus.OK}, "last_opstatus", "1"),
        ({"last_detail": "\udcff\x00"}, "last_detail", "\udcff\x00"),
        ({"monitor_duration": 0.4}, "monitor_duration", "0"),
        ({"failure_interval_active": False}, "interval", "300"),
    ],
)
def test_field_follows_the_state(changes: dict[str, Any], field: str, shown: str) -> None:
    fields = wire.parse_fields(line_of(S1, with_states({S1: replace(FAILING, **changes)})), wire.unescape_quoted)
    assert fields[field] == shown


def test_fields_without_a_value_are_left_out() -> None:
    fields = wire.parse_fields(line_of(TR))
    optional = ("last_failure", "interval", "monitor_running", "exclude_period", "randskew", "last_alert")
    assert not {*optional, "first_failure", "failure_duration"} & fields.keys()


def test_fraction_of_an_interval_is_shown() -> None:
    key = ServiceKey("g", "s")
    service = Service("g", "s", interval=1.5)
    snapshot = replace(SNAPSHOT, site=replace(SNAPSHOT.site, services={key: service}), due={key: NOW + 0.2})
    assert " timer=1 " in line_of(key, snapshot)
    assert " interval=1.5 " in line_of(key, snapshot)


def test_running_monitor_shows_in_timer_and_flag() -> None:
    """P-timer"""
    snapshot = replace(SNAPSHOT, running={S1: 815, TR: 0})
    fields = wire.parse_fields(line_of(S1, snapshot))
    assert (fields["timer"], fields["monitor_running"]) == ("0", "1")
    assert "monitor_running" not in line_of(TR, snapshot)
    assert object_of(S1, snapshot)["monitor_running"] is True


def test_broken_check() -> None:
    """R-broken: to mon's clients a failure; behind mon's fields stands what it is, and only then."""
    snapshot = with_states({S1: replace(FAILING, broken=True)})
    assert line_of(S1, snapshot) == f"{line_of(S1)} check=broken"
    assert wire.parse_fields(line_of(S1, snapshot))["opstatus"] == "0"
    assert object_of(S1, snapshot)["check"] == "broken"
    assert " check=" not in line_of(S1)


def test_outage_is_never_shorter_than_nothing() -> None:
    """The clock may have been put back."""
    snapshot = with_states({S1: replace(FAILING, first_failure=NOW + 10)})
    assert line_of(S1, snapshot).endswith(" failure_duration=0")
    assert object_of(S1, snapshot)["failure_duration"] == 0


def test_alerts_that_do_not_count_are_not_counted() -> None:
    """P-last-alert: those that were counted without a down alert give no ``last_alert``."""
    periods = {"wd {Sun-Sat}": PeriodState(counted_sent=3), "LBL": PeriodState(counted_sent=5), "gone": PeriodState(9)}
    fields = wire.parse_fields(line_of(S1, with_states({S1: replace(FAILING, periods=periods)})))
    assert fields["alerts_sent"] == "3"
    assert "last_alert" not in fields


def test_json_has_every_field_and_null_for_what_never_was() -> None:
    found = object_of(S1)
    assert found == {
        "group": "g1",
        "service": "s1",
        "opstatus": 0,
        "last_opstatus": 7,
        "exitval": 3,
        "timer": 4.2,
        "last_success": None,
        "last_trap": None,
        "last_check": NOW - 4,
        "ack": None,
        "ackcomment": "",
        "alerts_sent": 2,
        "depstatus": False,
        "depend": "g2:s3 && !g1:s2",
        "hostdepend": "",
        "monitordepend": "",
        "alertdepend": "",
        "monitor": "ctl.monitor a 'b c'",
        "last_summary": FAILING.last_summary,
        "last_detail": FAILING.last_detail,
        "last_failure": NOW - 3,
        "interval": 7.0,
        "monitor_duration": 1.2,
        "monitor_running": False,
        "exclude_period": "wd {Sun}",
        "exclude_hosts": ["h2", "h3"],
        "randskew": 3.0,
        "last_alert": NOW - 50,
        "first_failure": NOW - 63.7,
        "failure_duration": 63,
        "check": "failed",
        "consec_failures": 2,
        "outage_alerts": 5,
    }
    fresh = object_of(S2)
    assert fresh.keys() == found.keys()
    nulls = {name for name, value in fresh.items() if value is None}
    never = {"last_success", "last_trap", "last_check", "last_failure", "last_alert", "first_failure"}
    assert nulls == never | {"exitval", "ack", "check", "depstatus", "monitor_duration", "failure_duration"}
    assert object_of(TR)["timer"] is None
    assert object_of(TR)["interval"] is None


TEXTS = st.binary(max_size=40).map(decode)


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_any_text_survives_both_forms(summary: str, detail: str, comment: str) -> None:
    state = replace(FAILING, last_summary=summary, last_detail=detail, ack_comment=comment)
    snapshot = with_states({S1: state})
    fields = wire.parse_fields(line_of(S1, snapshot), wire.unescape_quoted)
    assert (fields["last_summary"], fields["last_detail"], fields["ackcomment"]) == (summary, detail, comment)
    found = object_of(S1, snapshot)
    assert (found["last_summary"], found["last_detail"], found["ackcomment"]) == (summary, detail, comment)


def test_reload_and_results_show_at_once() -> None:
    before = line_of(S1)
    assert line_of(S1, with_states({S1: replace(STATES[S1], exitval=4)})) == before.replace("exitval=3", "exitval=4")
    changed = replace(SNAPSHOT.site.services[S1], randskew=4.0)
    site = replace(SNAPSHOT.site, services={**SNAPSHOT.site.services, S1: changed})
    assert line_of(S1, replace(SNAPSHOT, site=site)) == before.replace("randskew=3", "randskew=4")
    assert line_of(S1, replace(SNAPSHOT, now=NOW + 1)) == before.replace("=63", "=64").replace("timer=5", "timer=4")
