"""tinyproxy, an HTTP proxy with CONNECT.

with tinyproxy() as proxy:
    ...  # proxy.host, proxy.port, proxy.log() tells what it was asked for
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import own_folder, running


@dataclass(frozen=True, slots=True)
class Proxy(Listening):
    """``log()``: what it said so far, as ``Request (file descriptor 3): CONNECT 127.0.0.1:443 HTTP/1.1``."""

    log: Callable[[], str]


@contextlib.contextmanager
def tinyproxy(*, user: str | None = None, password: str = "correct") -> Iterator[Proxy]:
    """Forward HTTP, and CONNECT to any port, from any client; with ``user`` only for those that name themselves."""
    program = needs("tinyproxy")
    own = place()
    with own_folder() as folder:
        config = "".join(f"Listen {address}\n" for address in own.addresses)
        config += f'Port {own.port}\nTimeout 60\nLogLevel Info\nPidFile "{folder}/pid"\n'
        config += f"BasicAuth {user} {password}\n" if user else ""
        (folder / "tinyproxy.conf").write_text(config)
        command = [program, "-d", "-c", folder / "tinyproxy.conf"]
        with running(command, ready="Accepting connections", folder=folder) as server:
            yield Proxy(own.host, own.host6, own.port, server.pid, lambda: server.log)
