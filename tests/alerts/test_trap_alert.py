"""trap.alert: byte for byte what Debian's sends, and what became of it at a real receiver."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pymon.contract.invocation import Invocation
from pymon.protocol.trap_packet import TrapPacket, parse_packet
from pymon.runner.registry import load
from tests.addresses import own_address
from tests.alerts.conftest import ALERTS, RunAlert
from tests.peers import require_peer
from tests.servers.adversity import ADVERSITIES, facing
from tests.tools import missing

MON = ("-s", "http", "-g", "web", "-h", "h1 h2", "-t", "1793700000")
NOW = (*MON, "-t", str(int(time.time())))
ENVIRON = {
    "MON_GROUP": "web",
    "MON_SERVICE": "http",
    "MON_RETVAL": "3",
    "MON_OPSTATUS": "0",
    "MON_ALERTTYPE": "failure",
}
ADDRESS = own_address()
STDIN = "sum \\ é \udcff\ndet 'x'\n\ty\n"


class Receiver:
    """A UDP socket of an address of its own, and what it gets."""

    def __init__(self, port: int, host: str = ADDRESS) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.settimeout(10)
        self.port = int(self.socket.getsockname()[1])

    def packet(self) -> bytes:
        return self.socket.recv(70000)

    def trap(self) -> TrapPacket:
        return parse_packet(self.packet())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(0)
    with receiver.socket:
        yield receiver


async def test_inside_the_daemon(run_alert: RunAlert, receiver: Receiver) -> None:
    host = f"{ADDRESS}:{receiver.port}"
    said = await run_alert("trap.alert", *MON, "-U", "joe", "-P", "pw", host, stdin=STDIN, **ENVIRON)
    assert said == (0, "")
    trap = receiver.trap()
    assert (trap.grp, trap.svc, trap.sta, trap.spc, trap.usr, trap.pas) == ("web", "http", "3", "0", "joe", "pw")
    assert (trap.sum, trap.dtl) == ("sum \\\\ é \udcff", "det 'x'\n\ty")


async def test_by_hand(run_alert: RunAlert, receiver: Receiver) -> None:
    """Without mon's variables: group and service of the options, and a status that fits the kind."""
    host = f"{ADDRESS}:{receiver.port}"
    await run_alert("trap.alert", *MON, host, stdin="down\n")
    await run_alert("trap.alert", *MON, "-u", host, stdin="up\n")
    assert [(trap.grp, trap.sta, trap.spc) for trap in (receiver.trap(), receiver.trap())] == [
        ("web", "1", "0"),
        ("web", "0", "1"),
    ]


async def test_a_trap_alert_keeps_its_words(run_alert: RunAlert, receiver: Receiver) -> None:
    """K-trapeats: mon's takes the word after -T, with which alerts about traps are called, for its value."""
    host = f"{ADDRESS}:{receiver.port}"
    assert await run_alert("trap.alert", *MON, "-T", host, stdin=STDIN, **ENVIRON) == (0, "")
    assert receiver.trap().grp == "web"


async def test_status_that_is_no_number(run_alert: RunAlert, receiver: Receiver) -> None:
    """K-trapretval: mon's refuses to send it."""
    host = f"{ADDRESS}:{receiver.port}"
    await run_alert("trap.alert", *MON, host, stdin=STDIN, **{**ENVIRON, "MON_RETVAL": "abc"})
    assert receiver.trap().sta == "abc"


async def test_operational_status(run_alert: RunAlert, receiver: Receiver) -> None:
    host = f"{ADDRESS}:{receiver.port}"
    for given in ("4", "linkdown"):
        await run_alert("trap.alert", *MON, "-o", given, host, stdin=STDIN, **ENVIRON)
        assert receiver.trap().spc == "4"
    code, output = await run_alert("trap.alert", *MON, "-o", "nix", host, stdin=STDIN, **ENVIRON)
    assert (code, "no operational status 'nix'" in output) == (64, True)


