"""The certificates are what they claim to be: TLS takes the right ones, and says why it refuses each other one."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest

from tests.monitors.servers import serving
from tests.servers.certificates import Authority, Pair, self_signed

NAME = "mail.test"


async def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str = NAME) -> bytes:
    """What a client hears of the server once their handshake is done."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"well\n")

    async with serving(greet, tls=server) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        try:
            return await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.mark.parametrize(
    ("names", "asked"),
    [((NAME,), NAME), (("*.mail.test",), "a.mail.test"), (("127.0.0.1", "::1"), "127.0.0.1"), (("::1",), "::1")],
    ids=["name", "wildcard", "address", "IPv6 address"],
)
async def test_right_ones(names: tuple[str, ...], asked: str) -> None:
    authority = Authority()
    for issuer in (authority, authority.intermediate()):
        pair = issuer.issue(*names)
        assert await handshake(pair.server_context(), authority.client_context(), asked) == b"well\n"
        assert await handshake(pair.server_context(), pair.client_context(), asked) == b"well\n"


AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (AUTHORITY.issue(NAME, days=-1), "certificate has expired"),
        (AUTHORITY.issue(NAME, since=1), "certificate is not yet valid"),
        (AUTHORITY.issue("other.test"), "Hostname mismatch"),
        (AUTHORITY.issue("*.mail.test"), "Hostname mismatch"),
        (AUTHORITY.issue(), "Hostname mismatch"),
        (Authority("stranger").issue(NAME), "unable to get local issuer certificate"),
        (AUTHORITY.intermediate().issue(NAME).alone(), "unable to get local issuer certificate"),
        (self_signed(NAME), "self-signed certificate"),
    ],
    ids=["expired", "early", "other name", "other wildcard", "nameless", "stranger", "no chain", "self-signed"],
)
async def test_wrong_ones(pair: Pair, why: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        await handshake(pair.server_context(), AUTHORITY.client_context())


async def test_those_of_clients() -> None:
    server = AUTHORITY.issue(NAME).server_context(clients=AUTHORITY)
    known = AUTHORITY.client_context(AUTHORITY.issue("alice", client=True))
    assert await handshake(server, known) == b"well\n"
    for unknown in (None, Authority().issue("alice", client=True), AUTHORITY.issue("alice")):
        with contextlib.suppress(ssl.SSLError, ConnectionError):  # or the server hangs up without a word
            assert await handshake(server, AUTHORITY.client_context(unknown)) == b""


def test_days_are_counted_from_now() -> None:
    pair = AUTHORITY.issue(NAME, days=5)
    assert round((pair.expires - pair.certificate.not_valid_before_utc).total_seconds() / 86400) == 370
    assert len(pair.fingerprint) == 64
