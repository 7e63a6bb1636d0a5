"""How the cost of something grows with its size: a ratio within one run, and no limit in seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 3


def seconds_of(run: Callable[[], object], times: int = 3) -> float:
    """Processor time of this thread that a call takes: the least of a few."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        run()
        taken.append(time.thread_time() - began)
    return min(taken)


def check_growth_is_linear(cost: Callable[[int], float], small: int) -> None:
    """Check that four times the size costs about four times as much, where the square of it would be sixteen.

    ``cost`` gives the seconds for a size. Tried again where other work on the machine spoils the figures.
    """
    ratios = []
    for _ in range(TRIES):
        ratios.append(cost(4 * small) / max(cost(small), 1e-4))
        if ratios[-1] < 10:
            return
    raise AssertionError(f"four times the size costs {', '.join(f'{ratio:.1f}' for ratio in ratios)} times as much")
