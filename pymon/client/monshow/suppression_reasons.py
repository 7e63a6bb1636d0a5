"""Why alerts about a service are held back, read from what the server records of it (``json why``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pymon.errors import BadAnswer, CommandFailed

if TYPE_CHECKING:
    from pymon.client.sync import Client
    from pymon.model.depend import ServiceKey
    from pymon.protocol.service_status import ServiceStatus

_HELD = "held"
_SENT = "alert"
_OF_OUTAGES = frozenset({"failure", "trap", "traptimeout", "up"})
"""the events whose alerts tell of an outage and its end; others are nobody's question here"""


class Reasons:
    """Asks a server for reasons: once for each result of a service, and no more once it has refused."""

    def __init__(self) -> None:
        self._known: dict[ServiceKey, tuple[object, str]] = {}
        self._is_refused = False

    def of(self, client: Client, status: ServiceStatus) -> str:
        """Why an alert about a failing service is held back, empty if none is or the server cannot tell."""
        if status.ack:
            return describe_acknowledgement(status.ackcomment)
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
        """Forget all reasons: another server may answer now, or another user ask."""
        self._known.clear()
        self._is_refused = False


def command(group: str, service: str, since: float) -> str:
    """What to ask the server about an outage; ``since`` is when it began, in seconds since the epoch, 0 if unknown."""
    return f"why {group} {service} {int(since)}" if since else f"why {group} {service}"


def reason(document: Any) -> str:
    """The reason of the newest alert about the outage that was held back, empty if one was sent after it.

    ``document`` is the list of events; of each, ``kind`` (``held``, ``alert``, …), ``at`` and, for repetitions,
    ``until`` (seconds since the epoch), ``text`` and what its ``facts`` give as ``event`` are looked at. What is no
    such list gives no reason.
    """
    newest, kind, text = 0.0, "", ""
    for event in document if isinstance(document, list) else ():
        if isinstance(event, Mapping) and event.get("kind") in (_HELD, _SENT) and _is_of_outage(event):
            moment = max(_number(event.get("at")), _number(event.get("until")))
            if moment >= newest:
                newest, kind, text = moment, str(event["kind"]), str(event.get("text", ""))
    return text if kind == _HELD else ""


def describe_acknowledgement(comment: str) -> str:
    """The reason for an acknowledged service: mon puts a name before the words, an empty one for nobody's."""
    said = comment.removeprefix(":").strip()
    return f"acknowledged: {said}" if said else "acknowledged"


def _is_of_outage(event: Mapping[str, Any]) -> bool:
    facts = event.get("facts")
    return not isinstance(facts, Mapping) or facts.get("event", "failure") in _OF_OUTAGES


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
