"""sslcert.monitor."""

from __future__ import annotations

import asyncio
import contextlib
import re
import runpy
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from pymon.plugin.starttls import DIALOGUES, USUAL_PORTS
from tests.addresses import own_address
from tests.monitors.adversity import check_adversity
from tests.monitors.servers import MONITORS, Check, Handler, serving
from tests.servers import certificates
from tests.servers.adversity import ADVERSITIES, Adversity, Facing, LeadIn, Speech, rows
from tests.servers.certificates import Authority, Pair, self_signed
from tests.servers.dovecot import dovecot
from tests.servers.exim import exim
from tests.servers.needs import needs
from tests.tools import missing

AUTHORITY = Authority()
STRANGER = Authority("stranger")
DAY = timedelta(days=1)


@pytest.fixture(name="trusted", scope="module")
def trusted_fixture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the authority."""
    return str(AUTHORITY.write(tmp_path_factory.mktemp("ca") / "ca.pem"))


async def stay(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Wait until the client leaves."""
    while await reader.read(1000):
        pass


def with_tls(pair: Pair, host: str = "127.0.0.1") -> contextlib.AbstractAsyncContextManager[int]:
    return serving(stay, host, tls=pair.server_context())


def day(days: float) -> str:
    return f"{datetime.now(UTC) + days * DAY:%Y-%m-%d}"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_good_one(check: Check, trusted: str, host: str) -> None:
    """M-sslcert-address: an address is as good as a name: mon's takes only names that DNS knows."""
    async with with_tls(AUTHORITY.issue("server.test", host, days=90), host) as port:
        result = await check("sslcert.monitor", "-C", trusted, "-p", str(port), host)
    assert (result.exitval, result.output) == (0, f"Expiry {day(90)}\n{host} expires {day(90)}\n")
    measured = {each.name: each for each in result.measurements}
    assert 89.9 < measured["expiry"].value < 90
    assert measured["expiry"].unit == "d"


STAMP = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.mark.parametrize(
    ("pair", "words", "detail"),
    [
        (AUTHORITY.issue("h.test", days=-1), ["expired"], rf"expired at {STAMP}\."),
        (AUTHORITY.issue("h.test", days=13.9), ["expires soon"], rf"expires at {STAMP}\."),
        (AUTHORITY.issue("h.test", since=1), ["post dated"], rf"has not before date {STAMP} in future\."),
        (AUTHORITY.issue("other.test"), ["no commonName in cert"], r"doesn't have h\.test as a commonName or altName"),
        (AUTHORITY.issue(), ["no commonName in cert"], "doesn't have"),
        (STRANGER.issue("h.test"), ["untrusted"], "is not trusted: "),
        (self_signed("h.test"), ["untrusted"], "is not trusted: self-signed certificate"),
        (AUTHORITY.intermediate().issue("h.test").alone(), ["untrusted"], "unable to get local issuer certificate"),
        (AUTHORITY.intermediate().issue("h.test"), [], ""),
        (AUTHORITY.issue("*.test"), ["no commonName in cert"], ""),
        (STRANGER.issue("x.test", days=-1), ["expired", "no commonName in cert", "untrusted"], ""),
    ],
    ids=["expired", "soon", "early", "name", "nameless", "stranger", "self", "no chain", "chain", "all", "everything"],
)
async def test_verdicts(check_inside: Check, trusted: str, pair: Pair, words: list[str], detail: str) -> None:
    """M-sslcert-chain: who vouches is looked at too."""
    host = "127.0.0.1"
    async with with_tls(pair) as port:
        result = await check_inside("sslcert.monitor", "-C", trusted, "-N", "h.test", "-p", str(port), host)
    assert result.exitval == int(bool(words))
    if words:
        assert result.output.startswith("".join(f"{host}({word}) " for word in words) + "\n")
    assert re.search(detail, result.output)


