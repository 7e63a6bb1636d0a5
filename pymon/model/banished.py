"""What runs as a process for a while, because it misbehaved inside the daemon."""

from __future__ import annotations

from typing import NamedTuple


class Banished(NamedTuple):
    """One service's use of one plugin; ``group`` and ``service`` are empty where all services are meant.

    ``since`` and ``until`` are in seconds since the epoch. ``reason`` is what it did, in one line.
    """

    group: str
    service: str
    plugin: str
    since: float
    until: float
    reason: str
