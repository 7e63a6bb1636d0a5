"""Plays in the guest: programs that print what they saw as one JSON object, however many tests look at it."""

from __future__ import annotations

import json
from typing import Any

from tests.ahead import Queues, Work
from tests.uml.guest import UmlResult


def seen_in(play: Work[UmlResult], queues: Queues) -> dict[str, Any]:
    """What a play saw; AssertionError with all that it said if it failed."""
    facts = json.loads(queues.result(play).check().stdout)
    assert isinstance(facts, dict)
    return facts
