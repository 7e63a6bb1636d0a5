"""The periods of one service of the tree → Period records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lark import Token

from pymon.config import values
from pymon.config.keyword import InvalidValue, Keyword
from pymon.config.keyword_reader import KeywordReader
from pymon.config.keywords import PERIOD_KEYWORDS
from pymon.config.report import ProblemReport
from pymon.config.time_values import BLANKS
from pymon.config.tree import Node, tokens_of
from pymon.config.value_types import ALERT
from pymon.model.duration import format_duration
from pymon.model.period import PeriodSpec
from pymon.model.service import Alert, AlertKind, Period

_LABEL = re.compile(r"([a-z_]\w*)\s*:\s*", re.IGNORECASE | re.ASCII)
_BAD_LABEL = re.compile(r"([^\s{}:,]+)\s*:", re.ASCII)
_BY_TERMINAL = {keyword.terminal: keyword for keyword in PERIOD_KEYWORDS.values()}


class PeriodBuilder:
    """Builds periods; equal values are read once and shared."""

    def __init__(self, report: ProblemReport) -> None:
        self._report = report
        self._reader = KeywordReader(report)
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
            keyword = _BY_TERMINAL.get(child.type)
            if keyword is None:  # an environment variable, which the service has
                continue
            if keyword.type is ALERT:
                self._read_alert(alerts, keyword, child)
            else:
                self._read_rule(fields, keyword, child, interval)
        spec = self._read_spec_of(header, text, start)
        return Period(key, spec, label, header.line or 0, tuple(alerts), **fields)

    def _read_spec_of(self, header: Token, text: str, start: int) -> PeriodSpec:
        """Read the period string."""
        spec = self._specs.get(text)
        if spec is None:
            try:
                spec = _read_spec(text)
            except InvalidValue as invalid:
                self._report.add_invalid(invalid, header, start)
                spec = PeriodSpec(text, ((),))
            else:
                self._specs[text] = spec
        return spec

    def _read_alert(self, alerts: list[Alert], keyword: Keyword, token: Token) -> None:
        """Read one alert line."""
        text = str(token)
        read = self._alerts.get(text)
        if read is None:
            before = len(self._report)
            read = values.alert(text, keyword, self._report.note_of(token))
            if len(self._report) == before:
                self._alerts[text] = read
        command, exit_range = read
        if command is not None:
            alerts.append(Alert(AlertKind(keyword.name), command, exit_range, token.line or 0))

    def _read_rule(self, fields: dict[str, Any], keyword: Keyword, token: Token, interval: float | None) -> None:
        """Read one keyword that is not an alert."""
        changes = self._reader.read(keyword, token)
        if changes is None:
            return
        if "alertafter_count" in changes:
            self._check_alertafter(token, changes, interval)
        fields.update(changes)

    def _check_alertafter(self, token: Token, changes: Mapping[str, Any], interval: float | None) -> None:
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


def _read_spec(text: str) -> PeriodSpec:
    """Read a period string; a bad label before it is reported as such."""
    bad_label = _BAD_LABEL.match(text)
    if bad_label:
        hint = f"'{bad_label[1]}' is no label: letters, digits and _, not beginning with a digit"
        raise InvalidValue("malformed-period", what="period", value=text, hint=hint)
    return values.period(text, "period")


def _split_label(text: str) -> tuple[str | None, str, int]:
    """Split ``LABEL: SPEC`` into label, spec and where the spec begins."""
    match = _LABEL.match(text)
    if match is None:
        return None, text.strip(BLANKS), 0
    return match[1], text[match.end() :], match.end()
