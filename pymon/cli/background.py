"""Going into the background as mon does, and telling the process that started the daemon how the start went."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from pymon.errors import PymonError

_STARTED = b"started\n"


class Background:
    """The daemon's end of a pipe to the process that was started by hand, which waits there for the outcome."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def report_start(self, _engine: object = None) -> None:
        """Tell the waiting process that the daemon runs; it ends with status 0."""
        self._send(_STARTED)

    def report_failure(self, reason: str) -> None:
        """Tell the waiting process why the daemon cannot start; it prints that, and ends with status 1."""
        self._send(reason.encode("utf-8", "backslashreplace"))

    def _send(self, text: bytes) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):  # nobody waits any more
                os.write(self._descriptor, text)
            os.close(self._descriptor)
            self._descriptor = -1


def detach(monerrfile: str) -> Background:
    """Return in a process of its own session, whose output is appended to monerrfile: two forks, as in mon.

    The process that was called does not return: it ends when the other one has started, or cannot. Raises PymonError
    if the file cannot be written.
    """
    try:
        errors = os.open(monerrfile, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    except OSError as error:
        raise PymonError(f"cannot write the monerrfile {monerrfile}: {error.strerror}") from error
    outcome, told = os.pipe()
    if os.fork():
        os.close(told)
        os._exit(_wait(outcome, monerrfile))
    os.close(outcome)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.umask(0o022)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    print(f"Mon starting at {time.ctime()}", flush=True)
    return Background(told)


def _wait(outcome: int, monerrfile: str) -> int:
    """The exit status of the process that was called, once the other end has told, or is gone."""
    text = b""
    while data := os.read(outcome, 4096):
        text += data
    if text == _STARTED:
        return 0
    reason = text.decode("utf-8", "replace") or f"the daemon ended while it started; see {monerrfile}"
    print(f"mon: {reason}", file=sys.stderr, flush=True)
    return 1
