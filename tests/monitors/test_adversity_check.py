"""What ``check_adversity`` says of monitors that do not hold to what they must."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.monitors.adversity import check_adversity
from tests.servers.adversity import ADVERSITIES, Facing

MONITOR = """#!/usr/bin/env python3
import asyncio, contextlib, socket, ssl, sys, time
from dataclasses import dataclass
from pymon.plugin import Down, Monitor, Up, option, port

@dataclass(frozen=True)
class Options:
    port: int = option("-p", "--port", default=0, convert=port, about="port")

async def probe(host, options):
    reader, writer = await asyncio.open_connection(str(host), options.port)
    BODY

monitor = Monitor(Options, probe)

if __name__ == "__main__":
    monitor.main()
"""

BAD = {
    "well": ("hangs up", "writer.close(); return Up()", "exits with 0"),
    "late": (
        "hangs up",
        "with contextlib.closing(writer): await asyncio.sleep(60)\n    return Down('late')",
        "it could know at once, and took",
    ),
    "two tongues": (
        "hangs up later",
        "writer.close(); return Down('process' if 'pytest' not in sys.modules else 'inside')",
        "a process does not say what",
    ),
    "trusting": (
        "expired",
        "await writer.start_tls(ssl._create_unverified_context()); writer.close(); return Down('never mind')",
        "content with a wrong certificate",
    ),
    "blocking": (
        "silence",
        "with contextlib.closing(writer): time.sleep(5 if 'pytest' in sys.modules else 0)\n    return Down('slept')",
        "the run blocked",
    ),
    "raising": ("silence", "writer.close(); raise KeyError(1)", "KeyError"),
    "keeping": (
        "hangs up later",
        "socket.socket().detach(); writer.close(); return Down('kept')",
        "left behind",
    ),
}
"""What → adversity, body of the probe, what the check says."""


def arguments(enemy: Facing) -> Sequence[str]:
    return ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


@pytest.fixture(autouse=True)
def closed_again() -> Iterator[None]:
    """Close the sockets that a bad monitor left in this process."""
    before = sockets()
    yield
    for descriptor in sockets() - before:
        os.close(descriptor)


def sockets() -> set[int]:
    """The sockets of this process."""
    return {int(each.name) for each in Path("/proc/self/fd").iterdir() if each.is_socket()}


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD)
async def test_what_it_notices(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adversity, body, said = BAD[what]
    if what == "late":
        monkeypatch.setattr("tests.servers.adversity.PROMPT_LIMIT", 1.0)
    path = tmp_path / "bad.monitor"
    path.write_text(MONITOR.replace("BODY", body))
    with pytest.raises(AssertionError, match=said):
        await check_adversity(path, arguments, ADVERSITIES[adversity])


async def test_one_that_does_not_come(tmp_path: Path) -> None:
    path = tmp_path / "bad.monitor"
    path.write_text(MONITOR.replace("BODY", "").replace("reader, writer = await asyncio", "return Down('no'); asyncio"))
    with pytest.raises(AssertionError, match="never came"):
        await check_adversity(path, arguments, ADVERSITIES["silence"])
