"""The state of the live table: the newest report, recent changes, and since when the server does not answer.

Pure: the time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pymon.client.monshow.report import Row, Selection, StatusReport, sort_key, state_name
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus

HIGHLIGHT = 10.0
"""seconds that a change is highlighted; so long a service is shown that is no longer selected"""


class LiveState(NamedTuple):
    """``report`` has all services that are not disabled, in any state; ``selection`` says which are shown.

    ``changed`` is when a service's state became another, while we looked. ``trouble_since`` is when the server
    stopped answering, 0.0 while it answers; ``trouble`` says what it is.
    """

    selection: Selection
    report: StatusReport | None = None
    changed: Mapping[ServiceKey, float] = {}
    trouble_since: float = 0.0
    trouble: str = ""

    def after(self, report: StatusReport, now: float) -> LiveState:
        """The board after an answer of the server."""
        before = {row.status.key: state_name(row.status) for row in self._rows()}
        changed = {key: moment for key, moment in self.changed.items() if now - moment < HIGHLIGHT}
        for row in report.rows or ():
            if before.get(row.status.key, state_name(row.status)) != state_name(row.status):
                changed[row.status.key] = now
        return self._replace(report=report, changed=changed, trouble_since=0.0, trouble="")

    def after_silence(self, trouble: str, now: float) -> LiveState:
        """The board after the server could not be asked."""
        return self._replace(trouble=trouble, trouble_since=self.trouble_since or now)

    def with_other_selection(self) -> LiveState:
        """The board that shows all services instead of what is wrong, or the other way round."""
        return self._replace(selection=self.selection._replace(full=not self.selection.full))

    def is_fresh(self, key: ServiceKey, now: float) -> bool:
        """Whether a service's state changed in the last seconds."""
        return now - self.changed.get(key, -HIGHLIGHT) < HIGHLIGHT

    def visible_rows(self, now: float) -> list[Row]:
        """The rows to show: failures first, then recent changes, then the others in monshow's order."""
        rows = [row for row in self._rows() if self.selection.shows(row.status) or self.is_fresh(row.status.key, now)]
        return sorted(rows, key=lambda row: (not row.status.opstatus.is_failure, *sort_key(row)))

    def counts(self) -> dict[OpStatus, int]:
        """How many services are in each state, shown or not; those whose check is broken are not among them."""
        found: dict[OpStatus, int] = {}
        for row in self._rows():
            if row.status.is_broken:
                continue
            found[row.status.opstatus] = found.get(row.status.opstatus, 0) + 1
        return found

    def broken(self) -> int:
        """How many services have a check that is broken, shown or not."""
        return sum(row.status.is_broken for row in self._rows())

    def _rows(self) -> tuple[Row, ...]:
        return (self.report.rows or ()) if self.report else ()
