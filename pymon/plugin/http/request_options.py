"""What an HTTP check asks: where, and in which words; what options take of it; where a redirect leads (pure)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from pymon.plugin.http.assertions import field_name

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_PRIVATE = frozenset({"authorization", "cookie"})
"""headers for the server they were meant for, and for none that it redirects to"""

_OURS = frozenset({"host", "user-agent", "connection", "content-length", "transfer-encoding", "upgrade"})
"""headers that a request has already, or that would make it another one"""

Fields = tuple[tuple[str, str], ...]


class HttpTarget(NamedTuple):
    """A page: over TLS or not, on which machine (a name or address to connect to) and port, under which name, as it
    stands in Host, and with which target."""

    tls: bool
    machine: str
    port: int
    named: str
    target: str

    @property
    def scheme(self) -> str:
        """Of its URL."""
        return "https" if self.tls else "http"

    @property
    def server_name(self) -> str:
        """The name to ask for and verify in TLS: what is in ``named`` without port, brackets, and a name's last dot."""
        if self.named.startswith("["):
            return self.named[1:].partition("]")[0]
        name, colon, number = self.named.rpartition(":")
        if not colon or ":" in name or not (number.isdigit() or not number):
            name = self.named
        return name.rstrip(".") or name

    def is_served_as(self, other: HttpTarget) -> bool:
        """Whether it has the same origin."""
        return self[:3] == other[:3] and self.named == other.named


def redirected(place: HttpTarget, location: str) -> HttpTarget | None:
    """Where a redirect leads; None if that is no HTTP. A name that stays the same stays on the same machine."""
    try:
        url = urlsplit(urljoin(f"{place.scheme}://{place.named}{place.target}", location))
        port = url.port
        named = header(url.netloc.rpartition("@")[2])
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname:
        return None
    leads_to = target((url.path or "/") + (f"?{url.query}" if url.query else ""))
    if (url.scheme, named) == (place.scheme, place.named):
        return place._replace(target=leads_to)
    same = url.hostname == place.server_name.lower()
    tls = url.scheme == "https"
    return HttpTarget(tls, place.machine if same else url.hostname, port or (443 if tls else 80), named, leads_to)


def without_private(fields: Fields) -> Fields:
    """The headers that may be sent to a server that nobody named."""
    return tuple((name, value) for name, value in fields if name.lower() not in _PRIVATE)


def method_after(status: int, method: str) -> str:
    """With which method a redirect is followed (RFC 9110, 15.4)."""
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        return "GET"
    return method


def target(text: str) -> str:
    """What is asked of the server; characters that cannot stand there are percent-encoded."""
    return quote(text, safe="".join(chr(code) for code in range(0x21, 0x7F)), errors="surrogateescape")


def method(text: str) -> str:
    """A request method."""
    try:
        return field_name(text)
    except ValueError:
        raise ValueError("is no request method") from None


def header(text: str) -> str:
    """What can stand in a header."""
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("must have no control characters")
    return text.strip()


def field(text: str) -> tuple[str, str]:
    """A header as ``NAME: VALUE``."""
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError("must be a header such as 'Accept: text/html'")
    if name.strip().lower() in _OURS:
        raise ValueError("is made by other options (-H, -a, --data)")
    return field_name(name.strip()), header(value)


def proxy_url(text: str) -> tuple[str, int]:
    """Host and port of ``http://HOST:PORT``."""
    url = urlsplit(text if "://" in text else f"http://{text}")
    if url.scheme != "http" or not url.hostname or "@" in url.netloc or url.path.strip("/"):
        raise ValueError("must be an HTTP proxy such as http://proxy.example:3128, without user or path")
    return url.hostname, url.port or 80
