"""What a decision asks the engine to do, and what it held back and why.

The core answers with these values; only the engine performs them, in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pymon.model.depend import ServiceKey
from pymon.model.service import AlertKind, Command
from pymon.model.state import ServiceState
from pymon.model.status import EventKind


class Rule(StrEnum):
    """The rules that can hold an alert back, by the names users know from mon.cf and moncmd."""

    STOPPED = "stopped"
    WATCH_DISABLED = "watch disabled"
    SERVICE_DISABLED = "service disabled"
    DEPEND = "depend"
    ACK = "ack"
    PERIOD = "period"
    NO_DOWN_ALERT = "no down alert"
    UPALERTAFTER = "upalertafter"
    ALERTEXITRANGE = "alertexitrange"
    NUMALERTS = "numalerts"
    ALERTEVERY = "alertevery"
    ALERTAFTER = "alertafter"
    EXIT = "exit="
    NO_SUCH_ALERT = "no such alert"
    NONE_CONFIGURED = "none configured"
    NO_FAILURE = "no failure"


@dataclass(frozen=True, slots=True)
class Held:
    """One reason why something was not sent.

    ``period`` is the key of the period concerned, or None when the rule concerns all of them; ``alert`` is the
    command concerned when the rule concerns one line only. ``text`` carries the facts, for people:
    ``alertevery 10m: last alert 3m12s ago, summary unchanged``.
    """

    rule: Rule
    text: str
    period: str | None = None
    alert: str | None = None

    def __str__(self) -> str:
        """The text with its period."""
        return self.text if self.period is None else f"{f'period {self.period}'.rstrip()}: {self.text}"


@dataclass(frozen=True, slots=True)
class AlertCall:
    """One alert to launch now.

    ``event`` decides MON_ALERTTYPE and the option letter; ``list_kind`` which list the alert came from (None for
    redistribute); ``history_word`` what the history calls it (None: it is not recorded or counted, as for
    test and redistribute). ``exitval`` is MON_RETVAL (None: the variable is left out). ``output`` goes to its
    standard input. ``state`` is what was known at the moment of the decision, and the environment is made from it
    field by field: MON_LAST_SUMMARY, MON_FIRST_FAILURE (once ``has_result``), MON_LAST_OUTPUT (once
    ``has_output``), MON_LAST_FAILURE, MON_LAST_SUCCESS, MON_OPSTATUS, MON_ACK (while acked with a comment).
    It differs from the state that follows: ``last_summary`` is that of ``output``, ``last_output`` is the output of
    the event before this one, and for a recovery the failure times and the acknowledgement are still the outage's.
    ``why`` says why it is called if that is for no rule of its period.
    """

    key: ServiceKey
    event: EventKind
    command: Command
    state: ServiceState
    output: str
    at: float
    exitval: int | str | None = None
    list_kind: AlertKind | None = None
    period: str | None = None
    history_word: str | None = None
    trap_intended: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class FailureRecorded:
    """A line for the failure history: ``GROUP SERVICE TIME SUMMARY``. ``broken``: it was the check that failed."""

    key: ServiceKey
    at: float
    summary: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
class DowntimeRecorded:
    """A record for the downtime log (dtlogging). ``interval`` is the one in force, 0 if none."""

    key: ServiceKey
    back_up: float
    first_failure: float
    interval: float
    summary: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something for the log that is neither an alert nor a held-back one (a dependency that cannot be evaluated)."""

    key: ServiceKey
    text: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An event whose alerts (all, or some) were held back."""

    key: ServiceKey
    event: EventKind
    held: tuple[Held, ...]
    at: float


Effect = AlertCall | FailureRecorded | DowntimeRecorded | Noticed | Suppressed


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision: the state that follows, what to do (in order), and whether the interval in force changed."""

    state: ServiceState
    effects: tuple[Effect, ...] = ()

    @property
    def alerts(self) -> tuple[AlertCall, ...]:
        """The alerts to launch."""
        return tuple(effect for effect in self.effects if isinstance(effect, AlertCall))

    @property
    def held(self) -> tuple[Held, ...]:
        """Why other alerts were not sent."""
        return tuple(held for effect in self.effects if isinstance(effect, Suppressed) for held in effect.held)
