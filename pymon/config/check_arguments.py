"""The arguments of monitors and alerts, as their own plugins judge them: gathered here, tried where plugins may run.

    lines = ArgumentLines(parsed, source)
    verdicts = …                         # of lines.trials
    problems = lines.problems(verdicts)

Equal lines are tried once, and each is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pymon.config.build import ParsedSite
from pymon.config.build_service import BuiltService
from pymon.config.check_programs import name_offset
from pymon.config.lines import Source
from pymon.config.report import ProblemReport
from pymon.config.shell_words import locate_words
from pymon.errors import WordSplitError
from pymon.installed import ALERTS, MONITORS
from pymon.model.argument import ArgumentTrial, Fault, Verdicts
from pymon.model.problem import Problem
from pymon.model.service import Command, Service
from pymon.model.site import Site

_NAME = re.compile(r"\S+\s*", re.ASCII)
_SOME_HOST = "host"
"""stands for the hosts of a group without hosts: its monitor is never called"""
_CODES = {
    Fault.REFUSED: "refused-argument",
    Fault.IGNORED: "ignored-option",
    Fault.FILE: "unusable-file",
    Fault.DANGER: "dangerous-argument",
}


class ProgramLine(NamedTuple):
    """A line that calls a program: its number, and the program's name."""

    line: int
    name: str


class ArgumentLines:
    """The lines of a site that call programs, by what they call them with."""

    def __init__(self, parsed: ParsedSite, source: Source) -> None:
        self._source = source
        self._lines: dict[ArgumentTrial, list[ProgramLine]] = {}
        for built in parsed.built.values():
            for trial, spot in _lines_of(built, parsed.site):
                self._lines.setdefault(trial, []).append(spot)

    @property
    def trials(self) -> tuple[ArgumentTrial, ...]:
        """The trials to make."""
        return tuple(self._lines)

    @property
    def programs(self) -> tuple[tuple[str, str], ...]:
        """The programs, by entry-point group and name."""
        return tuple(dict.fromkeys((trial.group, trial.name) for trial in self._lines))

    def problems(self, verdicts: Verdicts) -> tuple[Problem, ...]:
        """Turn the results of trials into problems of the file."""
        report = ProblemReport(self._source)
        if verdicts.obstacle and self._lines:
            report.add("untried", 0, obstacle=verdicts.obstacle)
        reported: set[tuple[str, str]] = set()
        for trial, spots in self._lines.items():
            program = trial.group, trial.name
            why = verdicts.broken.get(program)
            if why is not None and program not in reported:
                reported.add(program)
                kind = "monitor" if trial.group == MONITORS else "alert"
                at = spots[0].line, self._offset(spots[0], None)
                report.add("broken-plugin", *at, kind=kind, name=trial.name, reason=why)
            for problem in verdicts.problems.get(trial, ()):
                facts = {"name": trial.name, "reason": problem.text, "advice": problem.advice}
                for spot in spots:
                    report.add(_CODES[problem.fault], spot.line, self._offset(spot, problem.word), **facts)
        return report.problems()

    def _offset(self, spot: ProgramLine, word: int | None) -> int:
        """Where a word stands in its logical line; the program's name, if the word is not in the line."""
        text = self._source.logical_line(spot.line)
        start = name_offset(text)
        name = _NAME.match(text, start)
        if word is None or name is None:
            return start
        try:
            starts = locate_words(text[name.end() :])
        except WordSplitError:
            return start
        return name.end() + starts[word] if word < len(starts) else start


def _lines_of(built: BuiltService, site: Site) -> Iterator[tuple[ArgumentTrial, ProgramLine]]:
    """The lines of one service."""
    service = built.service
    monitor, token = service.monitor, built.tokens.get("MONITOR")
    if monitor is not None and token is not None:
        hosts = _hosts(service, site) if monitor.append_hosts else ()
        trial = ArgumentTrial(MONITORS, monitor.name, (*monitor.arguments, *hosts), service.environment, len(hosts))
        yield trial, _program_line(monitor, token.line or 0)
    redistribute, token = service.redistribute, built.tokens.get("REDISTRIBUTE")
    if redistribute is not None and token is not None:
        trial = ArgumentTrial(ALERTS, redistribute.name, redistribute.arguments, service.environment)
        yield trial, _program_line(redistribute, token.line or 0)
    for period in service.periods:
        for alert in period.alerts:
            trial = ArgumentTrial(ALERTS, alert.command.name, alert.command.arguments, service.environment)
            yield trial, _program_line(alert.command, alert.line)


def _program_line(command: Command, line: int) -> ProgramLine:
    return ProgramLine(line, command.name)


def _hosts(service: Service, site: Site) -> tuple[str, ...]:
    """The hosts that a monitor is given; all of the group's where exclude_hosts leaves no host."""
    hosts = site.hosts(service.group)
    named = tuple(each.name for each in hosts if not each.disabled and each.name not in service.exclude_hosts)
    if named or service.allow_empty_group:
        return named
    return tuple(each.name for each in hosts) or (_SOME_HOST,)
