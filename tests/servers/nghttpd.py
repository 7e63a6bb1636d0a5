"""nghttpd, an HTTP/2 server: within TLS on one port, with prior knowledge (no TLS) on another.

address = own_address()  # of tests.addresses
certificate = Authority().issue("server.test", address, "::1")
with nghttpd(certificate, {"index.html": "hello"}, host=address) as server:
    ...  # server.host, server.port (no TLS), server.tls_port
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.ports import free_port
from tests.servers.certificates import Pair
from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


@dataclass(frozen=True, slots=True)
class Http2Server(Listening):
    """``port``: HTTP/2 without TLS, ``tls_port``: HTTP/2 (only) within TLS. Each address and port has a process, all of
    them are in ``pids``."""

    tls_port: int
    pids: tuple[int, ...]


@contextlib.contextmanager
def nghttpd(
    certificate: Pair, documents: Mapping[str, str] | None = None, *, host: str | None = None
) -> Iterator[Http2Server]:
    """Serve these documents (path → text; default: an index.html that says hello)."""
    program = needs("nghttpd")
    own = place(host=host)
    tls_port = free_port(*own.addresses)
    with own_folder() as folder, contextlib.ExitStack() as stack:
        root = folder / "documents"
        for path, text in (documents or {"index.html": "hello\n"}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        files = certificate.write(folder)
        pids = []
        for address in own.addresses:
            for port in ([own.port, "--no-tls"], [tls_port, files.key, files.certificate]):
                command = [program, "-v", "-d", root, "-a", address, *map(str, port)]
                pids.append(stack.enter_context(running(command, ready="listen ", folder=folder)).pid)
        yield Http2Server(own.host, own.host6, own.port, pids[0], tls_port, tuple(pids))
