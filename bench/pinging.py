"""A thousand addresses pinged in one run, in a network namespace of their own so that some of them can be silent.

Both ping with the same options. Silence is a route that leads to the loopback device, where nobody has the address:
there is no answer and no error.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from bench.inside import Cost, debians, in_namespace, inside, program
from bench.report import Row, milliseconds

ALIVE = [f"127.0.{network}.{host}" for network in range(1, 5) for host in range(1, 251)]
SILENT = [f"10.9.0.{host}" for host in range(1, 101)]
PLAYS = {
    "all alive": ([], ALIVE),
    "10 % silent, -r 1 -t 200": (["-r", "1", "-t", "200"], [*ALIVE[: -len(SILENT)], *SILENT]),
}


def measure() -> list[Row]:
    """Wall time and processor time of both, and of fping without the pause that it makes between two packets."""
    costs = {
        play: {peer: Cost(**cost) for peer, cost in each.items()}
        for play, each in json.loads(in_namespace("bench.pinging")).items()
    }
    rows = []
    for play, each in costs.items():
        pymon, mon, fping = each["pymon"], each["mon"], each["fping"]
        name = f"fping.monitor, {len(ALIVE)} addresses, {play}"
        rows += [
            Row(f"{name}: wall time", f"{pymon.wall:.3f} s", f"{mon.wall:.3f} s", _ratio(pymon.wall, mon.wall), "<= 1",
                pymon.wall <= mon.wall),
            Row(f"{name}: processor time", milliseconds(pymon.processor), milliseconds(mon.processor),
                _ratio(pymon.processor, mon.processor)),
            Row("for comparison: fping itself, with no pause between packets (-i 0)", "-",
                f"{fping.wall:.3f} s, {milliseconds(fping.processor)}"),
        ]  # fmt: skip
    return rows


def _ratio(pymon: float, mon: float) -> str:
    return f"1/{mon / pymon:.0f}" if pymon * 2 < mon else f"{pymon / mon:.1f}"


def _play() -> None:
    subprocess.run(["ip", "route", "add", "10.9.0.0/24", "dev", "lo"], check=True)
    costs: dict[str, dict[str, object]] = {}
    for play, (options, hosts) in PLAYS.items():
        silent = sum(host in SILENT for host in hosts)
        # the first run of all takes what it cost to import the monitor
        found = {
            "pymon": inside("fping.monitor", [*options, *hosts], warm_up=1),
            "mon": debians("fping.monitor", [*options, *hosts]),
            "fping": program(["fping", "-q", "-i", "0", *options, *hosts]),
        }
        for peer in ("pymon", "mon"):
            if found[peer].failed != silent:
                raise RuntimeError(f"{peer} found {found[peer].failed} silent addresses of {silent}")
        costs[play] = {peer: asdict(cost) for peer, cost in found.items()}
    print(json.dumps(costs))


if __name__ == "__main__" and sys.argv[1:] == ["inside"]:
    _play()
