"""Failover on the real IPVS table: pymon against Debian's mon with a small lvs.alert, one after the other in one guest.

A web server is killed at a random moment of the 1-second interval and returns later, while a client asks 20 times a
second (NAT, round robin over two real servers); then one that accepts and never answers. The guest is slow
(user-mode-linux, one processor), so that the ratios tell more than the seconds.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report import Row, milliseconds
from tests.tools import find_tool
from tests.uml.guest import Guest, missing_for_uml

PROGRAM = Path(__file__).with_name("failover_site.py")
DEATHS, HANGS, QUIET = 9, 3, 8
LIMIT = 420.0
"""Seconds that one daemon's rounds may take in all."""


def measure() -> list[Row]:
    """Measure both; without a guest or without Debian's mon, a row that says what is missing."""
    lacking = missing_for_uml() or ("" if find_tool("ipvsadm") else "ipvsadm is not installed: apt-get install ipvsadm")
    if lacking:
        return [Row("failover on the real IPVS table", f"not measured: {lacking}")]
    with Guest() as guest:
        pymon = _measure(guest, "pymon")
        mon = _measure(guest, "mon") if find_tool("mon") else None
    measures = (
        ("web server killed: out of the table after", "removed"),
        ("requests lost meanwhile, at 20/s", "lost"),
        ("web server returned: in the table after", "back"),
        ("web server hangs (1 s time limit): out of the table after", "hang_removed"),
        ("requests lost meanwhile, at 20/s (1 s patience)", "hang_lost"),
    )
    found = [_row(text, pymon[name], mon[name] if mon else None) for text, name in measures]
    own = pymon["decided_to_done"]
    text = f"{milliseconds(statistics.median(own))} (max {milliseconds(max(own))})"
    found.append(Row("end of a check to the changed table, in the slow guest (median)", text))
    return found


def _measure(guest: Guest, name: str) -> dict[str, list[float]]:
    measured: Any = json.loads(
        guest.run(PROGRAM, [name, DEATHS, HANGS, QUIET if name == "pymon" else 0], timeout=LIMIT).check().stdout
    )
    assert isinstance(measured, dict)
    return measured


def _row(text: str, pymon: Sequence[float], mon: Sequence[float] | None) -> Row:
    unit = "" if "lost" in text else " s"
    ratio = ""
    if mon:
        ours, theirs = statistics.median(pymon), statistics.median(mon)
        ratio = f"1/{theirs / ours:.1f}" if ours else "-"
    return Row(text, _summary(pymon, unit), _summary(mon, unit) if mon else "-", ratio)


def _summary(values: Sequence[float], unit: str) -> str:
    return f"{statistics.median(values):.3g}{unit} ({min(values):.2g} to {max(values):.2g})"


if __name__ == "__main__":
    from bench.report import table

    print(table(measure()))
