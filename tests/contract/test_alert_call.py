"""The call of an alert: argv, environment, standard input, history line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.alert_call import HOSTS_LIMIT, alert_invocation, history_line
from pymon.contract.environ import ENVIRON_LIMIT, clean, fit
from pymon.contract.invocation import Invocation
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus
from tests.peers import require_peer
from tests.ports import free_port
from tests.programs import write_program

TESTED = SendReason(SendRule.TEST)

SERVICE = Service("g", "s", description="my  service", environment=(("FOO", "bar baz"), ("MON_GROUP", "not so")))
SETTINGS = Settings(statedir="/state", logdir="/log", cfbasedir="/cf")
FAILING = ServiceState(
    op_status=OpStatus.FAIL,
    last_failure=1795466388.9,
    first_failure=1795466386.2,
    last_success=1795466300.0,
    last_summary="sum 1",
    last_output="sum 0\n",
    has_result=True,
    has_output=True,
)


def call(event: EventKind = EventKind.FAILURE, state: ServiceState = FAILING, **others: object) -> AlertCall:
    made = AlertCall(
        key=ServiceKey("g", "s"),
        event=event,
        command=Command("x.alert", "\"a  b\" 'c'", ("a  b", "c")),
        state=state,
        output="sum 1\ndetail\n",
        at=1795466388.7,
        exitval=3,
        history_word="alert",
        reason=TESTED,
    )
    return replace(made, **others)  # type: ignore[arg-type]  # the fields of AlertCall


def made(alert: AlertCall, hosts: tuple[str, ...] = ("h1", "h3"), base: Mapping[str, str] | None = None) -> Invocation:
    return alert_invocation(alert, SERVICE, "/d/x.alert", hosts, SETTINGS, {} if base is None else base)


def test_arguments_of_a_failure() -> None:
    invocation = made(call())
    assert invocation.path == "/d/x.alert"
    assert invocation.arguments == ("-s", "s", "-g", "g", "-h", "h1 h3", "-t", "1795466388", "a  b", "c")
    assert invocation.stdin == "sum 1\ndetail\n"


@pytest.mark.parametrize(
    ("event", "option"),
    [
        (EventKind.UP, "-u"),
        (EventKind.ACK, "-a"),
        (EventKind.DISABLE, "-D"),
        (EventKind.TRAP, "-T"),
        (EventKind.TRAPTIMEOUT, "-O"),
        (EventKind.FAILURE, None),
        (EventKind.STARTUP, None),
        (EventKind.TEST, None),
    ],
)
def test_kind_option_stands_before_the_alerts_own_arguments(event: EventKind, option: str | None) -> None:
    invocation = made(call(event))
    assert invocation.arguments[8:] == (*([option] if option else []), "a  b", "c")
    assert invocation.environ["MON_ALERTTYPE"] == event.value


@pytest.mark.parametrize(
    ("event", "state", "check"),
    [
        (EventKind.FAILURE, {"op_status": OpStatus.FAIL}, "failed"),
        (EventKind.FAILURE, {"op_status": OpStatus.FAIL, "broken": True}, "broken"),
        (EventKind.ACK, {"op_status": OpStatus.FAIL, "broken": True}, "broken"),
        (EventKind.TRAP, {"op_status": OpStatus.FAIL}, "failed"),
        (EventKind.UP, {"op_status": OpStatus.OK}, "failed"),
        (EventKind.UP, {"op_status": OpStatus.OK, "broken": True}, "broken"),
        (EventKind.STARTUP, {"op_status": OpStatus.UNTESTED}, None),
    ],
)
def test_what_an_alert_is_about(event: EventKind, state: dict[str, Any], check: str | None) -> None:
    """R-broken: MON_CHECK tells a broken check from a failure; of a recovery it is what is over."""
    about = replace(call(event), state=ServiceState(**state), period="p")
    assert made(about).environ.get("MON_CHECK") == check


def test_success_that_is_redistributed() -> None:
    """It is of the present success, whatever is over."""
    about = replace(call(EventKind.UP), state=ServiceState(op_status=OpStatus.OK, broken=True), period=None)
    assert made(about).environ["MON_CHECK"] == "ok"


def test_environment_of_a_failure() -> None:
    base = {"PATH": "/bin", "FOO": "daemon's", "MON_SERVICE": "daemon's"}
    assert made(call(), base=base).environ == {
        "PATH": "/bin",
        "FOO": "bar baz",
        "MON_ALERTTYPE": "failure",
        "MON_CFBASEDIR": "/cf",
        "MON_CHECK": "failed",
        "MON_DESCRIPTION": "my  service",
        "MON_FIRST_FAILURE": "1795466386",
        "MON_FIRST_SUCCESS": "",
        "MON_GROUP": "g",
        "MON_LAST_FAILURE": "1795466388",
        "MON_LAST_OUTPUT": "sum 0\n",
        "MON_LAST_SUCCESS": "1795466300",
        "MON_LAST_SUMMARY": "sum 1",
        "MON_LOGDIR": "/log",
        "MON_OPSTATUS": "0",
        "MON_RETVAL": "3",
        "MON_SERVICE": "s",
        "MON_STATEDIR": "/state",
    }
    assert base["FOO"] == "daemon's"


def test_variables_that_are_absent() -> None:
    first = made(call(EventKind.STARTUP, ServiceState(), output="", exitval=0)).environ
    assert (
        not {"MON_LAST_SUMMARY", "MON_FIRST_FAILURE", "MON_LAST_OUTPUT", "MON_ACK", "MON_TRAP_INTENDED"} & first.keys()
    )
    assert (first["MON_RETVAL"], first["MON_OPSTATUS"], first["MON_LAST_FAILURE"]) == ("0", "7", "0")
    assert "MON_RETVAL" not in made(call(EventKind.ACK, exitval=None)).environ
    assert "MON_LAST_OUTPUT" not in made(call(state=replace(FAILING, has_output=False))).environ
    assert made(call(state=replace(FAILING, last_output=""))).environ["MON_LAST_OUTPUT"] == ""
    silent = made(call(state=replace(FAILING, last_summary="", last_output=""))).environ
    assert "MON_LAST_SUMMARY" not in silent
    assert silent["MON_LAST_OUTPUT"] == ""
    bare = alert_invocation(call(), replace(SERVICE, description=None), "/d/x", (), SETTINGS, {})
    assert "MON_DESCRIPTION" not in bare.environ
    assert bare.arguments[4:6] == ("-h", "")


def test_variables_that_are_there_at_times() -> None:
    acked = replace(FAILING, ack=1795466387.0, ack_comment="kim: looking")
    assert made(call(EventKind.UP, acked)).environ["MON_ACK"] == "kim: looking"
    assert "MON_ACK" not in made(call(state=replace(acked, ack_comment=""))).environ
    caught = made(call(EventKind.TRAP, trap_intended="other:svc", exitval="abc")).environ
    assert caught["MON_TRAP_INTENDED"] == "other:svc"
    assert caught["MON_RETVAL"] == "abc"


def test_q21_variables_are_cut_so_that_the_alert_can_start() -> None:
    """Q21: the kernel takes no string of 128 KiB; standard input is whole all the same."""
    long = "한" * 100_000
    invocation = made(call(state=replace(FAILING, last_output=long, last_summary="x" + long), output=long))
    output, summary = invocation.environ["MON_LAST_OUTPUT"], invocation.environ["MON_LAST_SUMMARY"]
    assert output == "한" * (ENVIRON_LIMIT // 3)
    assert summary == "x" + "한" * ((ENVIRON_LIMIT - 1) // 3)
    assert invocation.stdin == long


def test_q21_hosts_that_do_not_fit_are_left_out() -> None:
    """Q21: the kernel takes no argument of 128 KiB; whole names are dropped from the end."""
    hosts = tuple(f"host-number-{number}.example.org" for number in range(10_000))
    passed = made(call(), hosts).arguments[5].split(" ")
    assert passed == list(hosts[: len(passed)])
    assert HOSTS_LIMIT - 50 < len(" ".join(passed)) <= HOSTS_LIMIT


def test_a_nul_is_shown_and_not_passed() -> None:
    """A-nul: neither argument nor variable can hold a NUL."""
    invocation = made(call(state=replace(FAILING, last_summary="a\0b")))
    assert invocation.environ["MON_LAST_SUMMARY"] == "a\ufffdb"
    service = replace(SERVICE, environment=(("FOO", "x\0"),))
    alert = call(command=Command("x.alert", "", ("p\0q",)))
    passed = alert_invocation(alert, service, "/d/x", ("h\0",), SETTINGS, {})
    assert (passed.environ["FOO"], passed.arguments[5], passed.arguments[-1]) == ("x\ufffd", "h\ufffd", "p\ufffdq")


def test_history_line() -> None:
    """Q14: arguments stand there as they were written, brackets and all."""
    assert history_line(call(), "/d/x.alert") == "alert g s 1795466388 /d/x.alert (\"a  b\" 'c') sum 1"
    plain = call(EventKind.STARTUP, output="", command=Command("x.alert"), history_word="startupalert")
    assert history_line(plain, "/d/x.alert") == "startupalert g s 1795466388 /d/x.alert () (NO SUMMARY)"
    assert history_line(call(output=" \t\nmore"), "/d/x").endswith(") (NO SUMMARY)")


any_text = st.text(st.characters(), max_size=200)
"""every code point there is, lone surrogates included"""


@given(any_text, st.integers(0, 300))
def test_bounded_keeps_a_clean_beginning(text: str, limit: int) -> None:
    kept = fit(text, limit)
    assert len(kept.encode("utf-8", "surrogateescape")) <= limit
    assert "\0" not in kept
    assert clean(text).startswith(kept) or _is_cut_between_escaped_bytes(clean(text), kept)
    if len(clean(text).encode("utf-8", "surrogateescape")) <= limit:
        assert kept == clean(text)


def _is_cut_between_escaped_bytes(text: str, kept: str) -> bool:
    """Escaped bytes that happen to make a character read as that character afterwards; the bytes are the same."""
    return text.encode("utf-8", "surrogateescape").startswith(kept.encode("utf-8", "surrogateescape"))


@given(summary=any_text, output=any_text, ack=any_text, argument=any_text, host=any_text)
def test_whatever_the_text_the_call_can_be_made(summary: str, output: str, ack: str, argument: str, host: str) -> None:
    state = replace(FAILING, last_summary=summary, last_output=output, ack=1.0, ack_comment=ack)
    alert = call(state=state, output=output, command=Command("x.alert", argument, (argument,)))
    invocation = made(alert, (host,))
    for text in (*invocation.arguments, *invocation.environ.values()):
        assert b"\0" not in os.fsencode(text)
    assert len(invocation.arguments) == 9
    assert invocation.stdin == output
    assert ("MON_LAST_SUMMARY" in invocation.environ) == bool(summary or output)
    assert invocation.environ["MON_LAST_OUTPUT"] == fit(output)


# The running mon as the reference.


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One call of the recording alert."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    stdin: str


RECORDER = f"""\
#!{sys.executable}
import json, os, sys, time
folder = os.environ["RECORD"]
env = {{k: v for k, v in os.environ.items() if k.startswith("MON_") or k == "FOO"}}
call = {{"argv": sys.argv, "environ": env, "stdin": sys.stdin.read()}}
name = os.path.join(folder, "%d" % time.time_ns())
with open(name + ".new", "w") as file:
    json.dump(call, file)
