"""fping.monitor, in network namespaces of its own where hosts have to be silent."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.errors import PluginError
from pymon.plugin.icmp import ping
from pymon.plugin.net import literal
from tests.monitors.servers import MONITORS, Check
from tests.programs import write_program
from tests.tools import missing

FPING = MONITORS / "fping.monitor"
RULER = "-" * 78

Outcome = tuple[int, str]


def may_ping() -> bool:
    """Whether this process may send ICMP at all."""
    address = literal("127.0.0.1")
    assert address is not None
    try:
        asyncio.run(ping([address], attempts=1, wait=0.1))
    except PluginError:
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def ping_fixture() -> None:
    """Nothing here works without ICMP sockets."""
    if not may_ping():
        missing("this process may not send ICMP: run as root, or sysctl net.ipv4.ping_group_range='0 2147483647'")


def isolated(prepare: str, command: str) -> Outcome:
    """Run a command in a network namespace of its own: exit code and output."""
    if subprocess.run(["unshare", "-nm", "true"], capture_output=True, check=False).returncode != 0:
        missing("network namespaces of one's own are not allowed here: run as root")
    script = f"ip link set lo up && {prepare}\nexec {command}"
    done = subprocess.run(
        ["unshare", "-nm", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def pymons(arguments: str, prepare: str = "true", prefix: str = "") -> Outcome:
    """pymon's fping.monitor in a namespace."""
    return isolated(prepare, f"{prefix} {sys.executable} {FPING} {arguments}")


def test_the_shape_of_the_output() -> None:
    """M-fping-3: what the system said of a host stands beside it."""
    exitval, output = pymons("-r 0 -t 100 127.0.0.2 10.7.0.5 ::1 10.7.0.4", "ip route add unreachable 10.7.0.0/24")
    times = r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"
    expected = (
        rf"10\.7\.0\.4 10\.7\.0\.5\n\nstart time: {times}\nend time  : {times}\nduration  : [01] seconds\n\n"
        rf"{RULER}\nunreachable hosts\n{RULER}\n10\.7\.0\.5 +No route to host\n10\.7\.0\.4 +No route to host\n\n\n"
        rf"{RULER}\nreachable hosts {{26}}rtt\n{RULER}\n127\.0\.0\.2 {{32}}\d\.\d\d ms\n::1 {{38}}\d\.\d\d ms\n"
    )
    assert exitval == 1
    assert re.fullmatch(expected, output), output


async def test_well(check: Check) -> None:
    result = await check("fping.monitor", "127.0.0.1", "localhost", "127.0.0.1")
    assert result.exitval == 0
    assert result.output.startswith("\nstart time: ")
    assert re.findall(r"^(\S+) +\d+\.\d\d ms$", result.output, re.MULTILINE) == ["127.0.0.1", "localhost", "127.0.0.1"]


async def test_slow(check: Check) -> None:
    result = await check("fping.monitor", "-s", "0.0001", "127.0.0.1", "127.0.0.2")
    assert result.exitval == 1
    assert result.output.startswith("127.0.0.1 127.0.0.2\n\nstart time: ")
    assert f"{RULER}\nslow hosts (response time which exceeds 0.0001ms)\n{RULER}\n127.0.0.1   " in result.output


async def test_with_a_slow_hosts_are_no_failure(check_inside: Check) -> None:
    result = await check_inside("fping.monitor", "-a", "-s", "0.0001", "127.0.0.1")
    assert result.exitval == 0
    assert result.output.startswith("127.0.0.1\n")


@pytest.mark.parametrize(
    ("arguments", "exitval"), [("-a 127.0.0.1 10.7.0.5", 0), ("-a 10.7.0.4 10.7.0.5", 1), ("127.0.0.1 10.7.0.5", 1)]
)
def test_all_must_fail(arguments: str, exitval: int) -> None:
    assert pymons(arguments, "ip route add unreachable 10.7.0.0/24")[0] == exitval


