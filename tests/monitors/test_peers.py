"""pymon's monitors beside Debian's of the same name: same summary, same exit code, same shape of detail."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.monitors.servers import MONITORS, Runs, saying, serving, silent
from tests.monitors.test_ftp import ftp
from tests.peers import require_peer
from tests.ports import free_port
from tests.tools import require_tool

pytestmark = pytest.mark.peer

ADDRESS = "127.0.0.1"

SERVERS = {
    "ok": saying(b"HTTP/1.0 200 OK\r\nServer: x\r\nX-Camel: y\r\n\r\nhello\n"),
    "gone": saying(b"HTTP/1.0 404 Not here\r\nServer: x\r\n\r\ngone\n"),
    "moved": saying(b"HTTP/1.0 302 Moved\r\nLocation: /\r\n\r\n"),
    "other": saying(b"HTTP/1.0 303 Other\r\nLocation: /\r\n\r\n"),
    "locked": saying(b"HTTP/1.0 401 Who\r\nWWW-Authenticate: Basic\r\n\r\n"),
    "broken": saying(b"HTTP/1.0 500 Oh\r\n\r\nX: y\r\n"),
    "bare": saying(b"HTTP/1.0 200 OK\nA: b\n\nbody\n"),
    "silent": silent,
    "hang up": saying(),
    "ftp": ftp(b"220-one\r\n220 two\r\n"),
    "ftp refuses quit": ftp(b"220 one\r\n", b"500 what\r\n"),
    "ftp leaves": ftp(b"220 one\r\n", b""),
}


@pytest.fixture(name="ports")
async def ports_fixture() -> AsyncIterator[dict[str, int]]:
    """A port for each server, and one that refuses."""
    async with AsyncExitStack() as stack:
        ports = {name: await stack.enter_async_context(serving(handler)) for name, handler in SERVERS.items()}
        yield ports | {"refused": free_port()}


async def both(name: str, *arguments: str) -> tuple[tuple[int, str], tuple[int, str]]:
    """Debian's exit code and output, and ours. Standard error joins the output, as for the daemon."""
    path = require_peer(name)
    if name == "fping.monitor":
        require_tool("fping", why="Debian's fping.monitor runs it")
    process = await asyncio.create_subprocess_exec(
        str(path), *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    communicating = asyncio.wait_for(process.communicate(), 60)
    (output, _), ours = await asyncio.gather(communicating, Runs(inprocess=True)(name, *arguments))
    return (process.returncode or 0, output.decode("utf-8", "surrogateescape")), (ours.exitval, ours.output)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "options"),
    [
        ("ok", []),
        ("ok", ["-m", "h.llo"]),
        ("ok", ["-m", "^hello"]),
        ("ok", ["-m", "hello$"]),
        ("ok", ["-m", "x-camel"]),
        ("ok", ["-u", "/a?b=c", "-a", "me too"]),
        ("gone", []),
        ("gone", ["-m", "gone"]),
        ("moved", []),
        ("other", []),
        ("locked", []),
        ("bare", []),
        ("silent", ["-t", "1"]),
    ],
)
async def test_http(ports: dict[str, int], server: str, options: list[str]) -> None:
    theirs, ours = await both("http.monitor", "-p", str(ports[server]), *options, ADDRESS)
    assert ours == theirs


@pytest.mark.parametrize("server", ["refused", "hang up"])
async def test_http_adds_why_there_was_no_answer_m_http_1(ports: dict[str, int], server: str) -> None:
    """M-http-1."""
    theirs, ours = await both("http.monitor", "-p", str(ports[server]), ADDRESS)
    assert theirs == (1, f"{ADDRESS}\nHOST {ADDRESS}: HTTP response code failure\n\n")
    assert ours[0] == 1
    assert re.fullmatch(rf"{ADDRESS}\nHOST {ADDRESS}: HTTP response code failure\n\S.*\n\n", ours[1])


