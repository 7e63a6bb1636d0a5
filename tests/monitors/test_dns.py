"""dns.monitor: against NSD, Unbound, servers that answer oddly, and Debian's monitor of that name."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import Any, NamedTuple

import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin_object import module_of
from tests.addresses import own_address
from tests.monitors.adversity import check_adversity
from tests.monitors.nameserver import NameServer, answer, name_server, soa
from tests.monitors.servers import MONITORS, Check, Runs
from tests.peers import require_peer
from tests.servers.adversity import Adversity, Facing, Speech, rows_together
from tests.servers.nsd import nsd, zone
from tests.servers.unbound import unbound
from tests.tools import missing

RECORDS = """\
www 60 IN A 192.0.2.1
www 60 IN A 192.0.2.2
six 60 IN AAAA 2001:db8::1
mail 60 IN MX 10 www
txt 60 IN TXT "hello world"
ali 60 IN CNAME www
gone 60 IN CNAME nowhere
"""
ZONE = ("-zone", "example.test")


class Site(NamedTuple):
    """Real servers: of the zone with serial 7, with 5, without it, a resolver; and one that is dead."""

    new: str
    new2: str
    old: str
    other: str
    resolver: str
    dead: str
    port: int

    def arguments(self, text: str) -> list[str]:
        """``-master NEW OLD``, with the addresses of those in capitals."""
        return [getattr(self, word.lower()) if word.lower() in self._fields else word for word in text.split()]

    def named(self, text: str) -> str:
        """The output with the names for the addresses."""
        for name in self._fields[:-1]:
            text = re.sub(rf"\b{re.escape(getattr(self, name))}\b", name.upper(), text)
        return text


def site(port: int | None) -> Iterator[Site]:
    """On port 53, where Debian's looks, or on others: then each server has another port, and only the first counts."""
    with ExitStack() as stack:
        zones = {"example.test": zone(7, RECORDS), "two.test": zone(1)}
        new = stack.enter_context(nsd(zones, port=port))
        new2 = stack.enter_context(nsd(zones, port=new.port))
        old = stack.enter_context(nsd({"example.test": zone(5, RECORDS), "two.test": zone(3)}, port=new.port))
        other = stack.enter_context(nsd({"other.test": zone(1)}, port=new.port))
        resolver = stack.enter_context(unbound(stubs={"example.test": new}, port=new.port))
        yield Site(new.host, new2.host, old.host, other.host, resolver.host, own_address(), new.port)


@pytest.fixture(scope="module", name="servers")
def servers_fixture() -> Iterator[Site]:
    """The site on some port; its first server is on ``::1`` as well."""
    yield from site(None)


@pytest.fixture(scope="module", name="servers53")
def servers53_fixture() -> Iterator[Site]:
    """The site on port 53, and Debian's monitor."""
    require_peer("dns.monitor")
    with socket.socket() as probe:
        try:
            probe.bind((own_address(), 53))
        except OSError:
            missing("Debian's dns.monitor asks port 53 only, which this user may not take: run as root")
    yield from site(53)


@pytest.fixture(scope="module", name="module")
def module_fixture() -> Any:
    """The plugin's own functions."""
    return module_of(str(MONITORS / "dns.monitor"))


def first(output: str) -> str:
    return output.partition("\n")[0]


@pytest.mark.slow
async def test_zones(check: Check, servers: Site) -> None:
    port = ("-port", str(servers.port))
    well = await check("dns.monitor", *port, *ZONE, "-zone", "two.test", *servers.arguments("-master NEW NEW2"))
    assert (well.exitval, well.output) == (0, "")
    measured = {(each.host, each.name): each.value for each in well.measurements}
    assert measured.keys() == {(servers.new2, name) for name in ("time", "serial_example.test", "serial_two.test")}
    assert measured[servers.new2, "serial_example.test"] == 7
    assert 0 < measured[servers.new2, "time"] < 5
    bad = await check("dns.monitor", *port, *ZONE, *servers.arguments("-master NEW NEW2 OLD OTHER DEAD"))
    assert bad.exitval == 3
    assert servers.named(bad.output) == (
        "OLD OTHER DEAD(example.test) \n"
        "Zone 'example.test': failed servers: OLD OTHER DEAD\n"
        "\nQuery to OLD about example.test failed\n"
        "Authoritative = yes\nAnswer count = 1\nAnswer Type = SOA\nSerial number = 5, should have been 7\n"
        "\nSOA query for example.test from OTHER failed REFUSED\n"
        "\nSOA query for example.test from DEAD failed Connection refused\n"
        "\n"
    )


