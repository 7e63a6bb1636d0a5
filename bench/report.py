"""Figures as rows of one table."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HEADINGS = ("measure", "pymon", "Debian's mon", "ratio", "goal", "reached")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure, in words that fit a table; ``reached`` is None where there is no goal."""

    measure: str
    pymon: str
    mon: str = "-"
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The row's text, column by column."""
        reached = "" if self.reached is None else ("yes" if self.reached else "NO")
        return (self.measure, self.pymon, self.mon, self.ratio, self.goal, reached)


def table(rows: Iterable[Row]) -> str:
    """The rows below their headings, in aligned columns."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    ruler = tuple("-" * width for width in widths)
    lines.insert(1, ruler)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def machine() -> str:
    """What the figures were taken on, and how busy it was."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, load {load}"
    )


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of all do not exceed. Raises ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values to take a percentile of")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def milliseconds(seconds: float) -> str:
    """``1.23 ms``."""
    return f"{seconds * 1000:.2f} ms"
