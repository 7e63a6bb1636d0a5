"""Every kind of ``list``: mon's lines, with and without a view, and the same as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from pymon.client.methods import Methods
from pymon.client.protocol import Reply
from pymon.model.banished import Banished
from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.measurement import Measurement
from pymon.model.request import Outcome, ReadDowntimeLog, Request
from pymon.model.service import DeclaredHost, Hostgroup, Watch
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.server.commands.lists import KINDS
from pymon.server.commands.reply import Session
from pymon.timeline import debt_text
from tests.server.samples import NOW, S1, S2, S3, SITE, SNAPSHOT, TR, WELL, Client, site_of, with_states

ALERTS = (
    "alert g1 s1 1795477340 /x/alert.d/rec.alert (a b) sum  x%20\\",
    "upalert g1 s1 1795477341 /x/alert.d/rec.alert () (NO SUMMARY)",
    "written by hand",
)
FAILURES = ("g1 s1 1795477337 sum 'q' \\ é",)
RECORDS = ("1795477400 g1 s1 1795477337 63 7 sum 'q' x", "1795477401 g1 s1 1795477337 64 1.5 ", "odd")

FULL = replace(
    SNAPSHOT,
    site=replace(
        SITE,
        hostgroups={
            **SITE.hostgroups,
            "g1": Hostgroup(
                "g1",
                (DeclaredHost("h1", disabled=True), DeclaredHost("h2"), DeclaredHost("h3", disabled=True)),
            ),
            "g2": Hostgroup("g2", (DeclaredHost("127.0.0.1", disabled=True),)),
        },
    ),
    disabled_watches={"g1"},
    disabled_services={S3, S1, S2},
    running={S3: 815, TR: 0},
    states={
        **SNAPSHOT.states,
        S1: replace(
            SNAPSHOT.states[S1],
            measured=NOW - 9,
            measurements=(Measurement("h1", "time", 0.25, "s"), Measurement("h 2", "ttl", 7.0)),
        ),
    },
    alert_history=ALERTS,
    failure_history=FAILURES,
)
"""hosts, a watch and services disabled, monitors running, histories"""

EMPTY = replace(SNAPSHOT, site=Site(), states={})

LISTS: list[tuple[Snapshot, str, str, list[str]]] = [
    (FULL, "", "watch", ["g1 s1", "g1 s2", "g1 tr", "g2 s3", "220 list watch completed"]),
    (FULL, "v1", "watch foo", ["g1 s1", "g1 s2", "g1 tr", "220 list watch completed"]),
    (FULL, "v2", "watch", ["g1 s1", "g2 s3", "220 list watch completed"]),
    (
        FULL,
        "v2",
        "descriptions",
        [
            "g1 s1 It\\27s\\20a\\20\\22desc\\22\\20\\\\\\20and\\20\\c3\\a9",
            "g2 s3 ",
            "220 list descriptions completed",
        ],
    ),
    (FULL, "v1", "group g1", ["hostgroup g1 *h1 h2 *h3", "220 list group completed"]),
    (FULL, "v1", "group  g2", ["hostgroup g2 *127.0.0.1", "220 list group completed"]),
    (FULL, "", "group g1 ", ["520 list group error, undefined group"]),
    (FULL, "", "group g1 g2", ["520 list group error, undefined group"]),
    (FULL, "", "group", ["520 list group error, undefined group"]),
    (
        FULL,
        "",
        "deps",
        [
            "exp g1 s1 'g2:s3\\20&&\\20!g1:s2'",
            "cmp g1 s1 g2:s3 g1:s2",
            "exp g1 s2 'NONE'",
            "cmp g1 s2 NONE",
            "exp g1 tr 'NONE'",
            "cmp g1 tr NONE",
            "exp g2 s3 'NONE'",  # D8: what alertdepend, monitordepend and hostdepend say is not shown, as in mon
            "cmp g2 s3 NONE",
            "220 list deps completed",
        ],
    ),
    (FULL, "v1", "views", ["views v1 v2", "220 list group completed"]),
    (EMPTY, "", "views", ["views ", "220 list group completed"]),
    (FULL, "v1", "aliases", ["alias al1", "line one", "line two", "", "220 list aliases completed"]),
    (
        FULL,
        "",
        "aliases zz al1",
        ["alias zz", "", "alias al1", "line one", "line two", "", "220 list aliases completed"],
    ),
    (FULL, "", "aliases without_lines", ["alias without_lines", "", "220 list aliases completed"]),
    (FULL, "", "aliasgroups", ["al1", "220 list aliasgroups completed"]),
    (EMPTY, "", "aliasgroups", ["220 list aliasgroups completed"]),
    (
        FULL,
        "",
        "disabled",
        [
            "group g1: h1 h3",
            "group g2: 127.0.0.1",
            "watch g1",
            "watch g1 service s1",
            "watch g1 service s2",
            "watch g2 service s3",
            "220 list disabled completed",
        ],
    ),
    (
        FULL,
        "v1",
        "disabled g1",
        [
            "group g1: h1 h3",
            "watch g1",
            "watch g1 service s1",
            "watch g1 service s2",
            "220 list disabled completed",
        ],
    ),
    (FULL, "v2", "disabled", ["watch g1 service s1", "watch g2 service s3", "220 list disabled completed"]),
    (SNAPSHOT, "", "disabled", ["220 list disabled completed"]),
    (FULL, "v1", "pids", ["server 4711", "g2 s3 815", "g1 tr 0", "220 list pids completed"]),
    (FULL, "", "state", ["scheduler running", "220 list state completed"]),
    (
        replace(FULL, stopped_since=NOW + 0.9),
        "",
        "state",
        [f"scheduler stopped since {NOW:.0f}", "220 list state completed"],
    ),
    (
        FULL,
        "v2",
        "alerthist",
        [
            "alert\\20g1\\20s1\\201795477340\\20/x/alert.d/rec.alert\\20(a\\20b)\\20sum\\20\\20x%20\\",
            "upalert\\20g1\\20s1\\201795477341\\20/x/alert.d/rec.alert\\20()\\20(NO\\20SUMMARY)",
            "written\\20by\\20hand",
            "220 list alerthist completed",
        ],
    ),
    (
        FULL,
        "",
        "failurehist",
        ["g1\\20s1\\201795477337\\20sum\\20\\27q\\27\\20\\\\20\\c3\\a9", "220 list failurehist completed"],
    ),
    (FULL, "", "dtlog", [*RECORDS, "220 list dtlog completed"]),
    (FULL, "", "", ["520 unknown list command"]),
    (FULL, "", "alias al1", ["520 unknown list command"]),
    (FULL, "", "Watch", ["520 unknown list command"]),
]


def daemon(request: Request) -> Outcome:
    return Outcome(lines=RECORDS) if isinstance(request, ReadDowntimeLog) else Outcome(ok=False)


def client_of(snapshot: Snapshot, view: str = "") -> Client:
    return Client(snapshot, Session(view=view), daemon)


@pytest.mark.parametrize(
    ("snapshot", "view", "what", "lines"), LISTS, ids=[f"{view or '-'}: {what!r}" for _, view, what, _ in LISTS]
)
def test_list_is_mons(snapshot: Snapshot, view: str, what: str, lines: list[str]) -> None:
    """In the order of the file; in mon it is random (P-order)."""
    assert client_of(snapshot, view).say(f"list {what}") == lines


def test_p_banished_tells_who_runs_as_a_process_and_until_when() -> None:
    """P-banished: group and service, or ``*`` for all; since and until in seconds since the epoch."""
    found = (
        Banished("g1", "s1", "x.monitor", 100.0, 160.0, "stopped: it blocked\nthe event loop"),
        Banished("", "", "a.monitor", 90.5, 99.0, "blocked"),
    )
    client = client_of(replace(SNAPSHOT, banished=found))
    assert client.say("list banished") == [
        "* * a.monitor 90 99 blocked",
        "g1 s1 x.monitor 100 160 stopped: it blocked\\0athe event loop",
        "220 list banished completed",
    ]
    line, final = client.say("json list banished")
    assert final == "220 list banished completed"
    assert json.loads(line)[1] == found[0]._asdict()
    assert client_of(SNAPSHOT).say("list banished") == ["220 list banished completed"]


def test_monitor_inside_the_daemon_has_no_process() -> None:
    """P-pids: a monitor that runs inside the daemon is listed with process 0, never with the daemon's own."""
    assert client_of(replace(SNAPSHOT, running={S1: 0})).say("list pids")[:2] == ["server 4711", "g1 s1 0"]


