"""lvs.alert in the daemon's process, on a table in memory, and as a program. On the real kernel: tests/ipvs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET6

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Plugin
from pymon.ipvs.exitcode import BUSY, LOOKUP, NO_SERVICE, UNAVAILABLE
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import Forwarding, Listening, Marked, Protocol, RealServer, Virtual, VirtualService
from pymon.ipvs.table import kernel_table, memory_table
from pymon.runner.registry import load

PATH = Path(__file__).resolve().parents[2] / "alerts" / "lvs.alert"
SITE = "-P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 -W 100 -F dr"
"""the options of the site of 2004"""
FROM_MON = ("-s", "HTTP", "-g", "HTTP-server1", "-h", "www1", "-t", "1700000000")
VIP = Listening(Protocol.TCP, ip_address("211.238.41.170"), 80)
RIP = ip_address("211.238.41.165")


@pytest.fixture
def table() -> Iterator[MemoryTable]:
    """The process's table in memory, with the site's virtual service and no other."""
    table = memory_table()
    table.flush()
    table.add_service(VirtualService(VIP))
    yield table
    table.flush()


@pytest.fixture
def plugin() -> Plugin:
    """The alert as the daemon imports it, afresh."""
    file = load("lvs.alert", str(PATH))
    assert file.plugin is not None, file.problem
    return file.plugin


def _call(words: str, *, up: bool = True, table: str = "memory") -> Invocation:
    own, kind = (("-u",), "up") if up else ((), "failure")
    environ = {"PYMON_IPVS": table, "MON_ALERTTYPE": kind}
    return Invocation(str(PATH), (*FROM_MON, *own, *words.split()), environ, "www1\n")


async def _run(plugin: Plugin, words: str, *, up: bool = True) -> str:
    code, output, *_ = await plugin.run(_call(words, up=up))
    assert code == 0, output
    return output


async def test_the_site_of_2004_fails_over(plugin: Plugin, table: MemoryTable) -> None:
    """A-lvs: mon brings no such alert."""
    table.add_server(VIP, RealServer(RIP, 80, Forwarding.DR, 100))
    output = await _run(plugin, f"{SITE} -X down", up=False)
    assert output == "removed 211.238.41.165:80 from TCP 211.238.41.170:80 wlc\n"
    assert table.find_service(VIP).servers == ()
    output = await _run(plugin, SITE, up=True)
    assert output == "added 211.238.41.165:80 to TCP 211.238.41.170:80 wlc (dr, weight 100)\n"
    assert table.find_service(VIP).servers == (RealServer(RIP, 80, Forwarding.DR, 100),)


async def test_what_is_so_already_is_a_success(plugin: Plugin, table: MemoryTable) -> None:
    output = await _run(plugin, SITE, up=False)
    assert output == "211.238.41.165:80 is already gone from TCP 211.238.41.170:80 wlc\n"
    await _run(plugin, SITE)
    assert "is already in TCP" in await _run(plugin, SITE)
    assert len(table.find_service(VIP).servers) == 1


@pytest.mark.slow
@pytest.mark.parametrize("words", [SITE, f"{SITE} -X down", f"{SITE} -X up", f"{SITE} -X down -Q"])
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("is_in", [True, False])
async def test_a_broken_check_moves_no_real_server(
    plugin: Plugin, table: MemoryTable, words: str, up: bool, is_in: bool
) -> None:
    """A-lvs-broken: neither at the failure nor at its end, whatever the options say."""
    if is_in:
        table.add_server(VIP, RealServer(RIP, 80, Forwarding.DR, 100))
    before = table.snapshot()
    plain = _call(words, up=up)
    call = plain._replace(environ={**plain.environ, "MON_CHECK": "broken"}, stdin="broken: no module named x\nmore\n")
    code, output, *_ = await plugin.run(call)
    assert code == 0
    assert output.startswith("not done: ")
    if not up:
        assert output == "not done: the check itself is broken: no module named x\n"
    assert table.snapshot() == before
    assert plugin.order_key(call) != plugin.order_key(plain), "it takes the place of no decision about the server"
    done = await asyncio.create_subprocess_exec(
        *(str(sys.executable), str(PATH), *call.arguments),
        env={**os.environ, **call.environ, "PYMON_IPVS": "kernel"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await done.communicate(call.stdin.encode())
    assert (done.returncode, said.decode()) == (0, output)


async def test_wrong_options_are_told_of_a_broken_check_too(plugin: Plugin) -> None:
    plain = _call("-R 10.0.0.1:80")
    code, _, *_ = await plugin.run(plain._replace(environ={**plain.environ, "MON_CHECK": "broken"}))
    assert code == 64


async def test_the_event_decides_where_no_option_does(plugin: Plugin, table: MemoryTable) -> None:
    """A-lvs-direction: two public generators write both lines alike; mon's -u tells their script which it is."""
    words = "-P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 -W 1 -F g"
    for _ in range(2):
        assert "211.238.41.165:80" in await _run(plugin, words, up=True)
        assert table.find_service(VIP).servers == (RealServer(RIP, 80, Forwarding.DR, 1),)
        await _run(plugin, words, up=False)
        assert table.find_service(VIP).servers == ()
        assert "already gone" in await _run(plugin, words, up=False)


