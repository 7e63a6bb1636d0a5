"""Keeps watch over one guest on the machine outside: when it ends, for whatever reason, nothing of it is left.

usage: warden.py LIFE HOME PROGRAM [ARGUMENT ...]

A user-mode-linux kernel runs each process of its guest as a process of the machine; they change parents and groups, and
survive a kernel that was killed. So this program declares itself their subreaper: whatever loses its parent becomes
its child, and at the end it kills children until there are none.

The end comes when the kernel exits, after LIFE seconds, on SIGTERM, or when standard input reaches its end: the test
run that holds the other end of that pipe is gone, or done with the guest; then HOME, the guest's directory, is removed
as well. It exits with the kernel's status.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LAST_WORDS = 30.0
"""Seconds within which everything of the guest must have died of SIGKILL."""


def _children() -> list[int]:
    pids: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        pids.extend(int(pid) for pid in (task / "children").read_text(encoding="ascii").split())
    return pids


def _kill_all() -> None:
    """Kill and reap every descendant; each one that dies makes its children ours, so look again until none is left."""
    deadline = time.monotonic() + LAST_WORDS
    while time.monotonic() < deadline:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)  # it is our child, so its number is not reused before we reap it
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def _terminate(signum: int, frame: object) -> None:
    raise SystemExit(128 + signum)


def main(life: float, argv: list[str]) -> int | None:
    """Run the kernel until one of the ends above: its exit status, 124 at the end of its life, None if hung up on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")
    signal.signal(signal.SIGTERM, _terminate)
    inherited = [int(entry.name) for entry in Path("/proc/self/fd").iterdir() if int(entry.name) > 2]
    passed = [fd for fd in inherited if _is_inheritable(fd)]
    kernel = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=passed, start_new_session=True)
    for fd in passed:
        os.close(fd)  # so that the test run sees the end of the guest's output when the guest ends
    ended = os.pidfd_open(kernel.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        ready = selector.select(life)
    if any(key.fd == ended for key, _ in ready):
        return kernel.wait()
    return None if ready else 124


def _is_inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False


if __name__ == "__main__":
    status: int | None = 1
    try:
        status = main(float(sys.argv[1]), sys.argv[3:])
    finally:
        _kill_all()
    if status is None:
        shutil.rmtree(sys.argv[2], ignore_errors=True)
        status = 0
    sys.exit(status if status >= 0 else 128 - status)
