"""The result of a try."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How a try went."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """there was no answer in time"""


class Finding(NamedTuple):
    """One try: ``what`` kind it is (``name``, ``port``), of which ``subject``, and ``text`` on how it went."""

    what: str
    subject: str
    state: State
    text: str = ""

    def __str__(self) -> str:
        """``failed: name www1: Name or service not known``."""
        return f"{self.state}: {self.what} {self.subject}" + (f": {self.text}" if self.text else "")


class Trouble(Exception):
    """The failure of a try; the text is for people."""


class Try(NamedTuple):
    """Something to try. ``attempt`` blocks, gives what is worth saying, and raises Trouble or OSError."""

    what: str
    subject: str
    attempt: Callable[[], str]
