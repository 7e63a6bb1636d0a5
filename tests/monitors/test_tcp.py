"""tcp.monitor."""

from __future__ import annotations

import pytest

from tests.monitors.servers import MONITORS, Check, reset, serving, silent
from tests.ports import free_port


async def test_well(check: Check) -> None:
    async with serving(silent) as port:
        result = await check("tcp.monitor", "-p", str(port), "127.0.0.1", "localhost")
    assert (result.exitval, result.output) == (0, "")


async def test_ipv6(check: Check) -> None:
    async with serving(silent, "::1") as port:
        result = await check("tcp.monitor", "-p", str(port), "::1")
    assert (result.exitval, result.output) == (0, "")


async def test_a_name_with_both_families_is_well_if_one_is(check_inside: Check) -> None:
    """M-tcp-1: mon's asks the IPv4 address only."""
    async with serving(silent, "127.0.0.1") as port:
        assert (await check_inside("tcp.monitor", "-p", str(port), "localhost")).exitval == 0


async def test_refused(check: Check) -> None:
    port = free_port()
    result = await check("tcp.monitor", "-p", str(port), "127.0.0.2", "127.0.0.1")
    assert result.exitval == 1
    assert result.output == (
        "127.0.0.1 127.0.0.2\n\n"
        "127.0.0.2 could not connect: Connection refused\n127.0.0.1 could not connect: Connection refused\n"
    )


async def test_name_not_found(check: Check) -> None:
    result = await check("tcp.monitor", "no-such-host.invalid")
    assert result.exitval == 1
    summary, empty, detail = result.output.splitlines()
    assert (summary, empty) == ("no-such-host.invalid", "")
    assert detail.startswith("no-such-host.invalid could not inet_aton: ")


async def test_reset_after_the_connection_is_no_failure(check_inside: Check) -> None:
    async with serving(reset) as port:
        assert (await check_inside("tcp.monitor", "-p", str(port), "127.0.0.1")).exitval == 0


@pytest.mark.slow
async def test_no_answer_at_all(check: Check, blackhole: tuple[str, int]) -> None:
    host, port = blackhole
    result = await check("tcp.monitor", "-t", "0.2", "-p", str(port), host)
    assert (result.exitval, result.output) == (1, f"{host}\n\n{host} timeout\n")


async def test_without_hosts(check: Check) -> None:
    assert (await check("tcp.monitor")).output == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "nope"), "option -p 'nope': is neither a port number nor the name of a TCP service"),
        (("-p", "0"), "option -p '0': a port is a number from 1 to 65535"),
        (("-p", "70000"), "option -p '70000': a port is a number from 1 to 65535"),
        (("-t", "-1"), "option -t '-1': must be a number of seconds, 0 or more"),
        (("-t", "nan"), "option -t 'nan': must be a number of seconds, 0 or more"),
        (("-t",), "option -t needs a value"),
        (("-z",), "unknown option -z"),
        (("--prot", "1"), "unknown option --prot; did you mean --port?"),
    ],
)
async def test_wrong_options_m_opt_1(check_inside: Check, arguments: tuple[str, ...], words: str) -> None:
    """M-opt-1: mon's monitors go on with whatever they make of wrong options."""
    result = await check_inside("tcp.monitor", *arguments)
    assert result.exitval == 126
    assert result.output == f"tcp.monitor: {words}\ntcp.monitor --help tells what it takes\n"


@pytest.mark.parametrize("name", sorted(path.name for path in MONITORS.glob("*.monitor")))
async def test_help_of_every_monitor(check_inside: Check, name: str) -> None:
    for spelling in ("-h", "--help"):
        result = await check_inside(name, spelling)
        if result.output.startswith("usage: "):
            break
    assert result.exitval == 0
    assert result.output.startswith(f"usage: {name} [options] ")


async def test_help_as_a_program(check: Check) -> None:
    for spelling in ("-h", "--help"):
        result = await check("tcp.monitor", spelling)
        assert result.exitval == 0
        assert result.output.startswith("usage: tcp.monitor [options] host ...\n\nCheck that a TCP port accepts conn")
        for flags in ("-p, --port PORT", "-t, --timeout", "-4, --ipv4", "-6, --ipv6", "--retries", "--at-once"):
            assert f"\n  {flags}" in result.output


async def test_one_family_and_both(check: Check) -> None:
    async with serving(silent, "127.0.0.1") as port:
        arguments = ("tcp.monitor", "-p", str(port), "127.0.0.1")
        assert (await check(*arguments[:1], "-4", *arguments[1:])).exitval == 0
        for flags in ("-6", "-46"):
            result = await check("tcp.monitor", flags, *arguments[1:])
            assert result.exitval == 1
            assert result.output.startswith("127.0.0.1\n\n127.0.0.1 ")
            assert result.output.endswith("could not inet_aton: no IPv6 address\n")


async def test_the_time_to_connect_is_measured(check: Check) -> None:
    async with serving(silent) as port:
        result = await check("tcp.monitor", "-p", str(port), "127.0.0.1", "127.0.0.2")
    times = [each for each in result.measurements if each.name == "time"]
    assert [(each.host, each.unit) for each in times] == [("127.0.0.1", "s")]
    assert 0 < times[0].value < 5


async def test_five_hundred_hosts_in_one_run(check_inside: Check) -> None:
    port = free_port()
    hosts = [f"127.0.{network}.{host}" for network in (1, 2) for host in range(1, 251)]
    result = await check_inside("tcp.monitor", "-p", str(port), *hosts)
    assert result.exitval == 1
    assert result.output.partition("\n")[0] == " ".join(sorted(hosts))
    assert result.output.count("could not connect: Connection refused\n") == 500
    assert result.duration < 5


async def test_service_names(check_inside: Check) -> None:
    result = await check_inside("tcp.monitor", "-p", "tcpmux", "127.0.0.1")
    assert result.exitval == 1
    assert "Connection refused" in result.output
