"""What the daemon's own log (``pymon run --log json --log-level debug``) tells of its times."""

from __future__ import annotations

import json
from collections.abc import Sequence


def decided_to_done(lines: Sequence[str]) -> list[float]:
    """Seconds from the end of each check to the end of the IPVS change that it led to, by the daemon's JSON log."""
    checked: dict[str, float] = {}
    taken: list[float] = []
    for text in lines:
        if not text.startswith("{"):
            continue
        line = json.loads(text)
        words = line["message"].split()
        if words[:1] == ["checked"]:
            checked[words[1].rstrip(":")] = float(line["epoch"])
        elif words[:2] == ["lvs.alert", "for"] and words[4:5] == ["done"]:
            taken.append(float(line["epoch"]) - checked[words[2]])
    return taken
