"""What one run of a plugin (a monitor, or an alert) gave."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from pymon.model.measurement import Measurement

OUTPUT_LIMIT = 1 << 20
"""bytes of output that are kept of one run; what is cut off is said in the last line"""


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
    CANCELLED = "cancelled"
    """the daemon ended the run (reload or stop): it says nothing about the service"""


class CheckResult(NamedTuple):
    """One finished run. Exit value 0 is success, everything else failure.

    ``output`` is standard output and error together, decoded as UTF-8 with surrogateescape, so that any
    bytes survive; its first line is the summary, the rest the detail. Times are seconds since the epoch.
    """

    exitval: int
    output: str
    started: float
    ended: float
    cause: Cause = Cause.EXITED
    measurements: tuple[Measurement, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether the service was found well."""
        return self.exitval == 0