@pytest.mark.slow
async def test_verdicts_as_a_program(check: Check) -> None:
    """M-sslcert-chain: -k leaves out who vouches, as mon's does."""
    async with with_tls(STRANGER.issue("127.0.0.1", days=3)) as port:
        minds = await check("sslcert.monitor", "-p", str(port), "127.0.0.1")
        careless = await check("sslcert.monitor", "-k", "--days", "2", "-p", str(port), "127.0.0.1")
    assert minds.output.startswith("127.0.0.1(expires soon) 127.0.0.1(untrusted) \n127.0.0.1(127.0.0.1) expires at 2")
    assert (careless.exitval, careless.output.split("\n")[0]) == (0, f"Expiry {day(3)}")


async def test_an_intermediate_out_of_time_is_not_trusted(check_inside: Check, trusted: str) -> None:
    """The certificate itself is in time, so that it expired would be wrong to say."""
    between = AUTHORITY.intermediate()
    stale = (
        certificates._begun(
            *(between.certificate.subject, AUTHORITY.certificate.subject, between._key, AUTHORITY._key),
            since=-100,
            days=-1,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(AUTHORITY._key, hashes.SHA256())
    )
    async with with_tls(replace(between.issue("127.0.0.1"), chain=(stale,))) as port:
        result = await check_inside("sslcert.monitor", "-C", trusted, "-p", str(port), "127.0.0.1")
    assert result.output == "127.0.0.1(untrusted) \n127.0.0.1(127.0.0.1) is not trusted: certificate has expired.\n"


@pytest.mark.parametrize("name", ["www.h.test", "WWW.H.test."])
async def test_wildcards(check_inside: Check, trusted: str, name: str) -> None:
    """M-sslcert-names: mon's compares letter by letter, stars included."""
    async with with_tls(AUTHORITY.issue("*.h.test")) as port:
        result = await check_inside("sslcert.monitor", "-C", trusted, "-N", name, "-p", str(port), "127.0.0.1")
        other = await check_inside("sslcert.monitor", "-C", trusted, "-N", "h.test", "-p", str(port), "127.0.0.1")
    assert (result.exitval, other.exitval) == (0, 1), result.output


@pytest.mark.slow
async def test_several_hosts(check: Check, trusted: str) -> None:
    names = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    async with serving(stay, "127.0.0.1", tls=AUTHORITY.issue(*names, days=60).server_context()) as port:
        server = await asyncio.start_server(
            stay, "127.0.0.2", port, ssl=AUTHORITY.issue(*names, days=50).server_context()
        )
        async with server:
            good = await check("sslcert.monitor", "-C", trusted, "-p", str(port), *names[:2])
            bad = await check("sslcert.monitor", "-C", trusted, "-p", str(port), *names, "no.invalid")
    assert good.output == f"Expiry {day(50)}\n127.0.0.1 expires {day(60)}\n127.0.0.2 expires {day(50)}\n"
    summary, *sentences = bad.output.splitlines()
    assert summary == "127.0.0.3(unavailable) no.invalid(not found) "
    assert sentences[0] == f"Can't connect to 127.0.0.3(127.0.0.3) port {port} via TCP. Connection refused"
    assert sentences[1].startswith("No A or AAAA record for no.invalid: ")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], None),
        (["-s", "1"], "localhost"),
        (["-N", "www.test."], "www.test"),
        (["-s", "0", "-N", "www.test"], None),
    ],
)
async def test_sni(check_inside: Check, options: list[str], named: str | None) -> None:
    """M-sslcert-sni."""
    asked: list[str | None] = []
    context = AUTHORITY.issue("localhost").server_context()
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with serving(stay, tls=context) as port:
        await check_inside("sslcert.monitor", "-4", "-k", "-p", str(port), *options, "localhost")
    assert asked == [named]


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        ({}, True),
        ({"port": 8443}, False),
        ({"port": 25}, True),
        ({"port": 25, "starttls": "none"}, False),
        ({"sni": "0"}, False),
    ],
)
def test_when_the_server_is_told_the_name(options: dict[str, object], asks: bool) -> None:
    """M-sslcert-sni."""
    sslcert = runpy.run_path(str(MONITORS / "sslcert.monitor"))
    assert sslcert["Options"](**options).asks_by_name is asks


