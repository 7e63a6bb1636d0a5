"""What probes and checks give, and what they are given: the records of monitors."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from pymon.model.measurement import Measurement

OptionsT = TypeVar("OptionsT")


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
