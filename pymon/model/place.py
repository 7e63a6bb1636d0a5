"""Where something was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a configuration file. Lines and columns count from 1; line 0 means the whole file, column 0 the
    whole line."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        """``file``, ``file:line`` or ``file:line:column``."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"
