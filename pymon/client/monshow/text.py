"""monshow's report as text: byte for byte that of mon's monshow, where that is sane.

On a terminal the states are coloured. Control characters become blanks: mon's monshow does that in the table only,
here it holds for the details too, on a terminal, so that no monitor's output can drive it (W-control).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from pymon.client.monshow.report import (
    Row,
    ServiceDetail,
    StatusReport,
    age,
    alerts,
    ctime,
    dependence,
    exit_value,
    last,
    opstatus,
    scheduler_text,
    state_name,
    summary,
    until_next,
)
from pymon.client.records import DisabledItems
from pymon.text import blank_controls, first_line

_HEAD = "  GROUP           SERVICE      STATUS      LAST       NEXT       ALERTS SUMMARY"
_WRAP = 69
"""the longest line of hosts"""
_INDENT = "    "
_COLOURS = {
    **{"FAIL": "1;31", "ACK FAIL": "33", "BROKEN": "1;35", "ACK BROKEN": "33"},
    **{"-": "32", "untested": "36", "warn": "35", "unknown": "35"},
}
_PLAIN = "35"


def render(report: StatusReport, *, colour: bool = False, guard: bool = False) -> str:
    """The whole text. ``colour`` puts in escape sequences, ``guard`` blanks control characters in details."""
    return "".join(f"{line}\n" for line in _lines(report, colour, guard))


def row_text(row: Row, now: float, summary_len: int = 80, *, colour: bool = False) -> str:
    """One line of the table."""
    status = row.status
    state = state_name(status)
    padded = fit(state, 10)
    if colour:
        padded = f"\x1b[{_COLOURS.get(state, _PLAIN)}m{padded}\x1b[0m"
    cells = (
        f"{dependence(status)} {fit(status.group, 15)} {fit(status.service, 12)} {padded}  "
        f"{fit(last(status, now), 8)}   {fit(until_next(status), 10)} {fit(alerts(status), 6)} "
    )
    return (cells + first_line(summary(status, summary_len))).rstrip()


def fit(text: str, width: int) -> str:
    """A text cut and padded to a number of columns on the screen (W-width: mon counts bytes)."""
    text = first_line(text)
    if text.isascii():
        return f"{text[:width]:<{width}}"
    taken = ""
    left = width
    for character in text:
        needs = columns(character)
        if needs > left:
            break
        taken += character
        left -= needs
    return taken + " " * left


def columns(character: str) -> int:
    """How many columns a character takes on the screen."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _lines(report: StatusReport, colour: bool, guard: bool) -> Iterator[str]:
    yield ""
    yield f"     server: {report.server}"
    yield f"       time: {ctime(report.now)}"
    yield f"      state: {scheduler_text(report.scheduler)}"
    yield ""
    if report.detail is not None:
        for line in _detail(report.detail, report.now):
            yield blank_controls(line, lines=True) if guard else line
        return
    if report.rows is not None:
        yield from _table(report, colour)
        yield ""
    if report.disabled is not None:
        yield from _format_disabled(report.disabled)


def _table(report: StatusReport, colour: bool) -> Iterator[str]:
    if not report.rows:
        yield "All systems OK"
        return
    yield _HEAD
    for row in report.rows:
        yield row_text(row, report.now, report.summary_len, colour=colour)
        if row.held:
            held = f"    held back: {first_line(row.held)}"
            yield f"\x1b[33m{held}\x1b[0m" if colour else held


def _format_disabled(disabled: DisabledItems) -> Iterator[str]:
    if not (disabled.watches or disabled.services or disabled.hosts):
        yield from ("Nothing is disabled.", "")
    if disabled.watches:
        yield from ("DISABLED WATCHES:", *(first_line(watch) for watch in disabled.watches), "")
    if disabled.services:
        yield "DISABLED SERVICES"
        yield from (first_line(f"{group} {service}") for group, service in disabled.services)
        yield ""
    if disabled.hosts:
        yield "DISABLED HOSTS:"
        for group, hosts in disabled.hosts.items():
            yield first_line(f"{group:<15} {' '.join(hosts)}")
        yield ""


def _detail(detail: ServiceDetail, now: float) -> Iterator[str]:
    status = detail.row.status
    yield f"Detail for group {status.group} service {status.service}"
    yield ""
    yield from _block("description", detail.row.description.rstrip("\n").split("\n"))
    yield from _block("summary", status.last_summary.rstrip("\n").split("\n"))
    yield from _block("hosts", list(_wrap((host.name for host in detail.hosts), _WRAP - len(_INDENT))))
    yield from ("", "-----DETAIL-----", status.last_detail, "-----DETAIL-----", "")
    if status.ack:
        yield from (f"alert ack:  {status.ackcomment}", "")
    if detail.row.held:
        yield from (f"held back:  {detail.row.held}", "")
    yield f"  opstatus: {opstatus(status)}"
    yield f"   exitval: {exit_value(status)}"
    yield f"    depend: {status.depend}"
    yield f"   monitor: {status.monitor}"
    yield f"last check: {_format_ago(age(status.last_check, now))}"
    yield f"next_check: {_format_until(until_next(status))}"
    yield from ("", "")


def _block(title: str, lines: list[str]) -> Iterator[str]:
    """A heading, underlined, and its text, indented."""
    yield title
    yield "-" * len(title)
    yield from (f"{_INDENT}{line}" if line else "" for line in lines or [""])


def _wrap(words: Iterable[str], width: int) -> Iterator[str]:
    """Lines of words, as long as they fit; a word longer than a line is broken, on lines of its own."""
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while len(line) > width:
            yield line[:width]
            line = line[width:]
    if line:
        yield line


def _format_ago(how_long: str) -> str:
    return how_long if how_long == "never" else f"{how_long} ago"


def _format_until(how_long: str) -> str:
    return "not scheduled" if how_long == "-" else f"in {how_long}"
