"""Encodings that a file may be in instead of UTF-8."""

from __future__ import annotations

from pymon.config.encoding import guess_encoding


def test_utf16_is_named() -> None:
    assert guess_encoding("watch g".encode("utf-16")) == ("UTF-16", "UTF-16")