@pytest.mark.parametrize(
    ("arguments", "alerttype", "servers"),
    [
        (("-u",), None, 1),
        (("-u",), "up", 1),
        ((), "up", 1),
        ((), "failure", 0),
        ((), "trap", 0),
        (("-T",), None, 0),
        (("-T",), "trap", 0),
        ((), "traptimeout", 0),
        (("-O",), None, 0),
        (("-O",), "traptimeout", 0),
    ],
)
async def test_every_kind_of_event_that_says_where_a_server_belongs(
    plugin: Plugin, table: MemoryTable, arguments: tuple[str, ...], alerttype: str | None, servers: int
) -> None:
    """A-lvs-direction."""
    if not servers:
        table.add_server(VIP, RealServer(RIP, 80, Forwarding.DR, 100))
    code, output, *_ = await plugin.run(_event_call(arguments, alerttype, SITE))
    assert (code, len(table.find_service(VIP).servers)) == (0, servers), output


@pytest.mark.parametrize("is_in", [True, False])
@pytest.mark.parametrize(
    ("arguments", "alerttype", "said"),
    [
        ((), None, "the direction is missing: say -X down (take it out) or -X up (put it in)"),
        ((), "", "the direction is missing"),
        ((), "nonsense", "the direction is missing"),
        ((), "startup", "a startup event has no direction of its own: say -X down"),
        (("-a",), None, "an ack event has no direction"),
        (("-a",), "ack", "an ack event has no direction"),
        (("-D",), "disable", "a disable event has no direction"),
        ((), "test", "a test event has no direction"),
    ],
)
async def test_an_event_that_does_not_say_it_is_refused_without_x(
    plugin: Plugin, table: MemoryTable, arguments: tuple[str, ...], alerttype: str | None, said: str, is_in: bool
) -> None:
    """A-lvs-direction: nobody guesses which way a table is to be changed."""
    if is_in:
        table.add_server(VIP, RealServer(RIP, 80, Forwarding.DR, 100))
    before = table.find_service(VIP)
    code, output, *_ = await plugin.run(_event_call(arguments, alerttype, SITE))
    assert (code, said in output) == (64, True), output
    assert table.find_service(VIP) == before
    for word, servers in (("down", 0), ("up", 1)):
        code, output, *_ = await plugin.run(_event_call(arguments, alerttype, f"{SITE} -X {word}"))
        assert (code, len(table.find_service(VIP).servers)) == (0, servers), output
        assert "warning" not in output


def _event_call(arguments: tuple[str, ...], alerttype: str | None, words: str) -> Invocation:
    environ = {"PYMON_IPVS": "memory"} | ({} if alerttype is None else {"MON_ALERTTYPE": alerttype})
    return Invocation(str(PATH), (*FROM_MON, *arguments, *words.split()), environ, "www1\n")


async def test_x_counts_more_than_the_event_and_that_is_said_where_they_differ(
    plugin: Plugin, table: MemoryTable
) -> None:
    """A-lvs-direction: done as written, with a warning."""
    output = await _run(plugin, f"{SITE} -X up", up=False)
    assert len(table.find_service(VIP).servers) == 1
    assert output.endswith("\nwarning: -X up at an event that says down (failure): done as written\n")
    output = await _run(plugin, f"{SITE} -X down", up=True)
    assert len(table.find_service(VIP).servers) == 0
    assert output.endswith("\nwarning: -X down at an event that says up (up): done as written\n")
    for word, up in (("up", True), ("down", False)):
        assert "warning" not in await _run(plugin, f"{SITE} -X {word}", up=up)


async def test_another_weight_or_method_is_edited(plugin: Plugin, table: MemoryTable) -> None:
    table.add_server(VIP, RealServer(RIP, 80, Forwarding.NAT, 1, upper=10))
    output = await _run(plugin, SITE)
    assert "from nat, weight 1 to dr, weight 100" in output
    assert table.find_service(VIP).servers == (RealServer(RIP, 80, Forwarding.DR, 100, upper=10),)


