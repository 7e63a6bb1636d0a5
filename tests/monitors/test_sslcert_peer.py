"""sslcert.monitor beside Debian's: same summary, same exit code, same sentences.

Debian's asks name servers itself and knows no other names; so a real one tells it the addresses, and ours finds the
same in a file of hosts of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.monitors.servers import MONITORS, Handler, rubbish, saying, serving
from tests.monitors.test_sslcert import AUTHORITY, stay
from tests.peers import require_peer
from tests.ports import free_port
from tests.servers.nsd import nsd, zone

pytestmark = pytest.mark.peer

WWW, TWO = "www.a.test", "two.a.test"
ADDRESSES = {WWW: ["127.0.0.1"], TWO: ["127.0.0.1", "127.0.0.2"], "half.a.test": ["127.0.0.1", "127.0.0.99"]}

PAIRS = {
    "good": AUTHORITY.issue(WWW, TWO, days=60),
    "expired": AUTHORITY.issue(WWW, days=-1),
    "soon": AUTHORITY.issue(WWW, TWO, days=13.9),
    "not soon": AUTHORITY.issue(WWW, TWO, days=14.1),
    "early": AUTHORITY.issue(WWW, since=1, days=30),
    "other": AUTHORITY.issue("other.test"),
    "all wrong": AUTHORITY.issue("other.test", days=-3),
}


@pytest.fixture(name="name_server", scope="module")
def name_server_fixture() -> Iterator[str]:
    """The address of one that knows the hosts."""
    records = "".join(f"{name}. IN A {address}\n" for name, each in ADDRESSES.items() for address in each)
    with nsd({"test": zone(records=records)}, port=53) as server:
        yield server.host


@pytest.fixture(name="hosts_file", scope="module")
def hosts_file_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file of hosts."""
    path = tmp_path_factory.mktemp("etc") / "hosts"
    path.write_text("".join(f"{address} {name}\n" for name, each in ADDRESSES.items() for address in each))
    return path


@pytest.fixture(name="ports")
async def ports_fixture() -> AsyncIterator[dict[str, str]]:
    """A port for each certificate, on two addresses; one that speaks no TLS, and one that refuses."""
    async with AsyncExitStack() as stack:
        ports = {"refused": free_port()}
        for name, pair in PAIRS.items():
            ports[name] = await stack.enter_async_context(serving(stay, tls=pair.server_context()))
            second = await asyncio.start_server(stay, "127.0.0.2", ports[name], ssl=pair.server_context())
            await stack.enter_async_context(second)
        plain = saying(b"220 hello\r\n")
        ports["plain"] = await stack.enter_async_context(serving(plain))
        await stack.enter_async_context(await asyncio.start_server(hanging_up(plain), "127.0.0.2", ports["plain"]))
        ports["rubbish"] = await stack.enter_async_context(serving(rubbish))
        yield {name: str(port) for name, port in ports.items()}


def hanging_up(handler: Handler) -> Handler:
    """Do that, and leave."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handler(reader, writer)
        writer.close()

    return handle


async def output(*command: object, **environ: str) -> tuple[int, str]:
    """Exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **environ}
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "arguments"),
    [
        *((server, [WWW]) for server in PAIRS),
        ("good", [TWO, WWW]),
        ("good", ["-4", TWO]),
        ("good", ["-s", "1", WWW]),
        ("soon", [TWO, WWW]),
        ("expired", ["no.a.test", TWO]),
        ("good", ["half.a.test", WWW]),
        ("plain", [TWO]),
        ("rubbish", [WWW]),
        ("expired", [TWO, "half.a.test"]),
        ("refused", [TWO, WWW]),
    ],
)
async def test_same(
    ports: dict[str, str], name_server: str, hosts_file: Path, server: str, arguments: list[str]
) -> None:
    """M-sslcert-lookup, M-sslcert-why: a sentence on what could not be had goes on with why."""
    arguments = ["-p", ports[server], *arguments]
    script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    theirs, ours = await asyncio.gather(
        output(require_peer("sslcert.monitor"), *arguments, RES_NAMESERVERS=name_server),
        output(
            *("unshare", "-m", "sh", "-c", script, "sh", hosts_file),
            *(sys.executable, MONITORS / "sslcert.monitor", "-k", *arguments),
        ),
    )
    assert ours[0] == theirs[0]
    for our, their in zip(ours[1].split("\n"), theirs[1].split("\n"), strict=True):
        assert our == their or (MAY_GO_ON.match(their) and our.startswith(their.removesuffix(".")))


MAY_GO_ON = re.compile(r"Can't connect to |No A or AAAA record|.* not SSL server\?$")
