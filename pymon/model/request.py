"""What a client asks of the daemon that a snapshot cannot answer: changes, and what has to be read or tried.

The server makes these values from commands; the engine alone performs them and answers with an Outcome. All who
ask are named, for the log and the record.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.service import AlertKind
from pymon.model.status import OpStatus


class SavedKind(StrEnum):
    """mon's state files, by their names in statedir and in ``loadstate`` and ``savestate``."""

    DISABLED = "disabled"
    OPSTATUS = "opstatus"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the user (empty: not logged in) and where from (an address, or ``unix`` for the socket)."""

    user: str = ""
    peer: str = ""

    def __str__(self) -> str:
        """``user@peer``, for people."""
        return f"{self.user or 'somebody'}@{self.peer or 'nowhere'}"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """``ack``: ``comment`` is decoded; the user's name goes before it."""

    key: ServiceKey
    comment: str


@dataclass(frozen=True, slots=True)
class SwitchWatch:
    """``enable watch``, ``disable watch``."""

    group: str
    enable: bool


@dataclass(frozen=True, slots=True)
class SwitchService:
    """``enable service``, ``disable service``."""

    key: ServiceKey
    enable: bool


@dataclass(frozen=True, slots=True)
class SwitchHosts:
    """``enable host``, ``disable host``: in every group that has them, each name taken literally."""

    hosts: tuple[str, ...]
    enable: bool


@dataclass(frozen=True, slots=True)
class StopScheduler:
    """``stop``: no check and no alert any more; traps are still taken in."""


@dataclass(frozen=True, slots=True)
class StartScheduler:
    """``start``."""


@dataclass(frozen=True, slots=True)
class Terminate:
    """``term``: the daemon ends once the reply is sent."""


@dataclass(frozen=True, slots=True)
class Reset:
    """``reset``: read the configuration again and start over; with ``keepstate`` states and disabled items stay.

    ``stopped`` stops the scheduler, even if the configuration is refused.
    """

    stopped: bool = False
    keepstate: bool = False


@dataclass(frozen=True, slots=True)
class ReloadAuth:
    """``reload auth``: read auth.cf again; one that cannot be read leaves nobody any right."""


@dataclass(frozen=True, slots=True)
class ClearTimers:
    """``clear timers``."""

    key: ServiceKey


@dataclass(frozen=True, slots=True)
class TestMonitor:
    """``test monitor``: check now, whatever the schedule."""

    key: ServiceKey


@dataclass(frozen=True, slots=True)
class TestAlert:
    """``test alert``, ``test startupalert`` and so on; ``period`` is a period's key."""

    key: ServiceKey
    kind: AlertKind
    retval: str
    period: str


@dataclass(frozen=True, slots=True)
class TestConfig:
    """``test config``: the outcome's lines are the errors."""


@dataclass(frozen=True, slots=True)
class SetMaxkeep:
    """``set maxkeep``: the length of the histories."""

    count: int


@dataclass(frozen=True, slots=True)
class SetOpstatus:
    """``set G S opstatus NAME``."""

    key: ServiceKey
    status: OpStatus


@dataclass(frozen=True, slots=True)
class SetVariable:
    """``set G S VAR VALUE``, by mon's variable names; the outcome's text is why it is refused."""

    key: ServiceKey
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class LoadState:
    """``loadstate``: mon's files in statedir."""

    kinds: tuple[SavedKind, ...]


@dataclass(frozen=True, slots=True)
class SaveState:
    """``savestate``."""

    kinds: tuple[SavedKind, ...]


@dataclass(frozen=True, slots=True)
class ReadDowntimeLog:
    """``list dtlog``: the outcome's lines and pages are the records; not ok: it cannot be read."""


@dataclass(frozen=True, slots=True)
class ReadTimeline:
    """``why``: the outcome's events, oldest first; ``since`` in seconds since the epoch, 0 for all that is kept."""

    key: ServiceKey
    since: float = 0.0
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Login:
    """``login``. Performed by the server, not the engine; its text never shows the password."""

    user: str
    password: str = field(repr=False)


Request = (
    Acknowledge
    | SwitchWatch
    | SwitchService
    | SwitchHosts
    | StopScheduler
    | StartScheduler
    | Terminate
    | Reset
    | ReloadAuth
    | ClearTimers
    | TestMonitor
    | TestAlert
    | TestConfig
    | SetMaxkeep
    | SetOpstatus
    | SetVariable
    | LoadState
    | SaveState
    | ReadDowntimeLog
    | ReadTimeline
    | Login
)
KEPT_OVER_RESTARTS = (
    *(Acknowledge, SetOpstatus, SwitchHosts, SwitchService, SwitchWatch, ClearTimers),
    *(StartScheduler, StopScheduler, LoadState, Reset),
)
"""requests whose effect the next daemon takes up, if it is on file"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended. ``text`` is the reason when it was refused; ``lines`` and ``events`` are what was asked.

    ``pages`` are further lines, read from the disk as they are asked for; raises OSError if that fails on the way.
    ``warning`` is what the asker should know although it was done.
    """

    ok: bool = True
    text: str = ""
    lines: tuple[str, ...] = ()
    events: tuple[TimelineEvent, ...] = ()
    pages: AsyncIterator[tuple[str, ...]] | None = None
    warning: str = ""