os.rename(name + ".new", name + ".json")
"""

MONITOR = """\
#!/bin/sh
n=$(cat "$RECORD/count" 2>/dev/null || echo 0)
echo $((n + 1)) >"$RECORD/count"
echo "sum $n  한글"
echo "detail $n"
[ "$n" -ge 2 ] || exit 3
"""


def record_mon(mon: Path, folder: Path) -> tuple[list[TimelineEvent], list[str]]:
    """What Debian's mon calls for startup, two failures and a recovery, and its history lines."""
    for name in ("alert.d", "mon.d", "state", "log", "record"):
        (folder / name).mkdir()
    for path, text in ((folder / "alert.d/rec.alert", RECORDER), (folder / "mon.d/scr.monitor", MONITOR)):
        write_program(path, text)
    (folder / "auth.cf").touch(mode=0o600)
    (folder / "mon.cf").write_text(
        dedent(f"""\
        cfbasedir = {folder}
        alertdir = {folder}/alert.d
        mondir = {folder}/mon.d
        statedir = {folder}/state
        logdir = {folder}/log
        authfile = {folder}/auth.cf
        historicfile = {folder}/log/history
        pidfile =
        serverbind = 127.0.0.1
        trapbind = 127.0.0.1

        hostgroup g h1 *h2 h3

        watch g
          service s
            description my  service
            FOO=bar baz
            exclude_hosts h3
            interval 1s
            monitor scr.monitor
            period wd {{Sun-Sat}}
              alert rec.alert "down  x" 'q y' plain
              upalert rec.alert
              startupalert rec.alert st
        """)
    )
    ports = ["-p", str(free_port()), "-t", str(free_port())]
    command = [str(mon), "-i", "1", "-c", str(folder / "mon.cf"), "-b", str(folder), *ports]
    environ = {**os.environ, "RECORD": str(folder / "record")}
    with (folder / "out").open("wb") as out, subprocess.Popen(command, env=environ, stdout=out, stderr=out) as daemon:
        try:
            deadline = time.monotonic() + 30
            while len(list((folder / "record").glob("*.json"))) < 4 and time.monotonic() < deadline:
                assert daemon.poll() is None, (folder / "out").read_text()
                time.sleep(0.1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
    calls = [json.loads(path.read_text()) for path in sorted((folder / "record").glob("*.json"))]
    recorded = [TimelineEvent(tuple(each["argv"]), each["environ"], each["stdin"]) for each in calls]
    return recorded, (folder / "log/history").read_text().splitlines()


@pytest.mark.slow
@pytest.mark.peer
def test_same_calls_as_mon(tmp_path: Path) -> None:
    """Startup, failures and recovery: argv, MON_* environment, standard input and history line are those of mon."""
    recorded, history = record_mon(require_peer("mon"), tmp_path)
    startup, first, second, up = recorded[:4]
    times = [int(each.argv[8]) for each in recorded]
    plain = Command("rec.alert", "\"down  x\" 'q y' plain", ("down  x", "q y", "plain"))
    service = Service("g", "s", description="my  service", environment=(("FOO", "bar baz"),))
    settings = Settings(statedir=f"{tmp_path}/state", logdir=f"{tmp_path}/log", cfbasedir=str(tmp_path))
    begun = ServiceState(
        op_status=OpStatus.FAIL,
        first_failure=times[1],
        last_failure=times[1],
        has_result=True,
        last_summary="sum 0  한글",
    )
    again = replace(
        begun,
        last_op_status=OpStatus.FAIL,
        last_failure=times[2],
        last_summary="sum 1  한글",
        has_output=True,
        last_output="sum 0  한글\ndetail 0\n",
    )
    ended = replace(again, op_status=OpStatus.OK, last_output="sum 1  한글\ndetail 1\n")
    key = ServiceKey("g", "s")
    expected = [
        (
            startup,
            AlertCall(
                *(key, EventKind.STARTUP, Command("rec.alert", "st", ("st",)), ServiceState(), "", times[0], 0),
                history_word="startupalert",
                reason=TESTED,
            ),
        ),
        (
            first,
            AlertCall(
                *(key, EventKind.FAILURE, plain, begun, "sum 0  한글\ndetail 0\n", times[1], 3),
                history_word="alert",
                reason=TESTED,
            ),
        ),
        (
            second,
            AlertCall(
                *(key, EventKind.FAILURE, plain, again, "sum 1  한글\ndetail 1\n", times[2], 3),
                history_word="alert",
                reason=TESTED,
            ),
        ),
        (
            up,
            AlertCall(
                *(key, EventKind.UP, Command("rec.alert"), ended, "sum 1  한글\ndetail 1\n", times[3], 0),
                history_word="upalert",
                reason=TESTED,
            ),
        ),
    ]
    path = str(tmp_path / "alert.d/rec.alert")
    for (theirs, alert), line in zip(expected, history, strict=False):
        ours = alert_invocation(alert, service, path, ("h1", "h3"), settings, {})
        assert (ours.path, *ours.arguments) == theirs.argv
        environ = dict(ours.environ)
        environ.pop("MON_CHECK", None)  # which mon does not have (R-broken)
        assert environ == theirs.environ
        assert ours.stdin == theirs.stdin
        assert history_line(alert, path) == line
