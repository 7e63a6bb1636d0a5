"""When something was, by the wall clock and by one that nobody can set: so that a later daemon knows what passed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from pymon.clock import Clock

_UNNAMED = "process "
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STEP = 0.5
"""seconds from which on the two clocks differ because the first one was set"""


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is in seconds since the epoch; ``boot`` names the boot of the machine, ``booted_for`` seconds before."""

    at: float = 0.0
    boot: str = ""
    booted_for: float = 0.0


NEVER = Moment()


def clock_set_since(then: Moment, now: Moment) -> float:
    """Seconds by which the wall clock was put on (negative: back) between two moments, as far as that is known (pure).

    Within one boot it is known. Over a start of the machine it only is that the later moment was later, by at least
    the time since that start: less by the wall clock means that it was put back, or was wrong before.
    """
    if not then.at:
        return 0.0
    passed = now.at - then.at
    if then.boot and then.boot == now.boot:
        step = passed - (now.booted_for - then.booted_for)
    else:
        is_known = is_boot(then.boot) and is_boot(now.boot)
        step = min(passed - (now.booted_for if is_known else 0.0), 0.0)
    return step if abs(step) >= STEP else 0.0


def is_boot(name: str) -> bool:
    """Whether it is the name of a boot (a machine without /proc has none)."""
    return bool(name) and not name.startswith(_UNNAMED)


def since_boot(clock: Clock) -> tuple[str, float]:
    """The machine's boot by name, and the seconds since then. Without a name, the time counts of this process alone."""
    boot = f"{_UNNAMED}{os.getpid()}"
    with contextlib.suppress(OSError):
        boot = _BOOT_ID.read_text().strip()
    return boot, clock.steady()
