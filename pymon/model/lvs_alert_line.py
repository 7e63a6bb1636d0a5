"""What one lvs.alert line of a mon.cf says, before any name is looked up."""

from __future__ import annotations

from typing import NamedTuple


class LvsLine(NamedTuple):
    """One line. ``virtual`` and ``real`` are as written, ``protocol`` is tcp, udp, sctp, or nothing for a mark.

    ``places`` are where the real server may stand in the table: two lines that share one act upon the same real
    server. ``direction`` is what ``-X`` says: ``down``, ``up`` or nothing. ``weight`` and ``method`` are None where
    the line does not say them.
    """

    protocol: str
    virtual: str
    real: str
    places: frozenset[str]
    direction: str = ""
    weight: int | None = None
    method: str | None = None
