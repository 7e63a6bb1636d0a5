"""What probes and checks give, and what they are given: the records of monitors; what is said of all hosts."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from pymon.model.measurement import Measurement
from pymon.model.result import HostOutcome

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


class Broken(NamedTuple):
    """A host that could not be checked, and why, in one line: nothing is known of it. ``detail`` as of Down.

    For what is the fault of this machine or of the monitor: no permission, a program or a library that is missing. The
    service fails if any host is down, and its check is broken if none is and some could not be checked.
    """

    reason: str
    detail: str = ""


Outcome = Up | Down | Broken
Outcomes = Mapping[str, Outcome]
"""Hosts in the order of the arguments, each once."""

_NO_OUTCOMES: Outcomes = MappingProxyType({})


class Wording(NamedTuple):
    """What is said of a host (``{host}``) that cannot be probed, where a monitor has its own words for it."""

    name_not_found: str = "{reason}"
    cannot_connect: str = "{reason}"
    timed_out: str = "timeout after {limit:g} seconds"


class Report(NamedTuple):
    """What a run of a SetMonitor gives. ``summary`` is one line, normally the failed hosts.

    ``broken``: the check could not be carried out, and ``summary`` says why; ``exitval`` then does not count.
    ``hosts`` is what each host is, by the names that the monitor was called with. Where it is left out, the summary
    tells: of a failure, the hosts that it names are down and the others are up.
    """

    exitval: int
    summary: str = ""
    detail: str = ""
    measurements: tuple[Measurement, ...] = ()
    broken: bool = False
    hosts: Outcomes = _NO_OUTCOMES

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


def host_outcomes(outcomes: Outcomes) -> Mapping[str, HostOutcome]:
    """The same for the daemon, to which a host that could not be checked is unknown."""
    return {
        host: _UP if isinstance(outcome, Up) else _DOWN if isinstance(outcome, Down) else _UNKNOWN
        for host, outcome in outcomes.items()
    }


_UP, _DOWN, _UNKNOWN = HostOutcome.UP, HostOutcome.DOWN, HostOutcome.UNKNOWN


def exitval_of(outcomes: Iterable[Outcome]) -> int:
    """The highest of the hosts that failed: never one that would tell of success, as 0 and 256 do."""
    highest = 0
    for outcome in outcomes:
        if isinstance(outcome, Down):
            highest = max(highest, outcome.exitval, 1)
    return highest if highest <= HIGHEST_EXIT else HIGHEST_EXIT


def over_all(outcomes: Outcomes) -> Outcome:
    """One outcome of a host that was probed over several families, by their names: down before broken before up."""
    down = [each for each in outcomes.values() if isinstance(each, Down)]
    reasons = "; ".join(f"{name}: {each.reason}" for name, each in outcomes.items() if not isinstance(each, Up))
    detail = "".join(dict.fromkeys(each.detail for each in outcomes.values()))
    if down:
        return Down(reasons, detail, exitval_of(down))
    return Broken(reasons, detail) if reasons else Up(detail)


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


def broken_summary(outcomes: Outcomes) -> str:
    """Why hosts could not be checked, each reason once; which hosts, where others were checked."""
    reasons: dict[str, list[str]] = {}
    for host, outcome in outcomes.items():
        if isinstance(outcome, Broken):
            reasons.setdefault(outcome.reason, []).append(host)
    all_are = sum(map(len, reasons.values())) == len(outcomes)
    return "; ".join(reason if all_are else f"{reason} ({' '.join(hosts)})" for reason, hosts in reasons.items())


def broken_detail(outcomes: Outcomes) -> str:
    """A line for each host that could not be checked, and what is known of why."""
    text = ""
    for host, outcome in outcomes.items():
        if isinstance(outcome, Broken):
            more = outcome.detail.rstrip("\n")
            text += f"{host}: not checked: {outcome.reason}\n" + (f"{more}\n" if more else "")
    return text
