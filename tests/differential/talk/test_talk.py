"""The transcripts: commands and traps, and what Debian's mon and pymon make of them.

For each scenario three things are proved: that Debian's mon says what the transcript says of it, that pymon does, and
that both called the same alerts in every detail wherever the transcript expects the same alerts of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from tests.differential.records import differences
from tests.differential.talk.play import TALK, Both
from tests.differential.talk.player import Played
from tests.differential.talk.transcript import FOLDER, Scenario, Transcript, parse, read_all

pytestmark = pytest.mark.peer

TRANSCRIPTS = read_all()
SCENARIOS = [
    pytest.param(transcript.name, scenario, id="-".join([transcript.name, scenario.name, *scenario.differs]))
    for transcript in TRANSCRIPTS
    for scenario in transcript.scenarios
]
every_scenario = pytest.mark.parametrize(("transcript", "scenario"), SCENARIOS)
ahead = pytest.mark.ahead(TALK)


def _shown(scenario: Scenario, lines: Iterable[tuple[str, ...]]) -> str:
    """Steps and what followed them, as one text."""
    shown: list[str] = []
    for step, answer in zip(scenario.steps, lines, strict=False):
        shown += [step.head(), *answer]
    return "\n".join(shown)


def check_answers(scenario: Scenario, played: Played, expected: Iterable[tuple[str, ...]]) -> None:
    assert not played.failure
    assert _shown(scenario, played.lines) == _shown(scenario, expected), scenario.about


@ahead
@every_scenario
def test_mon_answers(transcript: str, scenario: Scenario, played: dict[str, Both]) -> None:
    """Debian's mon answers as the transcript says."""
    check_answers(scenario, played[transcript].mon[scenario.name], (step.mon for step in scenario.steps))


@ahead
@every_scenario
def test_pymon_answers(transcript: str, scenario: Scenario, played: dict[str, Both]) -> None:
    """Pymon answers as the transcript says."""
    check_answers(scenario, played[transcript].pymon[scenario.name], (step.pymon for step in scenario.steps))


@ahead
@every_scenario
def test_same_alert_calls(transcript: str, scenario: Scenario, played: dict[str, Both]) -> None:
    """Argument lists, environment and standard input of the alerts that both called are the same."""
    theirs, ours = played[transcript].mon[scenario.name], played[transcript].pymon[scenario.name]
    found = list(zip(_calls(ours), _calls(theirs), strict=True))
    assert len(found) == len(scenario.steps)
    for step, (our_calls, their_calls) in zip(scenario.steps, found, strict=True):
        both = sorted(our_calls.keys() & their_calls.keys())
        assert not differences([our_calls[line] for line in both], [their_calls[line] for line in both]), step.head()


def _calls(played: Played) -> list[dict[str, dict[str, object]]]:
    """The alerts' calls in full, by their lines, step by step."""
    calls = iter(played.calls)
    return [{line: next(calls) for line in lines if line.startswith("!")} for lines in played.lines]


@every_scenario
def test_differences_are_named(transcript: str, scenario: Scenario) -> None:
    """Where the two differ the scenario names why, and only there."""
    assert any(step.mon != step.pymon for step in scenario.steps) == bool(scenario.differs)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_transcripts_are_written_alike(transcript: Transcript) -> None:
    """What is read is what would be written, so that freezing again changes answers only."""
    assert transcript.render() == (FOLDER / f"{transcript.name}.txt").read_text()


def test_there_are_enough() -> None:
    """The issue asks for 60 scenarios; their names are unique within a transcript."""
    assert len(SCENARIOS) >= 100
    for transcript in TRANSCRIPTS:
        names = sorted(scenario.name for scenario in transcript.scenarios)
        assert all(one != other for one, other in pairwise(names))


def test_malformed_transcript() -> None:
    """A line that is neither step nor answer is named."""
    with pytest.raises(ValueError, match="line 3: neither"):
        parse("x", "@scenario a: b\n@play\nnonsense\n")
    with pytest.raises(ValueError, match="no such section"):
        parse("x", "@nonsense\n")
