"""What a point in time is written as in records, so that it is found where the clock was set."""

from __future__ import annotations

from typing import TypeAlias

Instant: TypeAlias = float
"""a point in time, in seconds since the epoch; 0 is never"""
