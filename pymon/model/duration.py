"""Durations as people read them, in the units of mon.cf."""

from __future__ import annotations

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def format_duration(seconds: float) -> str:
    """Write a duration in seconds with the units of mon.cf: ``45s``, ``3m12s``, ``10m``, ``1d6h``, ``1.5s``.

    Only the units that are needed appear. A fraction is rounded to milliseconds; a negative duration gets a sign.
    """
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    milliseconds = round(seconds * 1000)
    whole, rest = divmod(milliseconds, 1000)
    parts = []
    for size, letter in _UNITS:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count}{letter}")
    if whole or rest or not parts:
        fraction = f".{rest:03d}".rstrip("0") if rest else ""
        parts.append(f"{whole}{fraction}s")
    return "".join(parts)
