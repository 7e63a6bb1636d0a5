"""Checks the lvs.alert lines of a site together: lines without their opposite, and services that disagree (pure).

Each line for itself is tried by lvs.alert (``check_arguments``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from pymon.config.check_programs import name_offset
from pymon.config.lines import Source
from pymon.config.period_coverage import covers_all_times
from pymon.config.report import ProblemReport
from pymon.model.duration import format_duration
from pymon.model.lvs_alert_line import LvsLine
from pymon.model.problem import Problem
from pymon.model.service import Alert, AlertKind, Period, Service
from pymon.model.site import Site

ReadLine = Callable[[Sequence[str]], LvsLine | None]
"""reads the arguments of a line; None if lvs.alert refuses them"""

_OF_KIND: Mapping[AlertKind, str] = {AlertKind.ALERT: "down", AlertKind.UPALERT: "up"}
_AFTER_NO_FAILURE: Mapping[AlertKind, str] = {
    AlertKind.DISABLEALERT: "nobody is told when the service is enabled again, and an upalert follows a failure only",
    AlertKind.STARTUPALERT: "an upalert follows a failure only, and the service may be well from the start",
}
"""events after which there may never be an upalert, and why"""
_DOWN, _UP = "down", "up"
_WAYS = ("-W", "-F")
"""options that say how a real server stands in the table, not which one it is"""


class _Use(NamedTuple):
    """One lvs.alert line in its place. ``direction`` is where it takes the real server; nothing: it is refused."""

    service: Service
    period: Period
    alert: Alert
    line: LvsLine
    direction: str


def lvs_problems(
    site: Site, source: Source, read_line: ReadLine, names: Collection[str] = ("lvs.alert",)
) -> tuple[Problem, ...]:
    """Everything that is odd about the lvs.alert lines of a site; ``names`` are those by which it is called."""
    report = ProblemReport(source)
    uses = [use for service in site.services.values() for use in _uses(service, read_line, names)]
    for use in uses:
        _check_direction(use, report)
    by_service: dict[int, list[_Use]] = {}
    for use in uses:
        by_service.setdefault(id(use.service), []).append(use)
    for several in by_service.values():
        for use in several:
            if use.direction == _DOWN and use.alert.kind is not AlertKind.UPALERT:
                _check_partner(use, several, report)
    _check_shared(uses, report)
    return report.problems()


def _uses(service: Service, read_line: ReadLine, names: Collection[str]) -> Iterator[_Use]:
    for period in service.periods:
        for alert in period.alerts:
            line = read_line(alert.command.arguments) if alert.command.name in names else None
            if line is not None:
                yield _Use(service, period, alert, line, line.direction or _OF_KIND.get(alert.kind, ""))


def _check_direction(use: _Use, report: ProblemReport) -> None:
    usual = _OF_KIND.get(use.alert.kind, "")
    if not use.direction:
        _report(report, "lvs-no-direction", use, keyword=use.alert.kind, real=use.line.real)
    elif usual and use.direction != usual:
        what = "takes the real server out" if use.direction == _DOWN else "puts the real server in"
        _report(report, "lvs-contrary", use, "-X", direction=use.direction, keyword=use.alert.kind, what=what)


def _check_partner(use: _Use, several: Sequence[_Use], report: ProblemReport) -> None:
    """Check that another line puts back the server that a line takes out."""
    if (hint := _AFTER_NO_FAILURE.get(use.alert.kind, "")) and not any(
        each.direction == _UP and each.alert.kind is use.alert.kind and each.line.places & use.line.places
        for each in several
    ):
        _report(report, "lvs-no-return", use, real=use.line.real, virtual=use.line.virtual, hint=hint)
        return
    returning = [each for each in several if each.direction == _UP and each.alert.kind is AlertKind.UPALERT]
    partners = [each for each in returning if each.line.places & use.line.places]
    if not partners:
        taken = {place for each in several if each.direction == _DOWN for place in each.line.places}
        strays = [each for each in returning if not each.line.places & taken]
        nearest = min(strays, key=lambda each: len(_differences(use.line, each.line)), default=None)
        hint = "write an upalert with the same -P, -V, -R, -W and -F"
        if nearest is not None:
            others = ", ".join(_differences(use.line, nearest.line))
            hint = f"the upalert of line {nearest.alert.line} has another {others}"
        _report(report, "lvs-no-return", use, real=use.line.real, virtual=use.line.virtual, hint=hint)
        return
    ways = [[each for each in _differences(use.line, partner.line) if each[:2] in _WAYS] for partner in partners]
    if all(ways):
        differing = f"another {', '.join(ways[0])}"
        _report(report, "lvs-other-return", use, ways[0][0][:2], line=partners[0].alert.line, differing=differing)
    if not covers_all_times(each for partner in partners for each in partner.period.spec.alternatives):
        _report(report, "lvs-period", use, real=use.line.real, period=partners[0].period.spec.text)
    waits = [partner.period.upalertafter or 0.0 for partner in partners]
    if all(waits):
        _report(report, "lvs-upalertafter", use, real=use.line.real, time=format_duration(min(waits)))


def _differences(one: LvsLine, other: LvsLine) -> list[str]:
    """The options in which ``other``, which puts back, differs from what ``one`` says: as ``other`` has them."""
    pairs = {
        "-P": (one.protocol, other.protocol),
        "-V": (one.virtual, other.virtual),
        "-R": (one.real, other.real),
        "-W": (one.weight, other.weight if other.weight is not None else 1),
        "-F": (one.method, other.method or "dr"),
    }
    return [f"{letter} {new}" for letter, (old, new) in pairs.items() if old is not None and old != new]


def _check_shared(uses: Sequence[_Use], report: ProblemReport) -> None:
    """Services of which one puts back what the other takes out."""
    by_place: dict[str, list[_Use]] = {}
    for use in uses:
        for place in use.line.places:
            by_place.setdefault(place, []).append(use)
    reported: set[tuple[object, object]] = set()
    for several in by_place.values():
        first = several[0]
        for use in several:
            pair = first.service.key, use.service.key
            if use.service.key == first.service.key or pair in reported:
                continue
            directions = {
                (each.service.key, each.direction) for each in several if each.service.key in pair and each.direction
            }
            if any((one, _UP) in directions and (other, _DOWN) in directions for one, other in (pair, pair[::-1])):
                reported.add(pair)
                facts = {"real": use.line.real, "other": first.service.key, "line": first.alert.line}
                _report(report, "lvs-shared", use, **facts)


def _report(report: ProblemReport, kind: str, use: _Use, word: str = "", /, **facts: object) -> None:
    """Report at a word of the line, else at the alert's name."""
    text = report.source.logical_line(use.alert.line)
    start = name_offset(text)
    found = text.find(f" {word}", start) + 1 if word else 0
    report.add(kind, use.alert.line, found or start, **facts)
