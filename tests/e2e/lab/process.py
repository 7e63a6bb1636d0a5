"""Parts of the site that run as processes of their own, by fork: a start of Python costs a third of a second here."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable

from tests.e2e.lab import netns


def start_in(node: str, work: Callable[[], None]) -> int:
    """Run ``work`` in a new process inside a node until it returns or is killed; its pid."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        netns.enter(node)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def kill(pid: int, signum: int = signal.SIGKILL) -> None:
    """End such a process at once, and wait until it is gone."""
    os.kill(pid, signum)
    os.waitpid(pid, 0)
