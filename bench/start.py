"""Starting with 10,000 services, and the memory that the daemon takes while it checks them."""

from __future__ import annotations

import socket
import time

from bench.peers import MON_PEER, PYMON_PEER, daemon, memory, rig, wait_for_log
from bench.report import Row
from bench.server import running

GROUPS = 1000
SERVICES_PER_GROUP = 10
MEMORY_GOAL = 200.0
CHECKING = 20.0


def site(interval: str, monitor: str) -> str:
    """10,000 services in about 90,000 lines, each with a period, an alert and an upalert."""
    lines = [f"hostgroup group{group} 127.0.0.1\n" for group in range(GROUPS)]
    for group in range(GROUPS):
        lines.append(f"watch group{group}")
        for service in range(SERVICES_PER_GROUP):
            lines += [
                f"  service s{service}",
                f"    description service {service} of group {group}",
                f"    interval {interval}",
                f"    monitor {monitor}",
                "    period wd {Sun-Sat}",
                "      alertevery 10m",
                "      alertafter 2",
                '      alert file.alert "it is down"',
                '      upalert file.alert "it is up"',
            ]
        lines.append("")
    return "\n".join(lines)


def measure() -> list[Row]:
    """Both daemons start with the same file; then pymon checks everything every ten seconds."""
    quiet = site("1h", "http.monitor")
    mon_time, mon_memory = start_mon(quiet)
    pymon_time, pymon_memory = _start_pymon(quiet)
    with running() as server:
        busy, count = _check_all(site("10s", f"http.monitor -p {server.port}")), server.count()
    services = GROUPS * SERVICES_PER_GROUP
    ratio = pymon_time / mon_time
    return [
        Row(f"start with {services} services", f"{pymon_time:.2f} s", f"{mon_time:.2f} s", f"{ratio:.1f}"),
        Row("memory after that start",
            f"{pymon_memory:.0f} MB", f"{mon_memory:.0f} MB", f"{pymon_memory / mon_memory:.1f}"),
        Row(f"most memory while checking them ({count / CHECKING:.0f} HTTP checks/s)", f"{busy:.0f} MB",
            goal=f"< {MEMORY_GOAL:.0f} MB", reached=busy < MEMORY_GOAL),
    ]  # fmt: skip


def start_mon(text: str) -> tuple[float, float]:
    """Seconds until it takes connections, and MB then."""
    with rig(MON_PEER, text) as place:
        begin = time.monotonic()
        with daemon(MON_PEER, place) as running_daemon:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", place.port)).close()
                except ConnectionRefusedError:
                    time.sleep(0.01)
                else:
                    return time.monotonic() - begin, memory(running_daemon.pid)


def _start_pymon(text: str) -> tuple[float, float]:
    """Seconds until it says that it has started, and MB then."""
    with rig(PYMON_PEER, text) as place:
        begin = time.monotonic()
        with daemon(PYMON_PEER, place) as running_daemon:
            wait_for_log(place, "mon server started", 120)
            return time.monotonic() - begin, memory(running_daemon.pid)


def _check_all(text: str) -> float:
    """The most MB that it took while it checked all services, twice."""
    with rig(PYMON_PEER, text) as place, daemon(PYMON_PEER, place) as running_daemon:
        wait_for_log(place, "mon server started", 120)
        time.sleep(CHECKING)
        return memory(running_daemon.pid, "VmHWM")
