"""Cases for the real IPVS table. The guest runs this file (test_kernel.py reads the results); ipvsadm is the judge.

usage: kernel_cases.py [CASE ...]   prints one line of JSON for each case: its name, and "" or the traceback

Each case gets an empty table of the guest's own network namespace. Needs ipvsadm, setpriv and modprobe.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET6

import pytest

from pymon.contract.invocation import Invocation
from pymon.errors import IpvsError, IpvsNoServer, IpvsNoService, IpvsServerExists, IpvsUnavailable
from pymon.ipvs.apply import NODEST, QUIESCENT, carry_out
from pymon.ipvs.kernel import KernelTable
from pymon.ipvs.listing import listing
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import (
    MAX_WEIGHT,
    Forwarding,
    Listening,
    Marked,
    Protocol,
    RealServer,
    ServiceFlag,
    TableSnapshot,
    Tunnel,
    TunnelKind,
    Virtual,
    VirtualService,
)
from pymon.ipvs.plan import Absent, Present, Quiesced, Wish
from pymon.ipvs.table import Table, why_no_kernel_table
from pymon.runner.registry import load
from tests.differential.daemon import Rig, RiggedDaemon
from tests.ipvs import table_cases
from tests.ports import free_port
from tests.programs import write_program

ALERT = Path(__file__).resolve().parents[2] / "alerts" / "lvs.alert"
VIP = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
VIP6 = Listening(Protocol.TCP, ip_address("2001:db8::100"), 80)
ONE, TWO = ip_address("10.0.0.1"), ip_address("10.0.0.2")
SETTINGS = Path("/proc/sys/net/ipv4/vs")

VARIED = """\
-A -t 1.2.3.4:5060 -s wlc -p 10 --pe sip
-A -t 10.0.0.100:0 -s mh -p 300 -M 255.255.255.0 -b mh-fallback
-A -t 10.0.0.100:1 -s wlc
-A -t 10.0.0.100:80 -s wlc
-a -t 10.0.0.100:80 -r 10.0.0.1:80 -g -w 100
-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 100
-a -t 10.0.0.100:80 -r 10.0.0.3:80 -i -w 0 --tun-type ipip
-a -t 10.0.0.100:80 -r 10.0.0.4:80 -i -w 5 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 10.0.0.100:80 -r 10.0.0.9:1 -m -w 1
-a -t 10.0.0.100:80 -r 10.0.0.9:256 -m -w 65535
-a -t 10.0.0.100:80 -r [2001:db8::9]:80 -i -w 1 --tun-type ipip
-a -t 10.0.0.100:80 -r [2001:db8:1111:2222:3333:4444:5555:6666]:80 -i -w 1 --tun-type gre --tun-csum
-a -t 10.0.0.100:80 -r 127.0.0.1:80 -g -w 1
-A -t 10.0.0.100:256 -s wlc
-A -u 1.2.3.4:5060 -s wlc -p 10 --pe sip
-A -u 10.0.0.100:0 -s wlc -p 30 -M 255.0.0.0 -o
-A -u 10.0.0.100:53 -s rr -o
-A -u 10.0.0.100:5060 -s wlc -p 30 -M 255.0.0.0 --pe sip -o
-A --sctp-service 10.0.0.99:53 -s sh -b sh-fallback,sh-port
-A -t [2001:db8::100]:80 -s wrr -p 60 -M 64
-a -t [2001:db8::100]:80 -r [2001:db8::1]:8080 -m -w 3
-a -t [2001:db8::100]:80 -r [2001:db8::2]:80 -g -w 3
-A -f 3 -s lblc -b flag-1,flag-2,flag-3
-A -f 5 -s lc -p 360
-a -f 5 -r 10.0.0.7:0 -g -w 1
-a -f 5 -r 10.0.0.8:81 -g -w 1
-a -f 5 -r 10.0.0.8:82 -m -w 1
-A -f 5 -6 -s wlc
-a -f 5 -6 -r [2001:db8::2]:80 -m -w 1
"""


def ipvsadm(*words: str, given: str | None = None) -> str:
    """Run ipvsadm; what it prints."""
    done = subprocess.run(["ipvsadm", *words], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ipvsadm {words}: {done.stderr}"
    return done.stdout


def saved() -> list[str]:
    """The table as ipvsadm saves it, sorted."""
    return sorted(ipvsadm("-S", "-n").splitlines())


def restore(rules: str) -> None:
    """Have ipvsadm make a table."""
    ipvsadm("-R", given=rules)


def thresholds(endpoint: str) -> tuple[int, int]:
    """Upper and lower threshold of a real server; ipvsadm lists them, and does not save them."""
    (line,) = (line for line in ipvsadm("-L", "-n", "--thresholds").splitlines() if f"-> {endpoint} " in line)
    upper, lower = line.split()[2:4]
    return int(upper), int(lower)


def case_ipvsadm_reads_what_pymon_writes(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    table.add_server(VIP, RealServer(ONE, 80, Forwarding.DR, 100))
    table.add_server(VIP, RealServer(TWO, 8080, Forwarding.NAT, 1, upper=10, lower=5))
    table.add_server(VIP, RealServer(ip_address("10.0.0.3"), 80, Forwarding.TUN, 0))
    assert saved() == sorted(
        [
            "-A -t 10.0.0.100:80 -s wlc",
            "-a -t 10.0.0.100:80 -r 10.0.0.1:80 -g -w 100",
            "-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 1",
            "-a -t 10.0.0.100:80 -r 10.0.0.3:80 -i -w 0 --tun-type ipip",
        ]
    )
    assert thresholds("10.0.0.2:8080") == (10, 5)


def case_pymon_writes_back_what_ipvsadm_wrote(table: KernelTable) -> None:
    restore(VARIED)
    before, snapshot = saved(), table.snapshot()
    assert before == sorted(VARIED.splitlines())
    table.flush()
    assert saved() == []
    for listed in snapshot.services:
        table.add_service(listed.service)
        for server in listed.servers:
            table.add_server(listed.service.identity, server)
    assert saved() == before
    assert _comparable(table.snapshot()) == _comparable(snapshot)


def case_the_listing_is_ipvsadms_to_the_byte(table: KernelTable) -> None:
    assert listing(table.snapshot()) == ipvsadm("-L", "-n")
    restore(VARIED)
    assert listing(table.snapshot()) == ipvsadm("-L", "-n")
    show = "import sys; from pymon.cli.lvs import show; sys.exit(show(as_json=False))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    assert done.stdout == ipvsadm("-L", "-n")


def case_every_scheduler(table: KernelTable) -> None:
    schedulers = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf")
    for port, scheduler in enumerate(schedulers, 1):
        table.add_service(VirtualService(Listening(Protocol.TCP, VIP.address, port), scheduler))
    assert saved() == sorted(f"-A -t 10.0.0.100:{port} -s {name}" for port, name in enumerate(schedulers, 1))
    assert sorted(listed.service.scheduler for listed in table.snapshot().services) == sorted(schedulers)
    with pytest.raises(IpvsError, match="no such scheduler"):
        table.add_service(VirtualService(VIP, "nonsense"))


def case_ipv6_prefixes_and_netmasks_of_persistence(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP6, "wlc", 60, 64))
    table.add_service(VirtualService(VIP, "wlc", 300, 20))
    table.add_server(VIP6, RealServer(ip_address("2001:db8::1"), 8080, Forwarding.NAT, 5))
    assert saved() == sorted(
        [
            "-A -t [2001:db8::100]:80 -s wlc -p 60 -M 64",
            "-a -t [2001:db8::100]:80 -r [2001:db8::1]:8080 -m -w 5",
            "-A -t 10.0.0.100:80 -s wlc -p 300 -M 255.255.240.0",
        ]
    )
    assert table.find_service(VIP6).service.prefix == 64
    assert table.find_service(VIP).service.prefix == 20


def case_a_service_is_edited_and_keeps_its_servers(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP, "rr", 300, 24, scheduler_flags=ServiceFlag.SCHED1))
    table.add_server(VIP, RealServer(ONE, 80))
    table.edit_service(VirtualService(VIP, "sh", scheduler_flags=ServiceFlag.SCHED2))
    assert saved() == ["-A -t 10.0.0.100:80 -s sh -b sh-port", "-a -t 10.0.0.100:80 -r 10.0.0.1:80 -g -w 1"]
    table.remove_service(VIP)
    assert saved() == []


def case_marks_of_both_families_are_services_of_their_own(table: KernelTable) -> None:
    four, six = Marked(5), Marked(5, AF_INET6)
    table.add_service(VirtualService(four))
    table.add_service(VirtualService(six, "rr"))
    table.add_server(four, RealServer(ONE, 81))
    table.add_server(six, RealServer(ip_address("2001:db8::1"), 0))
    assert saved() == sorted(
        [
            "-A -f 5 -s wlc",
            "-a -f 5 -r 10.0.0.1:81 -g -w 1",
            "-A -f 5 -6 -s rr",
            "-a -f 5 -6 -r [2001:db8::1]:0 -g -w 1",
        ]
    )
    assert table.find_service(six).servers == (RealServer(ip_address("2001:db8::1"), 0),)
    table.remove_service(four)
    assert [listed.service.identity for listed in table.snapshot().services] == [six]


def case_a_change_of_weight_keeps_tunnel_and_thresholds(table: KernelTable) -> None:
    restore(
        "-A -t 10.0.0.100:80 -s wlc\n"
        "-a -t 10.0.0.100:80 -r 10.0.0.1:80 -i -w 5 -x 10 -y 4 --tun-type gue --tun-port 6080 --tun-nocsum\n"
    )
    assert table.find_service(VIP).servers[0].tunnel == Tunnel(TunnelKind.GUE, 6080)
    for wish, weight in ((Present(ONE, 80, Forwarding.TUN, 9), 9), (Quiesced(ONE, 80, Forwarding.TUN), 0)):
        carry_out(table, VIP, [wish])
        assert saved()[1:] == [
            f"-a -t 10.0.0.100:80 -r 10.0.0.1:80 -i -w {weight} --tun-type gue --tun-port 6080 --tun-nocsum"
        ]
        assert thresholds("10.0.0.1:80") == (10, 4)


def case_wishes_are_idempotent(table: KernelTable) -> None:
    restore("-A -t 10.0.0.100:80 -s wlc")
    wishes: list[tuple[Wish, str]] = [
        (Present(ONE, 80, Forwarding.DR, 100), "-g -w 100"),
        (Present(ONE, 80, Forwarding.DR, 7), "-g -w 7"),
        (Present(ONE, 80, Forwarding.NAT, 7), "-m -w 7"),
        (Present(ONE, 80, Forwarding.TUN, 7), "-i -w 7 --tun-type ipip"),
        (Quiesced(ONE, 80), "-i -w 0 --tun-type ipip"),
        (Present(ONE, 80, Forwarding.DR, MAX_WEIGHT), f"-g -w {MAX_WEIGHT}"),
        (Absent(ONE, 80), ""),
    ]
    for wish, expected in wishes:
        assert carry_out(table, VIP, [wish]).changed
        after = saved()[1:]
        assert after == ([f"-a -t 10.0.0.100:80 -r 10.0.0.1:80 {expected}"] if expected else []), wish
        assert not carry_out(table, VIP, [wish]).changed
        assert saved()[1:] == after


def case_without_nat_the_port_is_the_virtual_services_as_with_ipvsadm(table: KernelTable) -> None:
    for letter, forwarding in (("-g", Forwarding.DR), ("-i", Forwarding.TUN), ("-m", Forwarding.NAT)):
        restore("-A -t 10.0.0.100:80 -s wlc\n-A -f 5 -s wlc")
        ipvsadm("-a", "-t", "10.0.0.100:80", "-r", "10.0.0.1:8080", letter)
        ipvsadm("-a", "-f", "5", "-r", "10.0.0.1:8080", letter)
        theirs = saved()
        table.flush()
        restore("-A -t 10.0.0.100:80 -s wlc\n-A -f 5 -s wlc")
        carry_out(table, VIP, [Present(ONE, 8080, forwarding, 1)])
        carry_out(table, Marked(5), [Present(ONE, 8080, forwarding, 1)])
        assert saved() == theirs
        carry_out(table, VIP, [Absent(ONE, 8080, forwarding)])
        carry_out(table, Marked(5), [Absent(ONE, 8080, forwarding)])
        assert saved() == ["-A -f 5 -s wlc", "-A -t 10.0.0.100:80 -s wlc"]
        table.flush()


def case_errors_have_their_class_and_words(table: KernelTable) -> None:
    server = RealServer(ONE, 80)
    refused: list[Callable[[], object]] = [
        lambda: table.find_service(VIP),
        lambda: table.remove_service(VIP),
        lambda: table.edit_service(VirtualService(VIP)),
        lambda: table.add_server(VIP, server),
        lambda: table.edit_server(VIP, server),
        lambda: table.remove_server(VIP, server),
    ]
    for attempt in refused:
        with pytest.raises(IpvsNoService, match=r"no virtual service TCP 10\.0\.0\.100:80 in the IPVS table"):
            attempt()
    table.add_service(VirtualService(VIP))
    for attempt in refused[4:]:
        with pytest.raises(IpvsNoServer, match=r"10\.0\.0\.1:80 is not in TCP 10\.0\.0\.100:80"):
            attempt()
    table.add_server(VIP, server)
    with pytest.raises(IpvsServerExists, match=r"10\.0\.0\.1:80 is in TCP 10\.0\.0\.100:80 already"):
        table.add_server(VIP, server)
    with pytest.raises(IpvsError, match="in the table already"):
        table.add_service(VirtualService(VIP))
    with pytest.raises(IpvsError, match="cannot be added"):
        table.add_server(VIP, RealServer(TWO, 80, weight=MAX_WEIGHT + 1))
    with pytest.raises(IpvsError, match="cannot be added"):
        table.add_server(VIP, RealServer(TWO, 80, upper=1, lower=2))
    with pytest.raises(IpvsError, match="cannot be added"):
        table.add_server(VIP, RealServer(ip_address("2001:db8::1"), 80, Forwarding.DR))
    table.add_server(VIP, RealServer(ip_address("2001:db8::1"), 80, Forwarding.TUN))


def case_the_table_in_memory_behaves_as_the_kernels(table: KernelTable) -> None:
    rng = random.Random(2004)
    memory = MemoryTable()
    virtuals: list[Virtual] = [VIP, VIP6, Marked(5)]
    six = [ip_address("2001:db8::1"), ip_address("2001:db8::2")]
    for step in range(400):
        virtual = rng.choice(virtuals)
        address = rng.choice(six if (virtual == VIP6) is (rng.random() < 0.9) else [ONE, TWO])
        server = RealServer(
            address,
            rng.choice([80, 81]),
            rng.choice([Forwarding.NAT, Forwarding.DR, Forwarding.TUN]),
            rng.choice([0, 1, 5]),
            *rng.choice([(0, 0), (9, 3), (3, 9)]),
        )
        service = VirtualService(virtual, rng.choice(["rr", "wlc"]))
        operations: list[Callable[[Table], object]] = [
            lambda on, v=virtual, s=server: on.add_server(v, s),  # type: ignore[misc]  # bound early
            lambda on, v=virtual, s=server: on.edit_server(v, s),  # type: ignore[misc]  # bound early
            lambda on, v=virtual, s=server: on.remove_server(v, s),  # type: ignore[misc]  # bound early
            lambda on, s=service: on.add_service(s),  # type: ignore[misc]  # bound early
            lambda on, s=service: on.edit_service(s),  # type: ignore[misc]  # bound early
            lambda on, v=virtual: on.remove_service(v),  # type: ignore[misc]  # bound early
        ]
        operation = rng.choices(operations, weights=[6, 3, 3, 3, 1, 0.5])[0]
        assert _ending(operation, table) is _ending(operation, memory), (step, virtual, server)
        assert _comparable(table.snapshot()) == _comparable(memory.snapshot()), step


def _ending(operation: Callable[[Table], object], table: Table) -> type[IpvsError] | None:
    try:
        operation(table)
    except IpvsError as problem:
        return type(problem)
    return None


def _comparable(snapshot: TableSnapshot) -> dict[object, object]:
    return {listed.service: frozenset(listed.servers) for listed in snapshot.services}


def case_threads_that_change_the_same_server_do_not_fail(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    problems: list[BaseException] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        own = KernelTable() if seed % 2 else table
        try:
            for _ in range(60):
                wishes: list[Wish] = [Present(ONE, 80, weight=rng.randint(1, 3)), Absent(ONE, 80)]
                carry_out(own, VIP, [rng.choice(wishes)])
        except BaseException as problem:
            problems.append(problem)
        finally:
            if own is not table:
                own.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    carry_out(table, VIP, [Present(ONE, 80, Forwarding.DR, 1)])
    assert saved()[1:] == ["-a -t 10.0.0.100:80 -r 10.0.0.1:80 -g -w 1"]


def case_one_service_among_ten_thousand_is_changed_as_fast(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    alone = _time_of_changes(table)
    rules = [f"-A -t 10.{n >> 8}.{n & 255}.1:80 -s wlc" for n in range(10_000)]
    servers = [f"-a -t 10.{n >> 8}.{n & 255}.1:80 -r 10.200.0.1:80 -g -w 1" for n in range(10_000)]
    restore("\n".join(rules + servers))
    crowded = _time_of_changes(table)
    began = time.perf_counter()
    snapshot = table.snapshot()
    took = time.perf_counter() - began
    assert len(snapshot.services) == 10_001
    print(
        f"a change (read, plan, write): {alone * 1e3:.2f} ms alone, {crowded * 1e3:.2f} ms among 10,000 services;"
        f" the whole table: {took:.1f} s",
        file=sys.stderr,
    )
    assert crowded < took / 20
    assert listing(snapshot) == ipvsadm("-L", "-n")


def _time_of_changes(table: KernelTable) -> float:
    """The median of changes, in seconds."""
    times = []
    for weight in range(40):
        began = time.perf_counter()
        assert carry_out(table, VIP, [Present(ONE, 80, Forwarding.DR, weight + 2)]).changed
        times.append(time.perf_counter() - began)
    carry_out(table, VIP, [Absent(ONE, 80)])
    return statistics.median(times)


def case_a_real_server_among_many_is_changed_as_fast(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    added = 0
    for count in (2, 10, 200):
        for number in range(added, count):
            table.add_server(VIP, RealServer(ip_address("10.9.0.0") + number, 80))
        added = count
        median = _time_of_failovers(table)
        assert len(table.find_service(VIP).servers) == count
        print(f"a failover (read, plan, write): {median * 1e3:.2f} ms with {count} real servers", file=sys.stderr)


def _time_of_failovers(table: KernelTable) -> float:
    """The median of removing a real server and putting it back, in seconds for each of both."""
    address = ip_address("10.9.0.1")
    times = []
    for _ in range(50):
        for wish in (Absent(address, 80), Present(address, 80)):
            began = time.perf_counter()
            assert carry_out(table, VIP, [wish]).changed
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def case_only_the_servers_asked_for_are_listed(table: KernelTable) -> None:
    restore(VARIED)
    for listed in table.snapshot().services:
        virtual = listed.service.identity
        assert table.find_service(virtual) == listed
        for at in ([], [ONE], [ip_address("10.0.0.9"), ip_address("2001:db8::9")], [ip_address("0.0.0.0")]):
            expected = tuple(server for server in listed.servers if server.address in at)
            assert table.find_service(virtual, at).servers == expected
    nine = table.find_service(VIP, [ip_address("10.0.0.9")])
    assert {server.port for server in nine.servers} == {1, 256}


def case_the_settings_of_the_namespace_are_read(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP, persistence=300))

    def cautions(wish: Wish) -> tuple[str, ...]:
        carry_out(table, VIP, [Present(ONE, 80)])
        return carry_out(table, VIP, [wish]).cautions

    for value, nodest, quiescent in (("0", (NODEST,), (QUIESCENT,)), ("1", (), ())):
        for name in ("expire_nodest_conn", "expire_quiescent_template"):
            (SETTINGS / name).write_text(f"{value}\n", encoding="ascii")
            assert table.setting(name) == int(value)
        assert cautions(Absent(ONE, 80)) == nodest
        assert cautions(Quiesced(ONE, 80)) == quiescent
    assert table.setting("no_such_setting") is None


def _alert(
    *words: str, wrapper: tuple[str, ...] = (), at: float = 0.0, kind: str = "up"
) -> subprocess.CompletedProcess[str]:
    """Call the alert as mon does at an event of a kind (MON_ALERTTYPE); empty: by hand."""
    command = [
        *wrapper,
        sys.executable,
        str(ALERT),
        "-s",
        "http",
        "-g",
        "web",
        "-h",
        "www1",
        "-t",
        str(int(at or time.time())),
        *words,
    ]
    environ = {**os.environ, **({"MON_ALERTTYPE": kind} if kind else {})}
    return subprocess.run(command, input="www1\n", capture_output=True, text=True, check=False, env=environ)


SITE = ("-P", "tcp", "-V", "10.0.0.100:80", "-R", "10.0.0.1:80", "-W", "100", "-F", "dr")


def case_lvs_alert_as_a_program(table: KernelTable) -> None:
    done = _alert(*SITE, "-X", "down", kind="failure")
    assert (done.returncode, "ipvsadm -A -t 10.0.0.100:80 -s wlc" in done.stdout) == (66, True)
    restore("-A -t 10.0.0.100:80 -s wlc")
    (SETTINGS / "expire_nodest_conn").write_text("0\n", encoding="ascii")
    assert _alert(*SITE).stdout == "added 10.0.0.1:80 to TCP 10.0.0.100:80 wlc (dr, weight 100)\n"
    assert table.find_service(VIP).servers == (RealServer(ONE, 80, Forwarding.DR, 100),)
    done = _alert(*SITE, "-X", "down", kind="failure")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "removed 10.0.0.1:80 from TCP 10.0.0.100:80 wlc"
    assert second.startswith("warning: net.ipv4.vs.expire_nodest_conn is 0")
    assert table.find_service(VIP).servers == ()
    assert "already gone" in _alert(*SITE, "-X", "down", kind="failure").stdout


def case_lvs_alert_as_a_program_lets_the_newest_decision_win(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    other, now = ("-V", "10.0.0.100:80", "-R", "10.0.0.2:80"), time.time()
    assert _alert(*other, at=now - 5).returncode == 0
    late = _alert(*other, "-X", "down", at=now - 10)
    assert (late.returncode, "newer decision" in late.stdout) == (0, True)
    assert len(table.find_service(VIP).servers) == 1
    assert _alert(*other, "-X", "down", at=now).returncode == 0
    assert table.find_service(VIP).servers == ()


def case_lvs_alert_as_a_program_knows_a_real_server_in_every_spelling(table: KernelTable) -> None:
    """A-order-identity: each call is a process of its own, and an older decision stands back."""
    table.add_service(VirtualService(VIP))
    loopback, now = RealServer(ip_address("127.0.0.1"), 80), time.time()
    spellings = (
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:http",
        "[::ffff:127.0.0.1]:080",
        "localhost",
        "LOCALHOST.:http",
    )
    for number, new in enumerate(spellings):
        at = now + 10 * number - 1000
        assert _alert("-V", "10.0.0.100:80", "-R", new, at=at, kind="up").returncode == 0
        for old in spellings:
            late = _alert("-P", "TCP", "-V", "10.0.0.100:http", "-R", old, at=at - 5, kind="failure")
            assert (late.returncode, "newer decision" in late.stdout) == (0, True), (old, new, late)
        assert table.find_service(VIP).servers == (loopback,)


GENERATED = ("-P", "tcp", "-V", "10.0.0.100:80", "-R", "10.0.0.1:80", "-W", "1", "-F", "g")
"""how two public generators of mon.cf write an alert and its upalert"""


def case_lvs_alert_goes_by_the_event_where_no_option_says_the_direction(table: KernelTable) -> None:
    """A-lvs-direction."""
    table.add_service(VirtualService(VIP))
    one = RealServer(ONE, 80, Forwarding.DR, 1)
    for kind, option, servers in (
        ("up", ("-u",), (one,)),
        ("failure", (), ()),
        ("", ("-u",), (one,)),
        ("traptimeout", ("-O",), ()),
        ("up", (), (one,)),
        ("trap", ("-T",), ()),
    ):
        for _ in range(2):
            done = _alert(*option, *GENERATED, kind=kind)
            assert done.returncode == 0, done
            assert table.find_service(VIP).servers == servers, (kind, option)
    table.add_server(VIP, one)
    for kind in ("", "startup", "ack", "disable", "test"):
        done = _alert(*GENERATED, kind=kind)
        assert (done.returncode, "direction" in done.stdout) == (64, True), done
        assert table.find_service(VIP).servers == (one,)


def case_lvs_alert_of_a_generator_under_debians_mon(table: KernelTable) -> None:
    """A-lvs-direction: mon calls it as a program."""
    _fail_over_and_back(table, "mon", ("/usr/sbin/mon",), ends_monitors=False)


def case_lvs_alert_of_a_generator_under_pymon(table: KernelTable) -> None:
    """A-lvs-direction: as a program, too."""
    command = (sys.executable, "-m", "pymon.cli.main", "run")
    for inprocess in ("yes", "no"):
        _fail_over_and_back(table, f"pymon-{inprocess}", command, setting=f"inprocess {inprocess}")
        table.flush()


def _fail_over_and_back(
    table: KernelTable, name: str, command: tuple[str, ...], *, setting: str = "", ends_monitors: bool = True
) -> None:
    """A service fails and is well again, and its real server leaves and returns."""
    table.add_service(VirtualService(VIP))
    one = RealServer(ONE, 80, Forwarding.DR, 1)
    table.add_server(VIP, one)
    with tempfile.TemporaryDirectory(prefix=name) as folder:
        rig = Rig(Path(folder) / "rig", free_port())
        rig.create()
        well = rig.folder / "well"
        write_program(rig.folder / "mon.d/flag.monitor", f"#!/bin/sh\n[ -e {well} ] && exit 0\necho www1\nexit 1\n")
        lines = ["hostgroup web www1", "", "watch web", "    service http", "        interval 1s"]
        lines += [f"        {setting}"] if setting else []
        lines += ["        monitor flag.monitor", "        period wd {Sun-Sat}", "            alertevery 1h"]
        lines += [f"            {kind} lvs.alert {' '.join(GENERATED)}" for kind in ("alert", "upalert")]
        (rig.folder / "mon.cf").write_text("\n".join([rig.settings(alertdir=[ALERT.parent]), *lines, ""]))
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        whole = (*command, "-c", str(rig.folder / "mon.cf"))
        with RiggedDaemon(Path(command[0]), rig, environ, ends_monitors=ends_monitors, command=whole) as daemon:
            daemon.wait_until(lambda: "" if not table.find_service(VIP).servers else "it is to leave", 60)
            well.touch()
            daemon.wait_until(lambda: "" if table.find_service(VIP).servers == (one,) else "it is to return", 60)


def case_without_the_capability_it_is_said_so(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    without = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--ambient-caps=-net_admin")
    done = _alert(*SITE, wrapper=without)
    assert done.returncode == 77, done
    assert done.stdout.startswith("lvs.alert: the IPVS table may only be read and changed with CAP_NET_ADMIN")
    show = "import sys; from pymon.cli.lvs import show; sys.exit(show(as_json=True))"
    shown = subprocess.run([*without, sys.executable, "-c", show], capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stdout) == (77, "")
    assert "CAP_NET_ADMIN" in shown.stderr
    code = "from pymon.ipvs.table import why_no_kernel_table; print(why_no_kernel_table())"
    why = subprocess.run([*without, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "CAP_NET_ADMIN" in why.stdout
    assert table.find_service(VIP).servers == ()


def case_lvs_alert_inside_the_daemon(table: KernelTable) -> None:
    table.add_service(VirtualService(VIP))
    plugin = load("lvs.alert", str(ALERT)).plugin
    assert plugin is not None
    environ = dict(os.environ)
    down = Invocation(str(ALERT), ("-s", "http", "-g", "web", "-t", "1", *SITE, "-X", "down"), environ)
    up = Invocation(str(ALERT), ("-s", "http", "-g", "web", "-t", "1", "-u", *SITE), environ)

    async def rounds() -> list[float]:
        times = []
        for _ in range(50):
            for invocation, servers in ((up, 1), (down, 0)):
                began = time.perf_counter()
                code, output, *_ = await plugin.run(invocation)
                times.append(time.perf_counter() - began)
                assert code == 0, output
                assert len(table.find_service(VIP).servers) == servers
        return times

    times = asyncio.run(rounds())
    print(
        f"lvs.alert inside the daemon: median {statistics.median(times) * 1e3:.2f} ms,"
        f" first {times[0] * 1e3:.2f} ms, slowest later {max(times[1:]) * 1e3:.2f} ms",
        file=sys.stderr,
    )


@contextmanager
def _no_module() -> Iterator[None]:
    """A kernel whose IPVS module is not loaded, and cannot be loaded by asking for it."""
    modprobe = Path("/proc/sys/kernel/modprobe")
    helper = modprobe.read_text(encoding="ascii")
    modules = [line.split()[0] for line in Path("/proc/modules").read_text(encoding="ascii").splitlines()]
    loaded = [name for name in modules if name.startswith("ip_vs")]
    try:
        modprobe.write_text("/bin/false\n", encoding="ascii")
        for name in sorted(loaded, key=len, reverse=True):
            subprocess.run(["rmmod", name], check=True, capture_output=True)
        yield
    finally:
        modprobe.write_text(helper, encoding="ascii")
        subprocess.run(["modprobe", "-a", *reversed(loaded)], check=True, capture_output=True)


def case_without_the_module_it_is_said_so_and_the_table_recovers(table: KernelTable) -> None:
    assert why_no_kernel_table() is None
    with _no_module():
        with pytest.raises(IpvsUnavailable, match="modprobe ip_vs"):
            KernelTable()
        with pytest.raises(IpvsUnavailable, match="modprobe ip_vs"):
            table.info()
        done = _alert(*SITE)
        assert (done.returncode, "modprobe ip_vs" in done.stdout) == (69, True)
    table.add_service(VirtualService(VIP))
    assert saved() == ["-A -t 10.0.0.100:80 -s wlc"]


def case_asking_for_ipvs_loads_its_module(table: KernelTable) -> None:
    table.close()
    with _no_module():
        Path("/proc/sys/kernel/modprobe").write_text("/sbin/modprobe\n", encoding="ascii")
        table.add_service(VirtualService(VIP))
        assert saved() == ["-A -t 10.0.0.100:80 -s wlc"]
        table.flush()


def cases() -> dict[str, Callable[[KernelTable], None]]:
    """Every case by its name: what every table does, and those of this file in their order."""
    return {**table_cases.cases(), **_own_cases()}


def _own_cases() -> dict[str, Callable[[KernelTable], None]]:
    return {name.removeprefix("case_"): case for name, case in globals().items() if name.startswith("case_")}


def main(names: list[str]) -> None:
    """Run the cases of these names, or all."""
    table = KernelTable()
    for name, case in cases().items():
        if names and name not in names:
            continue
        said = ""
        try:
            table.flush()
            case(table)
            table.flush()
        except BaseException:
            said = traceback.format_exc()
        print(json.dumps({"case": name, "problem": said}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
