"""Alerts that are HTTP requests: where they go, as whom they come, and what an answer means.

    @dataclass(frozen=True)
    class Options(PostOptions):
        urls: tuple[str, ...] = words("URL", about="where to send it")

    async def send(event: Event, options: Options) -> AlertOutcome:
        courier = await options.courier(event.environ, options.urls)
        outcomes = await courier.send(b"{}", {"Content-Type": "application/json"})

What is secret comes from files: tokens, passwords, and URLs that whoever knows them may post to. Of a URL only scheme,
host and port are ever shown, and of an answer nothing that was secret in the question. An answer decides whether
another attempt can help: 2xx is Done; 408, 425, 429, 5xx and no answer at all are TryAgain; everything else is Failed,
redirects too, which are not followed.

It is imported by the alerts that need it, as it brings httpx.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import os
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pymon.errors import PluginUsageError
from pymon.options import flag, many, option
from pymon.plugin.alert_outcome import AlertOutcome, Done, Exit, Failed, TryAgain
from pymon.plugin.blocking import in_thread
from pymon.plugin.hostname import host_addresses, host_text
from pymon.plugin.http.transport import OneShotTransport, Proxy, Request, Response, TransportError, authority, basic
from pymon.plugin.secret import read_secret, read_secrets
from pymon.plugin.tls import TlsOptions
from pymon.plugin.values import seconds
from pymon.redaction.known_secrets import mask_known
from pymon.text import decode, encode, one_line

PASSING = frozenset({408, 425, 429})
"""statuses below 500 after which another attempt can help"""

NO_PERMISSION = frozenset({401, 403, 407})
ANSWER_LIMIT = 4096
"""bytes of an answer that are waited for"""
_SHOWN = 200
"""characters of an answer that are shown"""
_TELLING = 8
"""characters from which on a part of a secret URL counts as secret by itself"""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RETRY_AFTER = re.compile("[0-9]{1,9}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")
"""RFC 9110, 10.2.3"""
_LOOPBACK = re.compile(r"localhost|::1|127(\.[0-9]{1,3}){3}", re.IGNORECASE)
_ENCODED = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""RFC 3986, 2.3"""
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F))
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class Destination(NamedTuple):
    """A URL taken apart. ``shown`` is what may be said of it; ``authorization`` what its own user and password make.

    ``is_secret``: it came from a file, and so may be in nothing that is said, not even in a server's own words.
    """

    scheme: str
    host: str
    port: int
    target: str
    shown: str
    authorization: str = ""
    is_secret: bool = False

    @property
    def identity(self) -> str:
        """The same text for all spellings of a URL: of the host, the usual port, and what is percent-encoded."""
        return self._identity_at(host_text(self.host))

    async def identities_by_address(self) -> frozenset[str]:
        """What it would be with the addresses that its host has now instead of the name. Raises NameNotFound."""
        return frozenset(self._identity_at(each) for each in await host_addresses(self.host))

    def _identity_at(self, host: str) -> str:
        return f"{self.scheme}://{authority(host)}:{self.port}{_ENCODED.sub(_plainly, self.target)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it may not be said."""
        parts = (self.target, *(part for part in re.split("[/?&=]", self.target) if len(part) >= _TELLING))
        return (*(parts if self.is_secret else ()), *_credentials(self.authorization))


def header(text: str) -> tuple[str, str]:
    """A header in an option or a file: ``Name: value``; ValueError if it cannot be one."""
    name, colon, value = text.partition(":")
    if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise ValueError("must be a header such as X-Site: seoul")
    if name.lower() in _OURS:
        raise ValueError(f"{name} is not for you to set")
    return name, value.strip()


