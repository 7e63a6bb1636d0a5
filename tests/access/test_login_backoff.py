"""Waiting after failed logins, and lines of the log that strangers cause: decisions with a time handed in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymon.access.log_limit import MOST, PERIOD, LogLimit, more
from pymon.access.login_backoff import FIRST, FORGET, FREE, LONGEST, NAME_LIMIT, TRUST, LoginBackoff, network

HERE = "10.0.0.1"


def failed(count: int, now: float = 0.0, address: str = HERE, user: str = "ann") -> LoginBackoff:
    throttle = LoginBackoff()
    for _ in range(count):
        throttle.failed(address, user, now)
    return throttle


def test_first_failures_cost_nothing_and_further_ones_double_the_wait() -> None:
    """U-GUESS: mon looks at as many as come."""
    waits = [failed(count).wait(HERE, "ann", 0) for count in range(FREE + 8)]
    assert waits[: FREE + 1] == [0] * FREE + [FIRST]
    assert waits[FREE + 1 : FREE + 6] == [2, 4, 8, 16, LONGEST]
    assert waits[-1] == LONGEST


def test_wait_passes_with_time() -> None:
    throttle = failed(FREE + 2)
    assert throttle.wait(HERE, "ann", 1.5) == 2.5
    assert throttle.wait(HERE, "ann", 4) == 0


def test_others_are_not_affected() -> None:
    throttle = failed(20)
    assert throttle.wait("10.0.0.2", "ann", 0) == 0
    assert throttle.wait("unix", "ann", 0) == 0


def test_success_and_time_make_it_forget() -> None:
    throttle = failed(20)
    throttle.succeeded(HERE, "ann", 0)
    assert throttle.wait(HERE, "ann", 0) == throttle.wait(HERE, "bob", 0) == 0
    throttle = failed(20)
    assert throttle.wait(HERE, "ann", FORGET) == 0
    assert throttle.failed(HERE, "ann", FORGET) == 1


def test_success_of_another_name_makes_nothing_forget() -> None:
    throttle = LoginBackoff()
    for _ in range(3):
        throttle.failed(HERE, "root", 0)
        throttle.failed(HERE, "root", 0)
        throttle.succeeded(HERE, "me", 0)
    assert throttle.wait(HERE, "root", 0) == 8


def test_guesses_at_ever_other_names_wait_whatever_succeeds_in_between() -> None:
    throttle = LoginBackoff()
    for number in range(FREE + 2):
        throttle.failed(HERE, f"user{number}", 0)
        throttle.succeeded(HERE, "me", 0)
    assert throttle.wait(HERE, "another", 0) == 4


def test_who_has_logged_in_waits_for_failures_of_its_own_name_only() -> None:
    throttle = failed(20, user="root")
    throttle.succeeded(HERE, "ann", 0)
    assert (throttle.wait(HERE, "ann", 0), throttle.wait(HERE, "bob", 0)) == (0, LONGEST)
    assert throttle.is_proven(HERE, "ann", TRUST - 1)
    assert not throttle.is_proven(HERE, "ann", TRUST)
    assert not throttle.is_proven("10.0.0.2", "ann", 0)
    for _ in range(FREE):
        throttle.failed(HERE, "ann", 0)
    assert throttle.wait(HERE, "ann", 0) == FIRST


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    throttle = LoginBackoff(most=100)
    for number in range(1000):
        for _ in range(FREE):
            throttle.failed(f"10.0.{number // 250}.{number % 250}", "ann", number)
        throttle.succeeded("10.1.1.1", f"user{number}", number)
    assert len(throttle) == 300
    assert throttle.wait("10.0.3.249", "ann", 999) == FIRST


def test_long_names_are_not_kept_in_full() -> None:
    throttle = LoginBackoff()
    throttle.failed(HERE, "x" * 65000, 0)
    throttle.succeeded(HERE, "y" * 65000, 0)
    assert all(
        len(name) <= NAME_LIMIT for memory in (throttle._names._failures, throttle._proven) for _, name in memory
    )


def test_ipv6_network_counts_as_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert [network(text) for text in ("10.0.0.1", "unix", "a:b")] == ["10.0.0.1", "unix", "a:b"]
    assert failed(20, address="2001:db8::1").wait("2001:db8::2", "ann", 0) == LONGEST


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.floats(0, 1e9)), max_size=60))
def test_wait_is_never_longer_than_the_longest(events: list[tuple[bool, str, float]]) -> None:
    throttle, now = LoginBackoff(), 0.0
    for is_failure, user, later in events:
        now += later
        if is_failure:
            throttle.failed(HERE, user, now)
        else:
            throttle.succeeded(HERE, user, now)
        assert 0 <= throttle.wait(HERE, user, now) <= LONGEST


def test_wait_has_no_rounding_step_above_the_longest() -> None:
    now = 104.28361134544939
    assert now + LONGEST - now > LONGEST
    assert failed(20, now=now).wait(HERE, "ann", now) == LONGEST


def test_log_takes_a_few_of_each_kind_and_counts_the_rest() -> None:
    limit = LogLimit()
    assert [limit.admit("bad", 0.0) for _ in range(MOST + 5)] == [0] * MOST + [None] * 5
    assert limit.admit("other", 0.0) == 0
    assert limit.admit("bad", PERIOD) == 5
    assert limit.admit("bad", PERIOD) == 0
    assert (more(0), more(5)) == ("", " (5 more like it were not logged)")
