"""What a monitor that is a program tells the daemon besides its output and exit code.

It appends lines to the file that PYMON_MEASUREMENTS names:

    HOST NAME VALUE [UNIT]   a measurement (``pymon.model.measurement``)
    !broken                  the check could not be carried out
    !up HOST                 HOST is well
    !down HOST               HOST is not
    !unknown HOST            HOST could not be checked

Of several lines about one host, down counts before unknown, and unknown before up. Lines with ``!`` are no measurements
to a daemon that does not know them, and cost it no more than a line in its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pymon.contract.measurements import format_measurements, keep_usable, parse_measurements
from pymon.model.measurement import Measurement
from pymon.model.result import NO_HOSTS, HostOutcome
from pymon.text import well_formed

BROKEN_LINE = "!broken"
"""by this line a check says that it could not be carried out"""

_BLANKS = " \t\r"
_OUTCOMES = {f"!{outcome.value}": outcome for outcome in HostOutcome}
_WEIGHTS = {HostOutcome.UP: 0, HostOutcome.UNKNOWN: 1, HostOutcome.DOWN: 2}


class SideNotes(NamedTuple):
    """What was told; ``problem`` is what is wrong with the first line that is neither (empty if all are valid)."""

    measurements: tuple[Measurement, ...] = ()
    hosts: Mapping[str, HostOutcome] = NO_HOSTS
    is_broken: bool = False
    problem: str = ""


def format_notes(
    measurements: Sequence[Measurement], hosts: Mapping[str, HostOutcome] = NO_HOSTS, *, broken: bool = False
) -> str:
    """The lines of a run. Of an invalid measurement a line says what is wrong, so that the daemon logs it.

    Hosts come first: what is too much is cut off at the end.
    """
    kept, problem = keep_usable(measurements)
    is_broken = f"{BROKEN_LINE}\n" if broken else ""
    return is_broken + "".join(_host_lines(hosts)) + format_measurements(kept) + problem


def _host_lines(hosts: Mapping[str, HostOutcome]) -> Iterable[str]:
    for host, outcome in hosts.items():
        # A name that is no line of its own stays unknown: mon.cf has no such host.
        if host and host == well_formed(host).strip(_BLANKS) and "\n" not in host:
            yield f"!{outcome.value} {host}\n"


def parse_notes(text: str) -> SideNotes:
    """Read the lines that a program appended."""
    if "!" not in text:
        measurements, problem = parse_measurements(text) if text else ((), "")
        return SideNotes(measurements, problem=problem)
    hosts: dict[str, HostOutcome] = {}
    is_broken, others = False, []
    for line in text.split("\n"):
        word, _, rest = line.strip(_BLANKS).partition(" ")
        host, outcome = rest.strip(_BLANKS), _OUTCOMES.get(word)
        if outcome is not None and host:
            hosts[host] = max(outcome, hosts.get(host, outcome), key=_WEIGHTS.__getitem__)
        elif word == BROKEN_LINE and not host:
            is_broken = True
        else:
            others.append(line)
            continue
        others.append("")  # so that the others keep their numbers
    measurements, problem = parse_measurements("\n".join(others))
    return SideNotes(measurements, hosts, is_broken, problem)
