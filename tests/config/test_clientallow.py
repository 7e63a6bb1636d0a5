"""clientallow, as Debian's mon was seen to take it: whole addresses, and dots that are dots."""

from __future__ import annotations

import re

import pytest

from pymon.config.clientallow import compile_pattern, is_allowed


@pytest.mark.parametrize(
    ("pattern", "address", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.10", False),
        ("127.0.0.1", "1127.0.0.1", False),
        ("127.0.0.1", "127a0.0.1", False),
        ("127.0.0.[0-3]", "127.0.0.2", True),
        ("127.0.0.[0-3]", "127.0.0.4", False),
        (r"127\.0\.0\.1", "127.0.0.1", True),
        ("127.0.0", "127.0.0.1", False),
        ("1.*", "127.0.0.1", False),
        (".*", "127.0.0.1", True),
        (".*", "2001:db8::1", True),
        ("127.[.0-9]+", "127.0.0.1", True),
        ("10.0.0.1|10.0.0.2", "10.0.0.2", True),
        ("::1", "::1", True),
        ("2001:db8:.*", "2001:db8::1", False),
        ("2001:db8:[0-9a-f:]*", "2001:db8::1", True),
        ("", "127.0.0.1", False),
    ],
)
def test_pattern_matches_as_in_mon(pattern: str, address: str, allowed: bool) -> None:
    assert is_allowed(address, [compile_pattern(pattern)]) is allowed


def test_any_pattern_is_enough() -> None:
    assert is_allowed("10.0.0.1", [compile_pattern("127.0.0.1"), compile_pattern("10.0.0.1")])
    assert not is_allowed("10.0.0.1", [])


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a{2,1}", "(?P<x>a)(?P<x>b)", "x{99999999999}"])
def test_what_is_no_expression_is_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        compile_pattern(pattern)