async def test_q_quiesces_where_x_down_would_remove(plugin: Plugin, table: MemoryTable) -> None:
    await _run(plugin, SITE)
    assert "weight 100 to 0" in await _run(plugin, f"{SITE} -Q", up=False)
    assert table.find_service(VIP).servers[0].weight == 0
    assert "weight 0 to dr, weight 100" in await _run(plugin, f"{SITE} -Q")
    assert "weight 100 to 0" in await _run(plugin, f"{SITE} -X down -Q", up=False)


@pytest.mark.parametrize(
    ("words", "service", "server"),
    [
        ("-V 10.0.0.100:http -R 10.0.0.1:www", "10.0.0.100:80", RealServer(ip_address("10.0.0.1"), 80)),
        ("-V 10.0.0.100:80 -R 10.0.0.1", "10.0.0.100:80", RealServer(ip_address("10.0.0.1"), 80)),
        (
            "-V [2001:db8::1]:80 -R [2001:db8::2]:8080 -F nat -W 0",
            "[2001:db8::1]:80",
            RealServer(ip_address("2001:db8::2"), 8080, Forwarding.NAT, 0),
        ),
        (
            "-V localhost:80 -R localhost:8080 -F nat",
            "127.0.0.1:80",
            RealServer(ip_address("127.0.0.1"), 8080, Forwarding.NAT),
        ),
        (
            "-V 10.0.0.100:80 -R 10.0.0.1 -F masq -W 7",
            "10.0.0.100:80",
            RealServer(ip_address("10.0.0.1"), 80, Forwarding.NAT, 7),
        ),
        (
            "-V 10.0.0.100:80 -R 10.0.0.1 -F ipip",
            "10.0.0.100:80",
            RealServer(ip_address("10.0.0.1"), 80, Forwarding.TUN),
        ),
    ],
)
async def test_addresses_are_numbers_or_names(
    plugin: Plugin, table: MemoryTable, words: str, service: str, server: RealServer
) -> None:
    host, _, port = service.rpartition(":")
    virtual = Listening(Protocol.TCP, ip_address(host.strip("[]")), int(port))
    table.add_service(VirtualService(virtual))
    await _run(plugin, words)
    assert table.find_service(virtual).servers == (server,)


@pytest.mark.parametrize(
    ("words", "virtual"),
    [
        ("-P udp -V 10.0.0.100:53 -R 10.0.0.1", Listening(Protocol.UDP, ip_address("10.0.0.100"), 53)),
        ("-P SCTP -V 10.0.0.100:53 -R 10.0.0.1", Listening(Protocol.SCTP, ip_address("10.0.0.100"), 53)),
        ("-V fwm:5 -R 10.0.0.1:80", Marked(5)),
        ("-V fwm:5 -R [2001:db8::1]:80", Marked(5, AF_INET6)),
    ],
)
async def test_every_kind_of_virtual_service(plugin: Plugin, table: MemoryTable, words: str, virtual: Virtual) -> None:
    table.add_service(VirtualService(virtual))
    await _run(plugin, words)
    assert len(table.find_service(virtual).servers) == 1


async def test_a_port_that_the_method_cannot_have_is_corrected_and_said(plugin: Plugin, table: MemoryTable) -> None:
    output = await _run(plugin, "-V 211.238.41.170:80 -R 211.238.41.165:8080 -F tun")
    assert table.find_service(VIP).servers[0].port == 80
    assert "\nwarning: 211.238.41.165:8080: with tun a real server is reached at the port of the virtual" in output


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "-V (the virtual service) and -R (the real server) are missing"),
        ("-V 10.0.0.1:80", "lvs.alert: -R (the real server) is missing"),
        ("-R 10.0.0.1:80", "lvs.alert: -V (the virtual service) is missing"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -X Down", "must be one of down, up"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -x down", "capital letters"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -F route66", "must be dr, nat or tun"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -W -1", "from 0 to 2147483647"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -W 2147483648", "from 0 to 2147483647"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 -P icmp", "tcp, udp or sctp"),
        ("-V 10.0.0.1: -R 10.0.0.2", "no port after it"),
        ("-V 10.0.0.1:99999 -R 10.0.0.2", "65535 is the highest"),
        ("-V 10.0.0.1:nosuchport -R 10.0.0.2", "'nosuchport' is not known for tcp"),
        ("-V 10.0.0.1:80 -R [2001:db8::1]:80", "two address families, which only -F tun can bridge"),
        ("-V [2001:db8::1]:80 -R [fe80::1%eth0]:80", "leave out %eth0"),
        ("-V fwm:0 -R 10.0.0.2", "not a firewall mark"),
        ("-V 10.0.0.1:80 -R 10.0.0.2 down", "'down' belongs to no option"),
    ],
)
async def test_wrong_options_are_told_and_change_nothing(plugin: Plugin, words: str, said: str) -> None:
    """A-lvs-letters: other alerts pass over what they do not know."""
    before = memory_table().snapshot()
    code, output, *_ = await plugin.run(_call(words))
    assert code == 64
    assert output.startswith("lvs.alert: ")
    assert said in output
    assert memory_table().snapshot() == before
    assert code not in plugin.retry_on


