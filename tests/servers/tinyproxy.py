"""tinyproxy, an HTTP proxy with CONNECT.

with tinyproxy() as proxy:
    ...  # proxy.host, proxy.port; proxy.was_asked("CONNECT 127.0.0.1:443") waits for its log to say so
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.needs import needs
from tests.servers.place import Listening, place
from tests.servers.process import Server, own_folder, running


@dataclass(frozen=True, slots=True)
class Proxy(Listening):
    """A proxy; what it has done it tells its log in its own time."""

    _server: Server

    def was_asked(self, request: str) -> bool:
        """True once its log tells of a request such as ``CONNECT 127.0.0.1:443``; NotStarted if it never does."""
        return bool(self._server.wait_for(re.escape(request)))


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
            yield Proxy(own.host, own.host6, own.port, server.pid, server)
