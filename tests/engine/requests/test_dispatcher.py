"""What clients may have changed, on a real engine."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineKind
from pymon.model.request import SavedKind
from pymon.model.service import AlertKind
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from tests.engine.lab import NOBODY, Lab

SITE = """
hostgroup web h1 h2

hostgroup sole h3

hostgroup both h3 h1 *h9

watch web
    service x
        interval 1h
        failure_interval 30m
        monitor x.monitor
        description old
        period
            alert rec.alert
            upalert rec.alert
            ackalert rec.alert
            disablealert rec.alert
    service trapped
        traptimeout 2h
        trapduration 1h
        period p: wd {Sun-Sat}
            alert rec.alert
            alertevery 1h
    service unscheduled
        monitor x.monitor

watch sole
    service x
        interval 1h
        monitor x.monitor
        period
            disablealert rec.alert

watch both
    service x
        interval 1h
        monitor x.monitor
"""
X, TRAPPED, UNSCHEDULED = (ServiceKey("web", name) for name in ("x", "trapped", "unscheduled"))
NONE = ServiceKey("web", "nowhere")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path, SITE, settings=f"monremote = {tmp_path}/mon.d/remote 'a b' c\ndtlogging = yes")
    made.program("remote", f'#!/bin/sh\nprintf "%s|" "$@" >>{tmp_path}/remote\necho >>{tmp_path}/remote\n')
    await made.engine.start()
    yield made
    await made.engine.stop()


async def test_every_request_has_a_handler_but_login_which_is_the_servers(lab: Lab) -> None:
    assert lab.engine._dispatcher._handlers.keys() == set(get_args(asked.Request)) - {asked.Login}
    with pytest.raises(ValueError, match="Login is not for the engine"):
        await lab.ask(asked.Login("bob", "secret"))


# Acknowledgement


async def test_ack_needs_a_failure(lab: Lab) -> None:
    outcome = await lab.ask(asked.Acknowledge(X, "why not"))
    assert (outcome.ok, outcome.text) == (False, "service is in a non-failure state")
    lab.recover(X)
    assert not (await lab.ask(asked.Acknowledge(X, "why not"))).ok
    assert lab.state(X).ack == 0


async def test_ack_is_kept_told_and_overwritten(lab: Lab) -> None:
    lab.fail(X)
    before = time.time()
    assert (await lab.ask(asked.Acknowledge(X, "on it"))).ok
    state = lab.state(X)
    assert state.ack_comment == "bob: on it"
    assert before <= state.ack <= time.time()
    assert await lab.calls(2) == ["ack web x bob: on it", "trap web x bad"]
    assert (await lab.ask(asked.Acknowledge(X, "me"), NOBODY)).ok
    assert lab.state(X).ack_comment == ": me", "as in mon, of somebody who is not logged in"


# Disabling


def disabled_file(lab: Lab) -> list[str]:
    return (lab.here / "state" / "disabled").read_text().splitlines()


async def test_q3_a_disabled_service_says_goodbye_and_is_silent(lab: Lab) -> None:
    assert (await lab.ask(asked.SwitchService(X, enable=False))).ok
    assert await lab.calls(1) == ["disable web x bob"]
    assert lab.engine.snapshot().disabled_services == {X}
    assert disabled_file(lab) == ["disable host h9", "disable service web x"]
    lab.fail(X)
    assert lab.state(X).op_status is OpStatus.FAIL, "what happens is recorded"
    assert (await lab.ask(asked.SwitchService(X, enable=False))).ok, "once more, which changes nothing"
    assert (await lab.ask(asked.SwitchService(X, enable=True))).ok
    assert disabled_file(lab) == ["disable host h9"]
    lab.fail(X)
    assert await lab.calls(2) == ["disable web x bob", "trap web x bad"]


@pytest.mark.slow
async def test_q3_a_disabled_watch_says_goodbye_for_its_services(lab: Lab) -> None:
    await lab.ask(asked.SwitchService(TRAPPED, enable=False))
    assert (await lab.ask(asked.SwitchWatch("web", enable=False))).ok
    assert await lab.calls(1) == ["disable web x bob"]
    assert disabled_file(lab) == ["disable host h9", "disable watch web", "disable service web trapped"]
    assert (await lab.ask(asked.SwitchWatch("web", enable=True))).ok
    assert not lab.engine.snapshot().disabled_watches


async def test_unknown_watches_and_services_are_refused_and_not_made(lab: Lab) -> None:
    assert (await lab.ask(asked.SwitchWatch("zz", enable=False))).text == 'unknown watch "zz"'
    assert not (await lab.ask(asked.SwitchService(NONE, enable=False))).ok
    snapshot = lab.engine.snapshot()
    assert not snapshot.disabled_watches
    assert not snapshot.disabled_services
    assert not (lab.here / "state" / "disabled").exists()


async def test_a_disabled_host_is_disabled_in_all_groups_and_takes_its_watch_along(lab: Lab) -> None:
    assert (await lab.ask(asked.SwitchHosts(("h3", "h1"), enable=False))).ok
    site = lab.engine.site
    assert [str(host.name) for host in site.hosts("both") if host.disabled] == ["h3", "h1", "h9"]
    assert [host.name for host in site.hosts("web") if host.disabled] == ["h1"]
    assert lab.engine.snapshot().disabled_watches == {"sole"}, "its only host is disabled"
    assert await lab.calls(1) == ["disable sole x bob"]
    assert disabled_file(lab) == [
        *("disable host h1", "disable host h3", "disable host h3", "disable host h1", "disable host h9"),
        "disable watch sole",
    ]
    assert (await lab.ask(asked.SwitchHosts(("h3", "h9"), enable=True))).ok
    assert not lab.engine.snapshot().disabled_watches
    assert [host.name for host in lab.engine.site.hosts("both") if host.disabled] == ["h1"]


@pytest.mark.slow
async def test_many_hosts_on_many_watches_are_switched_at_once(tmp_path: Path) -> None:
    """One look at each watch, and not one for each host."""
    services = "service s\n  traptimeout 1h\n\n"
    watches = "".join(f"hostgroup g{number} sole\n\nwatch g{number}\n {services}" for number in range(400))
    many = tuple(f"h{number}" for number in range(8000))
    lab = Lab(tmp_path, f"hostgroup many {' '.join(many)}\n\nwatch many\n {services}{watches}")
    await lab.engine.start()
    taken: dict[int, list[float]] = {2000: [], 8000: []}
    for count in (2000, 8000) * 3:
        began = time.thread_time()
        assert (await lab.ask(asked.SwitchHosts((*many[:count], "sole"), enable=False))).ok
        taken[count].append(time.thread_time() - began)
        assert lab.engine.snapshot().disabled_watches >= {f"g{number}" for number in range(400)}
        assert (await lab.ask(asked.SwitchHosts((*many[:count], "sole"), enable=True))).ok
    await lab.engine.stop()
    assert min(taken[8000]) / min(taken[2000]) < 10, f"four times the hosts: {taken}"


async def test_p_host_names_are_literal(lab: Lab) -> None:
    """P-host-names: mon takes them as patterns, renames what they match, and one that is none ends it."""
    for name in ("h.", ".*", "h(", "h[1"):
        outcome = await lab.ask(asked.SwitchHosts(("h1", name), enable=False))
        assert (outcome.ok, outcome.lines) == (False, (name,))
        assert not [host for host in lab.engine.site.hosts("web") if host.disabled], "then none is disabled"
        assert (await lab.ask(asked.SwitchHosts((name,), enable=True))).ok, "enabling what is not there is fine"


async def test_e_monremote_is_called_with_words_and_not_by_a_shell(lab: Lab) -> None:
    """E-monremote: mon hands names to a shell."""
    for request in (
        asked.SwitchHosts(("h3",), enable=False),
        asked.SwitchWatch("web", enable=True),
        asked.SwitchService(X, enable=False),
        asked.TestMonitor(X),
        asked.SwitchHosts(("$(touch x);`id`",), enable=True),
        asked.SwitchWatch("zz", enable=False),
    ):
        await lab.ask(request)
    await lab.until(lambda: len(lab.lines("remote")) == 6)
    assert lab.lines("remote") == [
        "a b|c|disable|watch|sole|",
        "a b|c|disable|host|h3|",
        "a b|c|enable|watch|web|",
        "a b|c|disable|service|web|x|",
        "a b|c|test|web|x|",
        "a b|c|enable|host|$(touch x);`id`|",
    ]


# The scheduler


@pytest.mark.slow
async def test_the_time_of_timers_stands_still_while_the_scheduler_is_stopped(lab: Lab) -> None:
    planned = lab.engine.next_check(X)
    assert planned is not None
    assert (await lab.ask(asked.StopScheduler())).ok
    stopped = lab.engine.snapshot().stopped_since
    assert stopped is not None
    await lab.until(lambda: time.time() > stopped + 0.2)
    later = lab.engine.next_check(X)
    assert later == pytest.approx(planned + time.time() - stopped, abs=0.1)
    lab.fail(X)
    assert lab.state(X).op_status is OpStatus.FAIL, "traps are taken in"
    assert (await lab.ask(asked.StartScheduler())).ok
    assert lab.engine.snapshot().stopped_since is None
    assert lab.engine.next_check(X) == pytest.approx(planned + time.time() - stopped, abs=0.1)
    assert not lab.lines("calls"), "nobody was told"


async def test_a_check_that_was_asked_for_while_stopped_comes_after_the_start(lab: Lab) -> None:
    await lab.ask(asked.StopScheduler())
    await lab.ask(asked.TestMonitor(X))
    assert lab.engine.next_check(X) == pytest.approx(time.time(), abs=0.5)
    await lab.ask(asked.StartScheduler())
    await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)
    assert lab.lines("runs") == ["web x"]


# Tests


async def test_test_monitor_checks_now_and_leaves_the_grid(lab: Lab) -> None:
    """E-test: in mon the next check is one interval after it."""
    planned = lab.engine.next_check(X)
    await lab.ask(asked.SwitchService(X, enable=False))
    assert (await lab.ask(asked.TestMonitor(X))).ok, "disabled or not"
    await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)
    assert lab.engine.next_check(X) == planned


async def test_e_test_a_service_without_interval_is_checked_too(lab: Lab) -> None:
    """E-test: mon says that it was done, and does nothing."""
    assert (await lab.ask(asked.TestMonitor(UNSCHEDULED))).ok
    await lab.until(lambda: lab.state(UNSCHEDULED).op_status is OpStatus.OK)


async def test_e_test_a_check_under_way_is_followed_by_another(lab: Lab) -> None:
    """E-test: mon's client gets the result of a check that began before it asked."""
    (lab.here / "slow").touch()
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: len(lab.lines("runs")) == 1)
    running = lab.engine.snapshot().running
    assert set(running) == {X}
    assert running[X] > 1
    (lab.here / "ill" / "x").touch()
    await lab.ask(asked.TestMonitor(X))
    (lab.here / "go").touch()
    await lab.until(lambda: len(lab.lines("runs")) == 2)
    await lab.until(lambda: not lab.engine.snapshot().running)


