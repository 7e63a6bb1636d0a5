"""What probes and checks give, and what they are given: the records of monitors; what is said of all hosts."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from pymon.model.measurement import Measurement

OptionsT = TypeVar("OptionsT")

HIGHEST_EXIT = 255
"""exit code; higher ones would lose their upper bits, and 256 tell of success"""


class Up(NamedTuple):
    """A host that is well. ``detail`` may be several lines."""

    detail: str = ""


class Down(NamedTuple):
    """A host that is not, and why, in one line. ``detail`` may be several lines.

    The exit code of the run is the highest ``exitval`` of its hosts: ``alert exit=…`` in mon.cf can tell by it.
    """

    reason: str
    detail: str = ""
    exitval: int = 1


Outcome = Up | Down
Outcomes = Mapping[str, Outcome]
"""Hosts in the order of the arguments, each once."""


class Wording(NamedTuple):
    """What is said of a host (``{host}``) that cannot be probed, where a monitor has its own words for it."""

    name_not_found: str = "{reason}"
    cannot_connect: str = "{reason}"
    timed_out: str = "timeout after {limit:g} seconds"


class Report(NamedTuple):
    """What a run of a SetMonitor gives. ``summary`` is one line, normally the failed hosts."""

    exitval: int
    summary: str = ""
    detail: str = ""
    measurements: tuple[Measurement, ...] = ()

    def output(self) -> str:
        """As printed: nothing at all if there is nothing to say."""
        return f"{self.summary}\n{self.detail}" if self.summary or self.detail else ""


class Call(NamedTuple, Generic[OptionsT]):
    """One run: its hosts in the order given (repetitions included), its options, its environment (``MON_…``).

    ``families`` are those that the user asked for: AF_INET, AF_INET6, both, or AF_UNSPEC for whichever there is.
    """

    hosts: tuple[str, ...]
    options: OptionsT
    environ: Mapping[str, str]
    families: tuple[socket.AddressFamily, ...] = (socket.AF_UNSPEC,)


def exitval_of(outcomes: Iterable[Outcome]) -> int:
    """The highest of the hosts that failed: never one that would tell of success, as 0 and 256 do."""
    highest = 0
    for outcome in outcomes:
        if isinstance(outcome, Down):
            highest = max(highest, outcome.exitval, 1)
    return highest if highest <= HIGHEST_EXIT else HIGHEST_EXIT


def failed_hosts(outcomes: Outcomes, _options: Any) -> str:
    """The hosts that failed, sorted, in one line."""
    return " ".join(sorted(name for name, outcome in outcomes.items() if isinstance(outcome, Down)))


def plain_detail(outcomes: Outcomes, _options: Any) -> str:
    """A line for each host that failed, and what the probes gave as detail."""
    lines: list[str] = []
    for host, outcome in outcomes.items():
        if isinstance(outcome, Down):
            lines.append(f"{host}: {outcome.reason}")
        if outcome.detail:
            lines.append(outcome.detail.rstrip("\n"))
    return "\n".join(lines) + "\n" if lines else ""


def crashed(error: BaseException) -> Down:
    """A probe that raises fails its own host, and says where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename} line {frames[-1].lineno})" if frames else ""
    detail = "".join(traceback.format_exception(error))
    return Down(f"the monitor raised {type(error).__name__}: {error}{place}", detail)
