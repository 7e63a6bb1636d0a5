"""What a check measured of a host: response times, days to expiry, packet loss."""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """One figure. ``unit`` is ``s`` (seconds), ``%``, ``B`` (bytes), ``d`` (days), or nothing for a mere number."""

    host: str
    name: str
    value: float
    unit: str = ""
