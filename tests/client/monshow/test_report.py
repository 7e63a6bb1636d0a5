"""Which services monshow shows, in which order, and the words of each column."""

from __future__ import annotations

import pytest

from pymon.client.monshow.report import (
    Selection,
    age,
    alerts,
    choose,
    exit_value,
    find_unknown,
    hms,
    last,
    matches,
    opstatus,
    scheduler_text,
    state_name,
    summary,
    until_next,
)
from pymon.client.records import DisabledItems, SchedulerState
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus, from_line

NOW = 1_800_000_000.0
NOTHING = DisabledItems({}, (), ())


def service(name: str, status: OpStatus = OpStatus.FAIL, depend: str = "", group: str = "g") -> ServiceStatus:
    return ServiceStatus(group, name, status, depend=depend)


def names(statuses: list[ServiceStatus], selection: Selection, disabled: DisabledItems = NOTHING) -> list[str]:
    return [row.status.service for row in choose(statuses, selection, disabled, {})]


EVERY = [service(status.name.lower(), status) for status in OpStatus]


def test_only_what_is_wrong_is_shown_unless_full() -> None:
    """W-warn: mon's monshow never shows the states warn and dependency."""
    wrong = ["fail", "linkdown", "timeout", "coldstart", "warmstart", "warn", "dependency"]
    assert names(EVERY, Selection()) == wrong
    assert names(EVERY, Selection(full=True)) == [*wrong, "untested", "unknown", "ok"]


@pytest.mark.parametrize(("ack", "word"), [(0.0, "BROKEN"), (5.0, "ACK BROKEN")])
def test_a_broken_check_has_its_own_word(ack: float, word: str) -> None:
    """W-broken: beside what is wrong, in the words of the table and of the detail."""
    status = ServiceStatus("g", "s", OpStatus.FAIL, broken=True, ack=ack)
    assert state_name(status) == word
    assert opstatus(status) == "fail (0), the check is broken"
    assert names([status], Selection()) == ["s"]


def test_states_select() -> None:
    assert names(EVERY, Selection(states=frozenset({OpStatus.OK, OpStatus.TIMEOUT}))) == ["timeout", "ok"]


def test_rows_come_in_the_blocks_of_mon_s_monshow() -> None:
    statuses = [
        service("a", OpStatus.OK),
        service("b", OpStatus.OK, depend="x:y"),
        service("c", depend="x:y"),
        service("d", OpStatus.UNKNOWN),
        service("e", OpStatus.UNTESTED, depend="x:y"),
        service("f", OpStatus.TIMEOUT),
    ]
    assert names(statuses, Selection(full=True)) == ["f", "d", "c", "a", "b", "e"]


def test_services_of_one_state_are_sorted() -> None:
    """W-order: mon's monshow shows them in random order."""
    statuses = [service("b", group="h"), service("c"), service("a", group="h"), service("b")]
    assert [row.status.key for row in choose(statuses, Selection(), NOTHING, {})] == [
        ("g", "b"),
        ("g", "c"),
        ("h", "a"),
        ("h", "b"),
    ]


def test_disabled_services_are_left_out() -> None:
    """W-disabled: mon's monshow leaves out the services of disabled watches, but shows disabled services."""
    statuses = [service("a"), service("b"), service("a", group="off"), service("z", group="on")]
    disabled = DisabledItems({"g": ("host",)}, ("off",), (ServiceKey("g", "b"),))
    assert names(statuses, Selection(full=True), disabled) == ["a", "z"]


@pytest.mark.parametrize(
    ("selection", "shown"),
    [
        (Selection(wanted=(("web", None),)), ["http", "https"]),
        (Selection(wanted=(("web", "https"), ("db", None))), ["sql", "https"]),
        (Selection(filters=("w*",)), ["http", "https"]),
        (Selection(filters=("*/http*", "d?")), ["sql", "http", "https"]),
        (Selection(filters=("web/http",), wanted=(("db", None),)), []),
        (Selection(filters=("WEB",)), []),
    ],
)
def test_groups_services_and_globs_select(selection: Selection, shown: list[str]) -> None:
    statuses = [service("http", group="web"), service("https", group="web"), service("sql", group="db")]
    assert names(statuses, selection) == shown


