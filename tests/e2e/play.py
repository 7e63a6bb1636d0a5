"""Plays a program in the guest once, however many tests look at what it saw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.uml.guest import Guest, UmlResult

_played: dict[tuple[str, ...], UmlResult] = {}


def play(guest: Guest, program: Path, args: Sequence[str] = (), *, limit: float) -> dict[str, Any]:
    """What the program saw, from the JSON object that it prints; ``limit`` in seconds.

    If it failed, the first test that asks gets all that it said, and the others only that it did.
    """
    key = (str(program), *args)
    if key in _played:
        if _played[key].exitval != 0:
            pytest.fail(f"{program.name} {' '.join(args)} failed, as an earlier test tells", pytrace=False)
    else:
        _played[key] = guest.run(program, args, timeout=limit)
    facts = json.loads(_played[key].check().stdout)
    assert isinstance(facts, dict)
    return facts
