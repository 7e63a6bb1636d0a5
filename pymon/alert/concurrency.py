"""How many alerts run at the same time; more of them wait their turn (mon forks without limit: Q17).

Each ordered alert has places of its own, for an IPVS change must not wait until mails that hang are given up; all
others share theirs.
"""

from __future__ import annotations

import asyncio

PROGRAMS = 256
"""alerts that run as programs, and programs that alerts inside the daemon run, at the same time"""

INSIDE = 4096
"""alerts that run inside the daemon at the same time"""


class Places:
    """The places of alerts, by the name of an ordered alert (empty for all others)."""

    def __init__(self, programs: int = PROGRAMS, inside: int = INSIDE) -> None:
        """So many of each kind, of each name."""
        self._most_programs = programs
        self._most_inside = inside
        self._programs: dict[str, asyncio.Semaphore] = {}
        self._inside: dict[str, asyncio.Semaphore] = {}

    def of_programs(self, name: str) -> asyncio.Semaphore:
        """Those of programs."""
        return self._programs.setdefault(name, asyncio.Semaphore(self._most_programs))

    def inside(self, name: str) -> asyncio.Semaphore:
        """Those inside the daemon."""
        return self._inside.setdefault(name, asyncio.Semaphore(self._most_inside))
