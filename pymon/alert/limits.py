"""What alerts are bounded by, and how long they wait: every such number of the room, handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """Limits of alerts. Durations are in seconds. Tests change them here, and nowhere else."""

    time_limit: float = 300.0
    """that one attempt may take (mon knows no limit, and hanging alerts pile up: Q17)"""
    retry_delays: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
    """before each further attempt; the last one repeats"""
    retry_for: float = 3600.0
    """after which a call that is not ordered is given up"""
    most_retrying: int = 1000
    """calls that are not ordered and wait for another attempt; with more, further failures are final"""
    disk_wait: float = 2.0
    """that a first attempt waits until the record has it; a disk that takes longer must not hold up an IPVS change"""
    look_up: float = 60.0
    """that an alert may take to tell what it acts upon"""
    remembered: int = 10_000
    """things with a newest call after which those are forgotten that no open call is older than"""