async def test_queries(check: Check, servers: Site) -> None:
    asked = ["-port", str(servers.port), "-caching_only", "-query", "www.example.test", "-query", "x.example.test:MX"]
    result = await check("dns.monitor", *asked, servers.resolver, servers.other)
    assert result.exitval == 2
    assert servers.named(result.output) == (
        "www.example.test@OTHER  x.example.test@RESOLVER x.example.test@OTHER  \n"
        "\nA query for www.example.test from OTHER failed REFUSED\n\n"
        "\nMX query for x.example.test from RESOLVER failed NXDOMAIN\n"
        "\nMX query for x.example.test from OTHER failed REFUSED\n\n"
    )


SAME = [
    "-zone example.test -master NEW NEW2 NEW",
    "-zone example.test -master NEW OLD",
    "-zone example.test -master NEW OLD -serial_threshold 1",
    "-zone example.test -master NEW OLD -serial_threshold 2",
    "-zone example.test -master OLD NEW -serial_threshold 2",
    "-zone example.test -master OLD NEW",
    "-zone example.test -master NEW OTHER",
    "-zone example.test -master NEW RESOLVER",
    "-zone example.test -master NEW OLD NEW2 OTHER RESOLVER",
    "-zone example.test -zone two.test -master NEW OLD NEW2 OTHER",
    "-zone example.test -zone example.test -master NEW OLD",
    "-zone example.test -master NEW OLD OLD",
    "-zone EXAMPLE.test. -master NEW OLD",
    "-zone nope.test -master NEW NEW2",
    "-zone nope.test -zone two.test -master NEW OLD OTHER",
    "-zone example.test -master OTHER NEW",
    "-zone example.test -master RESOLVER NEW",
    "-zone example.test -master OTHER -master NEW NEW2",
    "-zone example.test -master OTHER -master NEW OLD",
    "-zone example.test -master NEW -master OLD NEW2 OTHER",
    "-zone example.test -master OLD -master NEW NEW2",
    "-zone example.test -master OLD -master NEW -serial_threshold 2 NEW2 OTHER",
    "-zone example.test -master NEW -failsingle OLD NEW2",
    "-zone example.test -master OTHER -master NEW -failsingle NEW2",
    "-zone example.test -zone two.test -master OTHER -master NEW -failsingle OLD NEW2",
    "-zone example.test -master NEW -master OLD -failsingle NEW2",
    "--zone example.test --MASTER=NEW OLD",
    "-z example.test -m NEW -ser 1 OLD",
    "OLD -zone=example.test -master NEW",
    "-zone example.test -master NEW -query nope.example.test OLD",
    "-caching_only -query www.example.test RESOLVER",
    "-caching -query www.example.test RESOLVER NEW OTHER",
    "-caching_only -query nope.example.test -query www.example.test RESOLVER NEW OTHER",
    "-caching_only -query six.example.test -query six.example.test:aaaa RESOLVER",
    "-caching_only -query mail.example.test:MX -query ali.example.test -query ali.example.test:CNAME RESOLVER",
    "-caching_only -query www.example.test: -query example.test:SOA RESOLVER",
    "-caching_only -query ali.example.test:A:www.example.test RESOLVER",
    "-caching_only -query 192.0.2.1:PTR RESOLVER",
    "-caching_only -query www.example.test -query www.example.test OTHER",
    "-query www.example.test -caching_only -zone example.test -master NEW RESOLVER",
    "-caching_only -query www.example.test -retry 0 -retransmit 1 -timeout 9 RESOLVER",
]


