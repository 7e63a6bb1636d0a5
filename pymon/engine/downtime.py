"""The downtime log (mon.cf's dtlogging): a line for each outage that has ended, in mon's format."""

from __future__ import annotations

from pathlib import Path

from pymon.engine.appending import Appender
from pymon.model.effect import DowntimeRecorded
from pymon.model.settings import Settings


class DowntimeLog:
    """Writes ``NOW GROUP SERVICE FIRST_FAILURE SECONDS INTERVAL SUMMARY`` lines, if the configuration asks for them."""

    def __init__(self, appender: Appender) -> None:
        """Nothing is written before ``configure``."""
        self._appender = appender
        self._file: Path | None = None

    def configure(self, settings: Settings, now: float) -> None:
        """Take over settings, and begin with mon's header (at start, and again at each reload)."""
        self._file = Path(settings.dtlogfile) if settings.dtlogging else None
        if self._file is not None:
            self._appender.append(
                self._file,
                f"#\n# downtime log start {int(now)}\n"
                "# time back up, group, service, first failure, downtime, interval, summary\n#\n",
            )

    def record(self, outage: DowntimeRecorded) -> None:
        """Write the line of an outage."""
        if self._file is not None:
            self._appender.append(self._file, downtime_line(outage) + "\n")


def downtime_line(outage: DowntimeRecorded) -> str:
    """The line of an outage, without newline; times and durations in whole seconds."""
    back_up, first_failure = int(outage.back_up), int(outage.first_failure)
    return (
        f"{back_up} {outage.key.group} {outage.key.service} {first_failure} {back_up - first_failure} "
        f"{int(outage.interval)} {outage.summary}"
    )
