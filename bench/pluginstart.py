"""How long each plugin takes as a program, from its start to its end: a monitor with a host that refuses at once.

The limit is 60 ms and what its library takes to be imported, by the same Python in the same run. They take turns, and
the quickest of each counts: a busy machine only adds. The ratio is to a Python that imports asyncio and no more, which
every plugin does: where that alone takes more than about 52 ms, the machine is too slow or too busy for the limit.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.inside import as_installed
from bench.peers import OWN_PLUGINS
from bench.report import Row, milliseconds

LIMIT = 0.060
TURNS = 15

REFUSED = ("-p", "1", "127.0.0.1")
ARGUMENTS: dict[str, Sequence[str]] = {
    "dns.monitor": ("-port", "1", "-caching_only", "-query", "x.test", "127.0.0.1"),
    "fping.monitor": ("127.0.0.1",),
    "freespace.monitor": ("/:0",),
    "nagios.monitor": ("--", "true", "%h", "--", "127.0.0.1"),
    "process.monitor": ("kthreadd:-",),
}
"""what a monitor is started with, if that is not a port that refuses"""

LIBRARIES = {
    "alertmanager.alert": "httpx",
    "dns.monitor": "dns.message, dns.rrset, dns.reversename",
    "fping.monitor": "icmplib",
    "http.monitor": "httpx, h11",
    "lvs.alert": "pyroute2",
    "mail.alert": "aiosmtplib, jinja2",
    "mon.monitor": "pymon.client.aio, pymon.client.methods",
    "sslcert.monitor": "cryptography.x509",
    "webhook.alert": "httpx, jinja2",
}
"""the library of a plugin that has one, as it is imported; the standard library is none"""

FLOOR = "asyncio"
"""what every plugin imports: the greater part of its start, and the measure of how busy the machine is"""


def measure() -> list[Row]:
    """A row for each plugin; alerts tell their help."""
    plugins = sorted(path for folder in OWN_PLUGINS for path in folder.glob("*.*") if path.suffix in _SUFFIXES)
    commands = {path.name: [str(path), *_arguments(path)] for path in plugins}
    imports = {library: ["-c", f"import {library}"] for library in ("sys", FLOOR, *LIBRARIES.values())}
    took = _quickest(commands | imports)
    floor = Row("for comparison: Python that imports asyncio, start to end", milliseconds(took[FLOOR]))
    rows = [floor]
    for path in plugins:
        library = LIBRARIES.get(path.name, "")
        used = library if library and _imports(commands[path.name], library.split(", ")) else "sys"
        rows.append(_row(path.name, took[path.name], took[used] - took["sys"], took[FLOOR]))
    return rows


_SUFFIXES = {".monitor", ".alert"}


def _arguments(path: Path) -> Sequence[str]:
    return ("--help",) if path.suffix == ".alert" else ARGUMENTS.get(path.name, REFUSED)


def _imports(command: Sequence[str], modules: Sequence[str]) -> bool:
    """Whether the run imports one of them: no plugin is given time for what it does not use."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=as_installed(),
    )  # fmt: skip
    return bool({line.rpartition(" ")[2] for line in done.stderr.splitlines()} & set(modules))


def _row(name: str, took: float, library: float, floor: float) -> Row:
    limit = LIMIT + library
    text = f"{milliseconds(LIMIT)} + {milliseconds(library)}" if library else milliseconds(LIMIT)
    return Row(f"{name} as a program, start to end", milliseconds(took), "-", f"{took / floor:.2f}",
               f"<= {text}", took <= limit)  # fmt: skip


def _quickest(commands: dict[str, list[str]]) -> dict[str, float]:
    """Seconds that Python takes for each, when they take turns; the first turn does not count, it compiles."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    environ = as_installed()
    for turn in range(TURNS + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, *command], stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environ
            )
            if turn:
                taken[name].append(time.perf_counter() - began)
    return {name: min(each) for name, each in taken.items()}
