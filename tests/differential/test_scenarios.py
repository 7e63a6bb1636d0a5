"""The scripted scenarios under Debian's mon and under pymon.

For each scenario three things are proved: what Debian's mon does (so that a quirk is a fact and not a rumour), what
pymon does, and, where no deliberate difference is named, that both made the same calls in every detail: argument lists,
environment and standard input of alerts and monitors, the history and the downtime log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.differential.recording import RECORD, Recordings
from tests.differential.records import Recording, Timeline, differences, matches
from tests.differential.scenario import Part, Scenario
from tests.differential.scenarios import SCENARIOS

pytestmark = [pytest.mark.peer, pytest.mark.ahead(RECORD)]

_HISTORY = re.compile(
    r"(?P<kind>\S+) (?P<group>\S+) (?P<service>\S+) (?P<at>\d+) (?P<path>\S+) (?P<rest>.*)", re.DOTALL
)
_DOWNTIME = re.compile(
    r"(?P<back>\d+) (?P<group>\S+) (?P<service>\S+) (?P<first>\d+) (?P<down>\d+) (?P<rest>.*)", re.DOTALL
)


def _ids(scenario: Scenario) -> str:
    return f"{scenario.name}-{scenario.differs}" if scenario.differs else scenario.name


every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=_ids)
alike = pytest.mark.parametrize("scenario", [entry for entry in SCENARIOS if not entry.differs], ids=_ids)


def test_names_are_unique() -> None:
    """Scenarios share one mon.cf, where the name is the group's."""
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))
    assert len(names) >= 40


@every_scenario
def test_mon_alerts(scenario: Scenario, recordings: Recordings) -> None:
    """Debian's mon does what the scenario says of it."""
    for service, part in scenario.services():
        check_alerts(recordings.mon, service, part.on_mon, scenario)
        check_runs(recordings.mon, service, part, part.arguments if part.mon_arguments is None else part.mon_arguments)


@every_scenario
def test_pymon_alerts(scenario: Scenario, recordings: Recordings) -> None:
    """Pymon does what the scenario says."""
    for service, part in scenario.services():
        check_alerts(recordings.pymon, service, part.expect, scenario)
        check_runs(recordings.pymon, service, part, part.arguments)


@alike
def test_same_alert_calls(scenario: Scenario, recordings: Recordings) -> None:
    """Argument lists, environment and standard input of all alerts are the same."""
    for service, _ in scenario.services():
        assert differences(recordings.pymon.normal_alerts(service), recordings.mon.normal_alerts(service)) == []


@alike
def test_same_monitor_calls(scenario: Scenario, recordings: Recordings) -> None:
    """Argument lists and environment of all runs of the monitors are the same."""
    for service, _ in scenario.services():
        assert differences(recordings.pymon.normal_runs(service), recordings.mon.normal_runs(service)) == []


@alike
def test_same_history(scenario: Scenario, recordings: Recordings) -> None:
    """The lines of historicfile are the same, but for times and folders."""
    for service, _ in scenario.services():
        assert _history(recordings.pymon, service) == _history(recordings.mon, service)


@alike
def test_same_downtime(scenario: Scenario, recordings: Recordings) -> None:
    """The records of the downtime log are the same, but for times."""
    for service, _ in scenario.services():
        assert _downtimes(recordings.pymon, service) == _downtimes(recordings.mon, service)


@pytest.mark.parametrize("name", ["depend-monitor", "monitordepend"])
def test_monitor_waits_for_its_parent(name: str, recordings: Recordings) -> None:
    """The first run comes only after the parent's success (its second step) was taken in."""
    for recording in (recordings.mon, recordings.pymon):
        first_run = recording.timelines[f"{name}/main"].ends[0]
        assert first_run > recording.timelines[f"{name}/par"].ends[1]


def test_failure_interval_is_kept(recordings: Recordings) -> None:
    """With an interval of 20 s and a failure_interval of 2 s, failures follow each other well within 15 s."""
    for recording in (recordings.mon, recordings.pymon):
        ends = recording.timelines["failure-interval/main"].ends
        assert max(later - earlier for earlier, later in pairwise(ends)) < 15


def test_exit_status(recordings: Recordings) -> None:
    """E-term: on SIGTERM mon exits with status 1, pymon with 0."""
    assert recordings.mon.exit_status == 1
    assert recordings.pymon.exit_status == 0


def check_alerts(recording: Recording, service: str, expected: Sequence[str], scenario: Scenario) -> None:
    briefs = recording.briefs(service)
    assert matches(briefs, expected), f"{scenario.about}: expected {list(expected)}, but it was {briefs}"


def check_runs(recording: Recording, service: str, part: Part, arguments: object) -> None:
    runs = recording.runs[service]
    assert len(runs) == len(part.steps)
    if arguments is not None:
        assert [list(run.argv[1:]) for run in runs] == [arguments] * len(runs)


def _history(recording: Recording, service: str) -> list[tuple[str, ...]]:
    lines = []
    for line in recording.history.splitlines():
        match = _HISTORY.fullmatch(line)
        assert match, line
        if f"{match['group']}/{match['service']}" == service:
            at = "start" if match["kind"] == "startupalert" else _step(recording, service, match["at"])
            lines.append((at, match["kind"], match["path"].replace(recording.rig, "{rig}"), match["rest"]))
    return sorted(lines)


def _downtimes(recording: Recording, service: str) -> list[tuple[str, ...]]:
    records = []
    for line in recording.downtime.splitlines():
        if line.startswith("#"):
            continue
        match = _DOWNTIME.fullmatch(line)
        assert match, line
        if f"{match['group']}/{match['service']}" == service:
            assert abs(int(match["back"]) - int(match["first"]) - int(match["down"])) <= 1
            times = (_step(recording, service, match["back"]), _step(recording, service, match["first"]))
            records.append((*times, match["rest"]))
    return sorted(records)


def _step(recording: Recording, service: str, time: str) -> str:
    return recording.timelines.get(service, Timeline(())).step_at(int(time))
