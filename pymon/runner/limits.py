"""What runs of plugins are bounded by: every such number of the room, handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass, field

from pymon.runner.banishment import BanishmentLimits


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """The runner's limits. Durations are in seconds. Tests change them here, and nowhere else."""

    blocking: float = 1.0
    """that one step of a plugin may hold up the event loop; 0: nobody watches that"""
    grace: float = 2.0
    """between asking a run to end and ending it"""
    programs: int = 256
    """programs that checks inside the daemon run at the same time; more of them wait their turn"""
    queued: float = 1.0
    """in queues of pymon's own after which a run that has no result in time is not blamed on anybody else"""
    banishment: BanishmentLimits = field(default_factory=BanishmentLimits)
    """how long a plugin that misbehaved inside the daemon has to run as a process"""

    # The event loop itself

    hold_up: float = 1.0
    """for which the event loop gives no sign of life that are a hold-up"""
    heartbeat: float = 0.25
    """between two signs of life that it gives"""
    close_hold_up: float = 1.0
    """of the loop's own time that a hold-up counts as which follows another one closely"""
    reading_turns: int = 5
    """turns of the event loop in which what has come meanwhile is read, and reaches those who wait for it"""