def test_deps_follow_the_view() -> None:
    """P-deps-view: in mon a client with a view sees none at all."""
    lines = client_of(FULL, "v2").say("list deps")
    assert [line for line in lines if line.startswith("exp")] == [
        "exp g1 s1 'g2:s3\\20&&\\20!g1:s2'",
        "exp g2 s3 'NONE'",
    ]


def test_view_that_is_gone_hides_nothing() -> None:
    """P-view-gone: after a reload, a list that is empty for want of a view would look as if all were well."""
    client = client_of(FULL, "removed")
    assert len(client.say("list opstatus")) == 5
    assert client.say("getview")[0].startswith("no view selected")


def test_setview_lasts_until_another() -> None:
    client = client_of(FULL)
    assert client.say("setview v1") == ["selecting view v1", "220 setview completed"]
    assert client.say("setview nope") == ["504 unknown view nope"]
    assert client.say("getview") == ["view v1 selected", "220 getview completed"]
    assert client.say("setview")[-1] == "220 setview completed"
    assert client.session.view == ""


# Status lists


def groups_and_services(lines: list[str]) -> list[str]:
    return [" ".join(word.partition("=")[2] for word in line.split()[:2]) for line in lines[:-1]]


@pytest.mark.parametrize(
    ("kind", "final", "listed"),
    [
        ("failures", "220 list failures completed", {0, 4, 6}),
        ("successes", "220 list successes completed", {1, 2, 3, 5, 7}),
        ("warnings", "220 list successes completed", {2, 3, 5, 9}),
    ],
)
def test_status_decides_the_list(kind: str, final: str, listed: set[int]) -> None:
    """A service without a result yet is among the successes; ``warnings`` closes like ``successes``, as in mon."""
    for status in OpStatus:
        client = client_of(with_states(dict.fromkeys((S1, S2, TR, S3), replace(WELL, op_status=status))), "v2")
        lines = client.say(f"list {kind} x")
        assert lines[-1] == final
        assert groups_and_services(lines) == (["g1 s1", "g2 s3"] if status in listed else [])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["g1 s1", "g2 s3"]),
        ("g1,tr", ["g1 tr"]),
        ("g1", ["g1 s1", "g1 s2", "g1 tr"]),
        ("g1,", ["g1 s1", "g1 s2", "g1 tr"]),
        ("g1,tr,x", ["g1 tr"]),
        ("g1,tr g2  g1,tr", ["g1 tr", "g2 s3", "g1 tr"]),
        ("nope", []),
        (",", []),
    ],
)
def test_opstatus_of_what_is_named_is_not_limited_by_the_view(words: str, expected: list[str]) -> None:
    lines = client_of(SNAPSHOT, "v2").say(f"list opstatus {words}")
    assert lines[-1] == "220 list opstatus completed"
    assert groups_and_services(lines) == expected


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("g1,nope", "520 g1,nope does not exist"),
        (",s1", "520 ,s1 does not exist"),
        ("g1,tr g1,nope g2", "520 g1,nope does not exist"),
        ("nope,x g1", "520 nope,x does not exist"),
    ],
)
def test_opstatus_names_what_does_not_exist(words: str, refusal: str) -> None:
    """P-opstatus-unknown: mon names the last argument, whichever was unknown."""
    assert client_of(SNAPSHOT).say(f"list opstatus {words}") == [refusal]


