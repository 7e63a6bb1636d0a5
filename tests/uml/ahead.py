"""Programs for the guest that are begun before the first test runs (see ``tests.ahead``), in a guest of their own."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from pathlib import Path

from tests.ahead import Work
from tests.uml.guest import Guest, UmlResult

QUEUE = "uml"
_guests: list[Guest] = []


def in_guest(program: Path | str, args: Sequence[str] = (), *, limit: float) -> Work[UmlResult]:
    """The work of running a program in the guest, at most ``limit`` seconds: for the mark ``ahead``."""
    return Work(QUEUE, run, (str(program), tuple(args), limit))


def run(program: str, args: Sequence[str], limit: float) -> UmlResult:
    """Run a program in the guest of this process, which is booted for the first and ends with the process."""
    if not _guests or not _guests[-1].alive:
        _guests.append(Guest())
        atexit.register(_guests[-1].close)
    return _guests[-1].run(program, args, timeout=limit)
