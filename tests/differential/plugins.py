"""Plugins change sides: Debian's monitors and alerts run under pymon, pymon's own under Debian's mon.

Three daemons watch the same small servers at the same time: Debian's mon with Debian's plugins, pymon with Debian's
plugins, and Debian's mon with pymon's plugins. The servers refuse connections first and serve later, so that each
service fails once and comes back; what file.alert wrote must be the same. It is a work that is done ahead.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.ahead import Work
from tests.differential import servers
from tests.differential.daemon import Rig, RiggedDaemon
from tests.differential.recording import QUEUE, Peers, installed, rigs
from tests.peers import ALERTS, MONITORS
from tests.ports import free_port
from tests.programs import write_program

DEBIAN = (MONITORS, ALERTS)
DEBIANS_PLUGINS = (
    *(f"{name}.monitor" for name in ("http", "ftp", "tcp", "fping", "phttp", "file_change", "rd")),
    *("file.alert", "qpage.alert"),
)
OWN = (Path(__file__).parents[2] / "monitors", Path(__file__).parents[2] / "alerts")
LIMIT = 240.0

BOTH_HAVE = ("http", "ftp", "tcp", "slow")
"""services whose monitors exist in both sets of plugins; ``slow`` is fping.monitor's"""
DEBIAN_HAS = (*BOTH_HAVE, "phttp", "files", "count")
COME_BACK = ("http", "ftp", "tcp", "phttp", "files", "count")

QPAGE = """\
#!/bin/sh
# Stands in for the qpage program: keeps its arguments.
echo "$*" >>"$RIG_DIR/log/qpage"
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of file.alert: ``at`` its time, the texts with folders, times and durations made alike."""

    kind: str
    service: str
    summary: str
    description: str
    opstatus: str
    detail: str


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the small servers listen."""

    http: int
    ftp: int
    tcp: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What file.alert wrote under each daemon, by service, and what reached qpage."""

    mon: Mapping[str, list[Entry]]
    pymon: Mapping[str, list[Entry]]
    own_plugins: Mapping[str, list[Entry]]
    pages_mon: str
    pages_pymon: str


def _service(rig: Rig, name: str, monitor: str, more: str = "") -> str:
    return f"""\
  service {name}
    description the {name} service
    interval 2s
    monitor {monitor}
    period wd {{Sun-Sat}}
      numalerts 1
      alert file.alert -d {rig.folder}/log {name}
      upalert file.alert -d {rig.folder}/log {name}
{more}"""


def _configuration(rig: Rig, plugins: tuple[Path, Path], ports: Ports, names: tuple[str, ...]) -> str:
    monitors = {
        "http": f"http.monitor -p {ports.http} -u /index.html",
        "ftp": f"ftp.monitor -p {ports.ftp}",
        "tcp": f"tcp.monitor -p {ports.tcp}",
        "slow": "fping.monitor -s 0.0001",
        "phttp": f"phttp.monitor --port {ports.http}",
        "files": f"file_change.monitor -b {rig.folder}/watched wanted ;;",
        "count": f"rd.monitor --number 2 {rig.folder}/watched ;;",
    }
    page = "      alert qpage.alert pager7\n"
    services = "".join(_service(rig, name, monitors[name], page if name == "count" else "") for name in names)
    return f"{rig.settings([plugins[0]], [plugins[1]])}\nhostgroup local 127.0.0.1\n\nwatch local\n{services}\n"


def _prepare(folder: Path, plugins: tuple[Path, Path], ports: Ports, names: tuple[str, ...]) -> Rig:
    rig = Rig(folder / "rig", free_port())
    rig.create()
    write_program(rig.folder / "bin/qpage", QPAGE)
    for name in ("one", "two", "three"):
        (rig.folder / "watched").mkdir(exist_ok=True)
        (rig.folder / "watched" / name).touch()
    (rig.folder / "mon.cf").write_text(_configuration(rig, plugins, ports, names))
    return rig


def _recover(rig: Rig) -> None:
    """Make the services that look at files well."""
    (rig.folder / "watched/wanted").write_text("here\n")
    for name in ("one", "two", "three"):
        (rig.folder / "watched" / name).unlink()


def _entries(rig: Rig, service: str) -> list[Entry]:
    path = rig.folder / "log" / service
    if not path.exists():
        return []
    found = re.findall(
        rf"^(\w+) local {service} \d+ \([^)]*\) (.*)\nDESCR=(.*)\nOPSTATUS=(.*)\n((?:.*\n)*?)\.\n",
        path.read_text().replace(str(rig.folder), "{rig}"),
        re.MULTILINE,
    )
    return [
        Entry(kind, service, summary, description, opstatus, _alike(detail))
        for kind, summary, description, opstatus, detail in found
    ]


def _alike(detail: str) -> str:
    """Times, durations and local port numbers are never the same twice."""
    detail = re.sub(r"^((?:start|end) time *:).*$", r"\1 {time}", detail, flags=re.MULTILINE)
    return re.sub(r"\d+\.\d+ ms|\d+ seconds", "{duration}", detail)


@contextlib.contextmanager
def _daemon(program: Path, rig: Rig, peers: Peers, *, ends_monitors: bool) -> Iterator[RiggedDaemon]:
    environ = {**peers.environ, "PATH": f"{rig.folder / 'bin'}:{peers.environ['PATH']}"}
    with RiggedDaemon(program, rig, environ, ends_monitors=ends_monitors) as daemon:
        yield daemon


def _wait(daemon: RiggedDaemon, counts: Mapping[str, int]) -> None:
    """Wait until file.alert has written so many records of each service."""

    def missing() -> str:
        return ", ".join(name for name, count in counts.items() if len(_entries(daemon.rig, name)) < count)

    daemon.wait_until(missing, LIMIT)


def swap() -> Outcome:
    """Run the three daemons through one outage."""
    peers = installed()
    with (
        rigs() as folder,
        servers.serving(servers.http) as http,
        servers.serving(servers.ftp) as ftp,
        servers.serving(servers.tcp) as tcp,
    ):
        ports = Ports(http.port, ftp.port, tcp.port)
        theirs = _prepare(folder / "theirs", DEBIAN, ports, DEBIAN_HAS)
        ours = _prepare(folder / "ours", DEBIAN, ports, DEBIAN_HAS)
        crossed = _prepare(folder / "crossed", OWN, ports, BOTH_HAVE)
        with (
            _daemon(peers.mon, theirs, peers, ends_monitors=False) as mon,
            _daemon(peers.pymon, ours, peers, ends_monitors=True) as pymon,
            _daemon(peers.mon, crossed, peers, ends_monitors=False) as own_plugins,
        ):
            daemons = ((mon, DEBIAN_HAS), (pymon, DEBIAN_HAS), (own_plugins, BOTH_HAVE))
            for daemon, names in daemons:
                _wait(daemon, dict.fromkeys(names, 1))
            for server in (http, ftp, tcp):
                server.open()
            for daemon, _ in daemons[:2]:
                _recover(daemon.rig)
            for daemon, names in daemons:
                _wait(daemon, {name: 2 for name in names if name in COME_BACK})
                daemon.settle(60)
        return Outcome(
            {name: _entries(theirs, name) for name in DEBIAN_HAS},
            {name: _entries(ours, name) for name in DEBIAN_HAS},
            {name: _entries(crossed, name) for name in BOTH_HAVE},
            (theirs.folder / "log/qpage").read_text(),
            (ours.folder / "log/qpage").read_text(),
        )


SWAP = Work(QUEUE, swap)
"""for the mark ``ahead``"""