async def test_families(check_inside: Check, trusted: str) -> None:
    """M-sslcert-families: with both, such and such there must be."""
    async with with_tls(AUTHORITY.issue("127.0.0.1")) as port:
        way = ["sslcert.monitor", "-C", trusted, "-p", str(port), "127.0.0.1"]
        assert (await check_inside(*way, "-4")).exitval == 0
        assert (await check_inside(*way, "-6")).output == "127.0.0.1(not found) \nNo AAAA record for 127.0.0.1.\n"
        assert (await check_inside(*way, "-46")).output == "127.0.0.1(not found) \nNo AAAA record for 127.0.0.1.\n"


@pytest.mark.slow
async def test_no_time_is_lost_on_what_hangs(check_inside: Check, blackhole: tuple[str, int]) -> None:
    """M-sslcert-timeout: mon's waits for ever."""
    host, port = blackhole
    result = await check_inside("sslcert.monitor", "-t", "0.3", "-p", str(port), host)
    assert result.output == (
        f"{host}(unavailable) \nCan't connect to {host}({host}) port {port} via TCP. timeout after 0.3 seconds\n"
    )


async def test_a_client_certificate(check_inside: Check, trusted: str, tmp_path: Path) -> None:
    """M-sslcert-client: Shown where it is given; where the server wants one, its own is seen all the same."""
    guests = Authority("guests")
    mine = guests.issue("me", client=True).write(tmp_path, "me")
    seen: list[object] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peercert"))
        await stay(reader, writer)

    async with serving(look, tls=AUTHORITY.issue("127.0.0.1").server_context(clients=guests)) as port:
        way = ["sslcert.monitor", "-C", trusted, "-p", str(port), "127.0.0.1"]
        assert (await check_inside(*way, "--cert", str(mine.certificate), "--key", str(mine.key))).exitval == 0
        assert (await check_inside(*way)).exitval == 0
    assert seen[0]


@pytest.mark.parametrize("shown", [True, False])
async def test_a_client_certificate_in_tls_1_2(check_inside: Check, trusted: str, tmp_path: Path, shown: bool) -> None:
    """M-sslcert-client: there the handshake does not end without."""
    guests = Authority("guests")
    mine = guests.issue("me", client=True).write(tmp_path, "me")
    context = AUTHORITY.issue("127.0.0.1").server_context(clients=guests)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    way = ["--cert", str(mine.certificate), "--key", str(mine.key)] if shown else []
    async with serving(stay, tls=context) as port:
        result = await check_inside("sslcert.monitor", "-C", trusted, "-p", str(port), *way, "127.0.0.1")
    assert result.output.startswith("Expiry " if shown else "127.0.0.1(no SSL cert) \n")


class Plain:
    """A server's part of what is said in plain text: a greeting, and an answer to each command, by a word in it.

    ``%t`` in an answer stands for the first word of the command. After the answer to ``last`` TLS begins.
    """

    def __init__(self, greeting: bytes, last: bytes, answers: dict[bytes, bytes]) -> None:
        self._greeting = greeting
        self._last = last
        self._answers = answers

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._greeting)
        while True:
            heard = await (reader.readline() if self._greeting else reader.read(1000))
            if not heard:
                raise ConnectionResetError
            word = next(word for word in self._answers if word in heard)
            writer.write(self._answers[word].replace(b"%t", heard.split()[0] if self._greeting else b""))
            if word == self._last:
                return


