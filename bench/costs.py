"""What one check of each kind costs in processor time, against a real server each.

In process, as a program, and by Debian's monitor of that name where that works: its smtp.monitor does not under today's
Perl, and it has none for https.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench import server
from bench.inside import Cost, debians, inside, own_program
from bench.report import Row, milliseconds
from tests.addresses import own_address
from tests.ports import free_port
from tests.servers.certificates import Authority, Files
from tests.servers.exim import exim
from tests.servers.nsd import nsd, zone
from tests.servers.process import own_folder, running

INSIDE = 300
PROGRAMS = 15


class Kind(NamedTuple):
    """A kind of check: a monitor, and what to call it with."""

    name: str
    monitor: str
    arguments: list[str]
    peer: tuple[str, list[str]] | None


def measure() -> list[Row]:
    """A row for each kind and way."""
    rows = []
    with contextlib.ExitStack() as stack:
        for kind in _kinds(stack):
            own = inside(kind.monitor, kind.arguments, INSIDE, warm_up=5)
            as_program = own_program(kind.monitor, kind.arguments, PROGRAMS)
            mon = debians(*kind.peer, PROGRAMS) if kind.peer else None
            for cost in (own, as_program, *filter(None, (mon,))):
                if cost.exitval != 0:
                    raise RuntimeError(f"{kind.name}: a check of a server that is well failed ({cost.exitval})")
            rows += [
                _row(f"processor time of a check: {kind.name}, in process", own, mon),
                _row(f"processor time of a check: {kind.name}, as a program", as_program, mon),
            ]
    return rows


def _row(name: str, cost: Cost, mon: Cost | None) -> Row:
    if mon is None:
        return Row(name, milliseconds(cost.processor))
    ratio = mon.processor / cost.processor
    shown = f"1/{ratio:.0f}" if ratio > 1 else f"{1 / ratio:.1f}"
    return Row(name, milliseconds(cost.processor), milliseconds(mon.processor), shown)


def _kinds(stack: contextlib.ExitStack) -> list[Kind]:
    """Start the servers."""
    address = own_address()
    certificate = Authority().issue("server.test", address)
    folder = stack.enter_context(own_folder())
    web = stack.enter_context(server.running())
    https = stack.enter_context(_https(address, certificate.write(folder), folder))
    mail = stack.enter_context(exim(certificate, host=address))
    names = stack.enter_context(nsd({"example.test": zone()}, port=53))  # Debian's monitor knows no other
    plain = ["-p", str(web.port), "127.0.0.1"]
    query = ["-caching_only", "-query", "ns.example.test", names.host]
    return [
        Kind("tcp", "tcp.monitor", plain, ("tcp.monitor", plain)),
        Kind("http", "http.monitor", plain, ("http.monitor", plain)),
        Kind("https", "http.monitor", ["-S", "-k", "-p", str(https), address], None),
        Kind("smtp", "smtp.monitor", ["-p", str(mail.port), mail.host], None),
        Kind("dns", "dns.monitor", query, ("dns.monitor", query)),
    ]


@contextlib.contextmanager
def _https(address: str, files: Files, folder: Path) -> Iterator[int]:
    """OpenSSL's server, which answers each request with a page about itself."""
    port = free_port(address)
    options = ["-accept", f"{address}:{port}", "-cert", files.certificate, "-key", files.key]
    with running(["/usr/bin/openssl", "s_server", "-www", *options], ready="ACCEPT", folder=folder):
        yield port
