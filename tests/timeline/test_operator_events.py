"""What requests, outcomes and the daemon's own life are recorded as."""

from __future__ import annotations

from typing import get_args

import pytest

from pymon.model import request as requests
from pymon.model.event import TimelineKind
from pymon.model.request import Asker, Request, SavedKind
from pymon.model.result import Cause, CheckResult
from pymon.model.service import AlertKind
from pymon.model.status import OpStatus
from pymon.timeline import operator_events
from tests.store.samples import T0, WEB

BOB = Asker("bob", "10.0.0.9")
TOLD: list[tuple[Request, str]] = [
    (requests.Acknowledge(WEB, "on it"), "acknowledged: on it"),
    (requests.Acknowledge(WEB, ""), "acknowledged"),
    (requests.SwitchWatch("web", False), "disabled watch web"),
    (requests.SwitchService(WEB, True), "enabled service web http"),
    (requests.SwitchHosts(("h1", "h2"), False), "disabled host h1 h2"),
    (requests.StopScheduler(), "stopped the scheduler: no checks, no alerts"),
    (requests.StartScheduler(), "started the scheduler"),
    (requests.Terminate(), "ended the daemon"),
    (requests.Reset(stopped=True, keepstate=True), "reset stopped keepstate"),
    (requests.Reset(), "reset"),
    (requests.ReloadAuth(), "had the auth file read again"),
    (requests.ClearTimers(WEB), "cleared the timers"),
    (requests.TestMonitor(WEB), "had it checked (test monitor)"),
    (requests.TestAlert(WEB, AlertKind.UPALERT, "3", "p"), "had its alerts tried (test upalert, period p)"),
    (requests.SetMaxkeep(5), "set the length of the histories to 5"),
    (requests.SetOpstatus(WEB, OpStatus.FAIL), "set the status to fail"),
    (requests.SetVariable(WEB, "interval", "5"), "set interval to '5'"),
    (requests.LoadState((SavedKind.DISABLED,)), "loaded state: disabled"),
    (requests.SaveState(()), "saved state: nothing"),
]
LOOKS: list[Request] = [
    requests.TestConfig(),
    requests.ReadDowntimeLog(),
    requests.ReadTimeline(WEB),
    requests.Login("bob", "secret"),
]


@pytest.mark.parametrize(("request_", "text"), TOLD, ids=lambda value: type(value).__name__)
def test_a_change_is_told_with_who_asked(request_: Request, text: str) -> None:
    event = operator_events.of_request(request_, BOB, T0)
    assert event is not None
    assert (event.kind, event.text, event.asker) == (TimelineKind.OPERATOR, text, "bob@10.0.0.9")
    assert event.facts["request"] == type(request_).__name__
    if hasattr(request_, "key"):
        assert (event.group, event.service) == WEB


@pytest.mark.parametrize("request_", LOOKS, ids=lambda value: type(value).__name__)
def test_who_only_looks_is_not_told_of(request_: Request) -> None:
    assert operator_events.of_request(request_, BOB, T0) is None


def test_every_request_is_decided_on() -> None:
    assert {type(request) for request, _ in TOLD} | {type(request) for request in LOOKS} == set(get_args(Request))


def test_what_was_refused_says_why() -> None:
    event = operator_events.of_request(requests.SetVariable(WEB, "interval", "x"), BOB, T0, "no time")
    assert event is not None
    assert event.text == "set interval to 'x': refused, no time"
    assert event.facts["refused"] == "no time"


def test_hosts_are_told_of_in_each_group() -> None:
    events = operator_events.of_host_switch(requests.SwitchHosts(("h1",), False), ["web", "mail"], BOB, T0)
    assert [(event.group, event.service, event.text) for event in events] == [
        ("web", "", "disabled host h1"),
        ("mail", "", "disabled host h1"),
    ]


def result(exitval: int, output: str = "", cause: Cause = Cause.EXITED) -> CheckResult:
    return CheckResult(exitval, output, 0.25, cause)