LDAP_OID = b"1.3.6.1.4.1.1466.20037"
SERVERS = {
    "smtp": Plain(
        b"220-mail\r\n220 mail ESMTP\r\n",
        b"STARTTLS",
        {b"EHLO": b"250-mail\r\n250-SIZE\r\n250 STARTTLS\r\n", b"STARTTLS": b"220 go\r\n"},
    ),
    "imap": Plain(
        b"* OK IMAP4rev1 hi\r\n",
        b"STARTTLS",
        {b"CAPABILITY": b"* CAPABILITY STARTTLS\r\n%t OK done\r\n", b"STARTTLS": b"* x\r\n%t OK go\r\n"},
    ),
    "pop3": Plain(b"+OK hi\r\n", b"STLS", {b"STLS": b"+OK go\r\n"}),
    "ftp": Plain(
        b"220-one\r\n220 two\r\n",
        b"AUTH TLS",
        {b"FEAT": b"211-a\r\n AUTH TLS\r\n211 z\r\n", b"AUTH TLS": b"234 go\r\n"},
    ),
    "nntp": Plain(
        b"200 hi\r\n", b"STARTTLS", {b"CAPABILITIES": b"101 c\r\nSTARTTLS\r\n.\r\n", b"STARTTLS": b"382 go\r\n"}
    ),
    "sieve": Plain(b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "hi"\r\n', b"STARTTLS", {b"STARTTLS": b'OK "go"\r\n'}),
    "ldap": Plain(b"", LDAP_OID, {LDAP_OID: bytes.fromhex("300c02010178070a010004000400")}),
    "postgres": Plain(b"", b"\x04\xd2\x16\x2f", {b"\x04\xd2\x16\x2f": b"S"}),
}


def upgrading(lead: LeadIn, pair: Pair) -> Handler:
    """Hold that dialogue, then go on in TLS."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await lead(reader, writer)
        with contextlib.suppress(ssl.SSLError):
            await writer.start_tls(pair.server_context())
            await stay(reader, writer)

    return handler


@pytest.mark.slow
@pytest.mark.parametrize("protocol", SERVERS)
async def test_starttls(check_inside: Check, trusted: str, protocol: str) -> None:
    """M-sslcert-starttls: What OpenSSL's client is content with, we are content with too."""
    openssl = needs("openssl")
    async with serving(upgrading(SERVERS[protocol], AUTHORITY.issue("127.0.0.1", days=40))) as port:
        client = await asyncio.create_subprocess_exec(
            *(str(openssl), "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", protocol),
            *("-CAfile", trusted, "-verify_return_error"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        theirs = await asyncio.wait_for(client.wait(), 10)
        ours = await check_inside(
            "sslcert.monitor", "-C", trusted, "--starttls", protocol, "-p", str(port), "127.0.0.1"
        )
    assert (theirs, ours.output) == (0, f"Expiry {day(40)}\n127.0.0.1 expires {day(40)}\n")


@pytest.mark.parametrize(
    ("protocol", "greeting", "why"),
    [
        ("smtp", b"554 go away\r\n", "said 554 go away"),
        ("smtp", b"220 x\r\n250 x\r\n502 no TLS\r\n", "said 502 no TLS"),
        ("imap", b"* BYE\r\n", "said * BYE"),
        ("imap", b"* OK x\r\na BAD what\r\n", "said a BAD what"),
        ("imap", b"* OK x\r\n" + b"* x\r\n" * 300, "no answer to STARTTLS within 200 lines"),
        ("pop3", b"+OK x\r\n-ERR what\r\n", "said -ERR what"),
        ("ftp", b"220 x\r\n530 no\r\n", "said 530 no"),
        ("nntp", b"200 x\r\n580 no\r\n", "said 580 no"),
        ("sieve", b'"x"\r\n' * 300, "no OK within 200 lines"),
        ("sieve", b"OK\r\nNO\r\n", "said NO"),
        ("ldap", bytes.fromhex("300c02010178070a013404000400"), "LDAP result 52"),
        ("ldap", b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 100, "no LDAP answer"),
        ("postgres", b"N", "PostgreSQL does not offer TLS"),
        ("smtp", b"220 x\r\n", "hung up"),
        ("smtp", b"220 x\r\n250 x\r\n220 go\r\n250 injected\r\n", "more was said in the clear"),
    ],
)
async def test_starttls_refused(check_inside: Check, protocol: str, greeting: bytes, why: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.write_eof()
        await stay(reader, writer)

    async with serving(handler) as port:
        result = await check_inside("sslcert.monitor", "--starttls", protocol, "-t", "5", "-p", str(port), "127.0.0.1")
    summary, sentence, _ = result.output.split("\n")
    if "clear" in why:
        assert summary == "127.0.0.1(no SSL cert) "
    else:
        assert summary == "127.0.0.1(no STARTTLS) "
        assert sentence.startswith(f"127.0.0.1 port {port} does not begin TLS by {protocol}: ")
    assert sentence.endswith(why) or "clear" in why


@pytest.mark.slow
async def test_real_mail_servers(check: Check, trusted: str) -> None:
    own = own_address()
    pair = AUTHORITY.issue(own, "::1", days=70)
    with exim(pair, host=own) as mail, dovecot(pair, host=own) as store:
        for port, protocol, host in (
            (mail.port, "smtp", own),
            (mail.port, "smtp", "::1"),
            (store.port, "imap", own),
            (store.port, "imap", "::1"),
            (mail.tls_port, "none", own),
            (store.tls_port, "none", own),
        ):
            result = await check("sslcert.monitor", "-C", trusted, "--starttls", protocol, "-p", str(port), host)
            assert result.output == f"Expiry {day(70)}\n{host} expires {day(70)}\n"


async def test_ports_where_plain_text_comes_first(check_inside: Check, trusted: str) -> None:
    """M-sslcert-ports: mon's begins with TLS there, too, and so calls every such server failed."""
    assert set(USUAL_PORTS.values()) == set(DIALOGUES)
    own = own_address()
    try:
        server = await asyncio.start_server(upgrading(SERVERS["imap"], AUTHORITY.issue(own)), own, 143)
    except PermissionError:
        missing("nobody but root may listen on port 143")
    async with server:
        assert (await check_inside("sslcert.monitor", "-C", trusted, "-p", "imap2", own)).exitval == 0
        wrong = await check_inside("sslcert.monitor", "-C", trusted, "--starttls", "none", "-p", "143", own)
    assert wrong.output.startswith(f"{own}(no SSL cert) ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-s", "2"], "option -s '2': must be one of 0, 1"),
        (["--starttls", "x"], "option --starttls 'x': must be one of none, smtp"),
        (["--days", "-1"], "option --days '-1': must be a whole number"),
        (["-C", "/no/such"], "no CA certificates in /no/such: No such file or directory"),
    ],
)
async def test_wrong_options(check_inside: Check, arguments: list[str], words: str) -> None:
    result = await check_inside("sslcert.monitor", "-p", "1", *arguments, "127.0.0.1")
    assert result.exitval == 126
    assert result.output.startswith(f"sslcert.monitor: {words}")


def plainly(enemy: Facing) -> Sequence[str]:
    return ["-C", str(enemy.trusted), "-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


def by_starttls(enemy: Facing) -> Sequence[str]:
    return ["--starttls", "smtp", *plainly(enemy)]


WORDS = {
    "refusal": "unavailable",
    "wrong name": "no commonName in cert",
    "unknown authority": "untrusted",
    "no chain": "untrusted",
    "expired": "expired",
    "not yet valid": "post dated",
}


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tcp", "tls", without=("drip within TLS",)))
async def test_adversities(adversity: Adversity) -> None:
    word = WORDS.get(adversity.name, "no SSL cert")
    speech = Speech(b"220 mail.test ESMTP\r\n")
    await check_adversity(
        "sslcert.monitor",
        plainly,
        adversity,
        speech=speech,
        summary=lambda enemy: f"{enemy.host}({word}) ",
        inspects=True,
    )


ALIKE = (
    "drip within TLS",
    "refusal",
    "hangs up",
    "reset",
    "drip",
    "unknown authority",
    "expired",
    "not yet valid",
    "no chain",
)
"""rows where nothing depends on what was said in plain text, or that another row stands for"""


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tcp", "tls", without=ALIKE))
async def test_adversities_of_starttls(adversity: Adversity) -> None:
    late = adversity.kind == "tls" or adversity.name in ("silence", "drip", "reset", "reset later")
    word = WORDS.get(adversity.name, "no SSL cert" if late else "no STARTTLS")
    speech = Speech(b"220 mail.test ESMTP\r\n", lead_in=SERVERS["smtp"])
    await check_adversity(
        "sslcert.monitor",
        by_starttls,
        adversity,
        speech=speech,
        summary=lambda enemy: f"{enemy.host}({word}) ",
        inspects=True,
    )


@pytest.mark.slow
async def test_adversities_by_ipv6() -> None:
    await check_adversity(
        *("sslcert.monitor", plainly, ADVERSITIES["expired"]),
        host="::1",
        summary=lambda enemy: f"{enemy.host}(expired) ",
        inspects=True,
    )
