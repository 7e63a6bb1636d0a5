"""How much may go on at the same time with the descriptors and processes that the system allows.

Of the descriptors OWN_DESCRIPTORS are the daemon's. Of the rest checks have a half, alerts and clients a quarter each.
Of the processes checks may have a quarter as programs (each may start another one) and alerts an eighth; the rest is
for threads.
"""

from __future__ import annotations

from typing import NamedTuple

from pymon.process.system_limits import descriptor_limit, process_room

OWN_DESCRIPTORS = 24
"""descriptors of the daemon itself: standard streams, event loop, record, log, listeners"""

PER_PROGRAM = 4
"""descriptors for each program that runs: its output, input, measurements, end"""

PER_HOST = 2
"""descriptors for each host that a plugin inside the daemon asks: a connection to it, and another one or a look-up"""

OWN_THREADS = 16
"""threads of the daemon itself"""

MOST_ALERT_PROGRAMS = 256
"""alerts that run as programs at the same time, if the system allows them"""


class Capacity(NamedTuple):
    """What there is room for at the same time. ``check_programs`` is None where the system has no limit."""

    check_descriptors: int
    check_programs: int | None
    alert_programs: int
    alerts_inside: int


def capacity(descriptors: int, processes: int | None) -> Capacity:
    """Divide ``descriptors`` (all of them) and ``processes`` beyond those that run already (None: no limit). Pure."""
    free = max(0, descriptors - OWN_DESCRIPTORS)
    programs = None if processes is None else max(0, processes - OWN_THREADS)
    of_alerts = free // 4
    alert_programs = of_alerts // PER_PROGRAM if programs is None else min(of_alerts // PER_PROGRAM, programs // 8)
    return Capacity(
        check_descriptors=max(PER_PROGRAM, free // 2),
        check_programs=None if programs is None else max(1, programs // 4),
        alert_programs=max(1, min(MOST_ALERT_PROGRAMS, alert_programs)),
        alerts_inside=max(1, of_alerts // PER_HOST),
    )


def current_capacity() -> Capacity:
    """What there is room for as things are now; to count the user's processes takes some milliseconds."""
    return capacity(descriptor_limit(), process_room())


def check_descriptors() -> int:
    """How many descriptors checks may have open now: the limit of a running daemon may be changed (prlimit)."""
    return capacity(descriptor_limit(), None).check_descriptors


def descriptors_of(hosts: int, *, is_program: bool, limit: int) -> int:
    """What a check of so many hosts is counted as; ``limit`` is what there is for all checks.

    One that would need more than half of it gets along with that: its hosts wait for each other.
    """
    wanted = PER_PROGRAM if is_program else PER_HOST * max(1, hosts)
    return min(wanted, max(PER_PROGRAM, limit // 2))
