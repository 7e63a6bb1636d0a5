"""The live table's picture, drawn with rich: from a board to what is on the screen."""

from __future__ import annotations

import time

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from pymon.client.monshow.live_state import LiveState
from pymon.client.monshow.report import Row, scheduler_text, summary
from pymon.client.monshow.text import fit
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from pymon.text import first_line

_STYLES = {
    OpStatus.FAIL: "bold red",
    OpStatus.TIMEOUT: "bold red",
    OpStatus.LINKDOWN: "bold red",
    OpStatus.OK: "green",
    OpStatus.WARN: "yellow",
    OpStatus.UNTESTED: "cyan",
}
_OTHER = "magenta"
_BROKEN = "bold magenta"
_ACKED = "yellow"
_AROUND = 5
"""lines around the rows, at most: the header, what is wrong, the table's head, what is left out, the keys"""
_FEWEST_ROWS = 1
_LONGEST = 500
"""characters of a summary that are looked at"""
_COLUMNS = (("STATUS", 13), ("GROUP", 20), ("SERVICE", 20), ("FOR", 7), ("LAST", 8), ("NEXT", 7), ("SENT", 6))
"""the columns before SUMMARY, and how wide they may get"""


def draw(board: LiveState, now: float, height: int, server: str) -> RenderableType:
    """The whole screen, in at most ``height`` lines."""
    lines: list[RenderableType] = [_header(board, now, server)]
    if board.trouble_since:
        since = time.strftime("%H:%M:%S", time.localtime(board.trouble_since))
        lines.append(Text(first_line(board.trouble.format(since=since)), style="bold white on red", no_wrap=True))
    if board.report is not None:
        lines.extend(_body(board, now, height - _AROUND))
    lines.append(Text("q quit   f all or what is wrong   r ask now", style="dim", no_wrap=True, end=""))
    return Group(*lines)


def state_word(status: ServiceStatus) -> str:
    """The state's own name, where mon's table has few words: ``timeout`` is ``TIMEOUT``, not ``unknown``."""
    if status.opstatus.is_failure:
        return f"{'ACK ' if status.ack else ''}{'BROKEN' if status.is_broken else status.opstatus.name}"
    return status.opstatus.name.lower()


def _header(board: LiveState, now: float, server: str) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(first_line(server), style="bold")
    text.append(time.strftime("   %a %b %e %H:%M:%S", time.localtime(now)))
    if board.report is None:
        text.append("" if board.trouble_since else "   asking…")
        return text
    for status, count in sorted(board.counts().items(), key=lambda item: (not item[0].is_failure, item[0])):
        text.append(f"   {count} {status.name.lower()}", style=_STYLES.get(status, _OTHER))
    if broken := board.broken():
        text.append(f"   {broken} broken", style=_BROKEN)
    scheduler = board.report.scheduler
    text.append(f"   {scheduler_text(scheduler)}", style="" if scheduler.running else "bold yellow")
    return text


def _body(board: LiveState, now: float, room: int) -> list[RenderableType]:
    """The table, and how much of it does not fit into ``room`` lines."""
    rows = board.visible_rows(now)
    if not rows:
        return [_format_empty(board)]
    left = max(room, _FEWEST_ROWS)
    shown: list[Row] = []
    for row in rows:
        left -= 2 if row.held else 1
        if left < 0 and shown:
            break
        shown.append(row)
    since = now - board.report.now if board.report else 0.0
    table = [_cells(row.status, now, since) for row in shown]
    widths = [
        min(limit, max(len(name), *(cell_len(cells[column]) for cells in table)))
        for column, (name, limit) in enumerate(_COLUMNS)
    ]
    lines: list[RenderableType] = [
        _format_cells([name for name, _ in _COLUMNS], widths, "SUMMARY", style="bold underline")
    ]
    for row, cells in zip(shown, table, strict=True):
        lines.append(_format_row(row, cells, widths, board, now))
        if row.held:
            held = f"{' ' * (widths[0] + 1)}held back: {first_line(row.held)}"
            lines.append(Text(held, style="yellow", no_wrap=True, overflow="ellipsis"))
    more = len(rows) - len(shown)
    return [*lines, Text(f"… {more} more" if more else "", style="dim", no_wrap=True)]


def _format_empty(board: LiveState) -> Text:
    """Format the text for a table without rows: "all OK" only if that is known."""
    is_stopped = board.report is not None and not board.report.scheduler.running
    if board.trouble_since or is_stopped or board.counts().get(OpStatus.UNTESTED):
        return Text("\nNothing is known to fail\n", style="yellow")
    return Text("\nAll systems OK\n", style="green")


def _format_row(row: Row, cells: list[str], widths: list[int], board: LiveState, now: float) -> Text:
    """Format one service: its state coloured, highlighted if it changed lately, dim while the server is silent."""
    status = row.status
    fresh = board.is_fresh(status.key, now)
    line = _format_cells(cells, widths, first_line(summary(status, _LONGEST)), style="bold" if fresh else "")
    if board.trouble_since:
        line.stylize("dim")
    style = _BROKEN if status.is_broken else _STYLES.get(status.opstatus, _OTHER)
    if status.ack and status.opstatus.is_failure:
        style = _ACKED
    line.stylize(f"{style} reverse" if fresh else style, 0, len(cells[0]))
    return line


def _format_cells(cells: list[str], widths: list[int], rest: str, style: str) -> Text:
    padded = (fit(cell, width) for cell, width in zip(cells, widths, strict=True))
    return Text(" ".join([*padded, rest]), style=style, no_wrap=True, overflow="ellipsis")


def _cells(status: ServiceStatus, now: float, since: float) -> list[str]:
    """The words of the columns, ``since`` seconds after the server's answer."""
    failing = status.opstatus.is_failure and status.failure_duration is not None
    return [
        state_word(status),
        first_line(status.group),
        first_line(status.service),
        short((status.failure_duration or 0.0) + since) if failing else "",
        _last(status, now),
        "-" if status.timer is None else short(status.timer - since),
        str(status.alerts_sent or "-"),
    ]


def _last(status: ServiceStatus, now: float) -> str:
    if status.opstatus is OpStatus.UNTESTED:
        return "untested"
    return short(now - status.last_check) if status.last_check else "never"


def short(seconds: float) -> str:
    """A duration in at most six characters or so: ``45s``, ``3m12s``, ``2h05m``, ``12d3h``; none is negative."""
    whole = max(int(seconds), 0)
    for size, part, form in ((86400, 3600, "{}d{}h"), (3600, 60, "{}h{:02d}m"), (60, 1, "{}m{:02d}s")):
        if whole >= size:
            return form.format(whole // size, whole % size // part)
    return f"{whole}s"
