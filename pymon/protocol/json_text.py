"""JSON as it goes over the wire."""

from __future__ import annotations

import json

_encoder = json.JSONEncoder(separators=(",", ":"), default=str)


class JsonText(str):
    """A value with its JSON text, for values that are sent often."""

    __slots__ = ()


def dumps(value: object) -> str:
    r"""A value as JSON, on one line and in ASCII; bytes that are not UTF-8 are lone surrogates (``\udcXX``)."""
    return value if isinstance(value, JsonText) else _encoder.encode(value)
