"""E-banished: a plugin that misbehaved runs as a process for a while, for the service that made it do so."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.depend import ServiceKey
from pymon.runner.banishment import ALL, Banishments
from pymon.runner.limits import BanishmentLimits
from pymon.runner.registry import PluginFile

FILE, OTHER = PluginFile("x.monitor", "/x.monitor"), PluginFile("y.monitor", "/y.monitor")
USERS = [ServiceKey("web", f"s{number}") for number in range(40)]
LIMITS = BanishmentLimits()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def banishments(clock: Clock) -> Banishments:
    return Banishments(clock)


def is_free(banishments: Banishments, user: ServiceKey = USERS[0], file: PluginFile = FILE) -> bool:
    return banishments.term_of(file, user) is None


def test_e_banished_for_one_service_and_one_file_only(banishments: Banishments) -> None:
    banishments.banish(FILE, USERS[0], "blocked")
    assert not is_free(banishments)
    assert all(is_free(banishments, user) for user in USERS[1:])
    assert is_free(banishments, file=OTHER)
    assert [(file, user, term.reason) for file, user, term in banishments.serving()] == [(FILE, USERS[0], "blocked")]


def test_e_banished_for_a_minute_then_twice_as_long_up_to_hours(banishments: Banishments, clock: Clock) -> None:
    lengths = []
    for _ in range(12):
        term = banishments.banish(FILE, USERS[0], "blocked")
        lengths.append(term.length)
        clock.now = term.until - 0.001
        assert not is_free(banishments)
        clock.now = term.until
        assert is_free(banishments), "it returns by itself"
        assert not list(banishments.serving())
    assert lengths[:4] == [60, 120, 240, 480]
    assert lengths[-3:] == [LIMITS.longest] * 3


@pytest.mark.parametrize("offences", [1, 3, 9, 12])
def test_e_banished_is_forgotten_after_good_conduct(banishments: Banishments, clock: Clock, offences: int) -> None:
    for _ in range(offences):
        term = banishments.banish(FILE, USERS[0], "blocked")
        clock.now = term.until
    assert banishments.note_good_run(FILE, USERS[0]), "the first time after it"
    assert not banishments.note_good_run(FILE, USERS[0])
    clock.now = term.until + max(LIMITS.probation, term.length)
    banishments.note_good_run(FILE, USERS[0])
    assert banishments.banish(FILE, USERS[0], "blocked").length == LIMITS.first


def test_e_banished_for_all_when_most_services_misbehave(banishments: Banishments, clock: Clock) -> None:
    """Else each of a hundred services would hold the daemon up, one after the other."""
    for user in USERS[20:27]:
        banishments.note_good_run(FILE, user)
    for number, user in enumerate(USERS[:8]):
        assert is_free(banishments, USERS[30]), f"after {number}"
        term = banishments.banish(FILE, user, "blocked")
    assert banishments.is_for_all(FILE, term)
    assert not is_free(banishments, USERS[30])
    assert not is_free(banishments, USERS[20])
    assert ALL in [user for _, user, _ in banishments.serving()]
    clock.now = term.until
    assert is_free(banishments, USERS[30])


def test_many_sinners_among_more_who_behave_are_no_fault_of_the_files(banishments: Banishments) -> None:
    for user in USERS[20:]:
        banishments.note_good_run(FILE, user)
    for user in USERS[:19]:
        banishments.banish(FILE, user, "blocked")
    assert all(is_free(banishments, user) for user in USERS[20:])


@pytest.mark.slow
def test_a_plugin_loaded_again_begins_with_nothing(clock: Clock) -> None:
    banishments, file = Banishments(clock), PluginFile("x.monitor", "/x.monitor")
    banishments.banish(file, USERS[0], "blocked")
    assert is_free(banishments, file=PluginFile("x.monitor", "/x.monitor"))
    del file
    gc.collect()
    assert not list(banishments.serving())


def steps() -> st.SearchStrategy[list[tuple[bool, float]]]:
    return st.lists(st.tuples(st.booleans(), st.floats(0, 50_000)), max_size=30)


@given(steps())
def test_no_term_is_shorter_than_the_first_or_longer_than_the_longest(history: list[tuple[bool, float]]) -> None:
    clock = Clock()
    banishments = Banishments(clock)

    def lengths() -> Iterator[float]:
        for is_good, pause in history:
            clock.now += pause
            if not is_free(banishments):
                continue
            if is_good:
                banishments.note_good_run(FILE, USERS[0])
            else:
                yield banishments.banish(FILE, USERS[0], "").length

    assert all(LIMITS.first <= length <= LIMITS.longest for length in lengths())
