"""Programs that a monitor runs: argument lists, with a time limit, their output bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymon.contract.invocation import Invocation
from pymon.model.result import CheckResult


async def run_command(
    command: Sequence[str], environ: Mapping[str, str], *, time_limit: float, stdin: str = ""
) -> CheckResult:
    """Run a program, and give its exit value and output (both streams).

    ``command`` is an argument list, the first word a path. The program and all that it started are ended after
    ``time_limit`` seconds (``cause`` tells), and when this is cancelled. Never raises but CancelledError: a program
    that cannot be started is a result, too. What it appended to its PYMON_MEASUREMENTS is among that, for you to pass
    on or not; lines that are no measurements are passed over.
    """
    from pymon.process.execution import run_process  # noqa: PLC0415  # few monitors need it, and it takes milliseconds

    invocation = Invocation(command[0], tuple(command[1:]), environ, stdin)
    return await run_process([command[0]], invocation, time_limit=time_limit, on_bad_measurement=_pass_over)


def _pass_over(_problem: str) -> None:
    """The program is not the daemon's to complain of."""
