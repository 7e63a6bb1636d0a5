"""The record as the ledger of alerts: what became of each, for ``why``, and what the next daemon has to do."""

from __future__ import annotations

from collections.abc import Callable

from pymon.alert.delivery import About
from pymon.model.delivery import Pending
from pymon.model.result import CheckResult
from pymon.store.store import Store
from pymon.timeline import operator_events


class Deliveries:
    """As ``pymon.alert.delivery.Ledger`` has it."""

    def __init__(self, record: Store, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock

    def decided(self, token: str, pending: Pending) -> None:
        """It is to be done, or to be tried again."""
        self._record.alert_decided(token, pending)

    def started(self, token: str, at: float) -> None:
        """An attempt is about to begin."""
        self._record.alert_started(token, at)

    def attempted(self, about: About, result: CheckResult, retry: float | None, given_up: str) -> None:
        """An attempt has ended."""
        outcome = operator_events.of_outcome(
            about.group,
            about.service,
            about.alert,
            about.event,
            result,
            self._clock(),
            decided=about.at,
            period=about.period,
            retry=retry,
            given_up=given_up,
        )
        self._record.add(outcome)

    def dropped(self, about: About, why: str) -> None:
        """It is not done."""
        event = operator_events.of_lost_alert(about.group, about.service, about.alert, about.event, self._clock(), why)
        self._record.add(event)

    def ended(self, token: str) -> None:
        """Nothing is left to do."""
        self._record.alert_ended(token)

    async def settled(self) -> None:
        """Return when all that was told before is on file, or cannot be."""
        await self._record.settled(everything=False)

    @property
    def obstacle(self) -> str:
        """Why what was told last is not on file."""
        return "there is no statedir" if self._record.path is None else self._record.obstacle
