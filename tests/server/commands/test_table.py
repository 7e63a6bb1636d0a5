"""Every command of mon's protocol, word by word as Debian's mon answers it: transcripts without a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.model import request
from pymon.model.depend import ServiceKey
from pymon.model.request import (
    Acknowledge,
    ClearTimers,
    LoadState,
    Login,
    Outcome,
    ReloadAuth,
    Request,
    Reset,
    SavedKind,
    SaveState,
    SetMaxkeep,
    SetOpstatus,
    SetVariable,
    StartScheduler,
    StopScheduler,
    SwitchHosts,
    SwitchService,
    SwitchWatch,
    Terminate,
)
from pymon.model.service import AlertKind
from pymon.model.status import OpStatus
from pymon.protocol.commands import specs_of
from pymon.protocol.wire import is_final
from pymon.server.commands.lists import KINDS
from pymon.server.commands.reply import EngineRequest, Session
from pymon.server.commands.table import COMMANDS, answer, is_secret
from pymon.text import decode
from tests.server.samples import FAILING, NOW, S1, S2, S3, SNAPSHOT, TR, Client, with_auth, with_states

NO_VIEW = "no view selected -- all groups will be displayed"
INVALID = "520 invalid command"
SET = "220 set completed"

ANSWERS: list[tuple[str, list[str]]] = [
    # The form of a line
    ("", [INVALID]),
    (" list watch", [INVALID]),
    ("listx", [INVALID]),
    ("list; watch", [INVALID]),
    ("list: watch", [INVALID]),
    ("list-watch", [INVALID]),
    ("list\u00a0watch", [INVALID]),
    ("foo", [INVALID]),
    ("quitx", [INVALID]),
    ("LIST state", ["scheduler running", "220 list state completed"]),
    ("list\tstate", ["scheduler running", "220 list state completed"]),
    ("list \t state ", ["scheduler running", "220 list state completed"]),
    ("list state x", ["scheduler running", "220 list state completed"]),
    ("list STATE", ["520 unknown list command"]),
    ("list statex", ["520 unknown list command"]),
    ("list state,x", ["520 unknown list command"]),
    # The connection
    ("protid 9745", ["220 protocol match"]),
    ("protid 9745 x", ["220 protocol match"]),
    ("protid  09745", ["220 protocol match"]),
    ("protid 9745.0", ["220 protocol match"]),
    ("protid 1", ["520 protocol mismatch"]),
    ("protid x", ["520 protocol mismatch"]),
    ("protid 0x2611", ["520 protocol mismatch"]),
    ("protid", ["520 protocol mismatch"]),
    ("version", ["version 9745", "220 version completed"]),
    ("version x", ["version 9745", "220 version completed"]),
    ("checkauth list", ["220 command authorized"]),
    ("checkauth  list x", ["220 command authorized"]),
    ("checkauth foo", ["220 command authorized"]),
    ("checkauth LIST", ["520 command could not be executed"]),
    ("checkauth frob", ["520 command could not be executed"]),
    ("checkauth quit", ["520 command could not be executed"]),
    ("checkauth", ["520 command could not be executed"]),
    ("dump", ["520 command could not be executed, unknown command"]),
    ("setview", [NO_VIEW, "220 setview completed"]),
    ("setview ", [NO_VIEW, "220 setview completed"]),
    ("setview v1 ", ["selecting view v1", "220 setview completed"]),
    ("setview nope", ["504 unknown view nope"]),
    ("setview v1 x", ["500 Unknown setview command"]),
    ("getview", [NO_VIEW, "220 getview completed"]),
    ("getview x", [NO_VIEW, "220 getview completed"]),
    ("login", ["530 login unsuccessful"]),
    # The daemon
    ("reload authx", ["520 unknown reload command"]),
    ("reload AUTH", ["520 unknown reload command"]),
    ("reload auth x", ["520 unknown reload command"]),
    ("loadstate", ["220 loadstate completed"]),
    ("loadstate foo DISABLED", ["220 loadstate completed"]),
    ("savestate", ["520 savestate error, arguments required"]),
    ("savestate  ", ["520 savestate error, arguments required"]),
    ("savestate foo", ["220 savestate completed"]),
    # Switches
    ("disable", ["520 command could not be executed"]),
    ("enable", ["520 command could not be executed"]),
    ("disable foo bar", ["520 command could not be executed"]),
    ("disable WATCH g1", ["520 command could not be executed"]),
    ("disable watchx g1", ["520 command could not be executed"]),
    ("enable hosts h1", ["520 command could not be executed"]),
    ("disable watch", ['520 disable error, unknown watch ""']),
    ("disable watch nope", ['520 disable error, unknown watch "nope"']),
    ("disable watch g1 x", ['520 disable error, unknown watch "g1 x"']),
    ("disable watch g1 ", ['520 disable error, unknown watch "g1 "']),
    ("enable watch", ["520 enable error, unknown watch"]),
    ("enable watch g1 ", ["520 enable error, unknown watch"]),
    ("disable service", ["520 disable error, unknown service"]),
    ("disable service g1", ["520 disable error, unknown service"]),
    ("disable service g1 nope", ["520 disable error, unknown service"]),
    ("disable service g1 s1 x", ["520 disable error, unknown service"]),
    ("enable service g1", ["520 enable error, unknown group"]),
    ("enable service g1 s1 x", ["520 enable error, unknown group"]),
    ("disable host", ["220 disable host completed"]),
    ("enable host ", ["220 enable completed"]),
    ("disable host nope h1 zz", ["520 disable host failed, host(s) nope zz do not exist"]),
    ("disable host h1,h2", ["520 disable host failed, host(s) h1,h2 do not exist"]),
    ("ack", ["520 unknown group"]),
    ("ack zz s1 x", ["520 unknown group"]),
    ("ack g1", ["520 unknown service"]),
    ("ack g1 zz x", ["520 unknown service"]),
    ("ack g1 s2 x", ["520 service is in a non-failure state"]),
    ("ack g1 tr x", ["520 service is in a non-failure state"]),
    ("clear", ["520 unknown clear command"]),
    ("clear timers", ["520 unknown clear command"]),
    ("clear timers g1", ["520 unknown clear command"]),
    ("clear timersx g1 s1", ["520 unknown clear command"]),
    ("clear foo g1 s1", ["520 unknown clear command"]),
    ("clear timers nope s1", ["520 unknown group"]),
    ("clear timers g1 nope", ["520 unknown group"]),
    # test
    ("test", ["520 test error"]),
    ("test foo", ["520 test error"]),
    ("test MONITOR g1 s1", ["520 test error"]),
    ("test configx", ["520 test error"]),
    ("test disablealertx g1 s1 1 LBL", ["520 test error"]),
    ("test traptimeoutalert g1 s1 1 LBL", ["520 test error"]),
    ("test ALERT g1 s1 1 LBL", ["520 test error"]),
    ("test monitor", ["  not defined", "220 test monitor completed"]),
    ("test monitor g1 nope", ["g1 nope not defined", "220 test monitor completed"]),
    ("test alert", ["520   not defined"]),
    ("test alert g1 nope 1 LBL", ["520 g1 nope not defined"]),
    ("test alert g1 s1 1", ["520 period not defined"]),
    ("test alert g1 s1 1 lbl", ["520 period not defined"]),
    ("test alert g1 s1 1 LBL ", ["520 period not defined"]),
    ("test alert g1 s1 1 hr {0-23}", ["520 period not defined"]),
    ("test alert g1 s1 1 wd  {Sun-Sat}", ["520 period not defined"]),
    # set and get
    ("set", ["520 , not defined"]),
    ("set g1", ["520 g1, not defined"]),
    ("set maxkeep", ["520 maxkeep, not defined"]),
    ("set maxkeep x", ["520 maxkeep,x not defined"]),
    ("set maxkeep -5", ["520 maxkeep,-5 not defined"]),
    ("set maxkeepx 5", ["520 maxkeepx,5 not defined"]),
    ("set nope s1 opstatus nope", ["520 nope,s1 not defined"]),
    ("set g1 nope foo 1", ["520 g1,nope not defined"]),
    ("set g1 s1 opstatus", ["520 undefined opstatus"]),
    ("set g1 s1 opstatus FAIL", ["520 undefined opstatus"]),
    ("set g1 s1 opstatus warn", ["520 undefined opstatus"]),
    ("set g1 s1 opstatus dependency", ["520 undefined opstatus"]),
    ("set g1 s1 opstatus ok ", ["520 undefined opstatus"]),
    ('set g1 s1 opstatus "ok"', ["520 undefined opstatus"]),
    ("get", ["520 , not defined"]),
    ("get g1", ["520 g1, not defined"]),
    ("get maxkeep", ["maxkeep = 100", SET]),
    ("get maxkeep ", ["maxkeep = 100", SET]),
    ("get maxkeep x", ["520 maxkeep,x not defined"]),
    ("get MAXKEEP", ["520 MAXKEEP, not defined"]),
    ("get nope s1 interval", ["520 nope,s1 not defined"]),
    ("get g1 s1", ["g1 s1 =''", "220 get completed"]),
    ("get g1 s1 Interval", ["g1 s1 Interval=''", "220 get completed"]),
    ("get g1 s1 interval x", ["g1 s1 interval x=''", "220 get completed"]),
    ("get  g1  s1  interval ", ["g1 s1 interval =''", "220 get completed"]),
]

REQUESTS: list[tuple[str, Request, list[str]]] = [
    ("stop", StopScheduler(), ["220 stop completed"]),
    ("start x", StartScheduler(), ["220 start completed"]),
    ("term", Terminate(), ["220 terminating server"]),
    ("reset", Reset(), ["220 reset PID 4711@mon1"]),
    ("reset xSTOPPEDx", Reset(stopped=True), ["220 reset PID 4711@mon1"]),
    ("reset keepstate Stopped", Reset(stopped=True, keepstate=True), ["220 reset PID 4711@mon1"]),
    ("reset KEEPSTATE", Reset(), ["220 reset PID 4711@mon1"]),
    ("reload", ReloadAuth(), ["220 reload completed"]),
    ("reload auth ", ReloadAuth(), ["220 reload completed"]),
    ("loadstate disabled", LoadState((SavedKind.DISABLED,)), ["220 loadstate completed"]),
    ("loadstate all", LoadState(tuple(SavedKind)), ["220 loadstate completed"]),
    ("savestate foo opstatus", SaveState((SavedKind.OPSTATUS,)), ["220 savestate completed"]),
    ("savestate all", SaveState(tuple(SavedKind)), ["220 savestate completed"]),
    ("disable  watch  g1", SwitchWatch("g1", enable=False), ["220 disable watch completed"]),
    ("enable watch g1", SwitchWatch("g1", enable=True), ["220 enable watch completed"]),
    ("disable service g1  s1", SwitchService(S1, enable=False), ["220 disable service completed"]),
    ("enable service g1 s1", SwitchService(S1, enable=True), ["220 enable completed"]),
    ("disable host  h1  h3 ", SwitchHosts(("h1", "h3"), enable=False), ["220 disable host completed"]),
    ("enable host h1 nope", SwitchHosts(("h1", "nope"), enable=True), ["220 enable completed"]),
    ("ack g1 s1 'on\\20it'", Acknowledge(S1, "on it"), ["220 ack completed"]),
    ("clear timers g1 s1", ClearTimers(S1), ["220 clear timers completed"]),
    ("clear TIMERS g1 s1 x", ClearTimers(S1), ["220 clear timers completed"]),
    ("test monitor g1 s1 x", request.TestMonitor(S1), ["220 test monitor completed"]),
    ("test config x", request.TestConfig(), ["220 test config completed OK, no errors found"]),
    ("test alert g1 s1 3 LBL", request.TestAlert(S1, AlertKind.ALERT, "3", "LBL"), ["220 test alert completed"]),
    (
        "test upalert g1 s1  x   wd {Sun-Sat}",
        request.TestAlert(S1, AlertKind.UPALERT, "x", "wd {Sun-Sat}"),
        ["220 test alert completed"],
    ),
    (
        "test startupalert g1 s1 0 LBL",
        request.TestAlert(S1, AlertKind.STARTUPALERT, "0", "LBL"),
        ["220 test alert completed"],
    ),
    ("test ackalert g1 s1 0 LBL", request.TestAlert(S1, AlertKind.ACKALERT, "0", "LBL"), ["220 test alert completed"]),
    (
        "test disablealert g1 s1 0 LBL",
        request.TestAlert(S1, AlertKind.DISABLEALERT, "0", "LBL"),
        ["220 test alert completed"],
    ),
    ("test alertfoo g1 s1 0 LBL", request.TestAlert(S1, AlertKind.ALERT, "0", "LBL"), ["220 test alert completed"]),
    ("test xupalertx g1 s1 0 LBL", request.TestAlert(S1, AlertKind.UPALERT, "0", "LBL"), ["220 test alert completed"]),
    ("test alert g2 s3 1", request.TestAlert(S3, AlertKind.ALERT, "1", ""), ["220 test alert completed"]),
    ("test alert g2 s3 1 ", request.TestAlert(S3, AlertKind.ALERT, "1", ""), ["220 test alert completed"]),
    ("set maxkeep 50", SetMaxkeep(50), [SET]),
    ("set  maxkeep 10x", SetMaxkeep(10), [SET]),
    ("set maxkeep 1.5", SetMaxkeep(1), [SET]),
    ("set g1 s1 opstatus  linkdown", SetOpstatus(S1, OpStatus.LINKDOWN), [SET]),
    ("set g1 s1 foo", SetVariable(S1, "foo", ""), ["g1 s1 foo=''", SET]),
    ("set  g1  s1  foo  bar ", SetVariable(S1, "foo", "bar"), ["g1 s1 foo='bar'", SET]),
    ("set g1 s1 OPSTATUS ok", SetVariable(S1, "OPSTATUS", "ok"), ["g1 s1 OPSTATUS='ok'", SET]),
]

WORDS = [
    ("hello", "hello"),
    ("two words", "two"),
    (r"bare\20b x", "bare20b"),
    (r'"dq\20a \" b"', 'dq20a " b'),
    (r"'hello\20w \' x\c3\a9 \\ \"q\"' rest", 'hello w \\\' xé \\\\ \\"q\\"'),
    (r"'a'\ 'b'", "a b"),
    ("''", ""),
    ("'unbalanced", ""),
    ("a 'unbalanced", ""),
    ("trailing\\", ""),
    ("", ""),
    (r"'\2F\ff'", "\\2F\udcff"),
]


@pytest.mark.parametrize(("line", "lines"), ANSWERS, ids=[repr(line) for line, _ in ANSWERS])
def test_answer_is_mons(line: str, lines: list[str]) -> None:
    client = Client()
    assert client.say(line) == lines
    assert client.asked == []
    assert client.is_open


@pytest.mark.parametrize(("line", "request_", "lines"), REQUESTS, ids=[repr(line) for line, _, _ in REQUESTS])
def test_daemon_is_asked_and_the_answer_is_mons(line: str, request_: Request, lines: list[str]) -> None:
    client = Client()
    assert client.say(line) == lines
    assert client.asked == [request_]
    assert client.is_open is (line != "term")


@pytest.mark.parametrize(("text", "value"), WORDS, ids=[repr(text) for text, _ in WORDS])
def test_value_is_the_first_word_unescaped(text: str, value: str) -> None:
    client = Client()
    client.say(f"set g1 s1 foo {text}")
    assert client.asked == [SetVariable(S1, "foo", value)]


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("'Kim is on it'", "Kim is on it"),
        ("Kim  is on\tit ", "Kim is on it"),
        ("Kim 'is on' it", "Kim is on it"),
        ("'Kim\\20is\\20on it'", "Kim is on it"),
        ("it's the cable ", "it's the cable"),
        ("", ""),
    ],
)
def test_p_ack_words_the_comment_is_all_that_is_said(text: str, comment: str) -> None:
    """P-ack-words: mon takes the first word, and nothing if an apostrophe is odd."""
    client = Client()
    client.say(f"ack g1 s1 {text}")
    assert client.asked == [Acknowledge(S1, comment)]


def test_quit_closes_the_connection() -> None:
    client = Client()
    assert client.say("quit now") == ["220 quitting"]
    assert not client.is_open


def test_servertime_is_the_epoch_and_local_time() -> None:
    *lines, final = Client(replace(SNAPSHOT, now=NOW + 0.9)).say("servertime x")
    assert final == "220 servertime completed"
    assert lines[0].startswith(f"{NOW:.0f} ")
    assert lines[0].endswith(" 2026")
    assert len(lines[0].partition(" ")[2]) == len("Mon Nov  3 18:44:32 2026")


# Refusals by the daemon


def test_failed_reset_says_so() -> None:
    client = Client(outcome=lambda _: Outcome(ok=False, text="line 3: no such keyword"))
    assert client.say("reset") == ["520 reset PID 4711@mon1 failed, error in config file"]


def test_errors_of_a_configuration_are_listed() -> None:
    client = Client(outcome=lambda _: Outcome(ok=False, lines=("mon.cf:3: a", "mon.cf:4: b\nc")))
    assert client.say("test config") == [
        "mon.cf:3: a",
        "mon.cf:4: b\\0ac",
        "520 test config completed, errors found in config file",
    ]


@pytest.mark.parametrize("line", ["set g1 s1 foo bar", "ack g1 s1 x", "test monitor g1 s1", "stop", "term"])
def test_daemon_that_refuses_is_quoted_on_one_line(line: str) -> None:
    """P-set-unknown: so is a variable that no service has refused, where mon makes one."""
    client = Client(outcome=lambda _: Outcome(ok=False, text="it\nis not so"))
    assert client.say(line) == ["520 it\\0ais not so"]
    assert client.is_open


@pytest.mark.parametrize("line", ["reload auth", "loadstate all"])
def test_reloads_are_always_completed(line: str) -> None:
    client = Client(outcome=lambda _: Outcome(ok=False, text="no such file"))
    assert client.say(line) == [f"220 {line.split(maxsplit=1)[0]} completed"]


# Holes of mon that are closed


@pytest.mark.parametrize("name", ["h(", ".*", "h.", "*h1", "[h]1", "axb"])
def test_host_names_are_literal(name: str) -> None:
    """P-host-names: in mon they are patterns, and ``h(`` ends it."""
    client = Client()
    assert client.say(f"disable host {name}") == [f"520 disable host failed, host(s) {name} do not exist"]
    assert client.say("disable host a.b") == ["220 disable host completed"]
    assert client.asked == [SwitchHosts(("a.b",), enable=False)]


def test_unknown_names_leave_no_trace() -> None:
    """P-phantoms: in mon, asking for unknown names makes services of them."""
    client = Client()
    before = client.say("list watch")
    for line in ("get zz yy interval", "set zz yy a b", "list opstatus zz,yy", "test monitor zz yy", "ack zz yy x"):
        client.say(line)
    for line in ("list aliases zz", "list group zz", "why zz yy", "clear timers zz yy"):
        client.say(line)
    assert client.say("disable watch zz") == ['520 disable error, unknown watch "zz"']
    assert client.say("list watch") == before
    assert client.say("list aliasgroups") == ["al1", "220 list aliasgroups completed"]
    assert client.asked == []


def test_refused_ack_is_answered_once() -> None:
    """P-ack: mon goes on, and sends ``220 ack completed`` as well."""
    assert Client().say("ack zz s1 x") == ["520 unknown group"]
    assert Client().say("ack g1 zz x") == ["520 unknown service"]


def test_set_opstatus_gives_the_number_of_the_status() -> None:
    """P-set-opstatus: mon stores the name, so that the service is in no list any more."""
    client = Client()
    for status in OpStatus:
        client.say(f"set g1 s1 opstatus {status.name.lower()}")
    assert client.asked == [SetOpstatus(S1, status) for status in OpStatus if status <= OpStatus.UNTESTED]


def test_value_with_a_line_end_cannot_end_the_reply() -> None:
    """P-set-line-end: in mon the value is shown raw, and can look like a closing line."""
    lines = Client().say("set g1 s1 foo 'a\\0a220\\20done'")
    assert lines == ["g1 s1 foo='a\\0a220 done'", SET]


def test_endless_digits_are_no_trouble() -> None:
    client = Client()
    assert client.say(f"set maxkeep {'9' * 6000}") == [SET]
    assert client.asked == [SetMaxkeep(999_999_999)]
    assert client.say(f"protid {'9' * 6000}") == ["520 protocol mismatch"]
    assert client.say(f"why g1 s1 {'9' * 6000}")[-1].startswith("520 why error, ")


# Who acknowledges what


@pytest.mark.parametrize("status", [status for status in OpStatus if status not in (OpStatus.OK, OpStatus.UNTESTED)])
def test_all_but_ok_and_untested_can_be_acknowledged(status: OpStatus) -> None:
    client = Client(with_states({S2: replace(FAILING, op_status=status)}))
    assert client.say("ack g1 s2") == ["220 ack completed"]
    assert client.asked == [Acknowledge(S2, "")]


def test_state_of_a_service_that_is_not_known_yet_is_untested() -> None:
    client = Client(replace(SNAPSHOT, states={}))
    assert client.say("ack g1 s1 x") == ["520 service is in a non-failure state"]
    assert client.say("get g1 s1 _op_status") == ["g1 s1 _op_status='7'", "220 get completed"]
    assert "opstatus=7" in client.say("list opstatus g1,s1")[0]


# Login and authorisation


def test_login_makes_the_client_a_user() -> None:
    client = Client()
    assert client.say("login bob se cret ") == ["220 login accepted"]
    assert client.asked == [Login("bob", "se cret ")]
    assert client.session.user == "bob"
    assert client.say("checkauth frob") == ["220 command authorized"]


def test_failed_login_keeps_the_former_identity() -> None:
    client = Client(session=Session(user="alice", view="v1"), outcome=lambda _: Outcome(ok=False, text="no"))
    assert client.say("login bob x") == ["530 login unsuccessful"]
    assert client.session == Session(user="alice", view="v1")


@pytest.mark.parametrize(
    ("line", "is_a_secret"),
    [
        ("login bob x", True),
        ("LOGIN bob x", True),
        (" login bob x", True),
        ("loginbob x", True),
        ("json login bob x", True),
        ("'login bob x", True),
        ("list login", False),
        ("logi bob", False),
    ],
)
def test_login_is_never_to_be_logged(line: str, is_a_secret: bool) -> None:
    assert is_secret(line) is is_a_secret


def test_password_is_in_no_text_of_the_request() -> None:
    made = answer("login bob geheim", Session(), SNAPSHOT)
    assert isinstance(made, EngineRequest)
    assert "geheim" not in repr(made.request)


FREE = {"quit", "protid", "version", "login", "checkauth", "setview", "getview", "dump", "json"}
"""what needs no permission (json needs that of the command behind it)"""


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_needs_its_permission(name: str) -> None:
    client = Client(with_auth(""))
    refused = "520 command could not be executed, unknown command"
    allowed = Client(with_auth(f"{name}: bob"), session=Session(user="bob")).say(name)[-1]
    assert all(spec.is_restricted is (name not in FREE) for spec in specs_of(name))
    if name in FREE - {"dump"}:
        assert client.say(name)[-1] != refused
    else:
        assert client.say(name) == [refused]
        assert client.asked == []
        assert (allowed == refused) is (name == "dump")


@pytest.mark.parametrize(
    ("auth", "user", "is_allowed"),
    [
        ("list: all", "", True),
        ("list: AUTH_ANY", "", False),
        ("list: AUTH_ANY", "bob", True),
        ("list: bob", "bob", True),
        ("list: bob", "alice", False),
        ("list: all, !bob", "bob", False),
        ("list: all, !bob", "alice", True),
        ("list: !AUTH_ANY, all", "", True),
        ("list: !AUTH_ANY, all", "bob", False),
        ("list: ALL", "bob", False),
        ("LIST: all", "", True),
        ("stop: all", "", False),
    ],
)
def test_auth_cf_decides(auth: str, user: str, is_allowed: bool) -> None:
    client = Client(with_auth(auth), session=Session(user=user))
    for line in ("list state", "LIST state", "json list state"):
        assert client.say(line)[-1].startswith("220") is is_allowed
    assert client.say("checkauth list")[-1].startswith("220") is is_allowed


# Whatever comes

PARTS = st.sampled_from(
    [
        *COMMANDS,
        *KINDS,
        *("g1", "s1", "g2", "g1,s1", "tr", "v1", "al1", "h1", "LBL", "opstatus", "maxkeep", "monitor", "watch", "host"),
        *(
            "service",
            "timers",
            "'",
            '"',
            "\\",
            "\\20",
            "'a\\0ab'",
            "1",
            "0",
            "-1",
            "2h",
            "9" * 30,
            "all",
            "",
            "\t",
            "é",
        ),
        *("\udcff", "\x00", "220 ", "\n", "\r", "config", "alert", "auth", "stopped", "_timer", "_trap_timer", ","),
    ]
)
LINES = st.lists(PARTS, max_size=7).map(" ".join) | st.binary(max_size=60).map(decode) | st.text(max_size=40)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4), st.booleans())
def test_any_line_is_answered_in_good_form(lines: list[str], is_refused: bool) -> None:
    """Nothing raises; there is one closing line, and it is the last."""
    client = Client(outcome=lambda _: Outcome(ok=not is_refused, text="\n220 x", lines=("1 g1 s1 0 1 5 x", "")))
    for line in lines:
        *data, final = client.say(line)
        assert is_final(final)
        if "\n" not in line and "\r" not in line:  # as lines from the wire are
            assert "\n" not in final
            assert not any(is_final(text) or "\n" in text for text in data)


def test_every_service_key_of_the_sample_is_declared() -> None:
    assert list(SNAPSHOT.site.services) == [S1, S2, TR, S3] == [ServiceKey(*key) for key in SNAPSHOT.site.services]
