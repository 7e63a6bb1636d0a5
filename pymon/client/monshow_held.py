"""Why alerts about a service are held back, read from what the server records of it (``json why GROUP SERVICE``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HELD = "held"
_ENDS = frozenset({"alert"})
_PREFIX = "held back: "


def reason(document: Any) -> str:
    """The reason of the newest alert that was held back, empty if an alert was sent after it.

    ``document`` is the list of events, or an object whose ``events`` they are; of each, ``kind`` (``held``,
    ``alert``, …), ``at`` and ``until`` (seconds since the epoch) and ``text`` are looked at.
    """
    events = document.get("events", ()) if isinstance(document, Mapping) else document
    if not isinstance(events, Sequence) or isinstance(events, str):
        return ""
    newest: tuple[float, str, str] = (0.0, "", "")
    for event in events:
        if isinstance(event, Mapping) and event.get("kind") in (_HELD, *_ENDS):
            moment = max(_number(event.get("at")), _number(event.get("until")))
            if moment >= newest[0]:
                newest = (moment, str(event["kind"]), str(event.get("text", "")))
    _, kind, text = newest
    return text.removeprefix(_PREFIX) if kind == _HELD else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
