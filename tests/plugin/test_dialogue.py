"""The detail of monitors that show what was said."""

from __future__ import annotations

from pymon.plugin import Down, Outcome, Up, dialogues
from pymon.plugin.dialogue import RULER


def test_dialogues_stand_under_their_verdicts_the_failed_first() -> None:
    outcomes: dict[str, Outcome] = {"a": Up("    < 220 a\n"), "b": Down("timeout"), "c": Down("no", "    < 500 c\n")}
    assert dialogues(outcomes, None) == (
        f"b failed with error timeout\ndetail for b\n{RULER}\nno detail\n\n"
        f"c failed with error no\ndetail for c\n{RULER}\n    < 500 c\n\n"
        "\n"
        f"a succeeded\ndetail for a\n{RULER}\n    < 220 a\n\n"
    )