def test_outcomes() -> None:
    of = operator_events.of_outcome
    done = of(
        *WEB, "lvs.alert -V v -R r", "failure", result(0, "removed 10.0.0.1:80\n\nfrom v\n"), T0 + 0.25, decided=T0 - 1
    )
    assert done.text == "lvs.alert -V v -R r done in 0.2s: removed 10.0.0.1:80; from v"
    assert (done.at, done.kind, done.group, done.service) == (T0 + 0.25, TimelineKind.OUTCOME, *WEB)
    assert done.facts["output"] == ["removed 10.0.0.1:80", "from v"]
    again = of(*WEB, "mail.alert x", "failure", result(75, "busy"), T0 + 0.25, decided=T0, retry=4.0)
    assert again.text == "mail.alert x failed (exit 75) after 0.2s, tried again in 4s: busy"
    given_up = of(*WEB, "mail.alert x", "failure", result(75), T0 + 0.25, decided=T0, given_up="an hour is over")
    assert given_up.text == "mail.alert x failed (exit 75) after 0.2s, given up: an hour is over"
    late = of(*WEB, "mail.alert x", "failure", result(137, cause=Cause.TIMED_OUT), T0 + 0.25, decided=T0)
    assert late.text == "mail.alert x failed (timed out) after 0.2s"
    lost = operator_events.of_lost_alert(*WEB, "lvs.alert", "up", T0, "a newer decision")
    assert lost.text == "lvs.alert is not done: a newer decision"


def test_an_alert_that_says_much_is_cut() -> None:
    event = operator_events.of_outcome(
        *WEB, "x", "up", result(0, "y" * 10_000 + "\n" + "z\n" * 1000), T0 + 0.25, decided=T0
    )
    assert len(event.text) < 1000


def test_the_daemons_own_life() -> None:
    start = operator_events.of_start(T0, 3, 2, version="1.0", last_write=T0 - 90)
    assert start.text == "pymon 1.0 started with 3 services on 2 watches, after 1m30s without a daemon"
    assert operator_events.of_start(T0, 3, 2, version="1.0").text == "pymon 1.0 started with 3 services on 2 watches"
    assert operator_events.of_stop(T0).text == "pymon stopped"
    assert operator_events.of_stop(T0, "SIGTERM").text == "pymon stopped (SIGTERM)"
    reload = operator_events.of_reload(T0, {"unchanged": 3, "new": 1}, "SIGHUP")
    assert reload.text == "configuration read again (SIGHUP): 3 unchanged, 1 new"


def test_a_clock_that_was_set() -> None:
    """E-clock-set."""
    on, back = operator_events.of_clock_set(T0, 3600.0), operator_events.of_clock_set(T0, -90.04)
    assert on.text == "the system's clock was put on by 1h (+3600.0 seconds); all times and timers moved with it"
    assert back.text == "the system's clock was put back by 1m30s (-90.0 seconds); all times and timers moved with it"
    assert (on.kind, on.facts) == (TimelineKind.DAEMON, {"step": 3600.0})


def test_a_daemon_that_was_held_up_and_a_trap_that_was_lost() -> None:
    """E-hold-up."""
    held_up, lost = operator_events.of_hold_up(T0, 2.04), operator_events.of_lost_trap(WEB, T0, 60.0)
    assert held_up.text.startswith("pymon was held up for 2s: what ran out meanwhile is not judged")
    assert held_up.facts == {"held_up": 2.04}
    assert lost.text == "no trap came in time, but some were lost meanwhile: it is waited for once more, 1m"
    assert (lost.kind, lost.group, lost.service, lost.facts) == (TimelineKind.TRAP, *WEB, {"put_off": 60.0})


def test_a_configuration_that_was_refused() -> None:
    event = operator_events.of_refusal(T0, "SIGHUP", "mon.cf:3: no such keyword\nmon.cf:4: another")
    assert (event.text, event.facts) == ("configuration refused (SIGHUP): mon.cf:3: no such keyword", {"why": "SIGHUP"})
