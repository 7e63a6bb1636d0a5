"""The downtime log (mon.cf's dtlogging): a line for each outage that has ended, in mon's format.

It grows for years, so it is read a page at a time, by a thread, and only as fast as somebody wants it.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

from pymon.engine.line_writer import LineWriter
from pymon.model.effect import DowntimeRecorded
from pymon.model.settings import Settings
from pymon.text import decode

PAGE = 64 * 1024
"""bytes of the file that are read at once, up to the end of a line"""


class DowntimeLog:
    """Writes ``NOW GROUP SERVICE FIRST_FAILURE SECONDS INTERVAL SUMMARY`` lines, if the configuration asks for them."""

    def __init__(self, line_writer: LineWriter) -> None:
        """Nothing is written before ``configure``."""
        self._line_writer = line_writer
        self._file: Path | None = None

    def configure(self, settings: Settings, now: float) -> None:
        """Take over settings, and begin with mon's header (at start, and again at each reload)."""
        self._file = Path(settings.dtlogfile) if settings.dtlogging else None
        if self._file is not None:
            self._line_writer.append(
                self._file,
                f"#\n# downtime log start {int(now)}\n"
                "# time back up, group, service, first failure, downtime, interval, summary\n#\n",
            )

    def record(self, outage: DowntimeRecorded) -> None:
        """Write the line of an outage."""
        if self._file is not None:
            self._line_writer.append(self._file, downtime_line(outage) + "\n")


def downtime_line(outage: DowntimeRecorded) -> str:
    """The line of an outage, without newline; times and durations in whole seconds."""
    back_up, first_failure = int(outage.back_up), int(outage.first_failure)
    return (
        f"{back_up} {outage.key.group} {outage.key.service} {first_failure} {back_up - first_failure} "
        f"{int(outage.interval)} {outage.summary}"
    )


async def read_pages(path: Path) -> AsyncIterator[tuple[str, ...]]:
    """The records that the file has now, without comments and empty lines, oldest first.

    Raises OSError, also for a file that was replaced by another (rotated) before its end was read.
    """
    offset, size, file = 0, None, None
    while size is None or offset < size:
        records, offset, status = await asyncio.to_thread(_read_page, path, offset)
        if file is None:
            size, file = status.st_size, (status.st_dev, status.st_ino)
        elif file != (status.st_dev, status.st_ino) or status.st_size < offset:
            raise OSError(errno.ESTALE, "it was replaced while it was read", str(path))
        yield records


def _read_page(path: Path, offset: int) -> tuple[tuple[str, ...], int, os.stat_result]:
    """The records from an offset on, the offset behind them, and what file that is. It is not kept open: no leaks."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        file.seek(offset)
        lines = [decode(line).rstrip("\n") for line in file.readlines(PAGE)]
        return tuple(line for line in lines if line.strip() and not line.startswith("#")), file.tell(), status
