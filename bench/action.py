"""From the end of a check to the changed table, natively: a machine without IPVS has the table in memory for it.

It shows the daemon's own share of a failover. The same on a kernel's table, in a slow guest: ``bench.failover``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from bench.daemonlog import decided_to_done
from bench.peers import OWN_PLUGINS, ROOT, environ
from bench.report import Row, milliseconds
from pymon.cli.run import run
from pymon.ipvs.model import Listening, Protocol, VirtualService
from pymon.ipvs.table import memory_table

VIRTUAL, REAL = "127.0.0.1:18080", "127.0.0.2"
ROUNDS = 10
LIMIT = 15.0
"""Seconds within which the daemon must have followed one change."""
GOAL = 0.005
"""Seconds from the end of a check to the changed table (median)."""


def measure() -> list[Row]:
    """A server that goes and comes, watched by tcp.monitor every second; lvs.alert follows."""
    taken = _taken()
    median = statistics.median(taken)
    text = f"{milliseconds(median)} (max {milliseconds(max(taken))})"
    title = "end of a check to the changed table, in memory (median)"
    return [Row(title, text, goal=f"under {milliseconds(GOAL)}", reached=median < GOAL)]


def _taken() -> list[float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        log = folder / "log.json"
        with socket.create_server((REAL, 0)) as server:
            port = server.getsockname()[1]
        (folder / "mon.cf").write_text(_site(port), encoding="ascii")
        with _daemon(folder, log) as process:
            for number in range(ROUNDS):
                _wait_for(log, 2 * number + 1, process)
                with socket.create_server((REAL, port)):
                    _wait_for(log, 2 * number + 2, process)
        # The first change also opens the table and starts the thread that works on it.
        return decided_to_done(log.read_text(encoding="utf-8").splitlines())[1:]


@contextlib.contextmanager
def _daemon(folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    own = {**environ(), "PYMON_IPVS": "memory"}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.action", str(folder)], cwd=ROOT, env=own, stderr=errors, stdout=errors
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(log: Path, changes: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LIMIT
    while len(decided_to_done(log.read_text(encoding="utf-8").split("\n")[:-1])) < changes:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no change {changes} of the table: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.1)


def _site(port: int) -> str:
    change = f"lvs.alert -P tcp -V {VIRTUAL} -R {REAL}:{port} -W 100 -F nat"
    return "\n".join(
        [
            "randstart = 1s",
            "",
            f"hostgroup real {REAL}",
            "",
            "watch real",
            "    service tcp",
            "        interval 1s",
            f"        monitor tcp.monitor -p {port}",
            "        period wd {Sun-Sat}",
            f"            alert {change} -X down",
            f"            upalert {change}",
            "",
        ]
    )


def _watch(folder: Path) -> int:
    """The daemon of this bench: pymon, with a virtual service in its table in memory."""
    address, port = VIRTUAL.split(":")
    memory_table().add_service(VirtualService(Listening(Protocol.TCP, ip_address(address), int(port)), "wlc"))
    monitors, alerts = map(str, OWN_PLUGINS)
    overrides = {"statedir": str(folder), "logdir": str(folder), "mondir": (monitors,), "alertdir": (alerts,)}
    os.chdir(folder)
    return run(folder / "mon.cf", level=logging.DEBUG, style="json", overrides=overrides)


if __name__ == "__main__":
    sys.exit(_watch(Path(sys.argv[1])))
