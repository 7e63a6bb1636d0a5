"""What the engine bounds, and how long it waits: every such number of the room, handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """The engine's limits. Durations are in seconds. Tests change them here, and nowhere else."""

    # The system's clock

    clock_compared_every: float = 1.0
    """between two comparisons of the system's clock with the steady one"""
    clock_step: float = 0.5
    """by which the two clocks differ from which on the system's counts as set, and not as slewed"""
    clock_slew: float = 0.1
    """that one comparison follows without a word: more than any time daemon slews in a second"""

    # Timers

    timer_slack: float = 0.010
    """that a timer may be late, so that those due at about the same time are handled together: at 500 checks a second
    this saves a quarter of their processor time"""

    # Hold-ups

    hold_up_quiet: float = 60.0
    """after a warning of a hold-up in which further ones are only noted"""
    hold_ups_per_trap: int = 10
    """hold-ups for which one trap is waited for longer: on a machine that is overloaded for good it is missed in the
    end"""
    hold_up_reading: float = 1.0
    """after a hold-up in which the traps that came meanwhile are read"""
    hold_ups_remembered: int = 1000
    """hold-ups that are remembered"""

    # The configuration, read again

    read_again: float = 1.0
    """until a file that may be half-written is read again"""
    readings: int = 30
    """readings of files that change all the time, until they are taken as they are"""
    file_is_fresh: float = 2.0
    """since a file was written in which somebody may still be writing it"""
    looks_at_fresh_file: int = 5
    """looks, one each ``read_again``, whether a file that was fresh when it was read has changed"""

    # mon's files

    written_wait: float = 2.0
    """that who reads the downtime log waits for lines that are on their way to it"""
    state_file_wait: float = 5.0
    """that anybody waits for a state file"""
    files_at_stop: float = 5.0
    """that lines have at a stop to get into their files"""

    # Checks and alerts

    throttled_quiet: float = 60.0
    """after a warning that checks wait for their turn in which it is not repeated"""
    lateness_remembered: int = 10_000
    """checks whose lateness is remembered: the seconds from their planned time to their start"""
    alerts_at_stop: float = 30.0
    """that alerts under way have at a stop"""
    alerts_too_old: float = 3600.0
    """after which an alert that was not sent is not sent any more: it would only confuse"""

    # mon.cf's monremote

    monremote_call: float = 60.0
    """that one call may take"""
    monremote_at_stop: float = 5.0
    """that calls under way have at a stop"""
    monremote_waiting: int = 1000
    """calls that may wait for the one under way; with more, further ones are dropped"""

    # The log

    log_waiting: int = 10_000
    """records that wait for a log that takes none; further ones are dropped, and their number is logged"""
    log_at_stop: float = 2.0
    """that the log has at the end to take what is left"""
