"""The one place that reads this machine's time zone for rules and for the timeline, which are handed the function.

So nothing in ``core`` or ``timeline`` depends on where it runs: a test, or a replay, hands in the zone that it means.
"""

from __future__ import annotations

from datetime import datetime
from math import floor


def local_time(seconds: float) -> datetime:
    """The date and time on a clock on the wall here, without fractions, at a time in seconds since the epoch.

    The result is naive, as it is on a wall. A time beyond the calendar is shown as the calendar's end.
    """
    try:
        return datetime.fromtimestamp(floor(seconds))
    except (ValueError, OverflowError, OSError):
        return datetime.max if seconds > 0 else datetime.min
