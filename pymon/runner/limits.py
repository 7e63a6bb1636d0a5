"""What runs of plugins are bounded by: every such number of the room, handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BanishmentLimits:
    """How long a plugin has to run as a process. Times are in seconds."""

    first: float = 60.0
    """the first time"""
    longest: float = 4 * 3600.0
    """the longest, after doubling"""
    probation: float = 3600.0
    """afterwards, in which it must behave for all to be forgotten (or as long as it was banished, if that is longer)"""
    file_after: int = 8
    """services that are banished from the same file, and more than run it well, for the file to be banished for all"""


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

    # Plugins that are looked for

    plugin_depth: int = 4
    """directories below mondir or alertdir that a plugin may lie deep"""
    import_time: float = 10.0
    """that each import may take where all plugins are listed"""
    import_slow: float = 1.0
    """after which an import is told of there"""

    # Arguments that are tried in a process of their own

    validation: float = 10.0
    """that one plugin may take to be loaded and asked"""
    validation_start: float = 20.0
    """that the process may take to start"""
    validation_output: int = 64 << 20
    """bytes that it may say"""
