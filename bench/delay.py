"""How long after a monitor's end its alert starts, with both as processes."""

from __future__ import annotations

import time
from bisect import bisect
from pathlib import Path

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, rig
from bench.report import Row, milliseconds, percentile
from tests.programs import write_program

SERVICES = 20
SPAN = 25.0

# Each keeps the time to the nanosecond in a file of its service: one as the last, the other as the first thing it does.
# What it takes to start the `date` of both is part of the figures, about 2 ms.
END = '#!/bin/sh\nsleep "$1"\necho down\ndate +%s.%N >>"$RIG_DIR/log/ends.$MON_SERVICE"\nexit 1\n'
BEGIN = '#!/bin/sh\ndate +%s.%N >>"$RIG_DIR/log/begins.$MON_SERVICE"\n'


def measure() -> list[Row]:
    """Services that fail again and again, each failure with its alert; their monitors take up to a second."""
    pymon, mon = _delays(PYMON_PEER), _delays(MON_PEER)
    rows = []
    for name, percent in (("median", 50), ("99th percentile", 99)):
        ours, theirs = percentile(pymon, percent), percentile(mon, percent)
        what = f"monitor's end to alert's start (processes): {name}"
        rows.append(Row(what, milliseconds(ours), milliseconds(theirs), f"1/{theirs / ours:.0f}"))
    return rows


def _delays(peer: Peer) -> list[float]:
    """Seconds from the end of a monitor's run to the beginning of its alert."""
    names = [f"s{number}" for number in range(SERVICES)]
    services = "".join(
        f"  service {name}\n    interval 2s\n    monitor end.monitor {number / SERVICES}\n"
        "    period\n      alert begin.alert\n"
        for number, name in enumerate(names)
    )
    with rig(peer, f"hostgroup here 127.0.0.1\n\nwatch here\n{services}") as place:
        write_program(place.folder / "mon.d/end.monitor", END)
        write_program(place.folder / "alert.d/begin.alert", BEGIN)
        logs = place.folder / "log"
        with daemon(peer, place) as running_daemon:
            running_daemon.wait_for([logs / f"begins.{name}" for name in names], 60)
            time.sleep(SPAN)
        delays = [delay for name in names for delay in _paired(logs / f"ends.{name}", logs / f"begins.{name}")]
    if len(delays) < SERVICES:
        raise RuntimeError(f"{peer.program} called only {len(delays)} alerts")
    return delays


def _paired(ends: Path, begins: Path) -> list[float]:
    """For each beginning of an alert, how long ago the last end of a monitor was."""
    ended = [float(line) for line in ends.read_text().split()]
    began = [float(line) for line in begins.read_text().split()]
    return [moment - ended[bisect(ended, moment) - 1] for moment in began]
