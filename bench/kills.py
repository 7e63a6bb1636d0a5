"""kill -9 at random moments: how often, and what was lost of what clients were told (nothing is the goal)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.kill_play import Play
from bench.report import Row, milliseconds, percentile

ROUNDS = 200
SEED = 2026


def measure() -> list[Row]:
    """ROUNDS daemons are killed while they answer; takes some three minutes."""
    with tempfile.TemporaryDirectory(prefix="pymon-kills-") as folder:
        figures = Play(Path(folder, "play"), SEED).run(ROUNDS)
    what = f"of {figures.compared} facts told by {figures.rounds} daemons killed at random, lost"
    return [
        Row(what, str(len(figures.lost)), goal="0", reached=not figures.lost),
        Row("answers before the kills", str(figures.answers)),
        Row("alerts launched meanwhile, each once", str(figures.alerts)),
        Row("alerts under way at a kill, reported as of unknown end", str(figures.unsure)),
        Row("start after a kill to the first answer: 99th percentile", milliseconds(percentile(figures.starts, 99))),
        *(Row(f"lost: {each[:100]}", "") for each in figures.lost[:10]),
    ]