OWED = Owed(
    S1, "lvs.alert -R a -X down", NOW - 60, True, upalerts=("lvs.alert -R a",), by_hand=("lvs.alert -R a </dev/null",)
)
UNPAID = Owed(
    ServiceKey("220", "gone"), "s 'x\n'", NOW - 90, False, NOW - 30, "it is gone", ("s y",), ("s y </dev/null", "t")
)
OWING = replace(
    FULL,
    owed=lambda key: [each for each in (OWED, UNPAID) if key in (None, each.key)],
    departed={UNPAID.key: ServiceState(left=NOW - 30)},
)


def test_debts_are_lines_with_what_pays_them() -> None:
    """P-debts."""
    client = client_of(OWING)
    due = "g1 s1 owed 1795477340 lvs.alert -R a -X down; by hand: lvs.alert -R a </dev/null"
    unpaid = " 220 gone unpaid 1795477310 s 'x\\x0a' (it is gone); by hand: s y </dev/null; t"
    assert client.say("list debts") == [due, unpaid, "220 list debts completed"]
    assert client.say("list debts g1 s1 ") == [due, "220 list debts completed"]
    assert client.say("list debts 220 gone") == [unpaid, "220 list debts completed"]
    assert client.say("list debts g1") == ["520 list debts error, group and service required"]
    assert client.say("list debts g1 nope") == ["520 g1,nope does not exist"]
    assert client_of(OWING, "v1").say("list debts") == [due, "220 list debts completed"]
    assert client_of(FULL).say("list debts") == ["220 list debts completed"]


