"""Why alerts are held back, as the server's record tells."""

from __future__ import annotations

from typing import Any

import pytest

from pymon.client.monshow.suppression_reasons import Reasons, command, reason
from pymon.client.sync import Client
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from tests.client.scripted import ScriptedServer


def event(kind: str, at: float, text: str = "", **more: object) -> dict[str, object]:
    return {"kind": kind, "at": at, "text": text, "facts": {}} | more


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], ""),
        ([event("held", 5, "alertevery 10m: last alert 3m12s ago")], "alertevery 10m: last alert 3m12s ago"),
        ([event("held", 5, "first"), event("held", 6, "second"), event("check", 7, "failed")], "second"),
        ([event("held", 5, "first"), event("alert", 6, "sent")], ""),
        ([event("alert", 4, "sent"), event("held", 5, "after it")], "after it"),
        ([event("held", 5, "again and again", until=9.5, count=3), event("alert", 6, "sent")], "again and again"),
        (
            [event("held", 5, "alertafter 3"), event("held", 6, "nobody is told", facts={"event": "ack"})],
            "alertafter 3",
        ),
        ([event("held", 5, "alertafter 3"), event("alert", 6, "told", facts={"event": "startup"})], "alertafter 3"),
        ([event("alert", 5, "sent"), event("held", 6, "alertevery 10m", facts={"event": "trap"})], "alertevery 10m"),
        ({"error": "x"}, ""),
        ("text", ""),
        ([None, 3, {"kind": "held"}, {"kind": "held", "at": "x", "text": 5}], "5"),
        (None, ""),
    ],
)
def test_the_newest_reason_counts(document: Any, expected: str) -> None:
    assert reason(document) == expected


def test_only_this_outage_is_asked_about() -> None:
    assert command("g", "s", 1_800_000_000.7) == "why g s 1800000000"
    assert command("g", "s", 0.0) == "why g s"


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        (": looking into it", "acknowledged: looking into it"),
        ("bob: on it", "acknowledged: bob: on it"),
        (": ", "acknowledged"),
        ("", "acknowledged"),
    ],
)
def test_an_acknowledged_service_says_so(comment: str, told: str) -> None:
    """The server is not asked: its newest line would be of the acknowledgement's own alert."""
    status = ServiceStatus("g", "s", OpStatus.FAIL, ack=1_800_000_000.0, ackcomment=comment)
    with ScriptedServer() as server:
        assert Reasons().of(Client("127.0.0.1", server.port, check_protocol=False), status) == told
        assert not server.asked
