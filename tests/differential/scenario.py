"""What a differential scenario is, and how many of them make one mon.cf."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.differential.script import Step, write_script


@dataclass(frozen=True, slots=True)
class Part:
    """One service of a scenario: its lines in mon.cf, its script, and the alert calls that must follow.

    ``lines`` stand before the first period (but for interval and monitor), ``periods`` is the rest. ``expect`` holds
    the calls as ``Call.brief`` writes them, in order (``…`` at an end stands for any text); ``mon`` those of Debian's
    mon where pymon differs on purpose (then the scenario names the difference). ``arguments`` is what follows the
    monitor's argv[0] (``mon_arguments``: under Debian's mon). A service that is never run by either daemon has
    ``steps`` empty.
    """

    steps: Sequence[Step]
    periods: str
    expect: Sequence[str]
    mon: Sequence[str] | None = None
    name: str = "main"
    lines: str = ""
    monitor: str = "script.monitor"
    interval: str = "2s"
    arguments: Sequence[str] | None = None
    mon_arguments: Sequence[str] | None = None

    @property
    def on_mon(self) -> list[str]:
        """The calls that Debian's mon makes."""
        return list(self.expect if self.mon is None else self.mon)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Services of one watch, whose group has the scenario's name.

    ``hosts`` is the hostgroup's text; None leaves the hostgroup out. ``differs`` is the id of the deliberate difference
    that the scenario proves, as in docs/compatibility/; without one both daemons must do exactly the same.
    """

    name: str
    about: str
    parts: Sequence[Part]
    hosts: str | None = "h1 h2"
    differs: str = ""

    def services(self) -> Iterable[tuple[str, Part]]:
        """Each part with its ``group/service``."""
        return ((f"{self.name}/{part.name}", part) for part in self.parts)

    def text(self) -> str:
        """The scenario as mon.cf has it."""
        lines = [] if self.hosts is None else [f"hostgroup {self.name} {self.hosts}", ""]
        lines.append(f"watch {self.name}")
        for part in self.parts:
            lines.append(f"  service {part.name}")
            lines += [f"    interval {part.interval}"] if part.interval else []
            lines += [f"    monitor {part.monitor}"] if part.monitor else []
            # A blank line would end the watch.
            lines += [_indented(text, 4) for text in (part.lines, part.periods) if text.strip()]
        return "\n".join(lines) + "\n\n"


def alone(name: str, about: str, part: Part, *, hosts: str | None = "h1 h2", differs: str = "") -> Scenario:
    """A scenario of one service."""
    return Scenario(name, about, (part,), hosts, differs)


def configuration(settings: str, scenarios: Iterable[Scenario]) -> str:
    """One mon.cf with all the scenarios."""
    return settings + "\n" + "".join(scenario.text() for scenario in scenarios)


def write_scripts(rig: Path, scenarios: Iterable[Scenario]) -> list[Path]:
    """Write the scripts of all the scenarios; returns the files that appear when each is exhausted."""
    done: list[Path] = []
    for scenario in scenarios:
        for service, part in scenario.services():
            folder = rig / "script" / service
            write_script(folder, part.steps)
            if part.steps:
                done.append(folder / "done")
    return done


def _indented(text: str, by: int) -> str:
    lines = textwrap.dedent(text).splitlines()
    return textwrap.indent("\n".join(line for line in lines if line.strip()), " " * by)