def test_a_glob_without_a_slash_is_for_groups() -> None:
    assert matches("web", ServiceKey("web", "http"))
    assert not matches("http", ServiceKey("web", "http"))
    assert matches("*/http", ServiceKey("web", "http"))


def test_what_is_not_on_the_server_is_named() -> None:
    known = {ServiceKey("web", "http")}
    assert find_unknown([("web", None), ("web", "http")], known) == []
    assert find_unknown([("wbe", None), ("web", "htpp")], known) == [
        "no watch wbe on the server",
        "no service web/htpp on the server",
    ]


@pytest.mark.parametrize(
    ("status", "ack", "word"),
    [
        (OpStatus.FAIL, 0.0, "FAIL"),
        (OpStatus.FAIL, 5.0, "ACK FAIL"),
        (OpStatus.OK, 5.0, "-"),
        (OpStatus.UNTESTED, 5.0, "untested"),
        (OpStatus.TIMEOUT, 5.0, "unknown"),
        (OpStatus.LINKDOWN, 0.0, "unknown"),
        (OpStatus.COLDSTART, 0.0, "unknown"),
        (OpStatus.WARMSTART, 0.0, "unknown"),
        (OpStatus.UNKNOWN, 0.0, "unknown"),
        (OpStatus.WARN, 0.0, "warn"),
        (OpStatus.DEPENDENCY, 0.0, "dependency"),
    ],
)
def test_words_of_the_states(status: OpStatus, ack: float, word: str) -> None:
    assert state_name(ServiceStatus("g", "s", status, ack=ack)) == word


@pytest.mark.parametrize(
    ("ago", "word"),
    [
        (0, "0s"),
        (5, "5s"),
        (90, "90s"),
        (91, "00:01:31"),
        (3599.9, "00:59:59"),
        (3600, "01:00:00"),
        (86399, "23:59:59"),
        (86400, "1 days, 00:00:00"),
        (200000, "2 days, 07:33:20"),
        (-30, "-30s"),
    ],
)
def test_ages(ago: float, word: str) -> None:
    assert age(NOW - int(ago), NOW) == word


def test_never_checked_is_never() -> None:
    """W-never: mon's monshow shows the age of 1970, and no number for a service without a timer."""
    assert last(service("s"), NOW) == "never"
    assert last(service("s", OpStatus.UNTESTED), NOW) == "untested"
    assert until_next(service("s")) == "-"


@pytest.mark.parametrize(
    ("timer", "text", "word"),
    [
        (5.0, "5", "5s"),
        (59.9, "59.9", "59.9s"),
        (59.5, None, "59.5s"),
        (0.0, "0", "0s"),
        (-5.0, "-5", "-5s"),
        (60.0, "60", "00:01:00"),
        (75.5, "75.5", "00:01:15"),
        (172800.0, "172800", "2 days, 00:00:00"),
    ],
)
def test_time_until_the_next_check(timer: float, text: str | None, word: str) -> None:
    fields = {} if text is None else {"timer": text}
    assert until_next(ServiceStatus("g", "s", OpStatus.OK, timer=timer, interval=60.0, fields=fields)) == word


def test_what_only_traps_feed_is_not_scheduled() -> None:
    """W-never: its timer says 0 for ever."""
    assert until_next(from_line("group=g service=s opstatus=1 timer=0")) == "-"


def test_other_words() -> None:
    status = ServiceStatus("g", "s", OpStatus.TIMEOUT, alerts_sent=12, exitval=3, last_summary="x" * 81)
    assert alerts(status) == "12"
    assert alerts(service("s")) == "none"
    assert opstatus(status) == "timeout (6)"
    assert (exit_value(status), exit_value(service("s"))) == ("3", "undef")
    assert summary(status, 80) == "x" * 80 + "..."
    assert summary(status, 81) == "x" * 81
    assert scheduler_text(SchedulerState(True, 0.0)) == "scheduler running"
    assert scheduler_text(SchedulerState(False, NOW)).startswith("scheduler stopped since ")
    assert hms(0.9) == "00:00:00"
