"""What one HTTP check costs in processor time, daemon and plugin together."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, processor_seconds, rig
from bench.report import Row, milliseconds
from bench.server import Server, running

FEW = 20
MANY = 500
WARM_UP = 5.0
SPAN = 20.0
GOAL = 30.0


def measure() -> list[Row]:
    """The same server for all; Debian's mon and pymon have the same services, and pymon once more a site's many."""
    with running() as server:
        mon = _cost(MON_PEER, server, FEW)
        few = _cost(PYMON_PEER, server, FEW)
        many = _cost(PYMON_PEER, server, MANY)
        process = _cost(PYMON_PEER, server, FEW, "inprocess = no\n")
        floor = {rate: _floor(server.port, rate) for rate in (FEW, MANY)}
    name = "processor time of an HTTP check"
    goal = f"1/{GOAL:.0f}"
    return [
        _row(f"{name}, in process, {FEW} services", few, mon, goal),
        _row(f"{name}, in process, {MANY} services", many, mon, goal),
        _row(f"{name}, as a process of its own", process, mon),
        *(
            _row(f"for comparison: a request by bare sockets of asyncio, {rate} a second", cost, mon)
            for rate, cost in floor.items()
        ),
    ]


def _row(name: str, pymon: float, mon: float, goal: str = "") -> Row:
    ratio = f"1/{mon / pymon:.0f}" if pymon < mon else f"{pymon / mon:.1f}"
    return Row(name, milliseconds(pymon), milliseconds(mon), ratio, goal, mon / pymon >= GOAL if goal else None)


def _cost(peer: Peer, server: Server, services: int, globals_: str = "") -> float:
    """Seconds of processor time a check, over SPAN seconds of running at interval 1s."""
    declared = "".join(
        f"  service http{number}\n    interval 1s\n    monitor http.monitor -p {server.port}\n    period\n"
        for number in range(services)
    )
    body = f"hostgroup web 127.0.0.1\n\nwatch web\n{declared}"
    with rig(peer, body, globals_) as place, daemon(peer, place) as running_daemon:
        time.sleep(WARM_UP)
        before, requests = processor_seconds(running_daemon.pid), server.count()
        time.sleep(SPAN)
        spent, done = processor_seconds(running_daemon.pid) - before, server.count() - requests
        if not done:
            raise RuntimeError(f"{peer.program} made no request: {running_daemon.errors}")
        return spent / done


def _floor(port: int, rate: int) -> float:
    """Seconds of processor time of a request with nothing around it: what this machine asks for one at the least."""
    done = subprocess.run(
        [sys.executable, "-c", _BARE, str(port), str(rate)], capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout)


_BARE = """
import asyncio, socket, sys, time
port, rate = map(int, sys.argv[1:])

async def ask():
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, b"GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n")
        await loop.sock_recv(connection, 65536)

async def main():
    begin, spent, asked = time.monotonic(), time.process_time(), []
    while time.monotonic() - begin < 8:
        asked.append(asyncio.create_task(ask()))
        await asyncio.sleep(max(0, begin + len(asked) / rate - time.monotonic()))
    await asyncio.gather(*asked)
    print((time.process_time() - spent) / len(asked))

asyncio.run(main())
"""
