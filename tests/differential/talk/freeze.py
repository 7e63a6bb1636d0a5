"""Write down what the daemons do now: ``python -m tests.differential.talk.freeze [--pymon] [TRANSCRIPT…]``.

Plays the transcripts on Debian's mon and replaces its lines in the files. pymon's lines follow mon's where they were
the same; with ``--pymon`` they are replaced by what pymon does. Read the difference before it is committed: a
transcript says what has to be, not what happens to be.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from tests.differential.talk.play import Both, play_all
from tests.differential.talk.player import Played
from tests.differential.talk.transcript import FOLDER, Scenario, Step, Transcript, read_all


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--pymon", action="store_true", help="pymon's lines too")
    options = parser.parse_args()
    chosen = [entry for entry in read_all() if not options.names or entry.name in options.names]
    played = play_all(chosen, with_pymon=options.pymon)
    for entry in chosen:
        text = _frozen(entry, played[entry.name]).render().encode()
        (FOLDER / f"{entry.name}.txt").write_bytes(text)


def _frozen(transcript: Transcript, both: Both) -> Transcript:
    scenarios = [
        _scenario(scenario, both.mon[scenario.name], both.pymon.get(scenario.name)) for scenario in transcript.scenarios
    ]
    return replace(transcript, scenarios=tuple(scenarios))


def _scenario(scenario: Scenario, mon: Played, pymon: Played | None) -> Scenario:
    steps: list[Step] = []
    for number, step in enumerate(scenario.steps):
        theirs = mon.lines[number]
        same = theirs if step.pymon == step.mon else step.pymon
        steps.append(replace(step, mon=theirs, pymon=pymon.lines[number] if pymon else same))
    return replace(scenario, steps=tuple(steps))


if __name__ == "__main__":
    main()