BLOCKING = """#!/usr/bin/env python3
import asyncio, time
from dataclasses import dataclass
from pymon.plugin import Call, Report, SetMonitor

@dataclass(frozen=True)
class Options:
    pass

async def check(call: Call[Options]) -> Report:
    time.sleep(1.5)
    return Report(0, "well")

monitor = SetMonitor(Options, check, about="x")

if __name__ == "__main__":
    monitor.main()
"""


@pytest.mark.slow
async def test_a_monitor_that_blocks_the_daemon_is_told_of_where_its_result_is(tmp_path: Path) -> None:
    """``pymon why`` shows it: the result that counts is that of the process. So does ``list banished``."""
    site = "watch web\n    service x\n        interval 1h\n        monitor slow.monitor\n"
    lab = Lab(tmp_path, "hostgroup web 127.0.0.1\n\n" + site)
    lab.program("slow.monitor", BLOCKING)
    await lab.restart()
    try:
        await lab.ask(asked.TestMonitor(X))
        await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)
        await lab.engine.settled()
        events = (await lab.ask(asked.ReadTimeline(X))).events
        banished = lab.engine.snapshot().banished
    finally:
        await lab.engine.stop()
    assert [each[:3] for each in banished] == [("web", "x", "slow.monitor")]
    told = [event for event in events if event.facts.get("cause") == "blocked"]
    assert [event.kind for event in told] == [TimelineKind.CHECK]
    assert re.fullmatch(
        r"slow\.monitor: stopped: it blocked the event loop at \S+ line 11 in check; "
        r"for 1 min it runs as a process, for this service",
        told[0].text,
    )
    assert [event.text for event in events if event.facts.get("status") == "ok"] == ["ok: well"]


