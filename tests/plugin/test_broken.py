"""M-broken: which troubles of a probe are the host's, and which are this machine's or the monitor's own."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.errors import PluginError, PluginUsageError
from pymon.plugin import (
    Broken,
    Down,
    Host,
    Measurement,
    Monitor,
    Outcome,
    Report,
    SetMonitor,
    Up,
    connect,
    tls,
    tls_context,
)
from pymon.plugin.blocking import StuckThreads
from pymon.plugin.conversation import ProtocolProblem
from tests.process.test_execution import run as run_program
from tests.runner.scripts import script


@dataclass(frozen=True)
class Options:
    """None of its own."""


async def run(probe: Callable[[Host, Options], Outcome], *hosts: str) -> Answer:
    """Of a monitor whose probe this is, called as it would be by the daemon."""

    async def awaited(host: Host, options: Options) -> Outcome:
        return probe(host, options)

    return await Monitor(Options, awaited, look_up=False).run(Invocation("/d/x.monitor", hosts, {}))


OUTCOMES: dict[str, Outcome] = {
    "up": Up(),
    "down": Down("refused"),
    "broken": Broken("no ping socket"),
    "other": Broken("no library"),
}


@pytest.mark.parametrize(
    ("hosts", "exitval", "summary"),
    [
        (("up",), 0, ""),
        (("down",), 1, "down"),
        (("broken",), 126, "no ping socket"),
        (("broken", "up"), 126, "no ping socket (broken)"),
        (("broken", "other"), 126, "no ping socket (broken); no library (other)"),
        (("broken", "down", "up"), 1, "down"),
        (("down", "broken"), 1, "down"),
    ],
)
async def test_a_service_fails_if_any_host_is_down(hosts: tuple[str, ...], exitval: int, summary: str) -> None:
    answer = await run(lambda host, _: OUTCOMES[host.name], *hosts)
    assert answer.exitval == exitval
    if len({host for host in hosts if host in ("broken", "other")}) < 2:
        assert answer.output.partition("\n")[0] == summary
    for host in hosts:
        told = {"down": "down: refused\n", "broken": "broken: not checked: no ping socket\n"}.get(host, "")
        assert told in answer.output


async def test_both_families() -> None:
    """A host that is down over one family is down, whatever is broken over the other."""

    def probe(host: Host, _options: Options) -> Outcome:
        return Down("refused") if host.family == socket.AF_INET else Broken("no route of ours")

    answer = await run(probe, "-4", "-6", "h")
    assert (answer.exitval, answer.output) == (1, "h\nh: IPv4: refused; IPv6: no route of ours\n")


def raising(error: BaseException) -> Callable[[Host, Options], Outcome]:
    def probe(_host: Host, _options: Options) -> Outcome:
        raise error

    return probe


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        OSError(errno.EHOSTUNREACH, "no route"),
        TimeoutError(),
        ProtocolProblem("no SMTP"),
        EOFError(),
        asyncio.IncompleteReadError(b"", 5),
        FileNotFoundError(errno.ENOENT, "no such socket"),
    ],
    ids=repr,
)
async def test_what_fails_a_host(error: Exception) -> None:
    answer = await run(raising(error), "h")
    assert (answer.exitval, answer.output.partition("\n")[0]) == (1, "h")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        ZeroDivisionError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        ModuleNotFoundError("No module named 'redis'"),
        AssertionError(),
        RecursionError(),
        SystemExit(3),
        NotImplementedError(),
        PluginError("no ping socket"),
        PermissionError(errno.EACCES, "Permission denied", "/etc/secret"),
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.ENFILE, "Too many open files in system"),
        StuckThreads("64 earlier calls hang"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("others", [(), ("fine",)])
async def test_what_breaks_its_check(error: BaseException, others: tuple[str, ...]) -> None:
    def probe(host: Host, options: Options) -> Outcome:
        return Up() if host.name == "fine" else raising(error)(host, options)

    answer = await run(probe, "h", *others)
    assert answer.exitval == 126
    assert "\nh: not checked: " in answer.output
    assert not answer.output.startswith("Traceback")


async def test_a_usage_error_beside_a_host_that_is_down() -> None:
    """The one that is down counts; what the others could not be checked for is told."""

    def probe(host: Host, _options: Options) -> Outcome:
        if host.name == "down":
            return Down("refused")
        raise PluginUsageError("no such file")

    answer = await run(probe, "down", "other")
    assert (answer.exitval, answer.output) == (1, "down\ndown: refused\nother: not checked: no such file\n")


PROGRAM = """
import os, socket, sys
from dataclasses import dataclass
from pymon.plugin import Host, Monitor, Outcome, Up, connect

@dataclass(frozen=True)
class Options:
    pass

async def probe(host: Host, options: Options) -> Outcome:
    {body}
    return Up()

monitor = Monitor(Options, probe)
if __name__ == "__main__":
    os.setgid(65534); os.setuid(65534)
    monitor.main()
"""


@pytest.mark.parametrize(
    ("body", "exitval", "told"),
    [
        ("open('/etc/shadow').read()", 126, "/etc/shadow: Permission denied"),
        ("open('/proc/1/environ').read()", 126, "/proc/1/environ: Permission denied"),
        ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", 126, "Operation not permitted"),
        ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", 126, "Operation not permitted"),
        # broadcasting without SO_BROADCAST is refused like a firewall's rule: EACCES, by the call that goes out
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('255.255.255.255', 9))", 1, "Permission denied"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('255.255.255.255', 9))", 1, "Permission"),
        ("(await connect('255.255.255.255', 9)).close()", 1, ""),
    ],
)
async def test_permission_denied_to_a_user(tmp_path: Path, body: str, exitval: int, told: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("it takes root to become another user")
    path = script(tmp_path, PROGRAM.format(body=body), interpreter=sys.executable)
    result = await run_program(path, "127.0.0.1")
    assert result.exitval == exitval, result.output
    assert told in result.output


async def test_a_set_monitor_says_so_itself() -> None:
    async def check(_call: object) -> Report:
        return Report(0, "the agent is missing", "more\n", (Measurement("h", "n", 1.0),), broken=True)

    monitor = SetMonitor(Options, check, about="x")
    answer = await monitor.run(Invocation("/d/x.monitor", ("h",), {}))
    assert answer[:3] == (126, "the agent is missing\nmore\n", (Measurement("h", "n", 1.0),))


async def test_the_kits_own_connections_are_the_networks() -> None:
    """Whoever refuses them."""

    async def probe(_host: Host, _options: Options) -> Outcome:
        (await connect("127.0.0.1", 1)).close()
        return Up()

    answer = await Monitor(Options, probe).run(Invocation("/d/x.monitor", ("127.0.0.1",), {}))
    assert answer.exitval == 1


@pytest.mark.parametrize("make", [False, True])
def test_a_machine_that_trusts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: bool) -> None:
    """M-http-tls: without CA certificates every server's would be blamed."""
    folder = tmp_path / "certs"
    if make:
        folder.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    monkeypatch.setattr(tls, "_LATEST", {})
    tls._context.cache_clear()
    with pytest.raises(PluginUsageError, match="no CA certificates to verify with in"):
        tls_context()
    tls_context(verify=False)
    tls._context.cache_clear()
