"""What fits into an argument or environment variable of a program."""

from __future__ import annotations

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.environ import ENVIRON_LIMIT, clean, fit


@given(st.binary(max_size=40).filter(lambda data: b"\0" not in data), st.integers(min_value=4, max_value=40))
def test_what_is_kept_is_the_beginning(data: bytes, limit: int) -> None:
    kept = fit(data.decode("utf-8", "surrogateescape"), limit).encode("utf-8", "surrogateescape")
    assert data.startswith(kept)
    assert len(data) <= limit or limit - 3 <= len(kept) <= limit


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), st.integers(4, 40))
def test_no_character_is_cut_in_two(text: str, limit: int) -> None:
    assert text.startswith(fit(text, limit))


def test_a_program_starts_with_whatever_a_monitor_printed() -> None:
    printed = "caf\udce9 \0 \ud800 한글" * 50_000
    environ = {"MON_LAST_OUTPUT": fit(printed)}
    shown = subprocess.run(
        ["/bin/sh", "-c", 'printf %s "$MON_LAST_OUTPUT"'], env=environ, capture_output=True, check=True
    )
    assert shown.stdout.startswith(b"caf" + b"\xe9 \xef\xbf\xbd \xef\xbf\xbd " + "한글".encode())
    assert ENVIRON_LIMIT - 3 <= len(shown.stdout) <= ENVIRON_LIMIT
    assert clean("a\0b") == "a\ufffdb"
