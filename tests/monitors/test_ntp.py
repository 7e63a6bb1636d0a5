"""ntp.monitor: against chronyd, and against servers whose clocks are wrong."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin import Datagram
from pymon.plugin_object import module_of
from tests.monitors.adversity import check_adversity
from tests.monitors.servers import MONITORS, Check
from tests.peers import require_peer
from tests.programs import write_program
from tests.servers import datagrams
from tests.servers.adversity import Adversity, Facing, Speech, rows_together
from tests.servers.chronyd import chronyd

ERA = 2_208_988_800

Answers = Callable[[bytes], bytes | None]


@pytest.fixture(scope="module", name="module")
def module_fixture() -> Any:
    """The plugin's own functions."""
    return module_of(str(MONITORS / "ntp.monitor"))


def stamp(moment: float) -> bytes:
    """A time as NTP has it, in whichever era."""
    return struct.pack("!Q", int((moment + ERA) * 2**32) % 2**64)


def server_answer(
    query: bytes,
    *,
    offset: float = 0.0,
    stratum: int = 2,
    leap: int = 0,
    reference: bytes = b"\x7f\x7f\1\1",
    mode: int = 4,
    held: float = 0.0,
) -> bytes:
    """The answer of a server whose clock is ahead by ``offset`` seconds, and that took ``held`` seconds for it."""
    now = time.time() + offset
    head = struct.pack("!BBbb8x4s", leap << 6 | 4 << 3 | mode, stratum, 0, -20, reference)
    return head + stamp(now) + query[40:48] + stamp(now - held) + stamp(now)


@contextlib.asynccontextmanager
async def time_server(answers: Answers, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that answers so; yields its port."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as server:

        def meet() -> None:
            query, client = server.recvfrom(1000)
            answer = answers(query)
            if answer is not None:
                server.sendto(answer, client)

        server.bind((host, 0))
        loop.add_reader(server, meet)
        try:
            yield server.getsockname()[1]
        finally:
            loop.remove_reader(server)


async def test_chronyd(check: Check) -> None:
    with chronyd(3) as server:
        result = await check("ntp.monitor", "-p", str(server.port), server.host, server.host6)
    assert result.exitval == 0
    head, *lines = result.output.splitlines()[1:]
    assert head.split("  ")[0] == "NTP server"
    assert [line.split()[::2] for line in lines] == [[server.host, "3"], ["::1", "3"]]
    for host in (server.host, "::1"):
        measured = {each.name: (each.value, each.unit) for each in result.measurements if each.host == host}
        assert measured.keys() == {"offset", "delay", "stratum", "time"}
        assert measured["stratum"] == (3, "")
        assert abs(measured["offset"][0]) < 0.1
        assert 0 <= measured["delay"][0] < 0.1
        assert {unit for _, unit in measured.values()} == {"s", ""}


async def test_chronyd_too_far_from_a_true_clock(check: Check) -> None:
    with chronyd(11) as server:
        result = await check("ntp.monitor", "-p", str(server.port), server.host)
        assert (result.exitval, result.output.splitlines()[0]) == (1, server.host)
        assert result.output.endswith("  stratum 11 is more than 10\n")
        assert {each.name for each in result.measurements} == {"offset", "delay", "stratum"}
        well = await check("ntp.monitor", "--maxstratum", "11", "-p", str(server.port), server.host)
        assert well.exitval == 0


async def test_chronyd_without_a_clock(check: Check) -> None:
    with chronyd(None) as server:
        result = await check("ntp.monitor", "-p", str(server.port), server.host)
    assert (result.exitval, result.output.splitlines()[0]) == (1, server.host)
    assert result.output.endswith("  not synchronised\n")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (lambda query: server_answer(query, offset=0.95), "offset 0.9"),
        (lambda query: server_answer(query, offset=-0.95), "offset -0.9"),
        (lambda query: server_answer(query, offset=2**31 - 9), "offset 21474836"),
        (lambda query: server_answer(query, offset=2**31), "offset -21474836"),
        (lambda query: server_answer(query, stratum=11), "stratum 11 is more than 10"),
        (lambda query: server_answer(query, stratum=16), "not synchronised"),
        (lambda query: server_answer(query, leap=3), "not synchronised"),
        (lambda query: server_answer(query, stratum=0, reference=b"\0\0\0\0"), "not synchronised"),
        (lambda query: server_answer(query, stratum=0, leap=3, reference=b"RATE"), "kiss-o'-death: RATE"),
        (lambda query: server_answer(query, stratum=0, reference=b"DENY"), "kiss-o'-death: DENY"),
    ],
)
async def test_answers_that_fail(check_inside: Check, answers: Answers, said: str) -> None:
    async with time_server(answers) as port:
        result = await check_inside("ntp.monitor", "-p", str(port), "127.0.0.1")
    assert (result.exitval, result.output.splitlines()[0]) == (1, "127.0.0.1")
    assert f"  {said}" in result.output


