"""Values of options: what each takes, and what it says of anything else (ValueError)."""

from __future__ import annotations

import math
import socket


def port(text: str) -> int:
    """A TCP port: its number, or its name in the system's list of services."""
    if text.isascii() and text.isdigit():
        if 0 < int(text) < 65536:
            return int(text)
        raise ValueError("a port is a number from 1 to 65535")
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, ValueError) as error:
        raise ValueError("is neither a port number nor the name of a TCP service") from error


def seconds(text: str) -> float:
    """A duration in seconds, fractions allowed; 0 stands for no limit."""
    return _at_least_zero(text, "seconds")


def duration(text: str) -> float:
    """A duration as in mon.cf, in seconds: ``90s``, ``5m``, ``1.5h``, ``1d``; a number alone is in seconds."""
    size = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:].lower())
    number = text[:-1] if size else text
    if not (number.isascii() and number.replace(".", "", 1).isdigit()):
        raise ValueError("must be a duration such as 90s, 5m, 1.5h or 1d")
    return float(number) * (size or 1)


def milliseconds(text: str) -> float:
    """A duration in milliseconds, fractions allowed."""
    return _at_least_zero(text, "milliseconds")


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def _at_least_zero(text: str, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"must be a number of {unit}, 0 or more")
    return value


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("must be a whole number, 1 or more")
    return int(text)
