"""Names of options by the rules of Perl's Getopt::Long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.getopt_long import AmbiguousOption, UnknownOption, find_name, split_word

MON = {name: name for name in ("server", "showall", "view", "full")}
OURS = {name: name for name in ("socket", "state", "vi", "filter")}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("--port=80", ("port", "80")),
        ("-port=80", ("port", "80")),
        ("--port", ("port", None)),
        ("-p=", ("p", "")),
        ("--a=b=c", ("a", "b=c")),
        ("---x", ("-x", None)),
        ("--", ("", None)),
    ],
)
def test_a_word_is_name_and_value(word: str, parts: tuple[str, str | None]) -> None:
    assert split_word(word) == parts


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("server", "server"),
        ("SERVER", "server"),
        ("se", "server"),
        ("sta", "state"),
        ("v", "view"),  # mon's goes before ours
        ("vi", "vi"),  # a full name goes before a shortened one
        ("fi", "filter"),
        ("f", "full"),
    ],
)
def test_a_name_may_be_shortened(given: str, name: str) -> None:
    assert find_name(given, MON, OURS) == name


def test_case_may_count() -> None:
    assert find_name("se", MON, ignore_case=False) == "server"
    with pytest.raises(UnknownOption):
        find_name("Se", MON, ignore_case=False)


def test_several_options_begin_so() -> None:
    with pytest.raises(AmbiguousOption, match=r"^S$") as raised:
        find_name("S", MON, OURS)
    assert raised.value.names == ("server", "showall")


def test_two_names_of_one_option_are_not_ambiguous() -> None:
    assert find_name("ti", {"timeout": 1, "time": 1}) in ("timeout", "time")
    with pytest.raises(AmbiguousOption):
        find_name("ti", {"timeout": 1, "time": 2})


@given(st.text(max_size=5))
def test_any_name_is_found_or_refused(text: str) -> None:
    try:
        found = find_name(text, MON, OURS)
    except (AmbiguousOption, UnknownOption):
        return
    assert found.startswith(text.lower())
    assert found in MON or found in OURS
    assert text
