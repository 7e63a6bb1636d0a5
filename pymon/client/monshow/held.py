"""Why alerts about a service are held back, read from what the server records of it (``json why``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pymon.errors import BadAnswer, CommandFailed

if TYPE_CHECKING:
    from pymon.client.records import ServiceKey, ServiceStatus
    from pymon.client.sync import Client

_HELD = "held"
_SENT = "alert"


class Reasons:
    """Asks a server for reasons: once for each result of a service, and no more once it has refused."""

    def __init__(self) -> None:
        self._known: dict[ServiceKey, tuple[object, str]] = {}
        self._is_refused = False

    def of(self, client: Client, status: ServiceStatus) -> str:
        """Why an alert about a failing service is held back, empty if none is or the server cannot tell."""
        version = (status.last_check, status.last_trap, status.last_failure, status.alerts_sent, status.ack)
        known = self._known.get(status.key)
        if known is not None and known[0] == version:
            return known[1]
        if self._is_refused:
            return ""
        try:
            found = reason(client.json(command(status.group, status.service, status.first_failure)))
        except (CommandFailed, BadAnswer):  # mon has no such command, or this user may not use it
            self._is_refused = True
            return ""
        self._known[status.key] = (version, found)
        return found

    def forget(self) -> None:
        """Begin anew: another server may answer now, or another user ask."""
        self._known.clear()
        self._is_refused = False


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