async def test_who_sends_it(run_alert: RunAlert, receiver: Receiver, tmp_path: Path) -> None:
    host = f"{ADDRESS}:{receiver.port}"
    (tmp_path / "secret").write_text("of file\n")
    options = ("-U", "joe", "--password-file", str(tmp_path / "secret"), host)
    await run_alert("trap.alert", *MON, *options, stdin=STDIN, **ENVIRON)
    await run_alert(
        "trap.alert", *MON, *options, stdin=STDIN, **ENVIRON, MON_TRAP_USER="eve", MON_TRAP_PASS="of variable"
    )
    assert [(trap.usr, trap.pas) for trap in (receiver.trap(), receiver.trap())] == [
        ("joe", "of file"),
        ("eve", "of variable"),
    ]


async def test_one_host_does_not_keep_another_from_its_trap(run_alert: RunAlert, receiver: Receiver) -> None:
    """K-traphosts: mon's gives up at the first name that cannot be looked up."""
    hosts = ("no-such-host.invalid", f"{ADDRESS}:{receiver.port}")
    code, output = await run_alert("trap.alert", *MON, *hosts, stdin=STDIN, **ENVIRON)
    assert (code, output.partition(":")[0]) == (69, "no-such-host.invalid")
    assert receiver.trap().grp == "web"
    code, _ = await run_alert("trap.alert", *NOW, hosts[0], stdin=STDIN, **ENVIRON)
    assert code == 75


async def test_no_host(run_alert: RunAlert) -> None:
    """K-trapnohost: mon's sends nothing, and says nothing."""
    code, output = await run_alert("trap.alert", *MON, stdin=STDIN, **ENVIRON)
    assert (code, "no host to send to" in output) == (64, True)


