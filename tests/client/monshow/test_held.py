"""Why alerts are held back, as the server's record tells."""

from __future__ import annotations

from typing import Any

import pytest

from pymon.client.monshow.held import command, reason


def event(kind: str, at: float, text: str = "", **more: object) -> dict[str, object]:
    return {"kind": kind, "at": at, "text": text, "facts": {}, **more}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], ""),
        ([event("held", 5, "alertevery 10m: last alert 3m12s ago")], "alertevery 10m: last alert 3m12s ago"),
        ([event("held", 5, "first"), event("held", 6, "second"), event("check", 7, "failed")], "second"),
        ([event("held", 5, "first"), event("alert", 6, "sent")], ""),
        ([event("alert", 4, "sent"), event("held", 5, "after it")], "after it"),
        ([event("held", 5, "again and again", until=9.5, count=3), event("alert", 6, "sent")], "again and again"),
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