async def test_http_with_nothing_to_tell(ports: dict[str, int]) -> None:
    theirs, ours = await both("http.monitor", "-o", "-p", str(ports["ok"]), ADDRESS)
    assert theirs == (0, "\n")
    assert ours == (0, "")  # the same summary and detail: none


async def test_http_without_hosts() -> None:
    theirs, ours = await both("http.monitor")
    assert ours == theirs == (0, "")


async def test_http_good_and_bad_hosts(ports: dict[str, int]) -> None:
    theirs, ours = await both("http.monitor", "-p", str(ports["ok"]), "127.0.0.2", ADDRESS)
    assert ours[0] == theirs[0] == 1
    assert ours[1].replace("could not connect: Connection refused\n", "") == theirs[1]


@pytest.mark.parametrize("hosts", [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"], [], ["127.1"], ["localhost"]])
@pytest.mark.parametrize("server", ["silent", "refused"])
async def test_tcp(ports: dict[str, int], server: str, hosts: list[str]) -> None:
    theirs, ours = await both("tcp.monitor", "-p", str(ports[server]), *hosts)
    assert ours == theirs


async def test_tcp_name_not_found() -> None:
    theirs, ours = await both("tcp.monitor", "-p", "1", "no-such-host.invalid")
    assert ours[0] == theirs[0] == 1
    assert ours[1].startswith(theirs[1].rstrip("\n"))


@pytest.mark.slow
@pytest.mark.parametrize("server", ["ftp", "ftp refuses quit", "ftp leaves", "silent", "refused"])
async def test_ftp(ports: dict[str, int], server: str) -> None:
    theirs, ours = await both("ftp.monitor", "-t", "1", "-p", str(ports[server]), ADDRESS)
    assert ours == theirs


async def test_ftp_good_and_bad_hosts(ports: dict[str, int]) -> None:
    theirs, ours = await both("ftp.monitor", "-p", str(ports["ftp"]), "127.0.0.2", ADDRESS)
    assert ours == theirs


def sameness(output: str) -> str:
    """fping.monitor's output without what differs from run to run."""
    output = re.sub(r"(time *: ).*", r"\1T", output)
    output = re.sub(r"duration  : \d", "duration  : N", output)
    return re.sub(r"\d+\.\d\d ms", "N ms", output)


@pytest.mark.parametrize(
    "arguments",
    [
        ["127.0.0.1", "127.0.0.2"],
        ["::1", "localhost"],
        ["127.0.0.1", "127.0.0.1"],
        ["-s", "0.0001", "127.0.0.2", "127.0.0.1"],
        ["-a", "-s", "0.0001", "127.0.0.2", "127.0.0.1"],
        ["-r", "0", "-t", "50", "127.0.0.1"],
        [],
    ],
    ids=" ".join,
)
async def test_fping(arguments: list[str]) -> None:
    theirs, ours = await both("fping.monitor", *arguments)
    assert (ours[0], sameness(ours[1])) == (theirs[0], sameness(theirs[1]))


@pytest.mark.parametrize(
    "arguments",
    [
        "10.7.0.5 127.0.0.1 10.7.0.4",
        "-a 10.7.0.5 127.0.0.1",
        "-a 10.7.0.5",
        "-s 0.0001 10.7.0.5 127.0.0.1",
        "10.7.0.5 10.7.0.5",
    ],
)
async def test_fping_unreachable(arguments: str) -> None:
    prepare = "ip link set lo up && ip route add unreachable 10.7.0.0/24"
    require_tool("fping", why="Debian's fping.monitor runs it")
    outcomes = []
    for program in (str(require_peer("fping.monitor")), f"{sys.executable} {MONITORS}/fping.monitor"):
        process = await asyncio.create_subprocess_exec(
            "unshare", "-n", "sh", "-c", f"{prepare} && exec {program} {arguments}",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        output, _ = await process.communicate()
        outcomes.append((process.returncode, re.sub(" +No route to host", "", sameness(output.decode()))))
    theirs, ours = outcomes
    assert ours == theirs
