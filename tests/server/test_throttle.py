"""Waiting after failed logins, and lines of the log that strangers cause: decisions with a time handed in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymon.server.loglimit import MOST, PERIOD, LogLimit, more
from pymon.server.throttle import FIRST, FORGET, FREE, LONGEST, Throttle, network


def failed(count: int, now: float = 0.0, address: str = "10.0.0.1") -> Throttle:
    throttle = Throttle()
    for _ in range(count):
        throttle.failed(address, now)
    return throttle


def test_first_failures_cost_nothing_and_further_ones_double_the_wait() -> None:
    waits = [failed(count).wait("10.0.0.1", 0) for count in range(FREE + 8)]
    assert waits[: FREE + 1] == [0] * FREE + [FIRST]
    assert waits[FREE + 1 : FREE + 6] == [2, 4, 8, 16, LONGEST]
    assert waits[-1] == LONGEST


def test_wait_passes_with_time() -> None:
    throttle = failed(FREE + 2)
    assert throttle.wait("10.0.0.1", 1.5) == 2.5
    assert throttle.wait("10.0.0.1", 4) == 0


def test_others_are_not_affected() -> None:
    throttle = failed(20)
    assert throttle.wait("10.0.0.2", 0) == 0
    assert throttle.wait("unix", 0) == 0


def test_success_and_time_make_it_forget() -> None:
    throttle = failed(20)
    throttle.succeeded("10.0.0.1")
    assert throttle.wait("10.0.0.1", 0) == 0
    throttle = failed(20)
    assert throttle.wait("10.0.0.1", FORGET) == 0
    assert throttle.failed("10.0.0.1", FORGET) == 1


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    throttle = Throttle(most=100)
    for number in range(1000):
        for _ in range(FREE):
            throttle.failed(f"10.0.{number // 250}.{number % 250}", number)
    assert len(throttle) == 100
    assert throttle.wait("10.0.3.249", 999) == FIRST


def test_ipv6_network_counts_as_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert [network(text) for text in ("10.0.0.1", "unix", "a:b")] == ["10.0.0.1", "unix", "a:b"]
    assert failed(20, address="2001:db8::1").wait("2001:db8::2", 0) == LONGEST


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=60))
def test_wait_is_never_longer_than_the_longest(events: list[tuple[bool, float]]) -> None:
    throttle, now = Throttle(), 0.0
    for is_failure, later in events:
        now += later
        if is_failure:
            throttle.failed("10.0.0.1", now)
        else:
            throttle.succeeded("10.0.0.1")
        assert 0 <= throttle.wait("10.0.0.1", now) <= LONGEST


def test_log_takes_a_few_of_each_kind_and_counts_the_rest() -> None:
    limit = LogLimit()
    assert [limit.admit("bad", 0.0) for _ in range(MOST + 5)] == [0] * MOST + [None] * 5
    assert limit.admit("other", 0.0) == 0
    assert limit.admit("bad", PERIOD) == 5
    assert limit.admit("bad", PERIOD) == 0
    assert (more(0), more(5)) == ("", " (5 more like it were not logged)")
