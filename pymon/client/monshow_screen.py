"""The live table's picture, drawn with rich: from a board to what is on the screen."""

from __future__ import annotations

import time

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pymon.client.monshow_board import Board
from pymon.client.monshow_report import Row, age, alerts, hms, scheduler_text, summary
from pymon.client.monshow_text import one_line
from pymon.client.records import OpStatus, ServiceStatus

_STYLES = {
    OpStatus.FAIL: "bold red",
    OpStatus.TIMEOUT: "bold red",
    OpStatus.LINKDOWN: "bold red",
    OpStatus.OK: "green",
    OpStatus.WARN: "yellow",
    OpStatus.UNTESTED: "cyan",
}
_OTHER = "magenta"
_ACKED = "yellow"
_AROUND = 6
"""lines around the rows: two of the header, the table's head, its rule, what is left out, the keys"""
_FEWEST_ROWS = 1


def draw(board: Board, now: float, height: int, server: str) -> RenderableType:
    """The whole screen, in at most ``height`` lines."""
    lines: list[RenderableType] = [_header(board, now, server)]
    if board.trouble_since:
        since = time.strftime("%H:%M:%S", time.localtime(board.trouble_since))
        lines.append(Text(f"{board.trouble.format(since=since)}", style="bold white on red", no_wrap=True))
    if board.report is not None:
        lines.extend(_body(board, now, height - len(lines) - _AROUND + 1))
    lines.append(Text("q quit   f all or what is wrong   r ask now", style="dim", no_wrap=True, end=""))
    return Group(*lines)


def state_word(status: ServiceStatus) -> str:
    """The state's own name, where mon's table has few words: ``timeout`` is ``TIMEOUT``, not ``unknown``."""
    if status.opstatus.is_failure:
        return f"{'ACK ' if status.ack else ''}{status.opstatus.name}"
    return status.opstatus.name.lower()


def _header(board: Board, now: float, server: str) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(one_line(server), style="bold")
    text.append(f"   {time.strftime('%a %b %e %H:%M:%S %Y', time.localtime(now))}   ")
    if board.report is None:
        text.append("asking…" if not board.trouble_since else "")
        return text
    scheduler = board.report.scheduler
    text.append(scheduler_text(scheduler), style="" if scheduler.running else "bold yellow")
    for status, count in sorted(board.counts().items()):
        text.append(f"   {count} {status.name.lower()}", style=_STYLES.get(status, _OTHER))
    return text


def _body(board: Board, now: float, room: int) -> list[RenderableType]:
    """The table, and how much does not fit into the lines that there are."""
    rows = board.shown(now)
    if not rows:
        return [Text("\nAll systems OK\n", style="green")]
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bold underline")
    for name, ratio in (("STATUS", 0), ("GROUP", 2), ("SERVICE", 2), ("FOR", 0), ("LAST", 0), ("NEXT", 0)):
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=ratio or None)
    table.add_column("ALERTS", no_wrap=True, justify="right")
    table.add_column("SUMMARY", no_wrap=True, overflow="ellipsis", ratio=6)
    left = max(room, _FEWEST_ROWS)
    shown = 0
    for row in rows:
        left -= 2 if row.held else 1
        if left < 0 and shown:
            break
        _add(table, row, board, now)
        shown += 1
    more = len(rows) - shown
    return [table, Text(f"… {more} more" if more else "", style="dim", no_wrap=True)]


def _add(table: Table, row: Row, board: Board, now: float) -> None:
    status = row.status
    report = board.report
    since = now - report.now if report else 0.0
    style = _ACKED if status.ack and status.opstatus.is_failure else _STYLES.get(status.opstatus, _OTHER)
    fresh = board.is_fresh(status.key, now)
    text = Text(one_line(summary(status, 500)), no_wrap=True, overflow="ellipsis")
    if row.held:
        text.append(f"\nheld back: {one_line(row.held)}", style="yellow")
    table.add_row(
        Text(state_word(status), style=f"{style} reverse" if fresh else style),
        Text(one_line(status.group)),
        Text(one_line(status.service)),
        _failing_for(status, since),
        "untested" if status.opstatus is OpStatus.UNTESTED else age(status.last_check, now),
        _next(status, since),
        alerts(status),
        text,
        style="bold" if fresh else "dim" if board.trouble_since else "",
    )


def _failing_for(status: ServiceStatus, since: float) -> str:
    """How long it has been failing, now: ``since`` seconds after the server said so."""
    if not status.opstatus.is_failure or status.failure_duration is None:
        return ""
    return hms(max(status.failure_duration + since, 0.0))


def _next(status: ServiceStatus, since: float) -> str:
    """How long until the next check."""
    if status.timer is None:
        return "-"
    left = max(status.timer - since, 0.0)
    return f"{int(left)}s" if left < 60 else hms(left)