@dataclass(frozen=True)
class PostOptions(TlsOptions):
    """What an alert takes that is an HTTP request; inherit your Options from it."""

    url_file: tuple[str, ...] = many(
        "--url-file", metavar="FILE", convert=str, about="read URLs from here, one a line: for those that are secret"
    )
    token_file: str = option("--token-file", default="", metavar="FILE", about="send the token in it (Bearer)")
    user: str = option("--user", default="", metavar="NAME", about="log in as this user (Basic)")
    password_file: str = option("--password-file", default="", metavar="FILE", about="with the password in this file")
    headers: tuple[tuple[str, str], ...] = many(
        *("-H", "--header"), metavar="'NAME: VALUE'", convert=header, about="send this header, too"
    )
    header_file: str = option(
        "--header-file", default="", metavar="FILE", about="and those in this file, one a line: for secret ones"
    )
    cleartext: bool = flag("--cleartext", about="let token, password and secret headers go out without TLS")
    proxy: str = option("--proxy", default="", metavar="URL", about="by this HTTP proxy")
    proxy_file: str = option(
        "--proxy-file", default="", metavar="FILE", about="by the one in this file, if its URL has a password"
    )
    limit: float = option(
        "--timeout", default=15.0, convert=seconds, metavar="SECONDS", about="limit for each URL (0: none)"
    )

    async def courier(self, environ: Mapping[str, str], urls: Sequence[str], *, suffix: str = "") -> Courier:
        """What delivers to these URLs and those of --url-file, each with ``suffix`` at its path's end.

        Reads files, in a thread. Raises PluginUsageError.
        """
        return await in_thread(self._courier, environ, urls, suffix)

    def validate(self, environ: Mapping[str, str], urls: Sequence[str], *, suffix: str = "") -> None:
        """Try all that ``courier`` asks for, in this thread; raises PluginUsageError."""
        self._courier(environ, urls, suffix)

    def _courier(self, environ: Mapping[str, str], urls: Sequence[str], suffix: str) -> Courier:
        places = self._places(environ, urls, suffix)
        headers = [*self.headers]
        if self.header_file:
            headers += [_header_of(line, self.header_file) for line in read_secrets(self.header_file, environ)]
        proxy, authorization = self._proxy(environ), self._authorization(environ)
        is_secure = any(place.scheme == "https" for place in places)
        if authorization or self.header_file:
            self._require_tls(places, proxy)
        else:
            self._require_tls([place for place in places if place.authorization], proxy)
        transport = _transport(self.context() if is_secure else None, proxy)
        told = (value for _, value in headers[len(self.headers) :])
        secrets = (*_credentials(authorization), *_credentials(proxy.authorization if proxy else ""), *told)
        return Courier(places, transport, authorization, tuple(headers), self, secrets)

    def spelled_places(self, urls: Sequence[str], *, suffix: str = "") -> list[str]:
        """Where it goes, as its words say it: one text for all spellings. Reads no file, and looks up no name.

        Raises PluginUsageError.
        """
        files = (f"file:{os.path.normpath(source)}" for source in self.url_file)
        return sorted({*(destination(url, suffix).identity for url in urls), *files})

    async def places(
        self, environ: Mapping[str, str], urls: Sequence[str], *, suffix: str = ""
    ) -> tuple[Destination, ...]:
        """Where it goes: these URLs and those of --url-file, each place once. Raises PluginUsageError."""
        return await in_thread(self._places, environ, urls, suffix)

    def _places(self, environ: Mapping[str, str], urls: Sequence[str], suffix: str) -> tuple[Destination, ...]:
        for url in urls:
            if "@" in urlsplit_or_refuse(url, "a URL").netloc:
                raise PluginUsageError("a password in the arguments can be read by all: use --url-file or --user")
        secret = [url for source in self.url_file for url in read_secrets(source, environ)]
        places = [destination(url, suffix)._replace(is_secret=True) for url in secret]
        places = [destination(url, suffix) for url in urls] + places
        if not places:
            raise PluginUsageError("no URL to send it to")
        by_identity: dict[tuple[str, str], Destination] = {}
        for place in places:
            named = place.identity, place.authorization
            by_identity[named] = place if place.is_secret else by_identity.get(named, place)
        return tuple(by_identity.values())

    def _require_tls(self, places: Sequence[Destination], proxy: Proxy | None) -> None:
        """What only the receiver may read goes to it within TLS, or stays on this machine."""
        for place in places:
            is_here = proxy is None and _LOOPBACK.fullmatch(place.host)
            if place.scheme == "http" and not is_here and not self.cleartext:
                what = "a token, password or secret header"
                raise PluginUsageError(f"{place.shown}: {what} needs https:// (or --cleartext: it can be read then)")

    def _authorization(self, environ: Mapping[str, str]) -> str:
        if bool(self.user) != bool(self.password_file):
            raise PluginUsageError("--user and --password-file need each other")
        if self.user and self.token_file:
            raise PluginUsageError("--user and --token-file exclude each other")
        if self.user:
            return basic(self.user, read_secret(self.password_file, environ))
        if not self.token_file:
            return ""
        token = read_secret(self.token_file, environ).strip()
        if _CONTROL.search(token):
            raise PluginUsageError(f"the token in {self.token_file} has control characters")
        return f"Bearer {token}"

    def _proxy(self, environ: Mapping[str, str]) -> Proxy | None:
        if self.proxy and self.proxy_file:
            raise PluginUsageError("--proxy and --proxy-file exclude each other")
        if self.proxy and "@" in self.proxy:
            raise PluginUsageError("a password in the arguments can be read by all: use --proxy-file")
        url = read_secret(self.proxy_file, environ) if self.proxy_file else self.proxy
        if not url:
            return None
        place = destination(url if "://" in url else f"http://{url}", "", usual_port=3128, what="the proxy's URL")
        if place.scheme != "http":
            raise PluginUsageError(f"the proxy {place.shown}: only http:// proxies are spoken to")
        return Proxy(place.host, place.port, place.authorization)


