"""Plays in the guest: programs that print what they saw as one JSON object, however many tests look at it."""

from __future__ import annotations

import json
from typing import Any

from tests.ahead import Lanes, Work
from tests.uml.guest import UmlResult


def seen_in(play: Work[UmlResult], lanes: Lanes) -> dict[str, Any]:
    """What a play saw; AssertionError with all that it said if it failed."""
    facts = json.loads(lanes.result(play).check().stdout)
    assert isinstance(facts, dict)
    return facts
