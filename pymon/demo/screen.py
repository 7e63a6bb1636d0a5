"""The demo's picture: a live one on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pymon.demo.events import DemoLine, Kind, Known
from pymon.ipvs.listing import server_line, service_line, sort_services
from pymon.ipvs.model import Listed
from pymon.model.depend import ServiceKey
from pymon.model.duration import format_duration
from pymon.model.status import OpStatus
from pymon.text import printable

_STYLES = {
    Kind.DEMO: "bold cyan",
    Kind.DOWN: "bold red",
    Kind.UP: "bold green",
    Kind.ALERT: "magenta",
    Kind.HELD: "yellow",
    Kind.TABLE: "bold blue",
}
_FEWEST_LINES = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture at one moment.

    ``now`` is in seconds since the epoch; ``visitors`` says how clients fare, if there are any; ``hints`` say what
    people can do.
    """

    now: float
    table_name: str
    stage: str
    services: Mapping[ServiceKey, Known]
    table: Listed
    visitors: str
    lines: Sequence[DemoLine]
    hints: Sequence[str]


class Screen(Protocol):
    """A screen that shows the demo."""

    def start(self) -> None:
        """Begin to show."""

    def line(self, line: DemoLine) -> None:
        """Something happened."""

    def show(self, picture: Picture) -> None:
        """Show the present state."""

    def say(self, text: str) -> None:
        """Say something once."""

    def stop(self) -> None:
        """End; what was shown last stays."""


class TerminalScreen:
    """A picture that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def start(self) -> None:
        """Begin to draw."""
        self._live.start()

    def line(self, line: DemoLine) -> None:
        """The next picture has it."""

    def show(self, picture: Picture) -> None:
        """Draw the picture over the last one."""
        # One row less than the terminal has, so that it never scrolls.
        self._live.update(draw(picture, self._console.height - 1), refresh=True)

    def say(self, text: str) -> None:
        """Write above the picture."""
        self._console.print(Text(text))

    def stop(self) -> None:
        """Leave the last picture where it is."""
        self._live.stop()


class PlainScreen:
    """A line for each event, and the table whenever it changed."""

    def __init__(self) -> None:
        self._table: Listed | None = None
        self._hints: tuple[str, ...] = ()

    def start(self) -> None:
        """Nothing to prepare."""

    def line(self, line: DemoLine) -> None:
        """Print it."""
        print(f"{clock(line.at)} {line.kind.value:<5}  {line.text}", flush=True)

    def show(self, picture: Picture) -> None:
        """Print the table and the hints if they are others than before."""
        if picture.table != self._table:
            self._table = picture.table
            print(*(f"{'':20}{row.rstrip()}" for row in table_rows(picture.table)), sep="\n", flush=True)
        if tuple(picture.hints) != self._hints:
            self._hints = tuple(picture.hints)
            print(*(f"{'':20}{hint}" for hint in self._hints), sep="\n", flush=True)

    def say(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)

    def stop(self) -> None:
        """Nothing to put back."""


def best_screen() -> Screen:
    """A live picture if standard output is a terminal that can do it, else plain lines."""
    console = Console(highlight=False)
    return TerminalScreen(console) if console.is_terminal and not console.is_dumb_terminal else PlainScreen()


def clock(at: float) -> str:
    """``12:34:56.789``, local time."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at % 1 * 1000):03d}"


def table_rows(listed: Listed) -> list[str]:
    """A virtual service as ``ipvsadm -L -n`` prints it."""
    ordered = sort_services((listed,))[0]
    return [service_line(ordered.service), *(server_line(server) for server in ordered.servers)]


def draw(picture: Picture, height: int) -> RenderableType:
    """The picture in at most ``height`` rows; the events take what the rest leaves."""
    services = _services(picture)
    table = Text("\n".join(row.rstrip() for row in table_rows(picture.table)), no_wrap=True, overflow="ellipsis")
    hints = Text("\n".join(picture.hints), style="dim", no_wrap=True, overflow="ellipsis")
    taken = (services.row_count + 3) + (len(picture.table.servers) + 3) + len(picture.hints) + 2
    room = max(height - taken, _FEWEST_LINES)
    events = Text("\n", no_wrap=True, overflow="ellipsis").join(_event(line) for line in picture.lines[-room:])
    return Group(
        Panel(services, title="services", title_align="left", subtitle=picture.stage, border_style="cyan"),
        Panel(
            table,
            title=picture.table_name,
            title_align="left",
            subtitle=picture.visitors or None,
            border_style="blue",
        ),
        Panel(events, title="events", title_align="left", border_style="magenta", height=room + 2),
        hints,
    )


def _services(picture: Picture) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    table.add_column("service", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("for", justify="right", no_wrap=True)
    table.add_column("check took", justify="right", no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    for key, known in picture.services.items():
        age = format_duration(max(0, round(picture.now - known.since))) if known.since else ""
        took = f"{known.took * 1000:.1f} ms" if known.checked else ""
        table.add_row(f"{key.group}/{key.service}", _status(known.status), age, took, Text(known.note, style="dim"))
    return table


def _status(status: OpStatus) -> Text:
    if status is OpStatus.UNTESTED:
        return Text("○ untested", style="dim")
    return Text("● well", style="green") if status is OpStatus.OK else Text("● down", style="bold red")


def _event(line: DemoLine) -> Text:
    return Text.assemble(
        (clock(line.at), "dim"), " ", (f"{line.kind.value:<5}", _STYLES[line.kind]), "  ", printable(line.text)
    )
