"""How late checks start, and how many of those that were asked for are made."""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, rig
from bench.report import Row, milliseconds, percentile
from bench.server import ADDRESSES, running
from tests.programs import write_program

MANY = 1000
MANY_SPAN = 25.0
GOAL = 0.050
FEW = 20
FEW_SPAN = 30.0

STAMP = """\
#!/bin/sh
# Keeps the time of each start.
date +%s.%N >>"$RIG_DIR/script/$MON_SERVICE"
"""


def measure() -> list[Row]:
    """1,000 services in process at interval 1s; then 20 with processes, beside Debian's mon."""
    rows = []
    for name, monitor in (("http", "http.monitor -p {port}"), ("tcp", "tcp.monitor -p {port}")):
        late = _many(monitor)
        median, high, worst = percentile(late, 50), percentile(late, 99), max(late)
        what = f"lateness of {MANY} {name} checks in process, interval 1s"
        rows += [
            Row(f"{what}: median", milliseconds(median)),
            Row(f"{what}: 99th percentile", milliseconds(high), goal=f"< {milliseconds(GOAL)}", reached=high < GOAL),
            Row(f"{what}: worst", milliseconds(worst)),
        ]
    pymon_rate, pymon_gaps = _few(PYMON_PEER)
    mon_rate, mon_gaps = _few(MON_PEER)
    what = f"{FEW} process checks, interval 1s"
    rows += [
        Row(f"{what}: share of them made", f"{pymon_rate:.0%}", f"{mon_rate:.0%}"),
        Row(f"{what}: median gap", f"{percentile(pymon_gaps, 50):.3f} s", f"{percentile(mon_gaps, 50):.3f} s"),
        Row(
            f"{what}: 99th percentile of gaps",
            f"{percentile(pymon_gaps, 99):.3f} s",
            f"{percentile(mon_gaps, 99):.3f} s",
        ),
    ]
    return rows


def _many(monitor: str) -> list[float]:
    """Lateness in seconds of the last checks, at most 10,000."""
    with running() as server:
        line = monitor.format(port=server.port)
        watches = "".join(_watch(address, MANY // len(ADDRESSES), line) for address in ADDRESSES)
        with rig(PYMON_PEER, watches) as place:
            out = place.folder / "lateness.json"
            command = (sys.executable, "-m", "bench.probe", str(place.folder / "mon.cf"), str(out))
            with daemon(PYMON_PEER, place, command) as probe:
                probe.wait_for([Path(f"{out}.ready")], 60)
                time.sleep(MANY_SPAN)
            made = server.count()
            if made < MANY * MANY_SPAN / 2 and "http" in monitor:
                raise RuntimeError(f"only {made} requests came: {probe.errors}")
            return [float(value) for value in json.loads(out.read_text())]


def _watch(address: str, services: int, monitor: str) -> str:
    lines = "".join(
        f"  service s{number}\n    interval 1s\n    monitor {monitor}\n    period\n" for number in range(services)
    )
    return f"hostgroup {address} {address}\n\nwatch {address}\n{lines}\n"


def _few(peer: Peer) -> tuple[float, list[float]]:
    """The share of the checks asked for that were made, and the gaps between the starts of each service."""
    services = "".join(
        f"  service s{number}\n    interval 1s\n    monitor stamp.monitor\n    period\n" for number in range(FEW)
    )
    with rig(peer, f"hostgroup here 127.0.0.1\n\nwatch here\n{services}") as place:
        write_program(place.folder / "mon.d/stamp.monitor", STAMP)
        stamps = [place.folder / "script" / f"s{number}" for number in range(FEW)]
        with daemon(peer, place) as running_daemon:
            running_daemon.wait_for(stamps, 60)
            begin = time.time()
            time.sleep(FEW_SPAN)
        starts = [[float(line) for line in path.read_text().split()] for path in stamps]
    counted = [[start for start in series if begin <= start < begin + FEW_SPAN] for series in starts]
    gaps = [later - earlier for series in counted for earlier, later in pairwise(series)]
    return sum(map(len, counted)) / (FEW * FEW_SPAN), gaps
