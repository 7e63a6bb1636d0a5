"""Acknowledging, disabling and testing: pymon's rules alone, beside Debian's mon that is given the same commands.

What pymon's daemon does with them is in test_scenarios.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.differential.recording import RECORD, Recordings
from tests.differential.records import differences
from tests.differential.replay import replay
from tests.differential.scenario import Scenario
from tests.differential.scenarios import COMMANDS

pytestmark = [pytest.mark.peer, pytest.mark.ahead(RECORD)]

PLACES = ("MON_STATEDIR", "MON_LOGDIR", "MON_CFBASEDIR")
"""variables that say where a daemon keeps its files: a replay has none"""


def _ids(scenario: Scenario) -> str:
    return f"{scenario.name}-{scenario.differs}" if scenario.differs else scenario.name


every_scenario = pytest.mark.parametrize("scenario", COMMANDS, ids=_ids)
alike = pytest.mark.parametrize("scenario", [entry for entry in COMMANDS if not entry.differs], ids=_ids)


@every_scenario
def test_rules_alert(scenario: Scenario, tmp_path: Path) -> None:
    """Pymon's rules do what the scenario says."""
    recording = replay(scenario, tmp_path / "mon.cf")
    for service, part in scenario.services():
        assert recording.briefs(service) == list(part.expect), scenario.about


@alike
def test_same_alert_calls(scenario: Scenario, recordings: Recordings, tmp_path: Path) -> None:
    """Arguments, environment and standard input are the same."""
    recording = replay(scenario, tmp_path / "mon.cf")
    for service, _ in scenario.services():
        ours = [_placeless(call) for call in recording.normal_alerts(service)]
        theirs = [_placeless(call) for call in recordings.mon.normal_alerts(service)]
        assert differences(ours, theirs) == []


def _placeless(call: dict[str, Any]) -> dict[str, Any]:
    environ = {name: value for name, value in call["environ"].items() if name not in PLACES}
    return {"arguments": call["argv"][1:], "environ": environ, "stdin": call["stdin"]}
