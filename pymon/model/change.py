"""A change of what is known of one service, as those see it who observe the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pymon.model.depend import ServiceKey
from pymon.model.effect import Effect
from pymon.model.result import CheckResult
from pymon.model.state import ServiceState
from pymon.model.trap import Trap


class ChangeCause(StrEnum):
    """What a change comes from."""

    CHECK_START = "check start"
    """a check begins, or is held back by a dependency that cannot be evaluated"""
    CHECK = "check"
    """a check has ended; the change has its result"""
    TRAP = "trap"
    """a trap has come; the change has it"""
    TRAP_TIMEOUT = "trap timeout"
    """no trap has come in time"""
    TRAP_EXPIRY = "trap expiry"
    """what a trap said is over (trapduration)"""
    STARTUP = "startup"
    """the daemon starts, or begins again, and calls the startup alerts"""
    OPERATOR = "operator"
    """somebody acknowledges, disables, tests an alert, or sets something"""
    STATE_FILE = "state file"
    """one of mon's state files was loaded"""
    RESTORE = "restore"
    """the record of an earlier daemon says so"""
    RECALL = "recall"
    """an alert that an earlier daemon left undone says so"""
    CONFIGURATION = "configuration"
    """the configuration was read again; a service that is not in it any more has ``left`` set"""
    PAYMENT = "payment"
    """another service has called the upalert that this one owed"""
    CLOCK_SET = "clock set"
    """the system's clock was set, and all times have moved with it"""

    @property
    def is_observation(self) -> bool:
        """Whether it says something about the service itself, and is judged by the rules of alerting."""
        return self in _OBSERVATIONS


# A tuple: it is searched by identity, and the hash of an enumeration's member is a call of Python's.
_OBSERVATIONS = (ChangeCause.CHECK, ChangeCause.TRAP, ChangeCause.TRAP_TIMEOUT, ChangeCause.TRAP_EXPIRY)


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change, after it was recorded and its effects were performed.

    ``before`` is a fresh state for a service that is new; ``after`` has ``left`` set for one that is gone. ``effects``
    are what was performed. ``source`` is the result or the trap that it comes from, if it comes from one.
    """

    key: ServiceKey
    before: ServiceState
    after: ServiceState
    cause: ChangeCause
    effects: tuple[Effect, ...] = ()
    source: CheckResult | Trap | None = None


Observer = Callable[[StateChange], None]
"""called after each change; one that raises is logged, and the others are called all the same"""
