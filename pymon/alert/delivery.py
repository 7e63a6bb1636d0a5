"""One alert on its way: what it is about, and who is told how it goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pymon.contract.invocation import Invocation
from pymon.model.delivery import Pending
from pymon.model.result import Cause, CheckResult
from pymon.runner.registry import PluginFile

log = logging.getLogger("pymon.alert")

_LINES_LOGGED = 20


@dataclass(frozen=True, slots=True)
class About:
    """What an alert is about. ``alert`` is how mon.cf writes it, ``at`` when it was decided (seconds since the epoch).

    ``period`` is the key of its period; None if it belongs to none, or if that is not known any more.
    """

    group: str
    service: str
    alert: str
    event: str
    at: float
    period: str | None = None


@dataclass(slots=True)
class Delivery:
    """One call on its way. ``token`` names it in the ledger.

    An ordered call has a ``key``: what it acts upon as its text says it, with the alert's name before it.
    """

    about: About
    file: PluginFile
    invocation: Invocation
    inprocess: bool
    token: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.file.name} for {self.about.group}/{self.about.service} ({self.about.event})"


class Ledger(Protocol):
    """Is told of each delivery, and keeps what has to outlive the daemon. Its methods neither block nor raise."""

    def decided(self, token: str, pending: Pending) -> None:
        """It is to be done, or to be tried again."""

    def started(self, token: str, at: float) -> None:
        """An attempt is about to begin."""

    def attempted(self, about: About, result: CheckResult, retry: float | None, given_up: str) -> None:
        """An attempt has ended; the next one begins in ``retry`` seconds, or ``given_up`` says why there is none."""

    def dropped(self, about: About, why: str) -> None:
        """It is not done, because the world has moved on."""

    def ended(self, token: str) -> None:
        """Nothing is left to do."""

    async def settled(self) -> None:
        """Return when all that was told before is on file, or cannot be."""

    @property
    def obstacle(self) -> str:
        """Why what was told last is not on file; empty if it is, or may still come there."""


class NoLedger:
    """Keeps nothing."""

    obstacle = "no record is kept"

    def decided(self, token: str, pending: Pending) -> None:
        """As in Ledger."""

    def started(self, token: str, at: float) -> None:
        """As in Ledger."""

    def attempted(self, about: About, result: CheckResult, retry: float | None, given_up: str) -> None:
        """As in Ledger."""

    def dropped(self, about: About, why: str) -> None:
        """As in Ledger."""

    def ended(self, token: str) -> None:
        """As in Ledger."""

    async def settled(self) -> None:
        """As in Ledger."""


def log_end(delivery: Delivery, result: CheckResult) -> None:
    """Put into the log how an attempt has ended, and what it said: lines that begin with ``warning:`` as such."""
    lines = result.output.splitlines()
    took = result.duration
    about = delivery.about
    extra = {"group": about.group, "service": about.service, "event": about.event}
    if result.is_success:
        log.debug("%s done in %.3f seconds", delivery, took, extra=extra)
    else:
        how = f"exit status {result.exitval}" if result.cause is Cause.EXITED else result.cause.value
        first = next((line for line in lines if line.strip()), "it said nothing")
        log.warning("%s failed after %.3f seconds: %s: %s", delivery, took, how, first, extra=extra)
        if lines == [first]:
            return
    for line in lines[:_LINES_LOGGED]:
        level = logging.WARNING if line.startswith("warning: ") else logging.INFO
        log.log(level, "%s says: %s", delivery, line, extra=extra)
    if len(lines) > _LINES_LOGGED:
        log.info("%s says: … (%d lines more)", delivery, len(lines) - _LINES_LOGGED, extra=extra)


def latest_of_each(undone: Mapping[str, Pending]) -> tuple[list[tuple[str, Pending]], list[str]]:
    """What the ledger holds, with tokens, oldest first: of each order key the latest decision.

    The second list are the tokens of those that were overtaken.
    """
    oldest_first = sorted(undone.items(), key=lambda each: each[1].at)
    by_key = {pending.key: token for token, pending in oldest_first}
    latest = [each for each in oldest_first if not each[1].key or by_key[each[1].key] == each[0]]
    return latest, sorted(undone.keys() - {token for token, _ in latest})


def about(pending: Pending) -> About:
    """What an alert is about, as far as it is known of one that an earlier daemon left."""
    return About(pending.group, pending.service, pending.name, pending.event, pending.at)


def left_undone(pending: Pending, now: float) -> str:
    """``NAME for GROUP/SERVICE (EVENT) was left undone N seconds ago``, for the log."""
    ago = now - pending.at
    return (
        f"{pending.name} for {pending.group}/{pending.service} ({pending.event}) was left undone {ago:.0f} seconds ago"
    )
