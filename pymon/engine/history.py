"""What happened: the alert and the failure history, in memory and in mon's history file."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pymon.engine.line_writer import LineWriter
from pymon.model.settings import Settings

log = logging.getLogger("pymon.engine")


UNSURE = 60.0
"""seconds before a daemon's end in which lines may not have got to the history file"""
ALERTS, FAILURES = "alert", "failure"
"""the two histories"""


class History:
    """The last ``histlength`` alerts and failures, oldest first, each one line in mon's form (not escaped)."""

    def __init__(
        self,
        settings: Settings,
        line_writer: LineWriter,
        now: float,
        remember: Callable[[str, str], None] | None = None,
    ) -> None:
        """Read mon's history file, if the configuration names one; ``now`` dates ``historictime``.

        ``remember`` is told of each line, with the name of its history (ALERTS, FAILURES).
        """
        self._line_writer = line_writer
        self._remember = remember or _forget
        self.alerts: deque[str] = deque(maxlen=settings.histlength or None)
        self.failures: deque[str] = deque(maxlen=settings.histlength or None)
        self.length = settings.histlength
        self._file: Path | None = None
        self._read_as: tuple[str, float, int] | None = None
        self.configure(settings, now)

    def configure(self, settings: Settings, now: float) -> None:
        """Take over other settings. With a history file, its contents replace the alert history, as in mon.

        But not when what is kept of it is what is known already: the file may be large, and the event loop waits.
        """
        self.set_length(settings.histlength)
        self._file = Path(settings.historicfile) if settings.historicfile else None
        before, self._read_as = self._read_as, (settings.historicfile, settings.historictime, settings.histlength)
        is_known = self._file is None or before == self._read_as
        kept = self.alerts if self._file is None or is_known else _lines(self._file, settings.historictime, now)
        self.alerts = deque(kept, maxlen=settings.histlength or None)

    def set_length(self, length: int) -> None:
        """Keep so many lines of each from now on (0: all)."""
        self.length = length
        self.alerts = deque(self.alerts, maxlen=length or None)
        self.failures = deque(self.failures, maxlen=length or None)

    def resume(self, alerts: Sequence[str], failures: Sequence[str], ended: float) -> None:
        """Go on from what an earlier daemon knew, which ended at that time.

        With a history file, that counts; but its last lines may have been lost with the daemon, and are added.
        """
        self.failures.extend(failures)
        if self._file is None:
            self.alerts.extend(alerts)
            return
        known = set(self.alerts)
        for line in alerts:
            if line not in known and _time_of(line) >= ended - UNSURE:
                self.alerts.append(line)
                self._line_writer.append(self._file, line + "\n")

    def alert(self, line: str) -> None:
        """Remember an alert: ``KIND GROUP SERVICE EPOCH PATH (ARGS) SUMMARY``."""
        self.alerts.append(line)
        self._remember(ALERTS, line)
        if self._file is not None:
            self._line_writer.append(self._file, line + "\n")

    def failure(self, line: str) -> None:
        """Remember a failure: ``GROUP SERVICE EPOCH SUMMARY``."""
        self.failures.append(line)
        self._remember(FAILURES, line)


def _lines(path: Path, keep: float, now: float) -> Iterator[str]:
    """The lines of a history file that are not older than ``keep`` seconds (0: of any age)."""
    oldest = now - keep if keep else 0.0
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            yield from (line.removesuffix("\n") for line in file if _is_recent(line, oldest))
    except FileNotFoundError:
        return
    except OSError as error:
        log.error("cannot read the history file %s: %s", path, error.strerror)


def _is_recent(line: str, oldest: float) -> bool:
    return not line.lstrip().startswith("#") and _time_of(line) >= max(oldest, 0)


def _time_of(line: str) -> int:
    """The time that an alert's line tells; -1 if it tells none."""
    words = line.split(maxsplit=4)
    return int(words[3]) if len(words) > 3 and words[3].isascii() and words[3].isdigit() else -1


def _forget(_history: str, _line: str) -> None:
    """Nobody remembers."""
