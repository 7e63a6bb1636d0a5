"""Results of a service kept as runs: what says the same as the one before is counted, and takes no place (pure).

A result goes on the run before it if outcome and exit value are the same, and the summary is: that of a success but for
its measured figures (no rule looks at them), any other to the letter (``alertevery`` compares summaries). A run ends
where the clock was put back, and where ``end`` says that something came in between.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from pymon.model.change import ChangeCause, StateChange
from pymon.model.depend import ServiceKey
from pymon.model.result import CheckOutcome, CheckResult
from pymon.model.result_run import ResultRun
from pymon.timeline.coalesce import without_figures

_RESULTS = frozenset({ChangeCause.CHECK, ChangeCause.TRAP, ChangeCause.TRAP_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Numbered:
    """A run with its number, which stays the same while the run grows; later runs have higher numbers."""

    number: int
    run: ResultRun


class ResultCoalescer:
    """Numbers runs, and knows the one of each service that goes on."""

    def __init__(self) -> None:
        """The first run gets number 1."""
        self._last = 0
        self._open: dict[ServiceKey, Numbered] = {}

    def __len__(self) -> int:
        """How many services have a run that goes on."""
        return len(self._open)

    def add(self, key: ServiceKey, result: ResultRun) -> tuple[Numbered, Numbered | None]:
        """The run that a result is part of now, and the one that it has ended, if it has."""
        before = self._open.get(key)
        if before is not None and continues(before.run, result):
            grown = replace(result, first=before.run.first, count=before.run.count + result.count)
            self._open[key] = now = Numbered(before.number, grown)
            return now, None
        self._last += 1
        self._open[key] = now = Numbered(self._last, result)
        return now, before

    def end(self, group: str = "", service: str = "") -> list[tuple[ServiceKey, Numbered]]:
        """Let the runs of a service end; without one those of all in the group, without either all. Those it were."""
        if group and service:
            keys = [key] if (key := ServiceKey(group, service)) in self._open else []
        else:
            keys = [key for key in self._open if group in ("", key.group)]
        return [(key, self._open.pop(key)) for key in keys]

    def retain(self, keys: Collection[ServiceKey]) -> None:
        """Forget other services."""
        for key in [each for each in self._open if each not in keys]:
            del self._open[key]

    def open_runs(self) -> dict[ServiceKey, Numbered]:
        """The run of each service that goes on."""
        return dict(self._open)


def continues(run: ResultRun, result: ResultRun) -> bool:
    """Whether a result says the same as the run before it, and is later."""
    if (run.outcome, run.exitval) != (result.outcome, result.exitval) or result.first < run.last:
        return False
    if run.summary == result.summary:
        return True
    return run.outcome is CheckOutcome.OK and without_figures(run.summary) == without_figures(result.summary)


def result_of(change: StateChange, now: float) -> ResultRun | None:
    """What a change of a service's state tells as a result: of a check, of a trap, or of a trap that did not come.

    ``now`` is when it was judged. None: it tells nothing of the service (an operator's doing, or a trap that says
    neither well nor ill, such as ``coldstart``).
    """
    outcome = change.after.check if change.cause in _RESULTS else None
    if outcome is None:
        return None
    exitval = change.source.exitval if isinstance(change.source, CheckResult) else None
    return ResultRun(outcome, change.after.last_summary, now, now, exitval=exitval)
