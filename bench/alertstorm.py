"""A thousand services fail in the same instant, with a shell alert each: how long until all alerts are done.

The services' monitors wait for one gate (a FIFO) that is opened for all of them at once, so that both daemons see
all failures in one instant. Two hundred other services, which are well, are checked each second meanwhile: how late
their checks are tells whether starting alerts holds up the event loop.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, rig
from bench.report import Row, milliseconds, percentile
from bench.server import running
from tests.differential.daemon import Rig, RiggedDaemon
from tests.programs import write_program

FAILING = 1000
WELL = 200
GOAL = 3.0
"""seconds until the last alert is done, on two cores"""
LATENESS_GOAL = 0.250
"""seconds that a check may be late meanwhile (99th percentile)"""
LIMIT = 120.0

GATE = """\
#!/bin/sh
echo >>"$RIG_DIR/script/waiting"
read line <"$RIG_DIR/gate"
echo "$MON_SERVICE does not answer"
exit 1
"""

ALERT = """\
#!/bin/sh
read summary
echo "$summary" >"$RIG_DIR/alerts/$MON_SERVICE"
"""


@dataclass(frozen=True, slots=True)
class _Storm:
    """Seconds from the failures to the end of the last alert, and how late checks were meanwhile (pymon only)."""

    took: float
    late: tuple[float, ...]


def measure() -> list[Row]:
    """The same storm for both daemons."""
    own, mon = _pymon(), _mon()
    late = percentile(own.late, 99)
    return [
        Row(
            f"{FAILING} services fail at once: until {FAILING} shell alerts are done",
            f"{own.took:.2f} s",
            f"{mon.took:.2f} s",
            f"{own.took / mon.took:.2f}",
            f"< {GOAL:g} s",
            own.took < GOAL,
        ),
        Row(
            f"{FAILING} services fail at once: lateness of other checks, 99th percentile",
            milliseconds(late),
            goal=f"< {milliseconds(LATENESS_GOAL)}",
            reached=late < LATENESS_GOAL,
        ),
        Row(f"{FAILING} services fail at once: lateness of other checks, worst", milliseconds(max(own.late))),
    ]


def _pymon() -> _Storm:
    with running() as server, _site(PYMON_PEER, f"tcp.monitor -p {server.port}") as place:
        out = place.folder / "lateness.json"
        command = (sys.executable, "-m", "bench.probe", str(place.folder / "mon.cf"), str(out))
        with daemon(PYMON_PEER, place, command) as probe:
            took = _open_gate(probe, place)
        late = json.loads(out.read_text())
        return _Storm(took, tuple(late[-max(1, int(WELL * took)) :]))


def _mon() -> _Storm:
    with _site(MON_PEER, "") as place, daemon(MON_PEER, place) as mon:
        return _Storm(_open_gate(mon, place), ())


@contextmanager
def _site(peer: Peer, well: str) -> Iterator[Rig]:
    failing = "".join(_service(f"f{number}", "10s", "gate.monitor", "alert shell.alert") for number in range(FAILING))
    others = "".join(_service(f"w{number}", "1s", well, "") for number in range(WELL))
    body = f"hostgroup failing 127.0.0.1\n\nhostgroup well 127.0.0.1\n\nwatch failing\n{failing}\n"
    with rig(peer, f"{body}watch well\n{others}" if well else body, "maxprocs = 2000") as place:
        write_program(place.folder / "mon.d/gate.monitor", GATE)
        write_program(place.folder / "alert.d/shell.alert", ALERT)
        os.mkfifo(place.folder / "gate")
        yield place


def _service(name: str, interval: str, monitor: str, alert: str) -> str:
    period = f"    period\n      numalerts 1\n      {alert}\n" if alert else "    period\n"
    return f"  service {name}\n    interval {interval}\n    monitor {monitor}\n{period}"


def _open_gate(peer: RiggedDaemon, place: Rig) -> float:
    """Seconds from the opening of the gate to the end of the last alert."""
    waiting, alerts = place.folder / "script/waiting", place.folder / "alerts"
    peer.wait_until(_lack(lambda: waiting.stat().st_size if waiting.exists() else 0), LIMIT)
    time.sleep(2.0)  # what it took to start so many monitors is over
    opened = time.time()
    os.close(os.open(place.folder / "gate", os.O_WRONLY))
    peer.wait_until(_lack(lambda: sum(1 for _ in alerts.iterdir())), LIMIT)
    ends = [path.stat().st_mtime for path in alerts.iterdir()]
    return max(ends) - opened


def _lack(count: Callable[[], int]) -> Callable[[], str]:
    def missing() -> str:
        return "" if (found := count()) >= FAILING else f"{FAILING - found} of {FAILING}"

    return missing