async def test_test_alert_calls_it(lab: Lab) -> None:
    assert (await lab.ask(asked.TestAlert(TRAPPED, AlertKind.ALERT, "3", "p"))).ok
    assert await lab.calls(1) == ["test web trapped test"]
    assert not lab.engine.snapshot().alert_history, "it is not recorded"
    outcome = await lab.ask(asked.TestAlert(TRAPPED, AlertKind.ALERT, "3", "q"))
    assert (outcome.ok, outcome.text) == (False, "period not defined")


# Reset and the like


async def test_reset_begins_anew(lab: Lab) -> None:
    """As in mon: states are fresh, hosts and watches stay disabled, services do not; histories stay."""
    lab.fail(X)
    await lab.calls(1)
    await lab.ask(asked.Acknowledge(X, "hm"))
    await lab.ask(asked.SwitchHosts(("h1",), enable=False))
    await lab.ask(asked.SwitchHosts(("h9",), enable=True))
    await lab.ask(asked.SwitchWatch("sole", enable=False))
    await lab.ask(asked.SwitchService(X, enable=False))
    await lab.ask(asked.SetVariable(X, "description", "other"))
    assert (await lab.ask(asked.Reset())).ok
    snapshot = lab.engine.snapshot()
    state = lab.state(X)
    assert (state.op_status, state.ack, state.failure_count) == (OpStatus.UNTESTED, 0, 0)
    assert not snapshot.disabled_services
    assert snapshot.disabled_watches == {"sole"}
    assert [host.name for host in snapshot.site.hosts("both") if host.disabled] == ["h1", "h9"]
    assert snapshot.site.services[X].description == "old", "what was set is forgotten"
    assert snapshot.stopped_since is None
    assert len(snapshot.failure_history) == 1


