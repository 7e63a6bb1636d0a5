"""A flood of traps that are good, forged, damaged or rubbish: the daemon lives on, answers, and does not grow."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from bench.peers import PYMON_PEER, daemon, memory, rig, wait_for_log
from bench.report import Row
from pymon.protocol.trap_packet import TrapPacket, format_packet
from tests.differential.daemon import Rig

PACKETS = 100_000
BATCH = 200
"""packets between two looks at whether the daemon has taken them in"""
GROWTH_GOAL = 8.0
"""MB that it may grow by, from a tenth of the flood to its end"""
SEED = 20260727
HASH = "abNANd1rDfiNc"
SERVICES = "".join(f" service s{number}\n  traptimeout 1h\n  period\n" for number in range(20))


def measure() -> list[Row]:
    """100,000 packets to a daemon with an auth.cf that wants a password."""
    with rig(PYMON_PEER, f"hostgroup g h\n\nwatch g\n{SERVICES}") as place:
        auth = place.folder / "auth.cf"
        auth.write_text(f"{auth.read_text()}trap section\n127.0.0.1 ann {HASH}\n")
        with daemon(PYMON_PEER, place) as flooded:
            wait_for_log(place, "mon server started", 60)
            before, begin = 0.0, time.monotonic()
            for sent, batch in enumerate(_batches(random.Random(SEED)), 1):
                _send(place, batch)
                if sent * BATCH == PACKETS // 10:
                    before = memory(flooded.pid)
            took = time.monotonic() - begin
            answered = _answers(place)
            after = memory(flooded.pid)
        said = (place.folder / "stderr").read_text(errors="replace")
    counts = next(line.partition("traps: ")[2] for line in said.splitlines() if " traps: " in line)
    growth = after - before
    return [
        Row(f"{PACKETS} traps, most of them bad: taken in", counts),
        Row(f"{PACKETS} traps: in seconds; lines of the log", f"{took:.1f} s; {said.count(chr(10))}"),
        Row(f"{PACKETS} traps: the daemon answers after them", "yes" if answered else "NO", goal="yes",
            reached=answered and "Traceback" not in said),
        Row(f"{PACKETS} traps: growth of its memory", f"{growth:.1f} MB of {after:.0f} MB",
            goal=f"< {GROWTH_GOAL:.0f} MB", reached=growth < GROWTH_GOAL),
    ]  # fmt: skip


def _batches(rng: random.Random) -> Iterator[list[bytes]]:
    for _ in range(PACKETS // BATCH):
        yield [_packet(rng) for _ in range(BATCH)]


def _packet(rng: random.Random) -> bytes:
    """A trap that is good, or forged, or damaged, or no trap at all."""
    group, service = rng.choice(("g", "g", "g", "x", "*")), f"s{rng.randrange(25)}"
    tsp, text = str(rng.randrange(2**31)), f"number {rng.random()}"
    good = TrapPacket(usr="ann", pas="secret", grp=group, svc=service, sta=rng.choice("0123"), spc="0", tsp=tsp,
                      sum=text, dtl="d" * rng.randrange(200))  # fmt: skip
    data = bytearray(format_packet(good))
    kind = rng.randrange(6)
    if kind == 0:
        return bytes(data)
    if kind == 1:  # forged
        usr, pas = rng.choice(("*", "ann", "root", "")), str(rng.randrange(5000))
        return format_packet(TrapPacket(usr=usr, pas=pas, grp="g", svc="s1", sta="1"))
    if kind == 2:  # truncated
        return bytes(data[: rng.randrange(len(data))])
    if kind == 3:  # some bytes changed
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(data)
    if kind == 4:  # far too large
        return bytes(data) + b"x" * rng.randrange(60_000 - len(data)) if rng.random() < 0.1 else bytes(data) * 5
    return rng.randbytes(rng.randrange(300))


def _send(place: Rig, batch: list[bytes]) -> None:
    """Send some, and wait until the kernel has handed them over, so that none is dropped on the way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in batch:
            sender.sendto(data, ("127.0.0.1", place.port))
    deadline = time.monotonic() + 60
    while _queued(place.port):
        if time.monotonic() > deadline:
            raise RuntimeError("the daemon does not take its traps")
        time.sleep(0.001)


def _queued(port: int) -> int:
    """Bytes that wait in the kernel for whoever listens on a UDP port."""
    for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[1].endswith(f":{port:04X}"):
            return int(words[4].partition(":")[2], 16)
    raise RuntimeError("nobody listens for traps any more")


def _answers(place: Rig) -> bool:
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as client:
        client.sendall(b"list opstatus\nquit\n")
        answer = client.makefile("rb").read()
    return answer.count(b"group=g service=s") == 20 and answer.endswith(b"220 quitting\n")