async def test_name_not_found_m_fping_1(check: Check) -> None:
    """M-fping-1: mon's leaves the host out of the summary, so that the failure is (NO SUMMARY)."""
    result = await check("fping.monitor", "no-such-host.invalid", "127.0.0.1")
    assert result.exitval == 2
    assert result.output.startswith("no-such-host.invalid\n\nstart time: ")
    assert re.search(r"^no-such-host\.invalid +\S", result.output, re.MULTILINE)
    assert re.search(r"^127\.0\.0\.1 +\d\.\d\d ms$", result.output, re.MULTILINE)


def test_silence() -> None:
    exitval, output = pymons("-r 1 -t 50 127.0.0.1 ::1", "sysctl -qw net.ipv4.icmp_echo_ignore_all=1")
    assert exitval == 1
    assert output.startswith("127.0.0.1\n")
    assert f"unreachable hosts\n{RULER}\n127.0.0.1\n\n" in output


@pytest.mark.slow
def test_attempts_grow_longer(tmp_path: Path) -> None:
    """100 ms, 150 ms and 225 ms, as fping has it."""
    program = tmp_path / "attempts.py"
    program.write_text(
        "import asyncio, time\n"
        "from pymon.plugin.icmp import ping\n"
        "from pymon.plugin.net import literal\n"
        "began = time.monotonic()\n"
        "print(asyncio.run(ping([literal('127.0.0.1')] * 3, attempts=3, wait=0.1)))\n"
        "print(time.monotonic() - began)\n"
    )
    exitval, output = isolated("sysctl -qw net.ipv4.icmp_echo_ignore_all=1", f"{sys.executable} {program}")
    assert exitval == 0, output
    answer, took = output.splitlines()
    assert answer.count("rtt=None") == 3
    assert float(took) >= 0.47


@pytest.mark.slow
def test_an_answer_to_a_later_attempt_counts() -> None:
    prepare = "sysctl -qw net.ipv4.icmp_echo_ignore_all=1; (sleep 0.6; sysctl -qw net.ipv4.icmp_echo_ignore_all=0) &"
    exitval, output = pymons("-r 5 -t 300 127.0.0.1", prepare)
    assert exitval == 0
    assert "reachable hosts" in output


NO_RAW = "setpriv --bounding-set=-net_raw --inh-caps=-net_raw"


def test_unprivileged_sockets_where_raw_ones_are_not_allowed() -> None:
    exitval, output = pymons("127.0.0.1 ::1", "sysctl -qw net.ipv4.ping_group_range='0 2147483647'", NO_RAW)
    assert exitval == 0, output
    assert len(re.findall(r"\d\.\d\d ms", output)) == 2


def test_neither_is_allowed() -> None:
    """M-fping-2: fping, which mon's runs, is privileged as a file."""
    exitval, output = pymons("127.0.0.1", "sysctl -qw net.ipv4.ping_group_range='1 0'", NO_RAW)
    assert exitval == 126
    assert output == (
        "fping.monitor: may not send ICMP: it needs CAP_NET_RAW, or a group within the range of "
        "net.ipv4.ping_group_range (its group is 0)\n"
    )


async def test_many_hosts_at_once(check_inside: Check) -> None:
    hosts = [f"127.0.{net}.{host}" for net in range(1, 5) for host in range(1, 251)]
    result = await check_inside("fping.monitor", *hosts)
    assert result.exitval == 0
    assert result.output.count(" ms\n") == 1000
    assert result.duration < 5


async def test_measurements(check_inside: Check) -> None:
    result = await check_inside("fping.monitor", "127.0.0.1", "::1")
    found = {(each.host, each.name): each for each in result.measurements}
    assert set(found) == {("127.0.0.1", "rtt"), ("127.0.0.1", "loss"), ("::1", "rtt"), ("::1", "loss")}
    rtt = found["127.0.0.1", "rtt"]
    assert rtt.unit == "s"
    assert 0 <= rtt.value < 1
    assert found["127.0.0.1", "loss"][2:] == (0.0, "%")


