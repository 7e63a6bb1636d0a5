"""``list opstatus`` of 10,000 services, each with a summary and a detail, asked of both daemons by the same client.

The results come by traps, so that both have the same to tell. Checks are held (the scheduler is stopped), so that the
time is that of the answer alone; both are asked in turns, and the fastest of each is shown.
"""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

from bench.peers import MON_PEER, PYMON_PEER, Peer, daemon, rig
from bench.report import Row
from bench.start import GROUPS, SERVICES_PER_GROUP, site

ROUNDS = 5
GOAL = 1.0
START_LIMIT = 120.0
_TRAPS_AT_ONCE = 100
"""that may wait in the socket's buffer, which the kernel keeps small"""
ROUNDS_OF_TRAPS = 20
_AUTH = "command section\nlist: all\nstop: all\ntrap section\n* * x\n"
_DETAIL = r"pages:\20200\20in\200.031s,\20200\20in\200.044s\0aredirects:\20none\0a"


def measure() -> list[Row]:
    """Both run at the same time, and only one of them has something to do."""
    text = site("1h", "http.monitor")
    with ExitStack() as stack:
        asked = {peer: stack.enter_context(_Asked.running(stack, peer, text)) for peer in (MON_PEER, PYMON_PEER)}
        times: dict[Peer, list[float]] = {peer: [] for peer in asked}
        sizes: dict[Peer, int] = {}
        for _ in range(ROUNDS):
            for peer, client in asked.items():
                begin = time.perf_counter()
                answer = client.ask("list opstatus")
                times[peer].append(time.perf_counter() - begin)
                sizes[peer] = len(answer)
    pymon, mon = min(times[PYMON_PEER]), min(times[MON_PEER])
    count = GROUPS * SERVICES_PER_GROUP
    return [
        Row(f"list opstatus of {count} services ({sizes[PYMON_PEER] / 1e6:.1f} MB)", f"{pymon * 1000:.0f} ms",
            f"{mon * 1000:.0f} ms ({sizes[MON_PEER] / 1e6:.1f} MB)", f"{pymon / mon:.2f}", f"<= {GOAL:.0f}",
            pymon <= GOAL * mon),
    ]  # fmt: skip


class _Asked:
    """A connection to a daemon whose services all have a result."""

    def __init__(self, port: int) -> None:
        self._socket = _connection(port)

    @classmethod
    def running(cls, stack: ExitStack, peer: Peer, text: str) -> _Asked:
        """Start a daemon, stop its scheduler, and send a trap for each service."""
        place = stack.enter_context(rig(peer, text, "maxprocs = 1\ncltimeout = 10m"))
        (place.folder / "auth.cf").write_text(_AUTH)
        stack.enter_context(daemon(peer, place))
        client = cls(place.port)
        client.ask("stop")
        client.send_traps(place.port)
        return client

    def __enter__(self) -> _Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, command: str) -> bytes:
        """The whole answer."""
        self._socket.sendall(f"{command}\n".encode())
        answer = bytearray()
        while True:
            data = self._socket.recv(1 << 20)
            if not data:
                raise RuntimeError(f"the connection ended while {command!r} was answered")
            answer += data
            if answer.endswith(b"completed\n"):
                return bytes(answer)

    def send_traps(self, port: int) -> None:
        """A trap for each service, some at a time; those that the kernel had no room for are sent again."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(ROUNDS_OF_TRAPS):
                missing = self._without_trap()
                if not missing:
                    return
                for number, (group, service) in enumerate(missing):
                    sender.sendto(_trap(group, service), ("127.0.0.1", port))
                    if number % _TRAPS_AT_ONCE == 0:
                        self.ask("list opstatus group0,s0")
        raise RuntimeError(f"{len(missing)} traps were lost")

    def _without_trap(self) -> list[tuple[str, str]]:
        lines = self.ask("list opstatus").decode().splitlines()
        fields = [line.split(maxsplit=2) for line in lines if " last_trap=0 " in line]
        return [(group.partition("=")[2], service.partition("=")[2]) for group, service, _ in fields]


def _trap(group: str, service: str) -> bytes:
    fields = {
        "pro": "1", "usr": "", "pas": "", "spc": "ok", "seq": "0", "typ": "trap", "grp": group, "svc": service,
        "sta": "0", "tsp": "0", "sum": rf"all\20well\20with\20{service}", "dtl": _DETAIL,
    }  # fmt: skip
    return "".join(f"{name}='{value}'\n" for name, value in fields.items()).encode()


def _connection(port: int) -> socket.socket:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
