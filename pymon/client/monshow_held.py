"""Why alerts about a service are held back, read from what the server records of it (``json why``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HELD = "held"
_SENT = "alert"


def command(group: str, service: str, since: float) -> str:
    """What to ask the server about an outage; ``since`` is when it began, in seconds since the epoch, 0 if unknown."""
    return f"why {group} {service} {int(since)}" if since else f"why {group} {service}"


def reason(document: Any) -> str:
    """The reason of the newest alert that was held back, empty if an alert was sent after it.

    ``document`` is the list of events; of each, ``kind`` (``held``, ``alert``, …), ``at`` and, for repetitions,
    ``until`` (seconds since the epoch) and ``text`` are looked at. What is no such list gives no reason.
    """
    newest, kind, text = 0.0, "", ""
    for event in document if isinstance(document, list) else ():
        if isinstance(event, Mapping) and event.get("kind") in (_HELD, _SENT):
            moment = max(_number(event.get("at")), _number(event.get("until")))
            if moment >= newest:
                newest, kind, text = moment, str(event["kind"]), str(event.get("text", ""))
    return text if kind == _HELD else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
