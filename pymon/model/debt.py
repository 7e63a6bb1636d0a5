"""What an outage owes: the down alerts that were called in it, until the end of the outage was told as well.

Times are seconds since the epoch; 0 means never.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymon.model.depend import ServiceKey
from pymon.model.instant import Instant
from pymon.model.service import Command


@dataclass(frozen=True, slots=True)
class Target:
    """What an alert acts upon. ``is_meant``: the alert said so itself, by the meaning of its arguments.

    Of other programs only the words are known: ``text`` then is the command, and every other word is another thing.
    ``heeds_broken``: it also acts when it is a check that is broken, and not the service.
    """

    text: str
    is_meant: bool = False
    heeds_broken: bool = True


@dataclass(frozen=True, slots=True)
class Debt:
    """A down alert that was called, and whose end has not been told yet.

    ``command`` is the alert as mon.cf had it, ``period`` the key of its period (after a re-read: of the one that
    follows it), ``at`` when it was called first in this outage. ``payers`` are the upalerts that undo it, as they were
    in force then; none if the period had none. ``unpaid_since`` is when nothing could pay it any more, and ``why``
    says why; 0 while a recovery is to pay it.
    """

    command: Command
    period: str
    at: Instant
    payers: tuple[Command, ...] = ()
    unpaid_since: Instant = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """A debt as people are told of it. ``alert`` and ``upalerts`` are as mon.cf writes them.

    ``by_hand`` are lines for a shell that call the upalerts. ``is_paid_at_recovery``: the daemon does so when the
    service is well again; else ``unpaid_since`` is when that became impossible (0: only a state on file is known), and
    ``why`` says why. Of one that is paid, ``why`` says what is unusual about that, if anything.
    """

    key: ServiceKey
    alert: str
    at: Instant
    is_paid_at_recovery: bool
    unpaid_since: Instant = 0.0
    why: str = ""
    upalerts: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