class Courier(NamedTuple):
    """Places to post to, and how."""

    places: tuple[Destination, ...]
    transport: OneShotTransport
    authorization: str
    headers: tuple[tuple[str, str], ...]
    options: PostOptions
    secrets: tuple[str, ...] = ()

    async def send(
        self, body: bytes, headers: Mapping[str, str], *, method: str = "POST"
    ) -> list[tuple[Destination, AlertOutcome]]:
        """Send a body to all the places at the same time; what came of it at each, in their order.

        ``headers`` give way to those that the user asked for. Never raises but for wrong options.
        """
        outcomes = await asyncio.gather(*(self._send_to(place, body, headers, method) for place in self.places))
        return list(zip(self.places, outcomes, strict=True))

    async def _send_to(self, place: Destination, body: bytes, headers: Mapping[str, str], method: str) -> AlertOutcome:
        request = self._request(place, body, headers, method)
        limit = self.options.limit or None
        secrets = (*self.secrets, *place.secrets)
        try:
            async with asyncio.timeout(limit) as deadline:
                answer = await self.transport.handle_async_request(request)
        except TransportError as error:
            return TryAgain(f"{place.shown}: {mask_known(str(error), secrets)}")
        except TimeoutError as error:
            why = f"timeout after {limit:g} seconds" if deadline.expired() else error.strerror or "timeout"
            return TryAgain(f"{place.shown}: {why}")
        except OSError as error:
            return TryAgain(f"{place.shown}: {error.strerror or error}")
        return judged(place, answer, secrets)

    def _request(self, place: Destination, body: bytes, headers: Mapping[str, str], method: str) -> Request:
        usual = 443 if place.scheme == "https" else 80
        own = {"Host": authority(place.host) + ("" if place.port == usual else f":{place.port}")}
        if place.authorization or self.authorization:
            own["Authorization"] = place.authorization or self.authorization
        asked = {name.lower() for name, _ in self.headers}
        given = [pair for pair in {**own, **headers}.items() if pair[0].lower() not in asked]
        return Request(
            method,
            f"{place.scheme}://posted.invalid:{place.port}/",
            headers=[(name.encode("ascii"), encode(value)) for name, value in (*given, *self.headers)],
            content=body,
            extensions={
                "target": place.target.encode("ascii"),
                "connect_host": place.host,
                "sni_hostname": self.options.server_name or place.host,
                "read_limit": ANSWER_LIMIT,
            },
        )


