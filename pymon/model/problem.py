"""One thing wrong with a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pymon.model.place import Place


class Severity(StrEnum):
    """An error makes the file unusable (mon rejects it too); a warning names what is likely to cause trouble later."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what would be right.

    ``code`` is a stable name of the kind of problem (``unknown-keyword``); ``source`` is the text of the
    physical line; ``advice`` says what would be right, and may be empty.
    """

    severity: Severity
    code: str
    place: Place
    message: str
    advice: str = ""
    source: str = ""

    def __str__(self) -> str:
        """``file:line:column: error: message``, the line with a caret below it, and the advice."""
        lines = [f"{self.place}: {self.severity}: {self.message}"]
        if self.source:
            lines.append(f"    {self.source}")
            if self.place.column:
                indent = "".join("\t" if char == "\t" else " " for char in self.source[: self.place.column - 1])
                lines.append(f"    {indent}^")
        if self.advice:
            lines.append(f"    {self.advice}")
        return "\n".join(lines)
