"""The periods of one service of the tree → Period records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lark import Token

from pymon.config import values
from pymon.config.keywords import OTHER_MODES
from pymon.config.report import Misfit, Report, did_you_mean
from pymon.config.time_values import BLANKS, advice_for, parse_timeval
from pymon.config.tree import Node, tokens_of
from pymon.config.values import Note
from pymon.errors import TimevalError
from pymon.model.duration import format_duration
from pymon.model.period import PeriodSpec
from pymon.model.service import Alert, AlerteveryMode, AlertKind, Period

_LABEL = re.compile(r"([a-z_]\w*)\s*:\s*", re.IGNORECASE | re.ASCII)
_BAD_LABEL = re.compile(r"([^\s{}:,]+)\s*:", re.ASCII)
_CONSECUTIVE = re.compile(r"[0-9]{1,15}")
_WITHIN = re.compile(r"([0-9]{1,15})\s+([0-9]{1,9}[hms])$", re.ASCII)
_LASTING = re.compile(r"[0-9]{1,9}[hms]")
_SUMMARY = re.compile(r"\s(summary.*)", re.IGNORECASE | re.ASCII)
_KINDS = {kind.value.upper(): kind for kind in AlertKind}
Changes = Mapping[str, object]


def alertevery(text: str, keyword: str, note: Note) -> Changes:
    """``TIMEVAL [strict | observe_detail | ignore_summary]``; an old ``summary …`` at the end has no effect."""
    body = text
    old = _SUMMARY.search(text)
    if old:
        body = text[: old.start()]
        note("alertevery-summary", old.start(1), text=old[1])
    time, *modifiers = body.split() or [""]
    try:
        seconds, hint = parse_timeval(time), "it must be more than zero"
    except TimevalError:
        seconds, hint = 0.0, advice_for(time)
    if seconds <= 0:
        raise Misfit("alertevery", value=text, hint=hint)
    if not modifiers:
        return {"alertevery": seconds, "alertevery_mode": AlerteveryMode.SUMMARY}
    offset = text.index(modifiers[0], len(time))
    if len(modifiers) > 1:
        raise Misfit("alertevery", offset, value=text, hint="one of these words can be given, not several")
    try:
        mode = _MODES[modifiers[0].lower()]
    except KeyError:
        word = modifiers[0].lower()
        hint = OTHER_MODES.get(word) or did_you_mean(word, _MODES) or "write strict, observe_detail, ignore_summary"
        raise Misfit("alertevery", offset, value=text, hint=hint) from None
    return {"alertevery": seconds, "alertevery_mode": mode}


_MODES = {mode.value: mode for mode in AlerteveryMode if mode is not AlerteveryMode.SUMMARY}


def alertafter(text: str, keyword: str, note: Note) -> Changes:
    """``N``, ``N TIME`` or ``TIME``; each form has fields of its own, and leaves those of the others alone."""
    if _CONSECUTIVE.fullmatch(text):
        return {"alertafter_consecutive": int(text)}
    within = _WITHIN.search(text)
    if within:
        return {"alertafter_count": int(within[1]), "alertafter_time": parse_timeval(within[2])}
    if not _LASTING.fullmatch(text) or not parse_timeval(text):
        raise Misfit("alertafter", value=text, hint=_alertafter_hint(text))
    return {"alertafter_time": parse_timeval(text)}


def _alertafter_hint(text: str) -> str:
    """How a time with a unit or fraction that is not allowed here could be written."""
    try:
        *words, time = text.split() or [""]
        seconds = parse_timeval(time)
    except TimevalError:
        return ""
    count = "".join(f"{word} " for word in words)
    if seconds <= 0 or seconds != int(seconds):
        return ""
    whole = f"{int(seconds // 3600)}h" if seconds % 3600 == 0 else f"{int(seconds)}s"
    return f": 'alertafter {count}{whole}'"


CONVERTERS: Mapping[str, Callable[[str, str, Note], Changes]] = {
    "ALERTEVERY": alertevery,
    "ALERTAFTER": alertafter,
    "UPALERTAFTER": lambda text, keyword, note: {keyword: values.positive_time(text, keyword, note)},
    "NUMALERTS": lambda text, keyword, note: {keyword: values.alert_count(text, keyword, note)},
    "NO_COMP_ALERTS": lambda text, keyword, note: {keyword: values.flag(text, keyword, note)},
    "ALERTS_DONT_COUNT": lambda text, keyword, note: {keyword: values.flag(text, keyword, note)},
    "ALERTEXITRANGE": lambda text, keyword, note: {keyword: values.exit_range(text, keyword, note)},
}
"""how each keyword of a period is read, but for the alerts: the fields of Period that it sets"""


class PeriodBuilder:
    """Builds periods; equal values are read once and shared."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._changes: dict[tuple[str, str], Changes] = {}
        self._alerts: dict[str, tuple[Any, Any]] = {}
        self._specs: dict[str, PeriodSpec] = {}

    def build_all(self, group: str, service: str, nodes: Sequence[Node], interval: float | None) -> tuple[Period, ...]:
        """Build the periods of one service, whose interval (seconds) limits what alertafter can mean."""
        periods: dict[str, Period] = {}
        for node in nodes:
            period = self._build(group, service, node, interval, periods)
            periods.setdefault(period.key, period)
        return tuple(periods.values())

    def _build(
        self, group: str, service: str, node: Node, interval: float | None, others: Mapping[str, Period]
    ) -> Period:
        """Build one period; one whose key is taken is reported."""
        header, *rules = tokens_of(node)
        label, text, start = _split_label(str(header))
        key = text if label is None else label
        if key in others:
            facts = {"key": key, "group": group, "service": service, "text": text, "first": others[key].line}
            self._report.add("duplicate-period", header.line or 0, header.start_pos or 0, **facts)
        fields: dict[str, Any] = {}
        alerts: list[Alert] = []
        for child in rules:
            kind = _KINDS.get(child.type)
            if kind is not None:
                self._alert(alerts, kind, child)
            elif child.type != "ENVIRONMENT":
                self._rule(fields, child, interval)
        spec = self._spec(header, text, start)
        return Period(key, spec, label, header.line or 0, tuple(alerts), **fields)

    def _spec(self, header: Token, text: str, start: int) -> PeriodSpec:
        """Read the period string."""
        spec = self._specs.get(text)
        if spec is None:
            try:
                spec = _read_spec(text, self._report.note_of(header))
            except Misfit as misfit:
                self._report.add_misfit(misfit, header, start)
                spec = PeriodSpec(text, ((),))
            else:
                self._specs[text] = spec
        return spec

    def _alert(self, alerts: list[Alert], kind: AlertKind, token: Token) -> None:
        """Read one alert line."""
        text = str(token)
        read = self._alerts.get(text)
        if read is None:
            before = len(self._report)
            read = values.alert(text, kind.value, self._report.note_of(token))
            if len(self._report) == before:
                self._alerts[text] = read
        command, exit_range = read
        if command is not None:
            alerts.append(Alert(kind, command, exit_range, token.line or 0))

    def _rule(self, fields: dict[str, Any], token: Token, interval: float | None) -> None:
        """Read one keyword that is no alert."""
        text = str(token)
        changes = self._changes.get((token.type, text))
        if changes is None:
            before = len(self._report)
            try:
                changes = CONVERTERS[token.type](text, token.type.lower(), self._report.note_of(token))
            except Misfit as misfit:
                self._report.add_misfit(misfit, token)
                return
            if len(self._report) == before:
                self._changes[token.type, text] = changes
        if "alertafter_count" in changes:
            self._check_alertafter(token, changes, interval)
        fields.update(changes)

    def _check_alertafter(self, token: Token, changes: Changes, interval: float | None) -> None:
        """Reject ``alertafter N TIME`` when N failures take as long as the time, or longer."""
        count, seconds = changes["alertafter_count"], changes["alertafter_time"]
        if not isinstance(count, int) or not isinstance(seconds, float):
            raise TypeError("alertafter_count is a number and alertafter_time seconds")
        takes = (count - 1) * (interval or 0)
        if takes < seconds:
            return
        facts = {"count": count, "takes": format_duration(takes), "time": format_duration(seconds)}
        self._report.add(
            "alertafter-not-sensible", token.line or 0, token.start_pos or 0,
            interval=format_duration(interval or 0), **facts,
        )  # fmt: skip


def _read_spec(text: str, note: Note) -> PeriodSpec:
    """Read a period string; a bad label before it is told as such."""
    bad_label = _BAD_LABEL.match(text)
    if bad_label:
        hint = f"'{bad_label[1]}' is no label: letters, digits and _, not beginning with a digit"
        raise Misfit("malformed-period", what="period", value=text, hint=hint)
    return values.period(text, "period", note)


def _split_label(text: str) -> tuple[str | None, str, int]:
    """Split ``LABEL: SPEC`` into label, spec and where the spec begins."""
    match = _LABEL.match(text)
    if match is None:
        return None, text.strip(BLANKS), 0
    return match[1], text[match.end() :], match.end()
