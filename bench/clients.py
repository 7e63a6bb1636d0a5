"""How late checks start while many clients ask at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from bench.peers import PYMON_PEER, daemon, rig
from bench.report import Row, milliseconds, percentile
from bench.server import ADDRESSES, running

CLIENTS = 500
SERVICES = 1000
INTERVAL = 5
QUIET = 15.0
"""seconds of checks before the clients come"""
GOAL = 0.100
ANSWER = b"220 list opstatus completed\n"


def measure() -> list[Row]:
    """500 clients ask for the status of 1,000 services at once, while these are checked."""
    with running() as server:
        line = f"http.monitor -p {server.port}"
        watches = "".join(_watch(address, SERVICES // len(ADDRESSES), line) for address in ADDRESSES)
        with rig(PYMON_PEER, watches) as place:
            out = place.folder / "lateness.json"
            command = (sys.executable, "-m", "bench.probe", str(place.folder / "mon.cf"), str(out))
            with daemon(PYMON_PEER, place, command) as probe:
                probe.wait_for([Path(f"{out}.ready")], 60)
                time.sleep(QUIET)
                begin = time.monotonic()
                answers = ask_at_once(place.port)
                took = time.monotonic() - begin
            late = [float(value) for value in json.loads(out.read_text())]
    during = late[-max(1, int(took * SERVICES / INTERVAL * 0.9)) :]
    before = late[: int((QUIET - INTERVAL) * SERVICES / INTERVAL)]
    what = f"lateness of {SERVICES // INTERVAL} checks/s"
    high = percentile(during, 99)
    crowd = f"{CLIENTS} clients list {SERVICES} services at once"
    return [
        Row(f"{what}, nobody asks: 99th percentile", milliseconds(percentile(before, 99))),
        Row(f"{what}, {crowd}: median", milliseconds(percentile(during, 50))),
        Row(f"{what}, {crowd}: 99th percentile", milliseconds(high), goal=f"< {milliseconds(GOAL)}",
            reached=high < GOAL and answers == CLIENTS),
        Row(f"{what}, {crowd}: worst", milliseconds(max(during))),
        Row(f"{crowd}: answered in full", f"{answers} in {took:.1f} s"),
    ]  # fmt: skip


def _watch(address: str, services: int, monitor: str) -> str:
    lines = "".join(
        f"  service s{number}\n    interval {INTERVAL}s\n    monitor {monitor}\n    period\n"
        for number in range(services)
    )
    return f"hostgroup {address} {address}\n\nwatch {address}\n{lines}\n"


def ask_at_once(port: int) -> int:
    """Let all clients ask, in a process of their own; how many answers were complete."""
    command = [sys.executable, "-m", "bench.clients", str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return int(ended.stdout)


async def _ask(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"list opstatus\nquit\n")
    lines, tail = 0, b""
    while data := await reader.read(1 << 16):
        lines += data.count(b"\n")
        tail = (tail + data)[-200:]
    writer.close()
    return lines == SERVICES + 2 and tail.endswith(ANSWER + b"220 quitting\n")


async def _ask_all(port: int) -> int:
    return sum(await asyncio.gather(*(_ask(port) for _ in range(CLIENTS))))


if __name__ == "__main__":
    print(asyncio.run(_ask_all(int(sys.argv[1]))))