@pytest.mark.parametrize("offset", [0.3, -0.3])
async def test_offsets_within_the_limit(check_inside: Check, offset: float) -> None:
    """As exact as the way there and back allows: half of its delay."""
    async with time_server(lambda query: server_answer(query, offset=offset)) as port:
        result = await check_inside("ntp.monitor", "-p", str(port), "127.0.0.1")
    assert result.exitval == 0
    measured = {each.name: each.value for each in result.measurements}
    assert measured["offset"] == pytest.approx(offset, abs=measured["delay"] / 2 + 0.01)


async def test_what_the_server_takes_is_no_delay(check_inside: Check) -> None:
    """Nor is it taken for an offset: half of it would be."""
    async with time_server(lambda query: server_answer(query, offset=5.0, held=10.0)) as port:
        result = await check_inside("ntp.monitor", "--maxoffset", "9", "-p", str(port), "127.0.0.1")
    measured = {each.name: each.value for each in result.measurements}
    assert measured["delay"] == 0, "not less than nothing, when it claims to have taken longer than all did"
    assert measured["offset"] == pytest.approx(0.0, abs=2.0), "not 5, half of what the server claims"


@pytest.mark.slow
async def test_the_sample_with_the_least_delay_counts(check_inside: Check) -> None:
    asked = 0

    def answers(query: bytes) -> bytes:
        nonlocal asked
        asked += 1
        time.sleep(0.0 if asked == 2 else 0.2)  # on its way there
        return server_answer(query)

    async with time_server(answers) as port:
        result = await check_inside("ntp.monitor", "--samples", "3", "-p", str(port), "127.0.0.1")
    assert (result.exitval, asked) == (0, 3)
    measured = {each.name: each.value for each in result.measurements}
    assert measured["delay"] < 0.1
    assert abs(measured["offset"]) < 0.05


async def test_each_query_has_a_time_of_its_own_that_is_none(check_inside: Check) -> None:
    """Who has not seen the query cannot answer it, and does not learn what time it is here."""
    seen = []

    def answers(query: bytes) -> bytes:
        seen.append(query)
        return server_answer(query)

    async with time_server(answers) as port:
        await check_inside("ntp.monitor", "--samples", "2", "-p", str(port), "127.0.0.1")
    assert [query[:40] for query in seen] == [b"\x23" + bytes(39)] * 2
    assert len({query[40:] for query in seen}) == 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", [3, 5])
async def test_an_answer_of_another_mode_is_passed_over(check_inside: Check, mode: int) -> None:
    async with time_server(lambda query: server_answer(query, mode=mode)) as port:
        result = await check_inside("ntp.monitor", "-t", "0.2", "-p", str(port), "127.0.0.1")
    assert result.output.endswith("  timeout after 0.2 seconds\n")


@pytest.mark.slow
async def test_asked_again_when_no_answer_came(check_inside: Check) -> None:
    asked = 0

    def answers(query: bytes) -> bytes | None:
        nonlocal asked
        asked += 1
        return server_answer(query) if asked > 1 else None

    async with time_server(answers) as port:
        assert (await check_inside("ntp.monitor", "-p", str(port), "127.0.0.1")).exitval == 0
    assert asked == 2


async def test_good_and_bad_hosts(check_inside: Check) -> None:
    async with time_server(server_answer) as port:
        result = await check_inside("ntp.monitor", "-p", str(port), "127.0.0.3", "127.0.0.1", "127.0.0.2", "no.invalid")
    assert result.output.splitlines()[0] == "127.0.0.2 127.0.0.3 no.invalid"
    lines = [line.split() for line in result.output.splitlines()[2:]]
    assert lines[0] == ["127.0.0.3", "Connection", "refused"]
    assert lines[1][0] == "127.0.0.1"
    assert lines[3][0] == "no.invalid"


