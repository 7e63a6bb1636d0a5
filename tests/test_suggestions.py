"""A guess is never the opposite of what was written."""

from __future__ import annotations

import pytest

from pymon.config.keywords import FIRST_WORDS, VARIABLES, WATCH_WORDS
from pymon.suggestions import is_opposite, most_alike

ALL = sorted(FIRST_WORDS | VARIABLES.keys())


@pytest.mark.parametrize(
    "word",
    [
        *("comp_alerts", "noalert", "alerts_count", "alerts_do_count", "ack_summary", "no_unack_summary"),
        *("include_hosts", "include_period", "outprocess", "success_interval", "enablealert", "stopalert"),
        *("deny_empty_group", "disallow_empty_group", "no_allow_empty_group", "nodepend", "upalertbefore"),
    ],
)
def test_no_opposite_is_guessed(word: str) -> None:
    assert most_alike(word, WATCH_WORDS) == ""


@pytest.mark.parametrize("word", ["no_dtlogging", "nodtlogging", "no_startupalerts_on_reset", "clientdeny"])
def test_no_opposite_of_a_variable_is_guessed(word: str) -> None:
    assert most_alike(word, VARIABLES) == ""


@pytest.mark.parametrize("word", ["no_summary", "ignore_detail", "observe_summary", "no_strict", "unstrict"])
def test_no_opposite_of_a_mode_is_guessed(word: str) -> None:
    assert most_alike(word, ["strict", "observe_detail", "ignore_summary"]) == ""


def test_a_dropped_letter_is_always_seen_through() -> None:
    slips = [(word, word[:at] + word[at + 1 :]) for word in ALL if len(word) > 3 for at in range(len(word))]
    assert [slip for slip in slips if not most_alike(slip[1], ALL)] == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("nocompalerts", "no_comp_alerts"),
        ("no_comp_alert", "no_comp_alerts"),
        ("alert_dont_count", "alerts_dont_count"),
        ("alerts_dot_count", "alerts_dont_count"),
        ("disablealerts", "disablealert"),
        ("exclude_host", "exclude_hosts"),
        ("trap_timeout", "traptimeout"),
    ],
)
def test_slips_are_guessed(word: str, meant: str) -> None:
    assert most_alike(word, WATCH_WORDS) == meant


def test_opposites_are_so_both_ways() -> None:
    assert all(is_opposite(other, one) == is_opposite(one, other) for one in ALL for other in ALL[:40])
