"""Programs that a monitor runs."""

from __future__ import annotations

import pytest

from pymon.plugin import Cause, Measurement, run_command


async def test_exit_value_output_and_environment() -> None:
    result = await run_command(
        ["/bin/sh", "-c", 'echo "$X $1"; echo too >&2; exit 3', "sh", "a b"], {"X": "y"}, time_limit=9
    )
    assert (result.exitval, result.output, result.cause) == (3, "y a b\ntoo\n", Cause.EXITED)


@pytest.mark.slow
async def test_time_limit() -> None:
    result = await run_command(["/bin/sh", "-c", "echo begun; sleep 60"], {}, time_limit=0.2)
    assert result.cause is Cause.TIMED_OUT
    assert "begun" in result.output
    assert result.duration < 5


async def test_what_cannot_be_started_is_a_result_too() -> None:
    result = await run_command(["/nonexistent/x"], {}, time_limit=1)
    assert result.cause is Cause.NOT_STARTED
    assert result.output == "cannot run /nonexistent/x: No such file or directory\n"


async def test_what_it_measured_is_part_of_the_result() -> None:
    script = 'echo "web1 time 0.5 s" >> "$PYMON_MEASUREMENTS"; echo nonsense >> "$PYMON_MEASUREMENTS"; echo said'
    outer = {"PYMON_MEASUREMENTS": "/proc/self/fd/99"}  # of the run that this one is part of
    result = await run_command(["/bin/sh", "-c", script], outer, time_limit=10)
    assert (result.output, result.measurements) == ("said\n", (Measurement("web1", "time", 0.5, "s"),))
