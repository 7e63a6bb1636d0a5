"""What one HTTP check costs in processor time, daemon and plugin together."""

from __future__ import annotations

import time

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, processor_seconds, rig
from bench.report import Row, milliseconds
from bench.server import Server, running

SERVICES = 20
WARM_UP = 5.0
SPAN = 20.0
GOAL = 30.0


def measure() -> list[Row]:
    """The same services and the same server under each daemon, one after the other."""
    with running() as server:
        mon = _cost(MON_PEER, server)
        pymon = _cost(PYMON_PEER, server)
        process = _cost(PYMON_PEER, server, "inprocess = no\n")
    name = "processor time of an HTTP check"
    return [
        Row(
            f"{name}, in process",
            milliseconds(pymon),
            milliseconds(mon),
            f"1/{mon / pymon:.0f}",
            f"1/{GOAL:.0f}",
            mon / pymon >= GOAL,
        ),
        Row(f"{name}, as a process of its own", milliseconds(process), milliseconds(mon), f"1/{mon / process:.1f}"),
    ]


def _cost(peer: Peer, server: Server, globals_: str = "") -> float:
    """Seconds of processor time a check, over SPAN seconds of running."""
    services = "".join(
        f"  service http{number}\n    interval 1s\n    monitor http.monitor -p {server.port}\n    period\n"
        for number in range(SERVICES)
    )
    body = f"hostgroup web 127.0.0.1\n\nwatch web\n{services}"
    with rig(peer, body, globals_) as place, daemon(peer, place) as running_daemon:
        time.sleep(WARM_UP)
        before, requests = processor_seconds(running_daemon.pid), server.count()
        time.sleep(SPAN)
        spent, done = processor_seconds(running_daemon.pid) - before, server.count() - requests
        if not done:
            raise RuntimeError(f"{peer.program} made no request: {running_daemon.errors}")
        return spent / done
