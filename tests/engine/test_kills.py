"""kill -9 at any moment loses nothing that a client was told. (bench/kills.py plays 200 rounds.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.kill_play import Play


@pytest.mark.slow
def test_nothing_that_was_told_is_lost_by_a_kill(tmp_path: Path) -> None:
    """R-kill: a daemon is killed at a random moment while a client talks to it, again and again."""
    figures = Play(tmp_path / "play", seed=20261124).run(rounds=6)
    assert not figures.lost
    assert figures.rounds == figures.cut_off == 6
    assert figures.answers > 100
    assert figures.compared > 20
