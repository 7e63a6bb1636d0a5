"""The plugins of docs/plugins, in shell, Perl and Go, under Debian's mon and under pymon: a work that is done ahead.

What each watches is not there first and is later, so that each service fails once and comes back. What file.alert wrote
must be the same under both daemons.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import Work
from tests.differential import servers
from tests.differential.daemon import Rig, RiggedDaemon
from tests.differential.recording import installed, rigs
from tests.peers import ALERTS
from tests.ports import free_port
from tests.servers.certificates import Authority

EXAMPLES = Path(__file__).parents[2] / "docs/plugins"
SCRIPTS = ("age.monitor", "greeting.monitor")
NAMES = ("age", "greeting", "expiry")
LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Record:
    """One record of file.alert, without its times."""

    kind: str
    summary: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What file.alert wrote under each daemon, by service."""

    mon: Mapping[str, list[Record]]
    pymon: Mapping[str, list[Record]]


def build(folder: Path) -> Path:
    """Build the plugin in Go as its comment says; needs Debian's golang-go. Gives its path in the folder."""
    built = folder / "expiry.monitor"
    with tempfile.TemporaryDirectory(prefix="pymon-go-") as cache:
        environ = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOCACHE": cache, "GOTOOLCHAIN": "local"}
        done = subprocess.run(
            ["go", "build", "-o", str(built), "."],
            cwd=EXAMPLES / "expiry",
            env=environ,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    if done.returncode:
        raise AssertionError(f"go build: {done.stderr}")
    return built


def expiry() -> bytes:
    """The plugin in Go, built."""
    with rigs() as folder:
        return build(folder).read_bytes()


EXPIRY = Work("examples", expiry)
"""for the mark ``ahead``"""


def greet(connection: socket.socket) -> None:
    """A server as greeting.monitor wants it."""
    connection.sendall(b"220 ready\r\n")


def tls(authority: Authority) -> servers.Talk:
    """A server that shakes hands and waits for the other side to hang up."""
    context = authority.issue("127.0.0.1", days=30).server_context()

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            try:
                secured.recv(1)
            except (ssl.SSLError, OSError):
                return

    return talk


def _rig(folder: Path, built: Path, greeting: int, secured: int) -> Rig:
    rig = Rig(folder / "rig", free_port())
    rig.create()
    for plugin in (*(EXAMPLES / name for name in SCRIPTS), built):
        shutil.copy(plugin, rig.folder / "mon.d")
    monitors = {
        "age": f"age.monitor -m 60 {rig.folder}/watched ;;",
        "greeting": f"greeting.monitor -p {greeting} -t 5",
        "expiry": f"expiry.monitor -p {secured} -d 7 -t 5",
    }
    services = "".join(
        f"""\
  service {name}
    interval 1s
    monitor {monitors[name]}
    period wd {{Sun-Sat}}
      numalerts 1
      alert file.alert -d {rig.folder}/log {name}
      upalert file.alert -d {rig.folder}/log {name}
"""
        for name in NAMES
    )
    settings = rig.settings(alertdir=[ALERTS])
    (rig.folder / "mon.cf").write_text(f"{settings}\nhostgroup local 127.0.0.1\n\nwatch local\n{services}\n")
    return rig


def _records(rig: Rig, name: str) -> list[Record]:
    path = rig.folder / "log" / name
    if not path.exists():
        return []
    found = re.findall(
        rf"^(\w+) local {name} \d+ \([^)]*\) (.*)\nDESCR=.*\nOPSTATUS=.*\n((?:.*\n)*?)\.\n",
        path.read_text().replace(str(rig.folder), "{rig}"),
        re.MULTILINE,
    )
    return [Record(*entry) for entry in found]


def _wait(daemon: RiggedDaemon, count: int) -> None:
    daemon.wait_until(lambda: " ".join(name for name in NAMES if len(_records(daemon.rig, name)) < count), LIMIT)


def outage() -> Outcome:
    """Run both daemons through one outage."""
    peers = installed()
    with (
        rigs() as folder,
        servers.serving(greet) as greeting,
        servers.serving(tls(Authority())) as secured,
    ):
        built = build(folder)
        theirs, ours = (_rig(folder / name, built, greeting.port, secured.port) for name in ("mon", "pymon"))
        with (
            RiggedDaemon(peers.mon, theirs, peers.environ, ends_monitors=False) as mon,
            RiggedDaemon(peers.pymon, ours, peers.environ) as pymon,
        ):
            for daemon in (mon, pymon):
                _wait(daemon, 1)
            for server in (greeting, secured):
                server.open()
            for rig in (theirs, ours):
                (rig.folder / "watched").touch()
            for daemon in (mon, pymon):
                _wait(daemon, 2)
                daemon.settle(60)
        return Outcome({name: _records(theirs, name) for name in NAMES}, {name: _records(ours, name) for name in NAMES})


OUTAGE = Work("examples", outage)
"""for the mark ``ahead``"""