def test_debts_as_json_are_what_they_were() -> None:
    line, final = client_of(OWING).say("json list debts")
    assert [debt_text.from_data(data) for data in json.loads(line)] == [OWED, UNPAID]
    assert final == "220 list debts completed"
    read = Methods.list_debts().read(Reply((line,), final))
    assert [(debt.state, debt.is_owed) for debt in read] == [("owed", True), ("unpaid", False)]
    assert client_of(FULL).say("json list debts") == ["[]", "220 list debts completed"]


@pytest.mark.parametrize(
    "change", [{"at": "x"}, {"alert": 1}, {"by_hand": None}, {"group": None}, {"unpaid_since": "x"}]
)
def test_what_is_no_debt_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is not a debt"):
        debt_text.from_data({**debt_text.as_data(OWED), **change})


def test_measurements_are_lines_of_words() -> None:
    """P-measurements."""
    assert client_of(FULL).say("list measurements g1 s1 ") == [
        "h1 time 0.25 s",
        "h\\202 ttl 7.0",
        "220 list measurements completed",
    ]
    state = ServiceState(measured=NOW, measurements=(Measurement("220", "x", 1.0),))
    odd = replace(FULL, states={S1: state})
    assert client_of(odd).say("list measurements g1 s1")[0] == " 220 x 1.0"


# The downtime log


def test_dtlog_that_is_off_or_unreadable_is_refused() -> None:
    off = Client(replace(SNAPSHOT, site=site_of("watch g\n")))
    assert off.say("list dtlog") == ["520 list dtlog error, dtlogging is not turned on"]
    assert off.asked == []
    broken = Client(outcome=lambda _: Outcome(ok=False, text="No such file"))
    assert broken.say("list dtlog") == ["520 list dtlog error, cannot open dtlog"]
    assert broken.say("json list dtlog") == ["520 list dtlog error, cannot open dtlog"]


# JSON

VALUES: Mapping[str, object] = {
    "banished": [],
    "watch": [{"group": "g1", "service": "s1"}, {"group": "g2", "service": "s3"}],
    "descriptions": [
        {"group": "g1", "service": "s1", "description": 'It\'s a "desc" \\ and é'},
        {"group": "g2", "service": "s3", "description": None},
    ],
    "group g1": {
        "group": "g1",
        "hosts": [
            {"host": "h1", "disabled": True},
            {"host": "h2", "disabled": False},
            {"host": "h3", "disabled": True},
        ],
    },
    "deps": [
        {
            "group": "g1",
            "service": "s1",
            "expression": "g2:s3 && !g1:s2",
            "components": [{"group": "g2", "service": "s3"}, {"group": "g1", "service": "s2"}],
        },
        {"group": "g2", "service": "s3", "expression": None, "components": []},
    ],
    "views": [{"view": "v1", "entries": ["g1"]}, {"view": "v2", "entries": ["g2:s3", "g1:s1"]}],
    "aliases": [{"alias": "al1", "lines": ["line one", "line two"]}],
    "aliasgroups": ["al1"],
    "disabled": {
        "hosts": [],
        "watches": [],
        "services": [{"group": "g1", "service": "s1"}, {"group": "g2", "service": "s3"}],
    },
    "pids": {
        "server": 4711,
        "monitors": [{"group": "g2", "service": "s3", "pid": 815}, {"group": "g1", "service": "tr", "pid": None}],
    },
    "measurements g1 s1": {"at": NOW - 9, "measurements": [["h1", "time", 0.25, "s"], ["h 2", "ttl", 7.0, ""]]},
    "measurements g2 s3": {"at": None, "measurements": []},
    "debts": [],
    "state": {"running": True, "stopped_since": None},
    "alerthist": [
        {
            "kind": "alert",
            "group": "g1",
            "service": "s1",
            "time": 1795477340,
            "alert": "/x/alert.d/rec.alert",
            "arguments": "a b",
            "summary": "sum  x%20\\",
        },
        {
            "kind": "upalert",
            "group": "g1",
            "service": "s1",
            "time": 1795477341,
            "alert": "/x/alert.d/rec.alert",
            "arguments": "",
            "summary": "(NO SUMMARY)",
        },
        {
            **dict.fromkeys(("kind", "group", "service", "time", "alert", "arguments")),
            "summary": "written by hand",
        },
    ],
    "failurehist": [{"group": "g1", "service": "s1", "time": 1795477337, "summary": "sum 'q' \\ é"}],
    "dtlog": [
        {
            "time": 1795477400,
            "group": "g1",
            "service": "s1",
            "first_failure": 1795477337,
            "downtime": 63,
            "interval": 7,
            "summary": "sum 'q' x",
        },
        {
            "time": 1795477401,
            "group": "g1",
            "service": "s1",
            "first_failure": 1795477337,
            "downtime": 64,
            "interval": 1.5,
            "summary": "",
        },
        {
            **dict.fromkeys(("time", "group", "service", "first_failure", "downtime", "interval")),
            "summary": "odd",
        },
    ],
}


