"""The patterns of ``clientallow``: which clients' addresses may connect, by mon's rule for dots."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DOT = re.compile(r"([^\[\\])\.")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Read a pattern, a regular expression in which a dot is a dot unless ``\\``, ``[`` or nothing stands before it.

    It is to match a whole address. Raises re.error if it is not a regular expression.
    """
    try:
        return re.compile(_DOT.sub(r"\1\\.", pattern), re.ASCII)
    except (OverflowError, RecursionError) as error:
        raise re.error(f"too large a pattern ({error})") from error


def is_allowed(address: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether an address, such as ``127.0.0.1`` or ``fe80::1``, is matched as a whole by any pattern."""
    return any(pattern.fullmatch(address) for pattern in patterns)