async def test_reset_keepstate_keeps_it_and_writes_the_state_files(lab: Lab) -> None:
    lab.fail(X)
    await lab.ask(asked.SwitchService(X, enable=False))
    assert (await lab.ask(asked.Reset(stopped=True, keepstate=True))).ok
    assert lab.state(X).op_status is OpStatus.FAIL
    assert lab.engine.snapshot().disabled_services == {X}
    assert lab.engine.snapshot().stopped_since is not None
    assert "service=x\top_status=0" in (lab.here / "state" / "opstatus").read_text()


async def test_e_reset_ends_checks_under_way(lab: Lab) -> None:
    """E-reset: mon waits for them, and does nothing else meanwhile."""
    (lab.here / "slow").touch()
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: len(lab.lines("runs")) == 1)
    await lab.ask(asked.Reset())
    await lab.until(lambda: lab.engine.running_checks == 0)
    assert lab.state(X).op_status is OpStatus.UNTESTED


async def test_e_reset_with_a_wrong_configuration_changes_nothing_but_stops(lab: Lab) -> None:
    """E-reset: mon has ended its monitors by then."""
    lab.fail(X)
    lab.configure(SITE + "\nwatch web2\n    service x\n        intervall 3\n")
    outcome = await lab.ask(asked.Reset(stopped=True))
    assert not outcome.ok
    assert any("intervall" in line for line in outcome.lines)
    assert lab.state(X).op_status is OpStatus.FAIL
    assert lab.engine.snapshot().stopped_since is not None