def test_loss_counts_the_requests_that_were_not_answered(tmp_path: Path) -> None:
    """Silence is made by a route that leads to the loopback device, and to nobody there."""
    file = tmp_path / "measurements"
    prepare = "ip route add 10.9.0.0/24 dev lo; ip route add unreachable 10.7.0.0/24"
    exitval, _ = pymons("-r 1 -t 20 127.0.0.1 10.9.0.5 10.7.0.5", prepare, f"env PYMON_MEASUREMENTS={file}")
    assert exitval == 1
    lines = re.sub(r"rtt \S+", "rtt N", file.read_text()).splitlines()
    measurements = [line for line in lines if not line.startswith("!")]
    assert measurements == ["127.0.0.1 rtt N s", "127.0.0.1 loss 0.0 %", "10.9.0.5 loss 100.0 %"]


async def test_one_family(check: Check) -> None:
    assert (await check("fping.monitor", "-6", "::1")).exitval == 0
    result = await check("fping.monitor", "-4", "127.0.0.1", "::1")
    assert result.exitval == 2
    assert result.output.startswith("::1\n")
    assert re.search(r"^::1 \(IPv4\) +no IPv4 address$", result.output, re.MULTILINE)


@pytest.mark.parametrize(
    ("flags", "silence", "well"),
    [
        ("-4 -6", "true", True),
        ("-46", "sysctl -qw net.ipv6.icmp.echo_ignore_all=1", False),
        ("-a -46", "sysctl -qw net.ipv6.icmp.echo_ignore_all=1", False),
    ],
)
def test_both_families_must_answer_m_fping_4(tmp_path: Path, flags: str, silence: str, well: bool) -> None:
    """M-fping-4."""
    hosts, measured = tmp_path / "hosts", tmp_path / "measured"
    hosts.write_text("127.0.0.1 both.test\n::1 both.test\n")
    prepare = f"{silence} && mount --bind {hosts} /etc/hosts"
    exitval, output = pymons(f"{flags} -r 0 -t 100 both.test", prepare, f"env PYMON_MEASUREMENTS={measured}")
    if well:
        assert exitval == 0, output
        assert re.findall(r"^both\.test \((IPv\d)\) +\d+\.\d\d ms$", output, re.MULTILINE) == ["IPv4", "IPv6"]
        names = [line.split()[1] for line in measured.read_text().splitlines() if not line.startswith("!")]
        assert names == ["rtt_ipv4", "loss_ipv4", "rtt_ipv6", "loss_ipv6"]
    else:
        assert exitval == 1
        assert output.startswith("both.test\n\n")
        assert f"unreachable hosts\n{RULER}\nboth.test (IPv6)\n" in output
        assert "both.test loss_ipv6 100.0 %" in measured.read_text()


async def test_runs_at_the_same_time_do_not_mix(check_inside: Check) -> None:
    runs = [check_inside("fping.monitor", "-r", "0", "127.0.0.1", f"127.0.2.{number}") for number in range(1, 30)]
    assert {result.exitval for result in await asyncio.gather(*runs)} == {0}


@pytest.mark.parametrize("arguments", [("-r", "-1"), ("-r", "x"), ("-t", "soon"), ("-s", "-3")])
async def test_wrong_options(check_inside: Check, arguments: tuple[str, ...]) -> None:
    result = await check_inside("fping.monitor", *arguments, "127.0.0.1")
    assert result.exitval == 126
    assert result.output.startswith(f"fping.monitor: option {arguments[0]} {arguments[1]!r}: must be a ")


def test_traceroute_that_is_not_installed_is_told() -> None:
    exitval, output = isolated(
        "ip route add unreachable 10.7.0.0/24",
        f"env PATH=/nonexistent {sys.executable} {FPING} -r 0 -T 10.7.0.5",
    )
    assert exitval == 1
    assert output.endswith("\n\ncannot run traceroute: No such file or directory\n")


def test_traceroute(tmp_path: Path) -> None:
    program = tmp_path / "traceroute"
    write_program(program, '#!/bin/sh\necho "traceroute to $1"\n')
    exitval, output = isolated(
        "ip route add unreachable 10.7.0.0/24",
        f"env PATH={tmp_path} {sys.executable} {FPING} -r 0 -T 10.7.0.5 127.0.0.1 10.7.0.4",
    )
    assert exitval == 1
    assert output.endswith("ms\n\ntraceroute to 10.7.0.4\n\ntraceroute to 10.7.0.5\n")
