"""The result of one run of a plugin (a monitor, or an alert)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from pymon.model.measurement import Measurement

OUTPUT_LIMIT = 1 << 20
"""bytes of output that are kept of one run; what is cut off is said in the last line"""


class CheckOutcome(StrEnum):
    """What a check says of the service."""

    OK = "ok"
    FAILED = "failed"
    BROKEN = "broken"
    """the check could not be carried out, so it says nothing about the service"""


class HostOutcome(StrEnum):
    """What a check says of one host. UNKNOWN is neither up nor down: nothing may follow from it."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


NO_HOSTS: Mapping[str, HostOutcome] = MappingProxyType({})
"""no outcome of any host"""

LOCAL = "local"
"""the source of checks that this daemon has run on its own machine"""


class Cause(StrEnum):
    """How a run came to its end."""

    EXITED = "exited"
    SIGNALED = "signaled"
    """ended by a signal; the exit value is 128 + its number"""
    TIMED_OUT = "timed out"
    NOT_STARTED = "not started"
    """there is no such program, or it cannot be executed"""
    RAISED = "raised"
    """a plugin in process raised an exception"""
    BLOCKED = "blocked"
    """a plugin in process blocked the event loop"""
    BROKEN = "broken"
    """the plugin said itself that it could not be carried out: wrong options, no permission, nothing to check with"""
    HELD_UP = "held up"
    """the daemon itself, or its machine, stood still while it ran"""
    STARVED = "starved"
    """the daemon lacked a descriptor, thread or process for it"""
    CANCELLED = "cancelled"
    """the daemon ended the run (reload or stop): it says nothing about the service"""


BROKEN_CAUSES = frozenset(
    {Cause.SIGNALED, Cause.NOT_STARTED, Cause.RAISED, Cause.BLOCKED, Cause.BROKEN, Cause.HELD_UP, Cause.STARVED}
)
"""the ends of a run that are the fault of pymon or of its plugin, not of the service"""

BROKEN_EXIT = 126
"""the least exit value of a broken check as alerts get it, and the exit value of such a plugin of the SDK"""

BROKEN_WORD = "broken: "
"""what the output of a broken check begins with, so that every alert and client tells it from a failure"""

_SHELL_BROKEN = frozenset({126, 127})
"""how shells, env(1) and the like say that a program cannot be executed, or is not there"""


class CheckResult(NamedTuple):
    """One finished run: see ``outcome`` for what it means.

    ``output`` is standard output and error together, decoded as UTF-8 with surrogateescape, so that any
    bytes survive; its first line is the summary, the rest the detail. ``duration`` is in seconds, by a clock that
    nobody sets. ``hosts`` says what each of its hosts is: of a check that an executor has run, all hosts of its order
    (``pymon.contract.host_outcomes``). ``source`` names where it was run.
    """

    exitval: int
    output: str
    duration: float = 0.0
    cause: Cause = Cause.EXITED
    measurements: tuple[Measurement, ...] = ()
    hosts: Mapping[str, HostOutcome] = NO_HOSTS
    source: str = LOCAL

    @property
    def outcome(self) -> CheckOutcome:
        """What it says of the service. Exit value 0 is success, 126 and 127 a broken check, every other a failure."""
        if self.cause in BROKEN_CAUSES or (self.cause is Cause.EXITED and self.exitval in _SHELL_BROKEN):
            return CheckOutcome.BROKEN
        return CheckOutcome.OK if self.exitval == 0 else CheckOutcome.FAILED

    @property
    def is_success(self) -> bool:
        """Whether the service was found well."""
        return self.outcome is CheckOutcome.OK
