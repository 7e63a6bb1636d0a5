"""The bounds of reading a configuration, handed in by arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigLimits:
    """The limits of reading a configuration. Tests change them here, and nowhere else."""

    file_bytes: int = 16 << 20
    """of a configuration that are read: enough for some 50,000 services, and little enough for the memory"""
    m4_seconds: float = 60.0
    """that m4 may take"""
    included_files: int = 100
    """that m4 includes and that are looked at for changes, apart from the first one"""
    included_bytes: int = 1 << 20
    """of each such file that are searched for what it includes"""
    problems: int = 1000
    """errors, and warnings, kept of one file; a file that has more is not a mon.cf"""
    comparisons: int = 100_000
    """of names with misspelt ones, all in all: about a second's work"""
