"""What the record is bounded by, and how long it waits: every such number of the room, handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """Limits of the record. Durations are in seconds. Tests change them here, and nowhere else."""

    flush_every: float = 5.0
    """that a state may wait for company"""
    states_at_once: int = 100
    """states, measurements and runs of results in a batch that nobody waits for: an alert may wait for its end"""
    retry_after: float = 5.0
    """between attempts to write to a file that could not be written"""
    settle: float = 5.0
    """that ``settled`` waits for a disk that hangs"""
    open: float = 30.0
    """that the start waits for a disk that hangs"""
    close: float = 5.0
    """that the end waits for it"""
    measured_every: float = 60.0
    """between two writes of a service's measurements, for those of a thousand hosts are large"""
    events_waiting: int = 5000
    """events that are kept in memory while they cannot be written, or have no file"""
    ended_waiting: int = 1000
    """alerts that ended while nothing could be written, and are known as such; with more, all is written again"""
    events_kept: int = 200_000
    """events that stay on file at most"""
    events_age: float = 90 * 86400.0
    """that events are kept"""
    results_age: float = 30 * 86400.0
    """that results are kept"""
    results_kept: int = 300_000
    """runs of results that stay on file at most"""
    results_each: int = 5000
    """runs of one service that stay, so that one that flaps pushes out nobody else's"""
    results_every: float = 60.0
    """between two writes of a run that goes on"""
    results_waiting: int = 5000
    """runs that are kept in memory while they cannot be written, besides the one of each service that goes on"""
    count_results_every: float = 3600.0
    """between looks for services with too many runs"""
    maintain_every: float = 30.0
    """between syncs to the disk, and looks for what is too old"""
    inspect_every: float = 3600.0
    """between two readings of the whole file"""
