"""Many tries at once, each in a thread, within a time limit."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

from pymon.errors import PymonError
from pymon.live.finding import Finding, State, Trouble, Try

LIMIT = 10.0
"""seconds for all tries together"""

AT_ONCE = 64
"""tries at the same time"""


def run_tries(tries: Sequence[Try], *, limit: float = LIMIT, at_once: int = AT_ONCE) -> tuple[Finding, ...]:
    """Try everything, and return the findings in the same order. A try that does not end in time is unknown.

    Threads that hang are left behind; they end with the program.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Finding]] = queue.SimpleQueue()
    for index in range(len(tries)):
        waiting.put(index)

    def work() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((index, _try(tries[index])))

    for number in range(min(len(tries), at_once)):
        threading.Thread(target=work, name=f"try {number}", daemon=True).start()
    found: dict[int, Finding] = {}
    deadline = time.monotonic() + limit
    while len(found) < len(tries):
        try:
            index, finding = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[index] = finding
    late = f"no answer within {limit:g} seconds"
    return tuple(
        found.get(index) or Finding(each.what, each.subject, State.UNKNOWN, late) for index, each in enumerate(tries)
    )


def _try(each: Try) -> Finding:
    try:
        return Finding(each.what, each.subject, State.OK, each.attempt())
    except (Trouble, PymonError) as error:
        return Finding(each.what, each.subject, State.FAILED, str(error))
    except OSError as error:
        return Finding(each.what, each.subject, State.FAILED, error.strerror or str(error))
    except Exception as error:
        return Finding(
            each.what, each.subject, State.FAILED, f"crashed (a bug in pymon): {type(error).__name__}: {error}"
        )
