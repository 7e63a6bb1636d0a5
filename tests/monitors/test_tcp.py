"""tcp.monitor."""

from __future__ import annotations

import pytest

from tests.monitors.servers import Check, free_port, reset, serving, silent


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
    assert result.exitval == 2
    assert result.output == f"tcp.monitor: {words}\ntcp.monitor --help tells what it takes\n"


@pytest.mark.parametrize("name", ["tcp.monitor", "http.monitor", "ftp.monitor", "fping.monitor"])
async def test_help(check: Check, name: str) -> None:
    for spelling in ("-h", "--help"):
        result = await check(name, spelling)
        assert result.exitval == 0
        assert result.output.startswith(f"usage: {name} [options] [host ...]\n")
        assert "-t" in result.output


async def test_service_names(check_inside: Check) -> None:
    result = await check_inside("tcp.monitor", "-p", "tcpmux", "127.0.0.1")
    assert result.exitval == 1
    assert "Connection refused" in result.output
