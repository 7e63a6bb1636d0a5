"""What is shown of a plugin is safe to show, and not too much."""

from __future__ import annotations

from pymon.contract.invocation import Invocation
from pymon.model.measurement import Measurement
from pymon.model.result import CheckResult
from pymon.runner.registry import PluginFile
from pymon.workbench.conformance import Trial, TrialRun
from pymon.workbench.report import LONGEST_LINE, MOST_LINES, account, escape


def test_nothing_reaches_the_terminal_that_it_would_act_upon() -> None:
    assert escape("a\tb \x1b[31mred\x07 \udcff \u202e 한글") == "a\tb \\x1b[31mred\\x07 \\xff \\u202e 한글"


def test_a_long_line_is_cut() -> None:
    assert escape("x" * (LONGEST_LINE + 7)) == "x" * LONGEST_LINE + "… (7 characters more)"


def test_much_output_is_cut() -> None:
    output = "".join(f"line {number}\n" for number in range(MOST_LINES + 5))
    measurements = tuple(Measurement("h", f"m{number}", 1.0) for number in range(MOST_LINES + 7))
    run = TrialRun(CheckResult(0, output), 0.0, measurements)
    lines = [line.text for line in account(Trial(PluginFile("x", "/x"), Invocation("/x", (), {}), run, None, "why"))]
    assert "  and 5 more lines" in lines
    assert "  and 7 more" in lines
    assert sum(line.startswith("  | ") for line in lines) == MOST_LINES