async def test_a_reload_keeps_what_clients_have_disabled(lab: Lab) -> None:
    """SIGHUP: hosts are disabled in new groups too, and those enabled against mon.cf are disabled again, as in mon."""
    lab.fail(X)
    await lab.ask(asked.SwitchHosts(("h1",), enable=False))
    await lab.ask(asked.SwitchHosts(("h9",), enable=True))
    await lab.ask(asked.SwitchService(X, enable=False))
    await lab.ask(asked.SetVariable(X, "interval", "7"))
    told: list[int] = []
    lab.engine.observe_reloads(lambda settings: told.append(settings.histlength))
    lab.configure("histlength = 5\n" + SITE.replace("hostgroup sole h3", "hostgroup sole h3 h1"))
    await lab.engine.reload()
    snapshot = lab.engine.snapshot()
    assert [host.name for host in snapshot.site.hosts("sole") if host.disabled] == ["h1"]
    assert [host.name for host in snapshot.site.hosts("both") if host.disabled] == ["h1", "h9"]
    assert snapshot.disabled_services == {X}
    assert lab.state(X).op_status is OpStatus.FAIL
    assert snapshot.site.services[X].interval == 3600
    assert told == [5]
    assert "disable host h9" in disabled_file(lab)


async def test_test_config_tells_what_is_wrong(lab: Lab) -> None:
    assert (await lab.ask(asked.TestConfig())).ok
    lab.configure(SITE + "\nfoo = bar\n")
    outcome = await lab.ask(asked.TestConfig())
    assert not outcome.ok
    assert any("foo" in line for line in outcome.lines)


async def test_reload_auth_takes_over_the_rules_or_leaves_none(lab: Lab) -> None:
    assert lab.engine.auth.allows("", "list")
    (lab.here / "auth.cf").write_text("command section\nlist: bob\nack: all\n")
    await lab.ask(asked.Reset())
    assert lab.engine.auth.allows("", "list"), "a reset does not read it, as in mon"
    assert (await lab.ask(asked.ReloadAuth())).ok
    assert not lab.engine.auth.allows("", "list")
    assert lab.engine.auth.allows("", "ack")
    (lab.here / "auth.cf").unlink()
    assert not (await lab.ask(asked.ReloadAuth())).ok
    assert not lab.engine.auth.allows("", "ack")


# Variables


async def test_what_is_set_holds_until_the_next_reset(lab: Lab) -> None:
    for name, value in (("description", "new one"), ("exclude_hosts", "h1 h2"), ("_failure_count", "77")):
        outcome = await lab.ask(asked.SetVariable(X, name, value))
        assert outcome.ok, outcome.text
    service = lab.engine.site.services[X]
    assert (service.description, service.exclude_hosts) == ("new one", frozenset({"h1", "h2"}))
    assert service in lab.engine.site.watches["web"].services
    assert lab.state(X).failure_count == 77
    await lab.ask(asked.Reset())
    service = lab.engine.site.services[X]
    assert (service.description, service.exclude_hosts) == ("old", frozenset())
    assert lab.state(X).failure_count == 0


