"""Where something was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a configuration file. Lines and columns count from 1; column 0 means the whole line."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        """``file:line`` or ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"
