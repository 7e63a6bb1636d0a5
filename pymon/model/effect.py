"""What a decision asks the engine to do and why, and what it held back and why.

The core answers with these values; only the engine performs them, in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


class SendRule(StrEnum):
    """What lets an alert pass: for one about a failure the rule of its period that had the last word."""

    FIRST = "first"
    """the first alert of the outage, and no alertafter had it wait"""
    COUNT_REACHED = "count reached"
    """``alertafter N``: so many failures in a row"""
    WINDOW_REACHED = "window reached"
    """``alertafter N INTERVAL``: so many failures in the window; ``alertafter INTERVAL``: failing for longer"""
    REPEAT = "repeat"
    """alertevery is over since the last alert"""
    SUMMARY_CHANGED = "summary changed"
    """alertevery is not over, but the summary is another than that of the failure before"""
    OUTPUT_CHANGED = "output changed"
    """the same with observe_detail: something in the output is another"""
    UNACKNOWLEDGED = "unacknowledged"
    """another summary has ended the acknowledgement (unack_summary), and alerts start over"""
    NO_RULE = "no rule"
    """a further alert, and the period has no rule that could hold it back"""
    RECOVERY = "recovery"
    """the end of an outage that the period has told of"""
    NO_COMP_ALERTS = "no_comp_alerts"
    """the end, or the acknowledgement, of an outage that the period need not have told of"""
    DEBT = "debt"
    """an upalert that no rule calls, but it undoes what a down alert has done"""
    ACK = "ack"
    DISABLE = "disable"
    STARTUP = "startup"
    REDISTRIBUTE = "redistribute"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class SendReason:
    """Why an alert is called: the rule that let it pass, and the facts that it looked at.

    What a rule did not look at is None (a text: empty). Durations are in whole seconds. ``number`` is which alert about
    a failure it is in this outage and period, from 1; of a recovery or an acknowledgement, how many there were.
    ``since_last`` has passed since the last one, and ``alertevery`` is the interval that the period has. ``count`` of
    the ``wanted`` failures have come, in ``lasting`` (alertafter), and ``window`` is the interval that they may take,
    or that failing has to outlast. ``lasting`` of a recovery is the length of the outage. ``pays`` is the down alert
    (as in mon.cf) that is paid for, and ``is_gone``: mon.cf does not have the upalert any more.
    """

    rule: SendRule
    number: int | None = None
    since_last: int | None = None
    alertevery: float | None = None
    count: int | None = None
    wanted: int | None = None
    lasting: int | None = None
    window: float | None = None
    pays: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
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
    ``reason`` says why it is called.
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
    reason: SendReason = field(kw_only=True)


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
    held: tuple[Suppression, ...]
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
    def held(self) -> tuple[Suppression, ...]:
        """Why other alerts were not sent."""
        return tuple(held for effect in self.effects if isinstance(effect, Suppressed) for held in effect.held)
