"""E-named: programs that clients name are looked up at once, and refused where they are not to be had."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pymon.model import request as asked
from pymon.model.depend import ServiceKey
from pymon.model.request import Request
from pymon.model.service import AlertKind
from pymon.model.status import OpStatus
from tests.engine.lab import ALERT, MONITOR, Lab

SITE = """
watch web
    service x
        interval 1h
        monitor x.monitor
    service lacking
        monitor later.monitor
        period
            alert rec.alert
            alert later.alert
            upalert rec.alert

hostgroup web h1
"""
X, LACKING = ServiceKey("web", "x"), ServiceKey("web", "lacking")

SDK = """#!/usr/bin/env python3
import os
from dataclasses import dataclass
from pymon.plugin import Call, Report, SetMonitor

@dataclass(frozen=True)
class Options:
    pass

async def check(call: Call[Options]) -> Report:
    return Report(0, f"process {os.getpid()}")

monitor = SetMonitor(Options, check, about="x")

if __name__ == "__main__":
    monitor.main()
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path, SITE)
    await made.engine.start()
    yield made
    await made.engine.stop()


def told(lab: Lab, sentence: str) -> str:
    """A sentence about where programs were looked for."""
    mondir, alertdir = (":".join(each) for each in (lab.engine.site.settings.mondir, lab.engine.site.settings.alertdir))
    return sentence.format(here=lab.here, mondir=mondir, alertdir=alertdir)


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("monitor", "no.monitor -p 80", "no monitor 'no.monitor' in {mondir}"),
        ("monitor", "sub/no.monitor ;;", "no monitor 'sub/no.monitor' in {mondir}"),
        ("monitor", "../mon.cf", "monitor '../mon.cf' cannot be run: {here}/mon.d/../mon.cf is not executable"),
        ("monitor", "f.monitor", "monitor 'f.monitor' cannot be run: {here}/mon.d/f.monitor is not executable"),
        ("monitor", "dir.monitor", "monitor 'dir.monitor' cannot be run: {here}/mon.d/dir.monitor is a directory"),
        ("monitor", "rec.alert", "no monitor 'rec.alert' in {mondir}"),
        ("redistribute", "no.alert a b", "no alert 'no.alert' in {alertdir}"),
        ("redistribute", "x.monitor", "no alert 'x.monitor' in {alertdir}"),
    ],
)
async def test_e_named_what_is_not_there_is_refused_and_changes_nothing(
    lab: Lab, variable: str, value: str, wanted: str
) -> None:
    lab.program("f.monitor", "#!/bin/sh\n").chmod(0o644)
    (lab.here / "mon.d" / "dir.monitor").mkdir()
    before = lab.engine.snapshot().site.services[X]
    outcome = await lab.ask(asked.SetVariable(X, variable, value))
    assert (outcome.ok, outcome.text) == (False, told(lab, wanted))
    assert lab.engine.snapshot().site.services[X] == before
    assert (await lab.ask(asked.TestMonitor(X))).ok
    await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)


async def test_e_named_a_monitor_put_there_since_the_start_runs_at_once(lab: Lab) -> None:
    lab.program("new.monitor", "#!/bin/sh\necho fresh $1\n")
    assert (await lab.ask(asked.SetVariable(X, "monitor", "new.monitor -v"))).ok
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: lab.state(X).last_summary == "fresh -v")


async def test_e_named_a_plugin_put_there_since_the_start_runs_inside_the_daemon(lab: Lab) -> None:
    lab.program("new.monitor", SDK)
    assert (await lab.ask(asked.SetVariable(X, "monitor", "new.monitor"))).ok
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: lab.state(X).last_summary == f"process {os.getpid()}")


async def test_e_named_a_redistribute_put_there_since_the_start_is_called(lab: Lab) -> None:
    lab.program("new.alert", ALERT.format(here=lab.here))
    assert (await lab.ask(asked.SetVariable(X, "redistribute", "new.alert"))).ok
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: lab.state(X).op_status is OpStatus.OK)
    assert [call.split()[1:3] for call in await lab.calls(1)] == [["web", "x"]]


async def test_e_named_a_program_that_has_gone_since_the_start_is_missed(lab: Lab) -> None:
    (lab.here / "mon.d" / "x.monitor").unlink()
    for request in (asked.SetVariable(LACKING, "monitor", "x.monitor"), asked.TestMonitor(X)):
        outcome = await lab.ask(request)
        assert (outcome.ok, outcome.text) == (False, told(lab, "no monitor 'x.monitor' in {mondir}"))
    assert lab.state(X).op_status is OpStatus.UNTESTED


@pytest.mark.parametrize("value", ["", "x.monitor 'a b' ;;"])
async def test_what_is_there_or_taken_away_is_set_as_before(lab: Lab, value: str) -> None:
    assert (await lab.ask(asked.SetVariable(LACKING, "monitor", value))).ok
    monitor = lab.engine.snapshot().site.services[LACKING].monitor
    assert (monitor.name if monitor else "") == value.partition(" ")[0]


async def test_e_named_a_test_of_what_is_missing_is_refused_until_it_is_there(lab: Lab) -> None:
    test_alert = asked.TestAlert(LACKING, AlertKind.ALERT, "1", lab.engine.site.services[LACKING].periods[0].key)
    missing: list[tuple[Request, str]] = [
        (asked.TestMonitor(LACKING), told(lab, "no monitor 'later.monitor' in {mondir}")),
        (test_alert, told(lab, "no alert 'later.alert' in {alertdir}")),
    ]
    for request, wanted in missing:
        outcome = await lab.ask(request)
        assert (outcome.ok, outcome.text) == (False, wanted)
    assert lab.state(LACKING).op_status is OpStatus.UNTESTED, "nobody is told of a failure"
    assert await lab.calls(1) == ["test web lacking test"], "the alert that is there was called"
    lab.program("later.monitor", MONITOR.format(here=lab.here))
    lab.program("later.alert", ALERT.format(here=lab.here))
    for request, _ in missing:
        assert (await lab.ask(request)).ok
    await lab.until(lambda: lab.state(LACKING).op_status is OpStatus.OK)
    assert await lab.calls(3) == ["test web lacking test"] * 3