def judged(place: Destination, answer: Response, secrets: Sequence[str] = ()) -> AlertOutcome:
    """What an answer means for whether to try again.

    Its text is the server's, without the ``secrets``. Of one whose URL is secret it has no words of the server, which
    may hold a part of it.
    """
    status = answer.status_code
    if 200 <= status < 300:
        return Done()

    def shown(said: bytes) -> str:
        return one_line(mask_known(decode(said), secrets))[:_SHOWN]

    reason = _usual_reason(status) if place.is_secret else shown(answer.extensions["reason_phrase"])
    text = f"{place.shown}: {status} {reason}".rstrip()
    if 300 <= status < 400:
        target = str(answer.headers.get("Location", "nowhere"))
        if place.is_secret and target != "nowhere":  # often it is the same but for the host
            target = "/".join(target.split("/")[:3]) if "://" in target else "another path"
        target = shown(encode(target))
        return Failed(f"{text}: it redirects to {target}, and redirects are not followed: give that URL instead")
    if _RETRY_AFTER.fullmatch(after := answer.headers.get("Retry-After", "")):
        text += f" (Retry-After: {after})"
    said = "" if place.is_secret else shown(answer.extensions["body"])
    text += f": {said}" if said else ""
    if status >= 500 or status in PASSING:
        return TryAgain(text)
    return Failed(text, Exit.NO_PERMISSION if status in NO_PERMISSION else Exit.UNAVAILABLE)


def destination(url: str, suffix: str = "", *, usual_port: int = 0, what: str = "a URL") -> Destination:
    """Take a URL apart; raises PluginUsageError, which shows no more of it than may be seen.

    ``suffix`` is put at the end of its path. Characters that cannot stand in a URL are percent-encoded.
    """
    parts = urlsplit_or_refuse(url, what)
    try:
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise PluginUsageError(f"{what} has a wrong port") from error
    port = port or usual_port or (443 if parts.scheme == "https" else 80)
    path = parts.path.rstrip("/") + suffix if suffix else parts.path or "/"
    target = quote(path + (f"?{parts.query}" if parts.query else ""), safe=_SAFE, errors="surrogateescape")
    login = ""
    if parts.username is not None:
        login = basic(unquote(parts.username), unquote(parts.password or ""))
    return Destination(parts.scheme, host, port, target, f"{parts.scheme}://{authority(host)}:{port}", login)


def _plainly(encoded: re.Match[str]) -> str:
    """What need not be percent-encoded as it is, the rest in capitals (RFC 3986, 6.2.2)."""
    letter = chr(int(encoded[0][1:], 16))
    return letter if letter in _UNRESERVED else encoded[0].upper()


def urlsplit_or_refuse(url: str, what: str) -> SplitResult:
    """The parts of an http or https URL; raises PluginUsageError, which does not show it, as it may be secret."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and not _CONTROL.search(url)
    except ValueError:
        is_whole = False
    if not is_whole or " " in parts.netloc:
        raise PluginUsageError(f"{what} must be one such as https://host.example/path")
    return parts


@functools.lru_cache(maxsize=64)
def _transport(tls: ssl.SSLContext | None, proxy: Proxy | None) -> OneShotTransport:
    return OneShotTransport(tls, proxy=proxy)


def _usual_reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _credentials(authorization: str) -> tuple[str, ...]:
    """What may not be said of an Authorization: what is sent, and the password that it holds."""
    kind, _, sent = authorization.partition(" ")
    if kind != "Basic":
        return (sent,) if sent else ()
    both = decode(base64.b64decode(sent))
    return sent, both, both.partition(":")[2]


def _header_of(line: str, source: str) -> tuple[str, str]:
    try:
        return header(line)
    except ValueError as error:
        raise PluginUsageError(f"a line in {source} {error}") from error
