"""An event of the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TimelineKind(StrEnum):
    """The kinds of events."""

    CHECK = "check"
    """a result that changed something"""
    TRAP = "trap"
    """a trap, or the lack of one"""
    ALERT = "alert"
    """an alert was decided"""
    HELD = "held"
    """an alert was held back, by a rule"""
    OUTCOME = "outcome"
    """an alert has ended: delivered, failed, or given up; what it said (such as its IPVS change)"""
    OPERATOR = "operator"
    """somebody changed something"""
    DAEMON = "daemon"
    """the daemon started, stopped, or took over another configuration"""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of the record. ``text`` is for people; ``facts`` hold its figures as JSON values, for programs.

    Repetitions (the same check failing with the same summary, the same rule holding back the same alert) are one
    event: ``at`` is the first, ``until`` the last, ``count`` how many. Times are seconds since the epoch. ``group``
    and ``service`` are empty for what concerns the whole daemon.
    """

    at: float
    kind: TimelineKind
    text: str
    group: str = ""
    service: str = ""
    asker: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    until: float = 0.0
    count: int = 1
