"""Whether the programs that lines name are there, and are those that are meant."""

from __future__ import annotations

import contextlib
import filecmp
import functools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pymon.config.build import ParsedSite
from pymon.config.report import ProblemReport
from pymon.executable import Search, uses_sdk
from pymon.installed import ALERTS, MONITORS
from pymon.model.service import Alert, AlertKind, Period
from pymon.share import share_path

Find = Callable[[str, str], Search]
"""looks for a program of a name and an entry-point group, as the daemon does"""

_CALLING = re.compile(r"(\w+)\s*(?:exit\s*=\s*[0-9]+(?:-[0-9]+)?(?:\s+|$))?", re.ASCII | re.IGNORECASE)
_KINDS = {MONITORS: "monitor", ALERTS: "alert"}
_OWN = {MONITORS: "monitors", ALERTS: "alerts"}


def name_offset(text: str) -> int:
    """Where the program's name begins in a logical line: behind the keyword and ``exit=``."""
    match = _CALLING.match(text)
    return match.end() if match else 0


def check_programs(parsed: ParsedSite, report: ProblemReport, find: Find, places: Mapping[str, Sequence[str]]) -> None:
    """Warn of monitors and alerts that are in no directory, cannot be run, or are not those that one may think.

    ``places`` are the directories of each entry-point group.
    """
    looking = _Programs(report, find, places, "plugins" not in parsed.assignments)
    for built in parsed.built.values():
        for keyword, group, command in (
            ("MONITOR", MONITORS, built.service.monitor),
            ("REDISTRIBUTE", ALERTS, built.service.redistribute),
        ):
            token = built.tokens.get(keyword)
            if command is not None and token is not None:
                looking.look_for(command.name, group, token.line or 0)
        for period in built.service.periods:
            for alert in period.alerts:
                looking.look_for(alert.command.name, ALERTS, alert.line)
                looking.look_at_exit(alert, period)


class _Programs:
    """The programs of one site, as far as they were looked up."""

    def __init__(self, report: ProblemReport, find: Find, places: Mapping[str, Sequence[str]], may_hide: bool) -> None:
        self._report = report
        self._find = functools.cache(find)
        self._places = places
        self._may_hide = may_hide
        self._reported: set[tuple[str, str]] = set()
        self._uses_sdk = functools.cache(uses_sdk)
        self._known = functools.cache(self._names)

    def look_for(self, name: str, group: str, line: int) -> None:
        """Report a program that is nowhere, cannot be run, or hides one of pymon's own."""
        found, kind = self._find(name, group), _KINDS[group]
        if found.path:
            if self._may_hide and (group, name) not in self._reported and _hides_own(found.path, name, group):
                self._reported.add((group, name))
                self._add("hides-own", line, kind=kind, name=name, path=found.path)
        elif found.obstacle:
            self._add(f"unusable-{kind}", line, name=name, obstacle=found.obstacle, hint=found.advice)
        else:
            suffix = f".{kind}"
            hint = f"its name usually ends in {suffix}: '{name}{suffix}'?"
            if name.endswith(suffix):
                close = self._report.guess(name.removesuffix(suffix), self._known(group, suffix))
                hint = close.replace("'?", f"{suffix}'?")
            self._add(f"missing-{kind}", line, name=name, hint=hint)

    def _names(self, group: str, suffix: str) -> frozenset[str]:
        """The names in the directories that end like this, without that ending."""
        found: set[str] = set()
        for directory in self._places[group]:
            with contextlib.suppress(OSError):
                found.update(os.listdir(directory))  # noqa: PTH208  # names are all that is wanted
        return frozenset(name.removesuffix(suffix) for name in found if name.endswith(suffix))

    def look_at_exit(self, alert: Alert, period: Period) -> None:
        """Report an actor of the site's own that is called for a broken check as for a dead server."""
        name = alert.command.name
        if alert.kind is not AlertKind.ALERT or alert.exit_range is not None or period.alertexitrange is not None:
            return
        path = self._find(name, ALERTS).path
        is_actor = name.rpartition("/")[2].lower().startswith("lvs")
        if is_actor and path.startswith("/") and not self._uses_sdk(path):
            self._add("lvs-without-exit", alert.line, name=name)

    def _add(self, code: str, line: int, /, **facts: object) -> None:
        self._report.add(code, line, name_offset(self._report.source.logical_line(line)), **facts)


def _hides_own(path: str, name: str, group: str) -> bool:
    """Whether a program comes before one of pymon's own, and is another."""
    own = share_path(_OWN[group]) / name
    if not own.is_file():
        return False
    try:
        return not filecmp.cmp(path, own, shallow=False) if path.startswith("/") else True
    except OSError:
        return Path(path) != own
