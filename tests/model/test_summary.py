"""Which hosts a summary names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.summary import names_host


@pytest.mark.parametrize(
    ("summary", "host", "found"),
    [
        ("h1", "h1", True),
        ("h1 h2: no answer", "h2", True),
        ("down: h1.", "h1", True),
        ("h1... h2", "h1", True),
        ("h1, h2", "h1", True),
        ("[h1]", "h1", True),
        ("h1:80 refused", "h1", True),
        ("서버h1는", "h1", True),
        ("h12", "h1", False),
        ("xh1", "h1", False),
        ("h1-b", "h1", False),
        ("h1.example.com", "h1", False),
        ("www.h1", "h1", False),
        ("h12 h1", "h1", True),
        ("10.0.0.10", "10.0.0.1", False),
        ("10.0.0.1: timeout", "10.0.0.1", True),
        ("110.0.0.1", "10.0.0.1", False),
        ("fe80::1: timeout", "fe80::1", True),
        ("fe80::1:2", "fe80::1", False),
        ("[fe80::1]:80", "fe80::1", True),
        ("", "h1", False),
        ("h1", "", False),
    ],
)
def test_d5_what_is_a_whole_word(summary: str, host: str, found: bool) -> None:
    """D5: delimited by what cannot be part of a name."""
    assert names_host(summary, host) is found


@given(st.text("h1.-: ", max_size=12), st.text("h1.-", min_size=1, max_size=3))
def test_a_host_that_is_found_is_in_the_text(summary: str, host: str) -> None:
    """And one that stands alone between blanks is always found."""
    assert not names_host(summary, host) or host in summary
    assert names_host(f"{summary} {host} {summary}", host)
