"""How often something that strangers can cause is logged: a few lines a minute for each kind, and the rest counted."""

from __future__ import annotations

from dataclasses import dataclass

from pymon.access.limits import AccessLimits


@dataclass(slots=True)
class _Window:
    start: float
    logged: int = 0
    left_out: int = 0


class LogLimit:
    """Says whether a line may be logged. Kinds are few and named by the program, never by strangers."""

    def __init__(self, most: int | None = None, limits: AccessLimits | None = None) -> None:
        """``most``: lines of one kind in each period, if other than the limits say."""
        limits = limits or AccessLimits()
        self._most = limits.logged if most is None else most
        self._period = limits.logged_in
        self._windows: dict[str, _Window] = {}

    def admit(self, kind: str, now: float) -> int | None:
        """None if a line of this kind is one too many now; else how many were left out since the last one.

        ``now`` is in seconds of any clock that does not go back.
        """
        window = self._windows.get(kind)
        left_out = 0
        if window is None or now >= window.start + self._period:
            left_out = window.left_out if window else 0
            window = self._windows[kind] = _Window(now)
        if window.logged >= self._most:
            window.left_out += 1
            return None
        window.logged += 1
        return left_out


def more(left_out: int) -> str:
    """The addition to a line that says how many were left out before it."""
    return f" ({left_out} more like it were not logged)" if left_out else ""