async def test_e_set_a_changed_interval_counts_from_now(lab: Lab) -> None:
    """E-set: in mon the old one has to pass first."""
    await lab.ask(asked.SetVariable(X, "interval", "10"))
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 10, abs=0.5)
    await lab.ask(asked.SetVariable(X, "_timer", "5"))
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 5, abs=0.5)
    await lab.ask(asked.SetVariable(X, "interval", ""))
    assert lab.engine.next_check(X) is None


async def test_p_set_unknown_changes_nothing_changes_nothing(lab: Lab) -> None:
    """P-set-unknown: mon takes anything."""
    before = lab.engine.site, lab.state(X)
    outcome = await lab.ask(asked.SetVariable(X, "interval", "abc"))
    assert not outcome.ok
    assert "invalid time interval 'abc'" in outcome.text
    assert (lab.engine.site, lab.state(X)) == before


async def test_a_check_under_way_counts_though_its_service_was_changed(lab: Lab) -> None:
    (lab.here / "slow").touch()
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: len(lab.lines("runs")) == 1)
    assert (await lab.ask(asked.SetVariable(X, "description", "other"))).ok
    (lab.here / "go").touch()
    await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)


async def test_set_opstatus_and_maxkeep(lab: Lab) -> None:
    await lab.ask(asked.SetOpstatus(X, OpStatus.WARN))
    assert lab.state(X).op_status is OpStatus.WARN
    for number in range(5):
        lab.fail(X, f"number {number}")
    await lab.ask(asked.SetMaxkeep(2))
    snapshot = lab.engine.snapshot()
    assert snapshot.maxkeep == 2
    assert [line.split()[-1] for line in snapshot.failure_history] == ["3", "4"]


async def test_clear_timers(lab: Lab) -> None:
    lab.fail(TRAPPED)
    assert lab.state(TRAPPED).period("p").last_alert > 0
    await lab.ask(asked.SetVariable(X, "_timer", "3"))
    await lab.ask(asked.SetVariable(TRAPPED, "_trap_timer", "3"))
    for key in (X, TRAPPED):
        assert (await lab.ask(asked.ClearTimers(key))).ok
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 3600, abs=1)
    assert lab.state(TRAPPED).consec_failures == 0
    assert lab.state(TRAPPED).period("p").last_alert == 0


# Files


async def test_savestate_and_loadstate(lab: Lab) -> None:
    lab.fail(TRAPPED)
    await lab.ask(asked.Acknowledge(TRAPPED, "x=y"))
    await lab.ask(asked.SwitchWatch("sole", enable=False))
    await lab.ask(asked.SaveState(tuple(SavedKind)))
    lab.recover(TRAPPED)
    await lab.ask(asked.SwitchWatch("sole", enable=True))
    (lab.here / "state" / "disabled").write_text("disable watch sole\ndisable host h1\ndisable service web nowhere\n")
    assert (await lab.ask(asked.LoadState(tuple(SavedKind)))).ok
    assert lab.state(TRAPPED).op_status is OpStatus.FAIL
    assert lab.state(TRAPPED).ack_comment == "bob: x=y"
    snapshot = lab.engine.snapshot()
    assert snapshot.disabled_watches == {"sole"}
    assert [host.name for host in snapshot.site.hosts("web") if host.disabled] == ["h1"]


