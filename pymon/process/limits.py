"""How programs are bounded: every such number of one run, handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """The limits of a run as a process. Durations are in seconds. Tests change them here, and nowhere else."""

    grace: float = 2.0
    """between SIGTERM and SIGKILL"""
    kill_wait: float = 5.0
    """that a process may take to die of SIGKILL; one that hangs in the kernel longer is left behind"""
    look_every: float = 0.02
    """between two looks at a process where the kernel has no pidfd (before Linux 5.3)"""
