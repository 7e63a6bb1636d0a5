"""One small web server: ``python -m pymon.demo.webserver NAME ADDRESS PORT``.

It answers every GET with its name. After ``/sick`` it answers 503, until ``/well``. It says ``ready`` on standard
output once it listens, and ends when its standard input ends. The process that started it holds the other end, so it
never outlives its starter, however that one ends.
"""

from __future__ import annotations

import os
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

READY = "ready"
IN_USE = 3
"""exit status when the address cannot be bound; the reason is on standard output"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str, address: str, port: int) -> None:
        self.name = name
        self.is_well = True
        super().__init__((address, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        server = self.server
        if self.path in ("/sick", "/well"):
            server.is_well = self.path == "/well"
        status = HTTPStatus.OK if server.is_well else HTTPStatus.SERVICE_UNAVAILABLE
        body = f"{server.name} is {'well' if server.is_well else 'sick'}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named so by the base class
        """Say nothing: the demo has a display of its own."""


def main() -> int:
    """Serve until standard input ends."""
    name, address, port = sys.argv[1:]
    try:
        server = _Server(name, address, int(port))
    except OSError as error:
        print(error.strerror, flush=True)
        return IN_USE
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(READY, flush=True)
    while os.read(0, 4096):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
