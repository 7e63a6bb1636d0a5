"""Waiting after failed logins: decisions with a time handed in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymon.access.limits import AccessLimits
from pymon.access.login_backoff import LoginBackoff, network

HERE = "10.0.0.1"
LIMITS = AccessLimits()


def failed(count: int, now: float = 0.0, address: str = HERE, user: str = "ann") -> LoginBackoff:
    backoff = LoginBackoff()
    for _ in range(count):
        backoff.note_failure(address, user, now)
    return backoff


def test_first_failures_cost_nothing_and_further_ones_double_the_wait() -> None:
    """U-GUESS: mon looks at as many as come."""
    waits = [failed(count).wait(HERE, "ann", 0) for count in range(LIMITS.free_failures + 8)]
    assert waits[: LIMITS.free_failures + 1] == [0] * LIMITS.free_failures + [LIMITS.first_wait]
    assert waits[LIMITS.free_failures + 1 : LIMITS.free_failures + 6] == [2, 4, 8, 16, LIMITS.longest_wait]
    assert waits[-1] == LIMITS.longest_wait


def test_wait_passes_with_time() -> None:
    backoff = failed(LIMITS.free_failures + 2)
    assert backoff.wait(HERE, "ann", 1.5) == 2.5
    assert backoff.wait(HERE, "ann", 4) == 0


def test_others_are_not_affected() -> None:
    backoff = failed(20)
    assert backoff.wait("10.0.0.2", "ann", 0) == 0
    assert backoff.wait("unix", "ann", 0) == 0


def test_success_and_time_make_it_forget() -> None:
    backoff = failed(20)
    backoff.note_success(HERE, "ann", 0)
    assert backoff.wait(HERE, "ann", 0) == backoff.wait(HERE, "bob", 0) == 0
    backoff = failed(20)
    assert backoff.wait(HERE, "ann", LIMITS.failures_remembered) == 0
    assert backoff.note_failure(HERE, "ann", LIMITS.failures_remembered) == 1


def test_success_of_another_name_makes_nothing_forget() -> None:
    backoff = LoginBackoff()
    for _ in range(3):
        backoff.note_failure(HERE, "root", 0)
        backoff.note_failure(HERE, "root", 0)
        backoff.note_success(HERE, "me", 0)
    assert backoff.wait(HERE, "root", 0) == 8


def test_guesses_at_ever_other_names_wait_whatever_succeeds_in_between() -> None:
    backoff = LoginBackoff()
    for number in range(LIMITS.free_failures + 2):
        backoff.note_failure(HERE, f"user{number}", 0)
        backoff.note_success(HERE, "me", 0)
    assert backoff.wait(HERE, "another", 0) == 4


def test_who_has_logged_in_waits_for_failures_of_its_own_name_only() -> None:
    backoff = failed(20, user="root")
    backoff.note_success(HERE, "ann", 0)
    assert (backoff.wait(HERE, "ann", 0), backoff.wait(HERE, "bob", 0)) == (0, LIMITS.longest_wait)
    assert backoff.is_proven(HERE, "ann", LIMITS.trusted - 1)
    assert not backoff.is_proven(HERE, "ann", LIMITS.trusted)
    assert not backoff.is_proven("10.0.0.2", "ann", 0)
    for _ in range(LIMITS.free_failures):
        backoff.note_failure(HERE, "ann", 0)
    assert backoff.wait(HERE, "ann", 0) == LIMITS.first_wait


def test_memory_is_bounded_and_keeps_the_newest() -> None:
    backoff = LoginBackoff(AccessLimits(remembered=100))
    for number in range(1000):
        for _ in range(LIMITS.free_failures):
            backoff.note_failure(f"10.0.{number // 250}.{number % 250}", "ann", number)
        backoff.note_success("10.1.1.1", f"user{number}", number)
    assert len(backoff) == 300
    assert backoff.wait("10.0.3.249", "ann", 999) == LIMITS.first_wait


def test_long_names_are_not_kept_in_full() -> None:
    backoff = LoginBackoff()
    backoff.note_failure(HERE, "x" * 65000, 0)
    backoff.note_success(HERE, "y" * 65000, 0)
    assert all(
        len(name) <= LIMITS.name_size for memory in (backoff._names._failures, backoff._proven) for _, name in memory
    )


def test_ipv6_network_counts_as_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert [network(text) for text in ("10.0.0.1", "unix", "a:b")] == ["10.0.0.1", "unix", "a:b"]
    assert failed(20, address="2001:db8::1").wait("2001:db8::2", "ann", 0) == LIMITS.longest_wait


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.floats(0, 1e9)), max_size=60))
def test_wait_is_never_longer_than_the_longest(events: list[tuple[bool, str, float]]) -> None:
    backoff, now = LoginBackoff(), 0.0
    for is_failure, user, later in events:
        now += later
        if is_failure:
            backoff.note_failure(HERE, user, now)
        else:
            backoff.note_success(HERE, user, now)
        assert 0 <= backoff.wait(HERE, user, now) <= LIMITS.longest_wait


def test_wait_has_no_rounding_step_above_the_longest() -> None:
    now = 104.28361134544939
    assert now + LIMITS.longest_wait - now > LIMITS.longest_wait
    assert failed(20, now=now).wait(HERE, "ann", now) == LIMITS.longest_wait
