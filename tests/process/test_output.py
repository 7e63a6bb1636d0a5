"""Cutting output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymon.process.output import OutputBuffer, cap


@given(st.lists(st.binary(max_size=40)), st.integers(min_value=1, max_value=60))
def test_the_first_bytes_are_kept_and_the_rest_is_counted(chunks: list[bytes], limit: int) -> None:
    collected = OutputBuffer(limit)
    for chunk in chunks:
        collected.add(chunk)
    whole = b"".join(chunks)
    text = collected.text().encode("utf-8", "surrogateescape")
    if len(whole) <= limit:
        assert text == whole
    else:
        assert text == whole[:limit] + b"\n[output cut: %d more bytes were not kept]\n" % (len(whole) - limit)


@given(st.text(max_size=50), st.integers(min_value=1, max_value=60))
def test_text_is_capped_as_bytes_are(text: str, limit: int) -> None:
    collected = OutputBuffer(limit)
    collected.add(text.encode())
    assert cap(text, limit) == collected.text()


def test_surrogates_that_stand_for_no_byte_count_as_one() -> None:
    assert cap("\ud800" * 10, 4).startswith("????\n[output cut")
