"""Servers for the clients to ask: a scripted one, Debian's mon, and pymon."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from pymon.client import Client
from pymon.errors import ClientError
from tests.client.scripted import ScriptedServer
from tests.differential.daemon import Rig, RiggedDaemon
from tests.peers import require_peer
from tests.ports import free_port
from tests.programs import write_program

JOE = "joe:$1$abcdefgh$DVuLYHjDhfNuwQY5aLev/1"
ODD = "sum a\\b\\\\c \\20 \"q\" 's' é \udcff"
DETAIL = "detail \\20\n\ttab\n"
"""what the failing service of the peer says: one line, and the rest"""

_PROGRAMS = {
    "mon.d/odd.monitor": '#!/bin/sh\ncat "$RIG_DIR/odd"\nexit 3\n',
    "mon.d/ok.monitor": "#!/bin/sh\nexit 0\n",
    "alert.d/rec.alert": "#!/bin/sh\ncat >/dev/null\n",
}
_AUTH = """\
command section
list: all
servertime: all
ack: all
disable: joe
enable: joe
test: joe
set: joe
get: joe
reset: joe
reload: joe
clear: joe
loadstate: joe
savestate: joe
start: joe
stop: joe
trap section
* * *
"""
_SITE = """\
alias webs
    http://x.y/z watch g1 service s1

hostgroup g1 127.0.0.1 h2

hostgroup g2 h3

view both g1 g2

watch g1
    service s1
        description a \\ 설명 "x"
        interval 1s
        monitor odd.monitor a ;;
        period p1: wd {Sun-Sat}
            alert rec.alert a@b
    service s2
        interval 1h
        exclude_hosts h2
        randskew 3s
        monitor ok.monitor
        depend g1:s1
        period wd {Sun-Sat}
            alert rec.alert x

watch g2
    service t
        traptimeout 1h
        period wd {Sun-Sat}
            alert rec.alert x
"""


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that says what a test has it say; it shows nothing at first."""
    with ScriptedServer() as server:
        server.show()
        yield server


class Demanding(NamedTuple):
    """A server on TLS that demands certificates of its clients: the options to trust it, and those to be trusted."""

    server: ScriptedServer
    trusting: tuple[str, ...]
    trusted: tuple[str, ...]


@pytest.fixture
def demanding(tmp_path: Path) -> Iterator[Demanding]:
    """A scripted server for clients with a certificate only; it shows nothing at first."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("joe@example.org")
    pems = {"ca": authority.cert_pem, "cert": ours.cert_chain_pems[0], "key": ours.private_key_pem}
    for name, pem in pems.items():
        pem.write_to_path(tmp_path / f"{name}.pem")
    ca, cert, key = ((f"--{name}", str(tmp_path / f"{name}.pem")) for name in pems)
    with ScriptedServer(tls=context) as server:
        server.show()
        yield Demanding(server, ca, (*cert, *key))


class Running(NamedTuple):
    """A daemon that has seen a service fail: ``mon`` or ``pymon``, and its port for TCP and UDP."""

    name: str
    port: int


@pytest.fixture(scope="session", params=[pytest.param("mon", marks=pytest.mark.peer), "pymon"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Debian's mon, then pymon, with the same configuration."""
    name: str = request.param
    program = require_peer("mon") if name == "mon" else Path(sys.executable).parent / "mon"
    rig = Rig(tmp_path_factory.mktemp(name) / "rig", free_port())
    _prepare(rig)
    with RiggedDaemon(program, rig, dict(os.environ), ends_monitors=name != "mon") as daemon:
        daemon.wait_until(lambda: _lacking(rig.port), 30)
        yield Running(name, rig.port)


def _prepare(rig: Rig) -> None:
    """Write the configuration and what it needs."""
    rig.create()
    for name, text in _PROGRAMS.items():
        path = rig.folder / name
        write_program(path, text)
    (rig.folder / "odd").write_bytes(f"{ODD}\n{DETAIL}".encode("utf-8", "surrogateescape"))
    (rig.folder / "auth.cf").write_text(_AUTH)
    (rig.folder / "users").write_text(f"{JOE}\n")
    settings = f"{rig.settings()}authtype = userfile\nuserfile = {rig.folder / 'users'}\n"
    (rig.folder / "mon.cf").write_text(f"{settings}\n{_SITE}")


def _lacking(port: int) -> str:
    """What the server does not show yet."""
    try:
        with Client("127.0.0.1", port) as client:
            return "" if client.list_alerthist() else "an alert"
    except ClientError as error:
        return str(error)
