"""Where a server is, and the ways to say so that mon's clients have."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from pymon.errors import ConnectionFailed
from pymon.protocol.wire import DEFAULT_PORT


class ServerAddress(NamedTuple):
    """A TCP port of a host, or, if ``path`` is given, a Unix socket."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        """For people."""
        return self.path or (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")


def address(host: str | None = None, port: int | str | None = None, path: str | None = None) -> ServerAddress:
    """The address meant: MONHOST or ``localhost`` without a host, the service ``mon`` or 2583 without a port.

    Raises ConnectionFailed if there is no such port.
    """
    return ServerAddress(host or os.environ.get("MONHOST") or "localhost", port_number(port), path or "")


def port_number(port: int | str | None) -> int:
    """The number of a port: given as such, as digits, or by its name in the services file; None for mon's own."""
    if port is None or port == "":
        try:
            return socket.getservbyname("mon", "tcp")
        except OSError:
            return DEFAULT_PORT
    try:
        number = int(port)
    except ValueError:
        try:
            number = socket.getservbyname(str(port), "tcp")
        except OSError:
            raise ConnectionFailed(f"there is no port {port!r}") from None
    if not 0 < number <= 65535:
        raise ConnectionFailed(f"there is no port {port!r}")
    return number


def split_host(text: str) -> tuple[str, str | None]:
    """Host and port of ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; an IPv6 address needs no brackets."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port or None
    return text, None


def connection_failure(address: ServerAddress, failure: OSError | None) -> ConnectionFailed:
    """Why there is no connection, with the system's number if it is the system that refused.

    An error of TLS has a number too, but of another list, and what there is to know of it is in its text.
    """
    if untrusted := getattr(failure, "verify_message", ""):
        return ConnectionFailed(f"cannot connect to {address}: certificate verify failed: {untrusted}")
    if tls_reason := getattr(failure, "reason", ""):
        return ConnectionFailed(f"cannot connect to {address}: TLS: {tls_reason}")
    reason = "no answer in time" if isinstance(failure, TimeoutError) else getattr(failure, "strerror", None) or failure
    return ConnectionFailed(f"cannot connect to {address}: {reason}", getattr(failure, "errno", 0) or 0)