async def test_both_families(check_inside: Check) -> None:
    async with time_server(server_answer) as port:
        result = await check_inside("ntp.monitor", "-4", "-6", "-p", str(port), "127.0.0.1")
    assert result.exitval == 1
    assert "IPv6: no IPv6 address" in result.output


@pytest.mark.parametrize("given_samples", ["0", "17", "x"])
async def test_how_many_samples_there_may_be(check_inside: Check, given_samples: str) -> None:
    result = await check_inside("ntp.monitor", "--samples", given_samples, "127.0.0.1")
    assert result.exitval == 126
    assert "must be a whole number from 1 to 16" in result.output


NTPDATE = """#!/bin/sh
# ntpdate -q HOST
echo "server $2, stratum STRATUM, offset OFFSET, delay 0.02563"
"""


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize(
    ("stratum", "offset", "options"),
    [
        (2, 0.0, []),
        (10, 0.0, []),
        (11, 0.0, []),
        (2, 0.79, []),
        (2, -0.79, []),
        (2, 0.81, []),
        (2, -0.81, []),
        (3, 0.0, ["--maxstratum", "2"]),
        (2, 1.0, ["--maxoffset", "1.1"]),
        (2, 0.2, ["--maxoffset", "0.1"]),
        (0, 0.0, []),
        (16, 0.0, []),
    ],
)
async def test_the_limits_of_debians(
    check_inside: Check, tmp_path: Path, stratum: int, offset: float, options: list[str]
) -> None:
    """M-ntp-name: mon's is ntpdate.monitor, and needs a program that Debian has no more."""
    peer = require_peer("ntpdate.monitor")
    program = tmp_path / "ntpdate"
    write_program(program, NTPDATE.replace("STRATUM", str(stratum)).replace("OFFSET", str(offset)))
    process = await asyncio.create_subprocess_exec(
        *(str(peer), "--ntpdate", str(program), *options, "127.0.0.1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    theirs, _ = await asyncio.wait_for(process.communicate(), 20)
    async with time_server(lambda query: server_answer(query, stratum=stratum, offset=offset)) as port:
        ours = await check_inside("ntp.monitor", *options, "-p", str(port), "127.0.0.1")
    assert ours.exitval == process.returncode
    assert ours.output.partition("\n")[0] == theirs.decode().partition("\n")[0]


@pytest.mark.peer
async def test_a_server_that_does_not_answer_m_ntp_silent(check_inside: Check, tmp_path: Path) -> None:
    """M-ntp-silent: Debian's is content with a host that ntpdate has nothing to say of."""
    peer = require_peer("ntpdate.monitor")
    program = tmp_path / "ntpdate"
    write_program(program, "#!/bin/sh\nexit 1\n")
    process = await asyncio.create_subprocess_exec(str(peer), "--ntpdate", str(program), "127.0.0.1")
    assert await process.wait() == 0
    assert (await check_inside("ntp.monitor", "-t", "1", "-p", "9", "127.0.0.1")).exitval == 1


def arguments(enemy: Facing) -> list[str]:
    return ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("udp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    await check_adversity("ntp.monitor", arguments, *adversities, speech=Speech(answer=datagrams.ntp_answer))


@given(st.binary(max_size=100), st.booleans())
def test_no_datagram_is_too_much(module: Any, data: bytes, right: bool) -> None:
    if right and len(data) >= 48:
        data = b"\x24" + data[1:24] + bytes(7) + b"\x01" + data[32:]
    sample = module.read(1, Datagram(data, 1e9, 1e9 + 0.5))
    if sample is not None:
        assert isinstance(sample.problem, str)


@given(st.floats(0, 8e9), st.floats(-1e9, 1e9))
def test_times_of_any_era(module: Any, moment: float, ahead: float) -> None:
    """NTP's first era ends in 2036."""
    there = struct.unpack("!Q", stamp(moment + ahead))[0]
    assert module.between(module.stamp_of(moment), there) == pytest.approx(ahead, abs=1e-5)
