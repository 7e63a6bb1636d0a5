"""How long after a monitor's end its alert starts, with both as processes."""

from __future__ import annotations

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, rig
from bench.report import Row, milliseconds, percentile
from tests.differential.scenario import Part, Scenario, configuration, write_scripts
from tests.differential.script import fail

SERVICES = 20
FAILURES = 5


def measure() -> list[Row]:
    """Services that fail again and again, each failure with its alert."""
    pymon, mon = _delays(PYMON_PEER), _delays(MON_PEER)
    rows = []
    for name, percent in (("median", 50), ("99th percentile", 99)):
        ours, theirs = percentile(pymon, percent), percentile(mon, percent)
        rows.append(
            Row(
                f"monitor's end to alert's start: {name}",
                milliseconds(ours),
                milliseconds(theirs),
                f"1/{theirs / ours:.0f}",
            )
        )
    return rows


def _delays(peer: Peer) -> list[float]:
    """Seconds from the end of a monitor's run to the first thing that its alert does."""
    part = Part([fail("down")] * FAILURES, "period\n  alert rec.alert", [])
    scenarios = [Scenario(f"group{number}", "", (part,)) for number in range(SERVICES)]
    with rig(peer, configuration("", scenarios)) as place:
        done = write_scripts(place.folder, scenarios)
        with daemon(peer, place) as running_daemon:
            running_daemon.wait_for(done, 120)
            running_daemon.settle(20)
        ends: dict[str, list[float]] = {}
        for scenario in scenarios:
            folder = place.folder / "script" / scenario.name / "main"
            ends[scenario.name] = sorted(path.stat().st_mtime for path in folder.glob("*.end"))
        starts: dict[str, list[float]] = {}
        for call in (place.folder / "alerts").iterdir():
            words = (call / "argv").read_bytes().split(b"\0")
            group = words[words.index(b"-g") + 1].decode()
            starts.setdefault(group, []).append((call / "argv").stat().st_mtime)
    return [
        start - end
        for group, group_ends in ends.items()
        for end, start in zip(group_ends, sorted(starts[group]), strict=True)
    ]