async def test_both_ways(both_ways: RunAlert, receiver: Receiver, tmp_path: Path) -> None:
    """A-trap-secret: a credential of systemd."""
    (tmp_path / "secret").write_text("hush\n")
    options = ("-U", "joe", "--password-file", "credential:secret", f"{ADDRESS}:{receiver.port}")
    said = await both_ways("trap.alert", *MON, *options, stdin=STDIN, **ENVIRON, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert said == (0, "")
    trap = receiver.trap()
    assert (trap.grp, trap.sum, trap.usr, trap.pas) == ("web", "sum \\\\ é \udcff", "joe", "hush")


async def test_by_ipv6(run_alert: RunAlert) -> None:
    receiver = Receiver(0, "::1")
    with receiver.socket:
        assert await run_alert("trap.alert", *MON, f"[::1]:{receiver.port}", stdin=STDIN, **ENVIRON) == (0, "")
        assert receiver.trap().grp == "web"


async def test_nobody_listens(both_ways: RunAlert) -> None:
    """On this machine the kernel tells; elsewhere nobody does."""
    async with facing(ADVERSITIES["port closed"]) as enemy:
        code, output = await both_ways("trap.alert", *NOW, f"{enemy.host}:{enemy.port}", stdin=STDIN, **ENVIRON)
    assert code == 75
    assert output == f"{enemy.host}:{enemy.port}: cannot send to {enemy.host}:{enemy.port}: Connection refused\n"


@pytest.mark.slow
async def test_a_lookup_that_hangs_keeps_no_other_host_from_its_trap(
    run_alert: RunAlert, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-trap-hosts."""
    hangs = threading.Event()
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> Any:
        if host == "slow.test":
            hangs.wait(10)
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    hosts = ("--timeout", "0.3", "slow.test", f"{ADDRESS}:{receiver.port}")
    code, output = await run_alert("trap.alert", *MON, *hosts, stdin=STDIN, **ENVIRON)
    hangs.set()
    assert (code, output) == (69, "slow.test: timeout after 0.3 seconds\n")
    assert receiver.trap().grp == "web"


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (("--password-file", "/nowhere/p", ADDRESS), 75, "cannot read the secret in /nowhere/p"),
        (("--timeout", "x", ADDRESS), 64, "must be a number of seconds"),
    ],
)
async def test_wrong_options(run_alert: RunAlert, options: tuple[str, ...], code: int, problem: str) -> None:
    given, output = await run_alert("trap.alert", *NOW, *options, stdin=STDIN, **ENVIRON)
    assert (given, problem in output) == (code, True), output


@pytest.mark.parametrize("host", ["h:nosuchport", "h:0", "h:70000", "[::1", "[::1]x", "", ":2583"])
async def test_wrong_hosts(run_alert: RunAlert, receiver: Receiver, host: str) -> None:
    """It is said before anything is sent."""
    code, output = await run_alert("trap.alert", *MON, f"{ADDRESS}:{receiver.port}", host, stdin=STDIN, **ENVIRON)
    assert (code, "is no host" in output or "there is no port" in output) == (64, True), output
    receiver.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        receiver.packet()


async def test_what_is_too_long_is_not_tried_again(run_alert: RunAlert) -> None:
    """A-trap-long."""
    code, output = await run_alert("trap.alert", *MON, ADDRESS, stdin="x" * 70_000, **ENVIRON)
    assert (code, output) == (69, f"{ADDRESS}: a summary of 70000 characters is too long for a trap\n")


async def test_a_trap_of_an_hour_ago_is_given_up(run_alert: RunAlert) -> None:
    """A-trap-order."""
    recent = ("-s", "http", "-g", "web", "-t", str(time.time() - 3000))
    code, _ = await run_alert("trap.alert", *recent, "no-such-host.invalid", stdin=STDIN)
    assert code == 75
    old = ("-s", "http", "-g", "web", "-t", str(time.time() - 4000))
    code, output = await run_alert("trap.alert", *old, "no-such-host.invalid", stdin=STDIN)
    assert (code, "it is given up" in output) == (69, True)


def test_traps_of_a_service_are_ordered() -> None:
    """A-trap-order: a failure that is sent again must not come after the end of it."""
    plugin = load("trap.alert", str(ALERTS / "trap.alert")).plugin
    assert plugin is not None
    assert plugin.ordered

    def key(*arguments: str, **environ: str) -> object:
        return plugin.order_key(Invocation("trap.alert", arguments, environ))

    failure = key(*MON, "-U", "joe", "b", "a", **ENVIRON)
    assert failure == key(*MON, "-u", "-U", "joe", "a", "b", **{**ENVIRON, "MON_ALERTTYPE": "up", "MON_RETVAL": "0"})
    assert failure == key("-t", "5", "-U", "joe", "a", "b", **ENVIRON)
    assert failure != key(*MON, "-U", "joe", "a", **ENVIRON)
    assert failure != key(*MON, "-U", "joe", "a", "b", **{**ENVIRON, "MON_SERVICE": "ftp"})
    for kind in ("test", "startup"):
        assert failure != key(*MON, "-U", "joe", "a", "b", **{**ENVIRON, "MON_ALERTTYPE": kind})


async def test_every_password_in_the_arguments_is_warned_of(run_alert: RunAlert) -> None:
    code, output = await run_alert("trap.alert", "--help")
    assert (code, "Everybody on this machine can read the arguments" in output) == (0, True)


CASES: dict[str, tuple[tuple[str, ...], dict[str, str], bytes]] = {
    "failure": ((), {}, STDIN.encode("utf-8", "surrogateescape")),
    "up": (("-u",), {"MON_RETVAL": "0", "MON_OPSTATUS": "1", "MON_ALERTTYPE": "up"}, b"well\n"),
    "user": (("-U", "joe", "-P", "p'w d"), {}, b"sum\n"),
    "variables": (("-U", "joe", "-P", "pw"), {"MON_TRAP_USER": "eve", "MON_TRAP_PASS": "x"}, b"sum\n"),
    "opstatus": (("-o", "4"), {}, b"sum\ndetail"),
    "two hosts": ((ADDRESS,), {}, b"sum\n"),
    "no input": ((), {}, b""),
    "lines": ((), {}, b"\n\na\n\n"),
}


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize("name", CASES)
def test_same_packets_as_debians(name: str) -> None:
    theirs = require_peer("trap.alert")
    arguments, environ, stdin = CASES[name]
    try:
        receiver = Receiver(2583)
    except OSError as problem:
        missing(f"Debian's trap.alert sends to port 2583 only, which cannot be had: {problem}")
    sent: list[list[bytes]] = []
    with receiver.socket:
        for command in ([str(theirs)], [sys.executable, str(ALERTS / "trap.alert")]):
            subprocess.run(
                [*command, *MON, *arguments, ADDRESS],
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", **ENVIRON, **environ},
                input=stdin,
                check=True,
                timeout=20,
            )
            sent.append([receiver.packet() for _ in range(arguments.count(ADDRESS) + 1)])
    normal = [[re.sub(rb"tsp='\d+'", b"tsp", packet) for packet in packets] for packets in sent]
    assert normal[1] == normal[0]
