"""Reading answers, those that Debian's mon was seen to give and those that it could."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.client import answers
from pymon.client.methods import Methods
from pymon.client.protocol import ClientCommand, Reply
from pymon.client.records import (
    CalledAlert,
    DisabledItems,
    Downtime,
    Failure,
    GroupHost,
    Processes,
    RunningMonitor,
    SchedulerState,
    ServiceDependency,
)
from pymon.errors import CommandFailed
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus, from_line, parse_op_status
from pymon.protocol.wire import escape

SEEN = (
    r"group=g1 service=s1 opstatus=0 last_opstatus=7 exitval=3 timer=1 last_success=0 last_trap=0 last_traphost= "
    r"last_check=1795459476 ack=1795459477 ackcomment=joe:\20on\20it alerts_sent=2 depstatus=0 depend=g2:s hostdepend= "
    r"monitordepend= alertdepend= monitor=x.monitor\20a\20;; last_summary=sum\20a\\b\20\\20\20\22q\22\20\c3\a9\20\ff "
    r"last_detail=det1\0adet2\0a last_failure=1795459477 interval=5 monitor_duration=1.5 monitor_running=1 "
    r"exclude_period=wd\20{Sat} exclude_hosts=a\20b randskew=3 last_alert=1795459478 first_failure=1795459474 "
    r"failure_duration=3"
)
FRESH = (
    "group=g2 service=t opstatus=7 last_opstatus=7 exitval=undef timer= last_success=0 last_trap=0 last_traphost= "
    "last_check= ack=0 ackcomment= alerts_sent=0 depstatus= depend= hostdepend= monitordepend= alertdepend= monitor= "
    "last_summary= last_detail= monitor_duration=-1"
)


def reply(*lines: str, final: str = "220 completed") -> Reply:
    return Reply(lines, final)


def test_every_field_of_a_status() -> None:
    status = from_line(SEEN)
    assert status == ServiceStatus(
        group="g1",
        service="s1",
        opstatus=OpStatus.FAIL,
        last_opstatus=OpStatus.UNTESTED,
        exitval=3,
        timer=1.0,
        last_failure=1795459477.0,
        first_failure=1795459474.0,
        failure_duration=3.0,
        last_check=1795459476.0,
        last_alert=1795459478.0,
        last_summary='sum a\\b \\20 "q" é \udcff',
        last_detail="det1\ndet2\n",
        ack=1795459477.0,
        ackcomment="joe: on it",
        alerts_sent=2,
        depstatus=False,
        depend="g2:s",
        monitor="x.monitor a ;;",
        interval=5.0,
        monitor_duration=1.5,
        monitor_running=True,
        exclude_period="wd {Sat}",
        exclude_hosts=("a", "b"),
        randskew=3.0,
    )
    assert status.key == ("g1", "s1")
    assert status.fields["alerts_sent"] == "2"
    assert status.opstatus.is_failure


def test_a_service_of_which_nothing_is_known_yet() -> None:
    assert from_line(FRESH) == ServiceStatus("g2", "t", OpStatus.UNTESTED)


@pytest.mark.parametrize(
    ("text", "status"),
    [("0", OpStatus.FAIL), ("9", OpStatus.WARN), ("linkdown", OpStatus.LINKDOWN), ("", OpStatus.UNKNOWN)],
)
def test_statuses_of_mon_after_set_and_of_its_phantoms(text: str, status: OpStatus) -> None:
    assert parse_op_status(text) is status


@pytest.mark.parametrize("line", ["", "group=g", "group=g service=s opstatus=12", "group=g service=s opstatus=nix"])
def test_what_is_no_status_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="status"):
        from_line(line)


@given(st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_bytes_survive(text: str) -> None:
    line = FRESH.replace("last_summary=", f"last_summary={escape(text, quoted=True)}")
    assert from_line(line).last_summary == text


def test_histories() -> None:
    line = r"alert\20g1\20s1\201795477269\20/x/rec.alert\20(a@b\20c)\20sum\20a\\b"
    assert answers.alert_call(line) == CalledAlert(
        "alert", "g1", "s1", 1795477269.0, "/x/rec.alert", "a@b c", "sum a\\\\b"
    )
    assert answers.alert_call(r"upalert\20g\20s\201\20/x\20()\20").args == ""
    assert answers.failure(r"g1\20s1\201795477269\20sum\20mary") == Failure("g1", "s1", 1795477269.0, "sum mary")
    outage = answers.downtime("1795463740 g s 1795463725 15 5 sum  mary")
    assert outage == Downtime(1795463740.0, "g", "s", 1795463725.0, 15.0, 5.0, "sum  mary")
    with pytest.raises(ValueError, match="not as it should be"):
        answers.failure("nonsense")


def test_lists() -> None:
    assert answers.service_key("g1 s1") == ServiceKey("g1", "s1")
    assert answers.descriptions(reply(r"g s a\20\\\20b", "g t ")) == {("g", "s"): "a \\ b", ("g", "t"): ""}
    assert answers.dependencies(
        reply("exp g s 'NONE'", "cmp g s NONE", r"exp g t 'a:b\20&&\20c:d'", "cmp g t a:b c:d")
    ) == [
        ServiceDependency("g", "s", "", ()),
        ServiceDependency("g", "t", "a:b && c:d", (ServiceKey("a", "b"), ServiceKey("c", "d"))),
    ]
    assert answers.members(reply("hostgroup g h1 *h2")) == [GroupHost("h1", False), GroupHost("h2", True)]
    listed = answers.disabled(reply("group g: h1 h2", "watch w", "watch g service s"))
    assert listed == DisabledItems({"g": ("h1", "h2")}, ("w",), (ServiceKey("g", "s"),))
    assert answers.processes(reply("server 1", "g s 2")) == Processes(1, (RunningMonitor("g", "s", 2),))
    assert answers.aliases(reply("alias a", "one", "two", "", "alias b", "")) == {"a": ("one", "two"), "b": ()}
    assert (answers.words(reply("a b")), answers.words(reply())) == (["a", "b"], [])
    assert (answers.views(reply("views a b")), answers.views(reply("views "))) == (["a", "b"], [])
    for line in ("nonsense", "host x"):
        with pytest.raises(ValueError, match="nothing that can be disabled"):
            answers.disabled(reply(line))


def test_single_values() -> None:
    assert answers.scheduler(reply("scheduler running")) == SchedulerState(True, 0.0)
    assert answers.scheduler(reply("scheduler stopped since 1795459472")) == SchedulerState(False, 1795459472.0)
    assert [answers.view(reply(line)) for line in ("view v selected", "selecting view v", "no view selected")] == [
        "v",
        "v",
        "",
    ]
    assert answers.variable(reply(r"g s interval='3\20\\'")) == "3 \\"
    assert (answers.count(reply("maxkeep = 100")), answers.count(reply("version 9745"))) == (100, 9745)
    assert answers.first_number(reply("1795459472 Mon Nov 23 18:44:32 2026")) == 1795459472.0
    assert answers.document(reply('[{"group": "g"}]')) == [{"group": "g"}]


def test_mon_says_220_of_a_service_that_it_does_not_know() -> None:
    with pytest.raises(CommandFailed, match="g nix not defined"):
        answers.test_of_service(reply("g nix not defined", final="220 test monitor completed"))


def test_a_test_of_the_configuration_that_is_not_allowed_is_no_broken_configuration() -> None:
    assert answers.test_of_config(reply("line 3", final="520 test config completed, errors found")) == (False, "line 3")
    with pytest.raises(CommandFailed, match="could not be executed"):
        answers.test_of_config(reply(final="520 command could not be executed, unknown command"))


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (Methods.list_opstatus(), "list opstatus"),
        (Methods.list_opstatus(["g", ("g", "s")]), "list opstatus g g,s"),
        (Methods.ack("g", "s", "a\\b 'q'\né"), r"ack g s 'a\\b\20\27q\27\0a\c3\a9'"),
        (Methods.set("g", "s", "interval", 3), "set g s interval '3'"),
        (Methods.set("g", "s", "opstatus", "fail"), "set g s opstatus fail"),
        (Methods.test("monitor", "g", "s"), "test monitor g s"),
        (Methods.test("upalert", "g", "s", 3, "wd {Sun-Sat}"), "test upalert g s 3 wd {Sun-Sat}"),
        (Methods.clear("g", "s"), "clear timers g s"),
        (Methods.get_maxkeep(), "get maxkeep"),
        (Methods.reset(stopped=True, keepstate=True), "reset stopped keepstate"),
        (Methods.reset(), "reset"),
        (Methods.loadstate(), "loadstate disabled opstatus"),
        (Methods.savestate("disabled"), "savestate disabled"),
        (Methods.disable_host("h1", "h2"), "disable host h1 h2"),
        (Methods.setview(), "setview"),
        (Methods.why("g", "s", 12.5), "why g s 12.500"),
        (Methods.why("g", "s", "2h"), "why g s 2h"),
        (Methods.json("list state"), "json list state"),
    ],
)
def test_lines_that_are_sent(command: ClientCommand[object], line: str) -> None:
    assert command.line == line


@pytest.mark.parametrize("name", ["", "a b", " a", "a\n", "a\tb"])
def test_a_name_is_one_word(name: str) -> None:
    with pytest.raises(ValueError, match="one word"):
        Methods.disable_watch(name)