@pytest.mark.parametrize("what", VALUES)
def test_json_says_the_same_with_names(what: str) -> None:
    """P-json: one line of JSON, and the closing line of the plain list."""
    client = client_of(FULL, "v2")
    line, final = client.say(f"json list {what}")
    assert json.loads(line) == VALUES[what]
    assert "\n" not in line
    assert line.isascii()
    assert final == client.say(f"list {what}")[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_list_has_json(kind: str) -> None:
    client = client_of(FULL)
    assert kind in {"opstatus", "failures", "successes", "warnings"} or any(what.split()[0] == kind for what in VALUES)
    if kind == "measurements":
        assert client.say("json list measurements g1") == ["520 list measurements error, group and service required"]
        assert client.say("list measurements g1 nope") == ["520 g1,nope does not exist"]
    elif kind == "group":
        assert client.say("json list group nope") == ["520 list group error, undefined group"]
    else:
        json.loads(client.say(f"JSON List {kind}")[0])


@pytest.mark.parametrize("what", ["watch", "opstatus", "alerthist", "aliases"])
def test_empty_list_is_an_empty_array(what: str) -> None:
    assert client_of(EMPTY).say(f"json list {what}") == ["[]", f"220 list {what} completed"]


@pytest.mark.parametrize("line", ["json", "json foo", "json json list watch", "json listwatch"])
def test_other_json_is_refused(line: str) -> None:
    assert Client().say(line) == ["520 unknown json command"]


def test_unknown_json_list_is_refused_as_the_plain_one() -> None:
    assert Client().say("json list Watch") == ["520 unknown list command"]


def test_long_json_is_made_in_pieces() -> None:
    """So that ten thousand services do not keep the daemon busy in one go."""
    reply = client_of(SNAPSHOT).reply("json list opstatus")
    assert reply.is_one_line
    assert len(list(reply.lines)) == len(SITE.services) + 1


# Large sites, and lines that ask for much: no answer holds up the checks while it is begun


def seconds_until_the_first_line(client: Client, command: str) -> float:
    """Of the processor, the least of three."""
    took = []
    for _ in range(3):
        begun = time.thread_time()
        next(iter(client.reply(command).lines))
        took.append(time.thread_time() - begun)
    return min(took)


def large_site(watches: int, services: int) -> Site:
    """A site of so many watches, each with so many services."""
    like = SITE.services[S3]
    made = [
        Watch(f"w{number}", tuple(replace(like, group=f"w{number}", name=f"s{each}") for each in range(services)))
        for number in range(watches)
    ]
    keyed = {service.key: service for watch in made for service in watch.services}
    return replace(SITE, watches={watch.group: watch for watch in made}, services=keyed)


def test_opstatus_of_a_group_named_thousands_of_times_is_no_work_at_once() -> None:
    """64 KiB of ``w0 w0 …`` would be millions of rows: four times the names is not sixteen times the work."""
    client = client_of(replace(SNAPSHOT, site=large_site(1, 300)))
    some, many = (seconds_until_the_first_line(client, "list opstatus" + " w0" * number) for number in (5_000, 20_000))
    assert many < 10 * some + 0.02
    assert len(client.say("list opstatus w0 w0 w0")) == 901


def all_disabled(watches: int) -> Client:
    site = large_site(watches, 1)
    return client_of(
        replace(SNAPSHOT, site=site, disabled_watches=set(site.watches), disabled_services=set(site.services))
    )


@pytest.mark.slow
def test_everything_disabled_on_many_watches_is_listed_in_a_time_that_grows_with_their_number() -> None:
    some, many = (seconds_until_the_first_line(all_disabled(number), "list disabled") for number in (2_500, 10_000))
    assert many < 10 * some + 0.02
    assert len(all_disabled(10_000).say("list disabled")) == 20_001