async def debians(arguments: Sequence[str]) -> tuple[int, str]:
    """Exit code and standard output of Debian's."""
    process = await asyncio.create_subprocess_exec(
        str(require_peer("dns.monitor")),
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode()


def without_names(output: str) -> str:
    """M-dns-names: Debian's names one server, and of several zones not always one of that zone."""
    return re.sub(r"(failed servers:).*", r"\1", output)


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize("text", SAME)
async def test_the_same_as_debians(servers53: Site, text: str) -> None:
    arguments = servers53.arguments(text.replace("=NEW", f"={servers53.new}"))
    theirs = await debians(arguments)
    ours = await Runs(inprocess=True)("dns.monitor", *arguments)
    assert (ours.exitval, first(ours.output)) == (theirs[0], first(theirs[1]))
    assert without_names(ours.output) == without_names(theirs[1])


WRONG = [
    "",
    "NEW",
    "-zone example.test -master NEW",
    "-zone example.test NEW",
    "-zone",
    "-caching_only NEW",
    "-query www.example.test NEW",
    "-caching_only -query www.example.test:BOGUS NEW",
    "-retry x -caching_only -query www.example.test NEW",
    "-bogus -zone example.test -master NEW OLD",
    "-re 1 -caching_only -query www.example.test NEW",
]


@pytest.mark.peer
@pytest.mark.parametrize("text", WRONG)
async def test_what_is_wrong_for_both(servers53: Site, text: str) -> None:
    arguments = servers53.arguments(text)
    assert (await debians(arguments))[0] == 255
    ours = await Runs(inprocess=True)("dns.monitor", *arguments)
    assert ours.exitval == 126  # as of every monitor (M-broken); neither is within exit=1-125
    assert first(ours.output).startswith("dns.monitor: ")


@pytest.mark.peer
async def test_two_masters_that_fail_m_dns_masters(servers53: Site) -> None:
    """M-dns-masters: Debian's gives 0 when two different masters fail."""
    arguments = servers53.arguments("-zone example.test -master OTHER -master RESOLVER NEW")
    assert (await debians(arguments))[0] == 0
    ours = await Runs(inprocess=True)("dns.monitor", *arguments)
    assert (ours.exitval, servers53.named(ours.output)) == (
        251,
        "(example.test) \nZone 'example.test': failed servers: \n"
        "SOA query for example.test from OTHER failed REFUSED\n"
        "SOA query for example.test from RESOLVER failed REFUSED\n\n",
    )


@pytest.mark.peer
async def test_all_that_lag_are_named_m_dns_masters(servers53: Site) -> None:
    """M-dns-masters: Debian's names one of the masters that lag behind, or that failed with -failsingle."""
    arguments = servers53.arguments("-zone two.test -master NEW -master NEW2 -master OLD NEW")
    theirs, ours = await debians(arguments), await Runs(inprocess=True)("dns.monitor", *arguments)
    assert theirs[0] == ours.exitval == 252
    assert servers53.named(first(theirs[1])) in ("NEW(two.test) ", "NEW2(two.test) ")
    assert servers53.named(first(ours.output)) == "NEW NEW2(two.test) "
    arguments = servers53.arguments("-zone two.test -master OTHER -master RESOLVER -master NEW NEW -failsingle")
    theirs, ours = await debians(arguments), await Runs(inprocess=True)("dns.monitor", *arguments)
    assert theirs[0] == ours.exitval == 251
    assert servers53.named(first(theirs[1])) == "OTHER(two.test) "
    assert servers53.named(first(ours.output)) == "OTHER RESOLVER(two.test) "


@pytest.mark.peer
@pytest.mark.parametrize(
    ("value", "theirs", "ours"),
    [("192.0.2.2", 255, 0), ("192.0.2.9", 255, 1), ("nope.example.test", 255, 1), ("ns.example.test", 1, 1)],
)
async def test_values_m_dns_value(servers53: Site, value: str, theirs: int, ours: int) -> None:
    """M-dns-value: Debian's takes a value for a name only, and crashes if that is none."""
    arguments = ["-caching_only", "-query", f"www.example.test:A:{value}", servers53.resolver]
    assert (await debians(arguments))[0] == theirs
    assert (await Runs(inprocess=True)("dns.monitor", *arguments)).exitval == ours


@pytest.mark.slow
@pytest.mark.peer
async def test_serial_numbers_go_round_m_dns_serial(servers53: Site) -> None:
    """M-dns-serial: 4294967295 is followed by 0 (RFC 1982); Debian's sees the largest difference there is."""
    async with AsyncExitStack() as stack:

        async def serving(serial: int) -> str:
            server = name_server(lambda query, _: answer(query, soa(serial)), own_address(), 53)
            return (await stack.enter_async_context(server)).host

        new, old = await serving(1), await serving(4294967295)
        for arguments, theirs, ours in (
            ([*ZONE, "-master", new, "-serial_threshold", "2", old], 1, 0),
            ([*ZONE, "-master", new, "-serial_threshold", "1", old], 1, 1),
            ([*ZONE, "-master", new, "-master", old, "-serial_threshold", "2", new], 252, 0),
        ):
            assert (await debians(arguments))[0] == theirs
            assert (await Runs(inprocess=True)("dns.monitor", *arguments)).exitval == ours


ODD: dict[str, Callable[[dns.message.Message], dns.message.Message]] = {
    "no authority": lambda query: answer(query, soa(7), authority=False),
    "empty": answer,
    "no zone": lambda query: answer(query, rcode=dns.rcode.NXDOMAIN),
    "failure": lambda query: answer(query, rcode=dns.rcode.SERVFAIL),
    "two answers": lambda query: answer(query, soa(7), ("example.test.", "A", "192.0.2.1")),
    "alias": lambda query: answer(query, ("example.test.", "CNAME", "x.test.")),
    "another zone": lambda query: answer(query, soa(7, "x.test.")),
    "answer with an error": lambda query: answer(query, soa(7), rcode=dns.rcode.SERVFAIL),
}


@pytest.mark.peer
@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_about_zones_m_dns_odd(servers53: Site, odd: str) -> None:
    """M-dns-odd: Debian's crashes at an alias, and is content with another zone, or with an error that has a record."""
    host = own_address()
    async with name_server(lambda query, _: ODD[odd](query), host, 53):
        for arguments in ([*ZONE, "-master", servers53.new, host], [*ZONE, "-master", host, servers53.new]):
            theirs, ours = await debians(arguments), await Runs(inprocess=True)("dns.monitor", *arguments)
            assert ours.exitval == (1 if arguments[-1] == host else 251)
            if odd in ("another zone", "answer with an error"):
                assert theirs[0] == 0
            elif odd == "alias":
                assert theirs[0] == (255 if arguments[-1] == host else 251)
            else:
                assert (ours.exitval, ours.output) == theirs


@pytest.mark.peer
@pytest.mark.parametrize(
    ("records", "rcode", "theirs"),
    [
        ((), dns.rcode.NOERROR, 1),
        ((), dns.rcode.NOTIMP, 1),
        ((("w.test.", "CNAME", "x.test."),), dns.rcode.NOERROR, 0),
        ((("w.test.", "TXT", "x"),), dns.rcode.NOERROR, 0),
        ((("w.test.", "A", "192.0.2.1"),), dns.rcode.SERVFAIL, 0),
        ((("w.test.", "CNAME", "w.test."),), dns.rcode.NOERROR, 0),
    ],
    ids=["nothing", "not implemented", "alias to nothing", "another type", "answer with an error", "alias to itself"],
)
async def test_odd_answers_to_queries_m_dns_odd(
    servers53: Site, records: Sequence[tuple[str, str, str]], rcode: dns.rcode.Rcode, theirs: int
) -> None:
    """M-dns-odd: Debian's takes any record for an answer."""
    arguments = ["-caching_only", "-query", "w.test", host := own_address()]
    async with name_server(lambda query, _: answer(query, *records, rcode=rcode), host, 53):
        assert (await debians(arguments))[0] == theirs
        ours = await Runs(inprocess=True)("dns.monitor", *arguments)
    assert (ours.exitval, first(ours.output)) == (1, f"w.test@{host}  ")


@pytest.mark.peer
async def test_tcp_m_dns_tcp(servers53: Site) -> None:
    """M-dns-tcp: Debian's takes -tcp, and asks over UDP all the same."""
    host = own_address()
    async with name_server(lambda query, _: answer(query, ("w.test.", "A", "192.0.2.1")), host, 53) as server:
        arguments = ["-caching_only", "-query", "w.test", "-tcp", host]
        assert (await debians(arguments))[0] == 0
        assert (await Runs(inprocess=True)("dns.monitor", *arguments)).exitval == 0
    assert server.asked == ["udp w.test. IN A RD", "tcp w.test. IN A RD"]


@pytest.fixture(name="truncating")
async def truncating_fixture() -> AsyncIterator[NameServer]:
    """A server whose answers do not fit into a datagram."""
    async with name_server(
        lambda query, over_tcp: answer(query, *([soa(7)] if over_tcp else ()), truncated=not over_tcp)
    ) as server:
        yield server


async def test_answers_too_long_for_udp(check_inside: Check, truncating: NameServer) -> None:
    arguments = ["-port", str(truncating.port), *ZONE, "-master", truncating.host, truncating.host]
    assert (await check_inside("dns.monitor", *arguments)).exitval == 0
    assert truncating.asked == ["udp example.test. IN SOA", "tcp example.test. IN SOA"]


async def test_a_datagram_cut_within_a_record_is_asked_for_again_over_tcp(check_inside: Check) -> None:
    def answers(query: dns.message.Message, over_tcp: bool) -> dns.message.Message | bytes:
        full = answer(query, soa(7), truncated=not over_tcp)
        return full if over_tcp else full.to_wire()[:-3]

    async with name_server(answers) as server:
        arguments = ["-port", str(server.port), *ZONE, "-master", server.host, server.host]
        assert (await check_inside("dns.monitor", *arguments)).exitval == 0


@pytest.mark.slow
async def test_asked_again(check_inside: Check) -> None:
    lost = 2

    def answers(query: dns.message.Message, _: bool) -> dns.message.Message | None:
        nonlocal lost
        lost -= 1
        return None if lost >= 0 else answer(query, ("w.test.", "A", "192.0.2.1"))

    async with name_server(answers) as server:
        where = ("-port", str(server.port), "-caching_only", "-query", "w.test", server.host)
        patient = ("-retry", "3", "-retransmit", "0.05")
        assert (await check_inside("dns.monitor", *patient, *where)).exitval == 0
        assert len(server.asked) == 3
        lost = 2
        result = await check_inside("dns.monitor", "-retry", "2", "-retransmit", "0.05", *where)
        assert (result.exitval, len(server.asked)) == (1, 5)
        assert "A query for w.test from 127.0.0.1 failed query timed out\n" in result.output


@pytest.mark.slow
async def test_a_limit_for_the_whole_query_m_dns_timeout(check_inside: Check) -> None:
    """M-dns-timeout: Debian's takes it, and waits as -retry and -retransmit say."""
    async with name_server(lambda *_: None) as server:
        arguments = ("-port", str(server.port), "-caching_only", "-query", "w.test", "-timeout", "0.2", server.host)
        result = await check_inside("dns.monitor", *arguments)
    assert result.exitval == 1
    assert result.duration < 2
    assert not result.measurements


@pytest.mark.parametrize("wrong", [b"", b"\0\1x", b"\0\0", None])
async def test_tcp_that_breaks_off(check_inside: Check, wrong: bytes | None) -> None:
    """Over TCP there is no asking again."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if wrong:
            writer.write(wrong)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        arguments = ("-port", str(port), "-caching_only", "-query", "w.test", "-tcp", "127.0.0.1")
        result = await check_inside("dns.monitor", *arguments)
    assert result.exitval == 1
    assert "failed connection closed before the answer was complete\n" in result.output


async def test_ipv6(check_inside: Check, servers: Site) -> None:
    arguments = ("-port", str(servers.port), *ZONE, "-master", servers.new, "::1")
    assert (await check_inside("dns.monitor", *arguments)).exitval == 0
    assert (await check_inside("dns.monitor", "-tcp", *arguments)).exitval == 0


async def test_both_families_must_be_well(check_inside: Check) -> None:
    async with name_server(lambda query, _: answer(query, soa(7))) as server:
        arguments = ("-port", str(server.port), *ZONE, "-master", server.host, server.host)
        assert (await check_inside("dns.monitor", "-4", *arguments)).exitval == 0
        result = await check_inside("dns.monitor", "-6", *arguments)
        assert result.exitval == 251
        assert "from 127.0.0.1 failed no IPv6 address\n" in result.output
        result = await check_inside("dns.monitor", "-4", "-6", *arguments)
    assert (result.exitval, result.output) == (
        1,
        "127.0.0.1(example.test) \nZone 'example.test': failed servers: 127.0.0.1\n"
        "\nSOA query for example.test from 127.0.0.1 over IPv6 failed no IPv6 address\n\n",
    )
    assert {each.name for each in result.measurements} == {"time_ipv4", "serial_example.test_ipv4"}


async def test_names_are_looked_up_by_the_system_m_dns_lookup(check_inside: Check) -> None:
    """M-dns-lookup: Debian's asks the DNS for the names of servers, and does not know ``localhost``."""
    async with name_server(lambda query, _: answer(query, soa(7))) as server:
        arguments = ("-port", str(server.port), *ZONE, "-master", server.host)
        assert (await check_inside("dns.monitor", "-4", *arguments, "localhost")).exitval == 0
        result = await check_inside("dns.monitor", *arguments, "no-such-host.invalid")
    assert result.exitval == 1
    assert re.search("SOA query for example.test from no-such-host.invalid failed .*known", result.output)


@pytest.mark.parametrize(
    ("query", "well"),
    [
        ("www.example.test:A:192.0.2.1", True),
        ("www.example.test:A:192.0.2.3", False),
        ("www.example.test:A:ALI.example.test", True),
        ("six.example.test:AAAA:2001:DB8:0::1", True),
        ("six.example.test:AAAA:2001:db8::2", False),
        ("mail.example.test:MX:10 www.example.test", True),
        ("mail.example.test:MX:www.example.test.", True),
        ("mail.example.test:MX:20 www.example.test", False),
        ("txt.example.test:TXT:hello world", True),
        ('txt.example.test:TXT:"hello world"', True),
        ("txt.example.test:TXT:hello", False),
        ("ali.example.test:CNAME:www.example.test", True),
        ("ali.example.test:A:192.0.2.2", True),
        ("gone.example.test", False),
        ("example.test:NS:ns.example.test", True),
        ("example.test:ANY", True),
        ("www.example.test:A:a..b", False),
    ],
)
async def test_values(check_inside: Check, servers: Site, query: str, well: bool) -> None:
    arguments = ("-port", str(servers.port), "-caching_only", "-tcp", "-query", query, servers.new)
    assert (await check_inside("dns.monitor", *arguments)).exitval == int(not well)


async def test_a_value_that_is_not_there_is_told(check_inside: Check, servers: Site) -> None:
    query = "www.example.test:A:192.0.2.9"
    arguments = ("-port", str(servers.port), "-caching_only", "-query", query, servers.resolver)
    result = await check_inside("dns.monitor", *arguments)
    assert servers.named(result.output) == (
        "www.example.test@RESOLVER  \n\nQuery www.example.test:A failed to match 192.0.2.9\n"
        "    RESOLVER has 192.0.2.1, 192.0.2.2\n\n"
    )


async def test_debug_shows_the_answers(check_inside: Check, servers: Site) -> None:
    arguments = ("-port", str(servers.port), "-debug", *ZONE, "-master", servers.new, servers.dead)
    result = await check_inside("dns.monitor", *arguments)
    shown = re.sub(r"\d+\.\d+ ms", "N ms", servers.named(result.output)).split("\n\n")[-1]
    assert shown == (
        "SOA query for example.test. to NEW: NOERROR, QR AA, N ms\n"
        "    example.test. 60 IN SOA ns.example.test. hostmaster.example.test. 7 3600 600 86400 60\n"
        "SOA query for example.test. to DEAD: Connection refused\n"
    )


async def test_more_failures_than_an_exit_code_tells(check_inside: Check, servers: Site) -> None:
    """M-dns-many: 300 failures are 44 for Debian's, and 256 would be none."""
    arguments = ("-port", str(servers.port), *ZONE, "-master", servers.new, *[servers.dead] * 256)
    assert (await check_inside("dns.monitor", *arguments)).exitval == 250


async def test_what_is_wrong_with_options(check_inside: Check) -> None:
    for arguments, said in (
        (["-zone", "a..b", "s"], "option -zone 'a..b': is no domain name"),
        (["-query", ":A", "s"], "option -query ':A': must be NAME, NAME:TYPE or NAME:TYPE:VALUE"),
        (["-query", "x:NIX", "s"], "option -query 'x:NIX': there is no type NIX"),
        (["-retry", "17", "s"], "option -retry '17': must be 16 at most"),
        (["-retransmit", "0", "s"], "option -retransmit '0': must be more than 0"),
        (["-zone", "x", "-master", "m"], "at least one server must be specified"),
        (["s"], "the -master of the zone must be specified"),
        (["-master", "m", "s"], "at least one -zone must be specified"),
        (["-caching_only", "s"], "at least one -query must be specified"),
    ):
        result = await check_inside("dns.monitor", *arguments)
        assert result.exitval == 126
        assert result.output.startswith(f"dns.monitor: {said}")


def query_arguments(enemy: Facing) -> list[str]:
    return ["-port", str(enemy.port), "-timeout", str(enemy.limit), "-caching_only", "-query", "w.test", enemy.host]


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("udp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    """M-dns-refused: where Debian's waits for its limit though the system says that nobody listens, ours says so."""
    await check_adversity("dns.monitor", query_arguments, *adversities, summary=lambda enemy: f"w.test@{enemy.host}  ")


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp", without=("hangs up later", "reset later")))
async def test_adversities_of_tcp(adversities: Sequence[Adversity]) -> None:
    def arguments(enemy: Facing) -> list[str]:
        return ["-tcp", *query_arguments(enemy)]

    await check_adversity(
        "dns.monitor",
        arguments,
        *adversities,
        speech=Speech(b"\xff\xff\0\0", client_first=True),
        summary=lambda enemy: f"w.test@{enemy.host}  ",
    )


QUERY = dns.message.make_query("w.test", "A", id=4711)
RIGHT = answer(QUERY, ("w.test.", "CNAME", "x.test."), ("x.test.", "A", "192.0.2.1")).to_wire()


@pytest.mark.slow
@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: RIGHT[:28] + data))
def test_no_datagram_is_too_much(module: Any, data: bytes) -> None:
    read = module.read_answer(QUERY, data)
    assert read is None or read.id == QUERY.id


@given(st.integers(0, len(RIGHT) - 1), st.integers(1, 255))
def test_no_changed_byte_is_too_much(module: Any, position: int, change: int) -> None:
    data = bytearray(RIGHT)
    data[position] ^= change
    message = module.read_answer(QUERY, bytes(data))
    assert message is None or position not in (0, 1)
    if message is not None:
        module.find_records(QUERY.question[0].rdtype, module.Answer("s", "", message, "", 0.0))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_serial_numbers(module: Any, one: int, step: int) -> None:
    other = (one + step) % 2**32
    assert module.distance(one, other) == module.distance(other, one) == min(step, 2**32 - step)
    if 0 < step < 2**31:
        assert module.newer(one, other) == module.newer(other, one) == other