@pytest.mark.usefixtures("table")
async def test_a_missing_virtual_service_is_said_with_the_remedy_and_tried_again(plugin: Plugin) -> None:
    code, output, *_ = await plugin.run(_call("-P udp -V 10.0.0.1:53 -R 10.0.0.2 -X down"))
    assert code == NO_SERVICE
    assert code in plugin.retry_on
    assert output == (
        "lvs.alert: there is no virtual service UDP 10.0.0.1:53 in the IPVS table;"
        " add it with: ipvsadm -A -u 10.0.0.1:53 -s wlc\n"
    )
    code, output, *_ = await plugin.run(_call("-V fwm:9 -R 10.0.0.2 -X down"))
    assert (code, output) == (NO_SERVICE, "lvs.alert: there is no virtual service FWM 9 in the IPVS table\n")


async def test_a_host_that_cannot_be_looked_up_is_tried_again(plugin: Plugin) -> None:
    code, output, *_ = await plugin.run(_call("-V 10.0.0.1:53 -R nowhere.invalid:80"))
    assert code == LOOKUP
    assert code in plugin.retry_on
    assert "'nowhere.invalid' cannot be looked up" in output


async def test_a_kernel_without_ipvs_is_said_with_the_remedy_and_tried_again(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "NO-SUCH-FAMILY")
    kernel_table.cache_clear()
    code, output, *_ = await plugin.run(_call(SITE, table="kernel"))
    assert code == UNAVAILABLE
    assert {code, BUSY} <= plugin.retry_on
    assert output.startswith("lvs.alert: this kernel has no IPVS: load its module with `modprobe ip_vs`")


def test_calls_about_the_same_real_server_are_ordered(plugin: Plugin) -> None:
    assert plugin.ordered
    down, up = plugin.order_key(_call(f"{SITE} -X down")), plugin.order_key(_call(f"{SITE} -Q", up=True))
    assert down == up == "TCP 211.238.41.170:80 211.238.41.165:80"
    assert plugin.order_key(_call(SITE.replace("tcp", "udp"))) != up
    assert plugin.order_key(_call(SITE.replace("165:80", "166:80"))) != up


class Forgetless(MemoryTable):
    """The table of a kernel that keeps the connections of a removed real server."""

    def setting(self, name: str) -> int | None:
        return 0 if name == "expire_nodest_conn" else None


async def test_that_connections_stay_is_said_once(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Forgetless()
    table.add_service(VirtualService(VIP))
    monkeypatch.setattr("pymon.ipvs.table.memory_table", lambda: table)
    for expected in (True, False):
        assert "expire_nodest_conn" not in await _run(plugin, SITE)
        assert ("warning: net.ipv4.vs.expire_nodest_conn is 0" in await _run(plugin, SITE, up=False)) is expected


def _program(words: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PATH), *FROM_MON, "-u", *words.split()]
    return subprocess.run(command, input="", capture_output=True, text=True, env=environ or {}, check=False, timeout=30)


def test_as_a_program_it_explains_itself() -> None:
    done = _program("--help")
    assert done.returncode == 0
    for letter in ("-P tcp|udp|sctp", "-V VIRTUAL", "-R REAL", "-W WEIGHT", "-F dr|nat|tun", "-X down|up", "-Q"):
        assert f"  {letter} " in done.stdout
    assert "(default: dr)" in done.stdout


@pytest.mark.slow
def test_as_a_program_it_cannot_reach_a_table_in_memory() -> None:
    done = _program(SITE, {"PYMON_IPVS": "memory"})
    assert done.returncode == 78
    assert "in the daemon's memory" in done.stdout
    assert _program(SITE, {"PYMON_IPVS": "elsewhere"}).returncode == 78


def test_as_a_program_it_refuses_wrong_options() -> None:
    done = _program("-V 10.0.0.1:80")
    assert done.returncode == 64
    assert "-R (the real server) is missing" in done.stdout
