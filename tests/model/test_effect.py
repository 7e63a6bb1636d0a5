"""Why something was not sent, as people read it."""

from __future__ import annotations

import pytest

from pymon.model.effect import Rule, Suppression


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (None, "acknowledged 1m ago"),
        ("wd {Mon}", "period wd {Mon}: acknowledged 1m ago"),
        ("", "period: acknowledged 1m ago"),
    ],
)
def test_a_reason_names_its_period(period: str | None, text: str) -> None:
    """A bare ``period`` line has the empty text as its key."""
    assert str(Suppression(Rule.ACK, "acknowledged 1m ago", period)) == text
