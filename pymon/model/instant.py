"""What a point in time is written as in records, so that it is found where the clock was set; and as local time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Instant: TypeAlias = float
"""a point in time, in seconds since the epoch; 0 is never"""

LocalTime: TypeAlias = Callable[[Instant], datetime]
"""tells the date and time on the wall at a point in time (``pymon.local_time.local_time``, or a test's own zone)"""
