"""The library against Debian's mon and pymon: each verb that they have."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pymon.client import AsyncClient, Client, OpStatus, send_trap
from pymon.errors import AuthenticationFailed, CommandFailed
from pymon.model.depend import ServiceKey
from tests.alerts.conftest import ALERTS
from tests.client.conftest import DETAIL, ODD, Running

HOST = "127.0.0.1"
S1, S2, T = ServiceKey("g1", "s1"), ServiceKey("g1", "s2"), ServiceKey("g2", "t")


@pytest.fixture(scope="module", name="mon")
def mon_fixture(running: Running) -> Iterator[Client]:
    """A client that is logged in. Every new connection to mon costs up to a second, so all share it."""
    with Client(HOST, running.port, username="joe", password="se cret") as client:
        yield client


@pytest.mark.slow
def test_statuses(mon: Client) -> None:
    """K-decode: Mon::Client leaves backslashes doubled."""
    statuses = {status.key: status for status in mon.list_opstatus()}
    assert statuses.keys() == {S1, S2, T}
    s1 = statuses[S1]
    assert (s1.opstatus, s1.exitval, s1.last_summary, s1.last_detail) == (OpStatus.FAIL, 3, ODD, DETAIL)
    assert (s1.monitor, s1.interval, s1.alerts_sent > 0) == ("odd.monitor a ;;", 1.0, True)
    assert time.time() - 60 < s1.first_failure <= s1.last_failure <= time.time()
    assert s1.failure_duration is not None
    assert 0 <= s1.failure_duration < 60
    s2 = statuses[S2]
    assert (s2.opstatus, s2.exitval, s2.exclude_hosts, s2.randskew) == (OpStatus.UNTESTED, None, ("h2",), 3.0)
    assert (s2.depend, s2.depstatus, s2.monitor_duration) == ("g1:s1", None, None)
    assert statuses[T].interval is None
    assert {status.key for status in mon.list_opstatus([("g1", "s2"), "g2"])} == {S2, T}
    assert {status.key for status in mon.list_failures()} == {S1}
    assert {status.key for status in mon.list_successes()} == {S2, T}
    assert mon.list_warnings() == []
    with pytest.raises(CommandFailed, match="520 g1,nix does not exist"):
        mon.list_opstatus([("g1", "nix")])


@pytest.mark.slow
def test_the_site(mon: Client) -> None:
    assert set(mon.list_watch()) == {S1, S2, T}
    assert mon.list_descriptions() == {S1: 'a \\ 설명 "x"', S2: "", T: ""}
    assert {(dep.group, dep.service): (dep.expression, dep.components) for dep in mon.list_deps()} == {
        S1: ("", ()),
        S2: ("g1:s1", (S1,)),
        T: ("", ()),
    }
    assert mon.list_group("g1") == [("127.0.0.1", False), ("h2", False)]
    assert mon.list_aliases() == mon.list_aliases("webs") == {"webs": ("http://x.y/z watch g1 service s1",)}
    assert mon.list_aliasgroups() == ["webs"]
    assert mon.list_views() == ["both"]
    assert (mon.setview("both"), mon.getview(), mon.setview(), mon.getview()) == ("both", "both", "", "")
    with pytest.raises(CommandFailed, match="504 unknown view nix"):
        mon.setview("nix")
    with pytest.raises(CommandFailed, match="undefined group"):
        mon.list_group("nix")


@pytest.mark.slow
def test_histories(mon: Client) -> None:
    """K-failurehist: Mon::Client cannot read it. Histories do not double backslashes, so that what looks like an escape
    is one."""
    alert = mon.list_alerthist()[0]
    assert (alert.kind, alert.group, alert.service, alert.args) == ("alert", "g1", "s1", "a@b")
    assert alert.summary == ODD.replace("\\20", " ")
    assert alert.alert.endswith("/rec.alert")
    failure = mon.list_failurehist()[0]
    assert (failure.group, failure.service, failure.summary) == ("g1", "s1", ODD.replace("\\20", " "))
    assert mon.list_dtlog() == []


@pytest.mark.slow
def test_the_server(mon: Client) -> None:
    """K-verbs: Mon::Client's get_maxkeep and clear never work."""
    assert abs(mon.servertime() - time.time()) < 10
    assert mon.version() == 9745
    mon.protid()
    assert mon.list_pids().server > 1
    assert mon.checkauth("reset")
    assert not mon.checkauth("term")
    assert mon.test_config() == (True, "")
    mon.reload()
    mon.set_maxkeep(77)
    assert mon.get_maxkeep() == 77
    mon.stop()
    state = mon.list_state()
    assert not state.running
    assert abs(state.stopped_since - time.time()) < 10
    mon.start()
    assert mon.list_state() == (True, 0.0)


