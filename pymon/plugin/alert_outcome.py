"""What came of an attempt of an alert, and the exit codes that tell it."""

from __future__ import annotations

import errno
import ssl
from enum import IntEnum
from typing import NamedTuple


class Exit(IntEnum):
    """Exit codes of alerts, those of sysexits(3)."""

    OK = 0
    USAGE = 64
    DATA = 65
    UNAVAILABLE = 69
    """what is needed is not there, and a retry does not help"""
    SOFTWARE = 70
    OS = 71
    CANNOT_CREATE = 73
    IO = 74
    TRY_AGAIN = 75
    """it failed for now: the daemon tries again after a while"""
    NO_PERMISSION = 77
    CONFIG = 78


class Done(NamedTuple):
    """It is done. ``text`` is what it has to say; the daemon logs it."""

    text: str = ""

    @property
    def exit(self) -> int:
        """The exit code."""
        return Exit.OK


class Failed(NamedTuple):
    """It is not done, and never will work: trying again would not help. ``text`` says why."""

    text: str
    exit: int = Exit.UNAVAILABLE


class TryAgain(NamedTuple):
    """It is not done for now: the daemon tries again after a while. ``text`` says why."""

    text: str

    @property
    def exit(self) -> int:
        """The exit code."""
        return Exit.TRY_AGAIN


AlertOutcome = Done | Failed | TryAgain

_LASTING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.EINVAL, errno.ENAMETOOLONG})
"""errors of the system that another attempt would meet again"""


def exit_of(error: OSError) -> Exit:
    """The exit code for an error of the operating system that the alert did not handle itself.

    Most of them pass: a server that refuses or does not answer, a name that is not found, a disk that is full.
    """
    if isinstance(error, ssl.SSLError):  # its numbers are OpenSSL's
        return Exit.TRY_AGAIN
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Exit.NO_PERMISSION
    return Exit.IO if error.errno in _LASTING else Exit.TRY_AGAIN