async def test_p_savestate_a_state_file_that_cannot_be_written_is_told(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """P-savestate: who goes back to mon relies on the files."""
    assert (await lab.ask(asked.LoadState((SavedKind.OPSTATUS,)))).ok, "as in mon"
    assert "cannot read" in caplog.text
    (lab.here / "state" / "opstatus").mkdir()
    outcome = await lab.ask(asked.SaveState(tuple(SavedKind)))
    assert (outcome.ok, outcome.text) == (False, "cannot write opstatus, see the log")
    assert "cannot write" in caplog.text
    assert (lab.here / "state" / "disabled").exists()


async def test_the_downtime_log_is_read_without_its_comments(lab: Lab) -> None:
    lab.fail(X)
    lab.recover(X)
    outcome = await lab.ask(asked.ReadDowntimeLog())
    assert outcome.ok
    assert [line.split()[1:3] for line in outcome.lines] == [["web", "x"]]
    (lab.here / "log" / "downtime.log").unlink()
    assert not (await lab.ask(asked.ReadDowntimeLog())).ok


# All of them


async def test_p_phantoms_an_unknown_service_is_refused_and_not_made(lab: Lab) -> None:
    """P-phantoms: asking mon for a service can create it."""
    before = lab.engine.site
    requests: tuple[asked.Request, ...] = (
        asked.Acknowledge(NONE, "x"),
        asked.ClearTimers(NONE),
        asked.TestMonitor(NONE),
        asked.TestAlert(NONE, AlertKind.ALERT, "1", "p"),
        asked.SetOpstatus(NONE, OpStatus.OK),
        asked.SetVariable(NONE, "interval", "1m"),
        asked.SwitchService(NONE, enable=True),
    )
    for request in requests:
        outcome = await lab.ask(request)
        assert not outcome.ok, request
        assert "nowhere" in outcome.text
    assert lab.engine.site is before
    assert NONE not in lab.engine.states


async def test_login_is_not_for_the_engine(lab: Lab) -> None:
    with pytest.raises(ValueError, match="Login"):
        await lab.ask(asked.Login("bob", "secret"))


async def test_terminate_is_told_to_the_daemon(lab: Lab) -> None:
    assert not lab.engine.terminated.is_set()
    assert (await lab.ask(asked.Terminate())).ok
    assert lab.engine.terminated.is_set()


async def test_the_record_names_who_asked_and_what_was_refused(lab: Lab) -> None:
    await lab.ask(asked.Acknowledge(X, "too early"))
    await lab.ask(asked.SwitchHosts(("h1",), enable=False))
    outcome = await lab.ask(asked.ReadTimeline(X))
    acts = [event for event in outcome.events if event.kind is TimelineKind.OPERATOR]
    assert [event.text for event in acts] == [
        "acknowledged: too early: refused, service is in a non-failure state",
        "disabled host h1",
    ]
    assert {event.asker for event in acts} == {"bob@127.0.0.1"}


# Traps


async def test_traps_keep_their_timers(lab: Lab) -> None:
    timers = lab.engine._monitor.timers
    lab.engine.take_trap(TRAPPED, Trap("1", "down", "detail", "other:service"))
    state = lab.state(TRAPPED)
    assert (state.op_status, state.last_summary, state.last_detail) == (OpStatus.FAIL, "down", "\ndetail")
    assert state.trap_intended == "other:service"
    due = {kind.value: timers.next_time(kind, TRAPPED) for kind in type(next(iter(timers._due)))}
    assert due["check"] is None
    assert due["trap"] == pytest.approx(state.last_trap + 7200, abs=0.1)
    assert due["expiry"] == pytest.approx(state.last_trap + 3600, abs=0.1)


async def test_what_a_trap_said_is_over_after_trapduration(lab: Lab) -> None:
    await lab.ask(asked.SetVariable(TRAPPED, "trapduration", "0.1s"))
    lab.fail(TRAPPED)
    assert lab.state(TRAPPED).op_status is OpStatus.FAIL
    await lab.until(lambda: lab.state(TRAPPED).op_status is OpStatus.OK)
    outcome = await lab.ask(asked.ReadTimeline(TRAPPED))
    assert "(trapduration)" in outcome.events[-1].text


async def test_a_trap_of_success_ends_failure_interval(lab: Lab) -> None:
    (lab.here / "ill" / "x").touch()
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: lab.state(X).failure_interval_active)
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 1800, abs=2)
    lab.recover(X)
    assert not lab.state(X).failure_interval_active
    assert lab.engine.next_check(X) == pytest.approx(time.time() + 3600, abs=2)