def test_switching(mon: Client) -> None:
    mon.disable_host("h2")
    mon.disable_watch("g2")
    mon.disable_service("g1", "s2")
    disabled = mon.list_disabled()
    assert (disabled.hosts, disabled.watches, disabled.services) == ({"g1": ("h2",)}, ("g2",), (S2,))
    assert mon.list_group("g1") == [("127.0.0.1", False), ("h2", True)]
    mon.savestate()
    mon.enable_host("h2")
    mon.enable_watch("g2")
    mon.enable_service("g1", "s2")
    assert mon.list_disabled().watches == ()
    with pytest.raises(CommandFailed, match="do not exist"):
        mon.disable_host("nix")


def test_variables(mon: Client) -> None:
    """mon keeps what it is set to escaped, but for blanks and the like: a backslash comes back doubled."""
    mon.set("g1", "s2", "description", "a 'b'\n설명")
    assert mon.get("g1", "s2", "description") == "a 'b'\n설명"
    mon.set("g1", "s2", "opstatus", "linkdown")
    assert mon.list_opstatus([S2])[0].opstatus == OpStatus.LINKDOWN
    mon.set("g1", "s2", "opstatus", "untested")
    with pytest.raises(CommandFailed, match="undefined opstatus"):
        mon.set("g1", "s2", "opstatus", "nix")


def test_acting_on_a_service(mon: Client) -> None:
    mon.ack("g1", "s1", "it's\non 설명")
    (status,) = mon.list_opstatus([S1])
    assert status.ackcomment == "joe: it's\non 설명"
    assert abs(status.ack - time.time()) < 10
    with pytest.raises(CommandFailed, match="non-failure state"):
        mon.ack("g2", "t", "x")
    mon.clear("g1", "s1")
    assert mon.test("monitor", "g1", "s1") == "test monitor completed"
    assert mon.test("alert", "g1", "s1", 1, "p1") == "test alert completed"
    with pytest.raises(CommandFailed, match="g1 nix not defined"):
        mon.test("monitor", "g1", "nix")


def test_a_trap(mon: Client, running: Running) -> None:
    """K-trapslash: a backslash arrives doubled, as from mon's own senders."""
    send_trap("g2", "t", 3, "sum \\ é", "detail\n", host=HOST, port=running.port, username="joe", password="x")
    limit = time.monotonic() + 10
    while (status := mon.list_opstatus([T])[0]).opstatus != OpStatus.FAIL:
        assert time.monotonic() < limit
    assert (status.exitval, status.last_summary, status.last_detail) == (3, "sum \\\\ é", "\ndetail\n")
    # and the same by trap.alert, as another daemon would call it
    alert = (sys.executable, str(ALERTS / "trap.alert"), "-g", "g2", "-s", "t", "-u", f"{HOST}:{running.port}")
    subprocess.run(alert, input=b"well again\nin detail\n", check=True, timeout=30)
    while (status := mon.list_opstatus([T])[0]).opstatus != OpStatus.OK:
        assert time.monotonic() < limit
    assert (status.exitval, status.last_summary, status.last_detail) == (0, "well again", "\nin detail")


def test_mons_second_answer_confuses_nobody(mon: Client) -> None:
    for group, service in (("g1", "nix"), ("nix", "s1")):  # once each: then mon believes that there is such a service
        with pytest.raises(CommandFailed, match="unknown"):
            mon.ack(group, service, "x")
        assert mon.version() == 9745


@pytest.mark.slow
async def test_the_same_with_asyncio(running: Running) -> None:
    async with AsyncClient(HOST, running.port) as client:
        assert S1 in await client.list_watch()
        assert (await client.list_opstatus([S1]))[0].last_summary == ODD
        with pytest.raises(CommandFailed, match="could not be executed"):
            await client.disable_watch("g1")
        with pytest.raises(AuthenticationFailed):
            await client.login("joe", "wrong")
        await client.login("joe", "se cret")
        assert re.fullmatch(r"reset PID \d+@\S+", await client.reset(keepstate=True))
        assert client.connected


def test_what_only_pymon_answers(mon: Client, running: Running) -> None:
    if running.name == "mon":
        with pytest.raises(CommandFailed, match="520 invalid command"):
            mon.json("list state")
        return
    statuses = {status["service"]: status for status in mon.json("list opstatus g1")}
    assert statuses["s1"]["group"] == "g1"
    assert any("odd.monitor" in line or "sum a" in line for line in mon.why("g1", "s1"))
    assert len(mon.why("g1", "s1", "1s")) <= len(mon.why("g1", "s1", time.time() - 3600))
