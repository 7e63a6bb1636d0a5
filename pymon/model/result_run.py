"""Results of one service that say the same, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from pymon.model.result import CheckOutcome


@dataclass(frozen=True, slots=True)
class ResultRun:
    """``count`` results from ``first`` to ``last`` (seconds since the epoch); a single result is a run of one.

    ``summary`` is that of the latest. ``exitval`` is None for what is no check, such as a trap that did not come.
    """

    outcome: CheckOutcome
    summary: str
    first: float
    last: float
    count: int = 1
    exitval: int | None = None
