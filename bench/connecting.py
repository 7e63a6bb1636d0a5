"""Five hundred TCP checks in one run of tcp.monitor, in a network namespace: all of loopback is theirs there.

Once a tenth of the ports refuse, and once all connect. Debian's monitor takes one host after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from bench.inside import Cost, debians, in_namespace, inside, own_program
from bench.report import Row, milliseconds

HOSTS = [f"127.0.{network}.{host}" for network in (1, 2) for host in range(1, 251)]
REFUSING = 50
PLAYS = {"all connect": 0, "10 % refuse": REFUSING}
TIMES = 5


def measure() -> list[Row]:
    """Wall time and processor time of one run."""
    rows = []
    for play, each in json.loads(in_namespace("bench.connecting")).items():
        costs = {peer: Cost(**cost) for peer, cost in each.items()}
        mon = costs["mon"]
        for way in ("in process", "as a program"):
            ours = costs[way]
            rows.append(
                Row(f"tcp.monitor, {len(HOSTS)} hosts, {play}, {way}: wall time; processor time",
                    f"{milliseconds(ours.wall)}; {milliseconds(ours.processor)}",
                    f"{milliseconds(mon.wall)}; {milliseconds(mon.processor)}",
                    f"{ours.wall / mon.wall:.2f}; {ours.processor / mon.processor:.2f}")
            )  # fmt: skip
    return rows


def _play() -> None:
    costs: dict[str, dict[str, object]] = {}
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None:
            raise RuntimeError("the server has no standard output")
        port = server.stdout.readline().strip()
        for play, refusing in PLAYS.items():
            hosts = HOSTS[refusing:] + [f"127.1.0.{number}" for number in range(1, refusing + 1)]
            arguments = ["-p", port, *hosts]
            found = {
                "in process": inside("tcp.monitor", arguments, TIMES),
                "as a program": own_program("tcp.monitor", arguments, TIMES),
                "mon": debians("tcp.monitor", arguments, TIMES),
            }
            for peer, cost in found.items():
                if cost.failed != refusing:
                    raise RuntimeError(f"{peer} found {cost.failed} of {refusing} ports that refuse")
            costs[play] = {peer: asdict(cost) for peer, cost in found.items()}
        server.terminate()
    print(json.dumps(costs))


_SERVER = """
import asyncio, socket

class Hear(asyncio.Protocol):
    pass

async def main():
    loop = asyncio.get_running_loop()
    addresses = [f"127.0.{network}.{host}" for network in (1, 2) for host in range(1, 251)]
    first = await loop.create_server(Hear, addresses[0], 0, backlog=1024)
    port = first.sockets[0].getsockname()[1]
    rest = await loop.create_server(Hear, addresses[1:], port, backlog=1024)
    print(port, flush=True)
    await rest.serve_forever()

asyncio.run(main())
"""
"""it is heard on those addresses only; of others the port refuses"""


if __name__ == "__main__" and sys.argv[1:] == ["inside"]:
    _play()
