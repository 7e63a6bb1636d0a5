"""Lines of the log that strangers cause."""

from __future__ import annotations

from pymon.access.limits import AccessLimits
from pymon.access.log_limit import LogLimit, more

LIMITS = AccessLimits()


def test_log_takes_a_few_of_each_kind_and_counts_the_rest() -> None:
    limit = LogLimit()
    assert [limit.admit("bad", 0.0) for _ in range(LIMITS.logged + 5)] == [0] * LIMITS.logged + [None] * 5
    assert limit.admit("other", 0.0) == 0
    assert limit.admit("bad", LIMITS.logged_in) == 5
    assert limit.admit("bad", LIMITS.logged_in) == 0
    assert (more(0), more(5)) == ("", " (5 more like it were not logged)")
