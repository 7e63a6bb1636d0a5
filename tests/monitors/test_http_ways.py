"""http.monitor: the ways to a server: TLS, HTTP/2, proxies; and what stands in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from pymon.model.result import CheckResult
from tests.addresses import own_address
from tests.monitors.adversity import check_adversity
from tests.monitors.servers import Check, Handler, hang_up, saying, serving
from tests.ports import free_port
from tests.servers.adversity import ADVERSITIES, Adversity, Facing, Speech, rows_together
from tests.servers.certificates import Authority, self_signed
from tests.servers.needs import needs
from tests.servers.nghttpd import Http2Server, nghttpd
from tests.servers.process import own_folder, running
from tests.servers.tinyproxy import Proxy, tinyproxy
from tests.servers.website import Page, website

AUTHORITY = Authority()
ADDRESS = own_address()
PAIR = AUTHORITY.issue("server.test", ADDRESS, "::1", days=30)
BIG = "x" * 300_000
HTTP = Speech(b"HTTP/1.1 200 OK\r\n", client_first=True)


@pytest.fixture(name="trusted", scope="module")
def trusted_fixture(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the authority."""
    return str(AUTHORITY.write(tmp_path_factory.mktemp("ca") / "ca.pem"))


@pytest.fixture(name="http2", scope="module")
def http2_fixture() -> Iterator[Http2Server]:
    """A real server of HTTP/2."""
    with nghttpd(PAIR, {"index.html": "hello\n", "big": BIG}, host=ADDRESS) as server:
        yield server


@pytest.fixture(name="proxy", scope="module")
def proxy_fixture() -> Iterator[Proxy]:
    """A real proxy that wants to know who comes."""
    with tinyproxy(user="me", password="correct") as proxy:
        yield proxy


def measured(result: CheckResult) -> dict[str, float]:
    return {each.name: each.value for each in result.measurements}


@pytest.mark.parametrize("host", [ADDRESS, "::1"], ids=["IPv4", "IPv6"])
async def test_http2(check: Check, http2: Http2Server, trusted: str, host: str) -> None:
    """M-http-http2."""
    result = await check(
        *("http.monitor", "--http2", "-S", "-C", trusted, "-p", str(http2.tls_port), "-m", "hello", host)
    )
    assert result.exitval == 0, result.output
    assert "\nHTTP/2 200\r\n" in result.output
    assert "content-length: 6\r\n" in result.output
    assert {"connect", "tls", "first_byte", "size", "expiry", "time"} == set(measured(result))


async def test_http2_with_prior_knowledge(check: Check, http2: Http2Server) -> None:
    result = await check(
        "http.monitor", "--http2", "-p", str(http2.port), "-m", "hello", "--expect-header", "Server: nghttpd", ADDRESS
    )
    assert result.exitval == 0, result.output


async def test_http2_judges_as_http1(check_inside: Check, http2: Http2Server) -> None:
    arguments = ["http.monitor", "--http2", "-p", str(http2.port)]
    gone = await check_inside(*arguments, "-u", "/none", ADDRESS)
    assert (gone.exitval, gone.output.split("\n")[1]) == (1, f"HOST {ADDRESS}: HTTP response code failure")
    big = await check_inside(
        *arguments, "-u", "/big", "--min-size", str(len(BIG)), "--max-size", str(len(BIG)), ADDRESS
    )
    assert big.exitval == 0, big.output
    head = await check_inside(*arguments, "-X", "HEAD", "-u", "/big", "--max-size", "0", ADDRESS)
    assert head.exitval == 0, head.output
    body = await check_inside(*arguments, "--data", BIG, ADDRESS)
    assert body.exitval == 0, body.output


async def test_http2_or_nothing(check_inside: Check, trusted: str) -> None:
    """A server that only has HTTP/1.1 fails, whatever it says to it."""
    async with website({"/": Page()}, certificate=PAIR, host=ADDRESS) as site:
        tls = await check_inside("http.monitor", "--http2", "-S", "-C", trusted, "-p", str(site.port), ADDRESS)
    async with serving(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        clear = await check_inside("http.monitor", "--http2", "-p", str(port), "127.0.0.1")
    assert "the server does not agree to HTTP/2 (ALPN)\n" in tls.output
    assert "HTTP response code failure\nno HTTP/2 answer: the server speaks an earlier HTTP\n" in clear.output
    assert (tls.exitval, clear.exitval) == (1, 1)


def speaking_http2(*, reset: bool = False, leave: bool = False) -> Handler:
    """Answer in HTTP/2 with a 103 and a body that is cut off."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        http.initiate_connection()
        while data := await reader.read(65536):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    http.send_headers(1, [(":status", "103"), ("link", "x")])
                    http.send_headers(1, [(":status", "200")])
                    http.send_data(1, b"hel", end_stream=not (reset or leave))
                    if reset:
                        http.reset_stream(1, 2)
            writer.write(http.data_to_send())
            await writer.drain()
            if leave:
                return

    return handler


async def test_ends_of_http2(check_inside: Check) -> None:
    said = {}
    for what, handler in {
        "whole": speaking_http2(),
        "reset": speaking_http2(reset=True),
        "left": speaking_http2(leave=True),
        "nothing": hang_up,
    }.items():
        async with serving(handler) as port:
            said[what] = (await check_inside("http.monitor", "--http2", "-p", str(port), "127.0.0.1")).output
    assert said["whole"].startswith("\nHOST 127.0.0.1: ok\nHTTP/2 200\n")
    assert "the server reset the stream: INTERNAL_ERROR\n" in said["reset"]
    assert "no HTTP answer: the server hung up before it was complete\n" in said["left"]
    assert "no HTTP answer: the server hung up before it was complete\n" in said["nothing"]


@pytest.mark.slow
@pytest.mark.parametrize("tls", [False, True], ids=["absolute", "CONNECT"])
async def test_proxy(check: Check, proxy: Proxy, trusted: str, tmp_path: Path, tls: bool) -> None:
    """M-http-proxy."""
    (tmp_path / "password").write_text("correct\n")
    (tmp_path / "wrong").write_text("wrong\n")
    way = ["http.monitor", "--proxy", f"http://{proxy.host}:{proxy.port}", *(["-S", "-C", trusted] if tls else [])]
    async with website({"/x": Page(b"hello")}, certificate=PAIR if tls else None, host=ADDRESS) as site:
        way += ["-u", "/x", "-p", str(site.port)]
        log_in = ["--proxy-user", "me", "--proxy-password-file"]
        good = await check(*way, *log_in, str(tmp_path / "password"), "-m", "hello", ADDRESS)
        wrong = await check(*way, *log_in, str(tmp_path / "wrong"), "-c", "200", ADDRESS)
        nobody = await check(*way, "-c", "200", ADDRESS)
    assert (good.exitval, wrong.exitval, nobody.exitval) == (0, 1, 1), good.output
    assert [asked.target for asked in site.requests] == ["/x"]
    assert "proxy-authorization" not in site.requests[0].headers
    assert ("the proxy: 40" if tls else "HTTP response code failure\nHTTP/1.") in nobody.output
    assert "wrong" not in wrong.output


async def test_a_proxy_looks_names_up(check_inside: Check) -> None:
    """So a name that only the proxy knows can be checked; and -4 and -6 are about the way to the proxy."""
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with serving(proxy, "::1") as port:
        await check_inside("http.monitor", "--proxy", f"[::1]:{port}", "-u", ".other.test/", "only-there.invalid")
        way = ["http.monitor", "--proxy", f"[::1]:{port}", "-p", "81", "only-there.invalid"]
        six = await check_inside(*way, "-6")
        four = await check_inside(*way, "-4")
    assert (six.exitval, four.exitval) == (0, 1), six.output
    assert asked[0].startswith(b"GET http://only-there.invalid/.other.test/ HTTP/1.1\r\n")
    assert asked[1].startswith(b"GET http://only-there.invalid:81/ HTTP/1.1\r\nHost: only-there.invalid:81\r\n")
    assert "the proxy: name not found: no IPv4 address\n" in four.output


@pytest.mark.parametrize("tls", [False, True])
async def test_http2_through_a_proxy(check_inside: Check, http2: Http2Server, trusted: str, tls: bool) -> None:
    with tinyproxy() as proxy:
        way = ["--http2", "--proxy", f"{proxy.host}:{proxy.port}", "-m", "hello"]
        way += ["-S", "-C", trusted, "-p", str(http2.tls_port)] if tls else ["-p", str(http2.port)]
        result = await check_inside("http.monitor", *way, ADDRESS)
    assert result.exitval == 0, result.output


async def test_what_http2_cannot_ask(check_inside: Check, http2: Http2Server) -> None:
    result = await check_inside("http.monitor", "--http2", "-t", "5", "-u", "", "-p", str(http2.port), ADDRESS)
    assert "the request cannot be asked in HTTP/2: " in result.output


async def test_a_host_header_goes_through_a_tunnel(check_inside: Check) -> None:
    """A proxy would replace it (RFC 9112, 3.2.2)."""
    with tinyproxy() as proxy:
        async with website({"/": Page()}) as site:
            way = ["--proxy", f"http://[::1]:{proxy.port}", "-p", str(site.port), "-H", "www.test"]
            result = await check_inside("http.monitor", *way, site.host)
        assert proxy.was_asked(f"CONNECT {site.host}:{site.port}")
    assert result.exitval == 0, result.output
    assert site.requests[0].headers["host"] == "www.test"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        (b"rubbish\r\n\r\n", "no HTTP answer: "),
        (b"", "hung up|no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\n\r\nmore", "said more than its answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000, "no HTTP answer: "),
    ],
    ids=["refuses", "rubbish", "hangs up", "says more", "endless"],
)
async def test_proxies_that_fail(check_inside: Check, answer: bytes, why: str) -> None:
    async with serving(saying(answer)) as port:
        result = await check_inside("http.monitor", "-S", "--proxy", f"127.0.0.1:{port}", "-t", "5", "server.test")
    assert result.exitval == 1
    verdict, said = result.output.split("\n")[1:3]
    assert verdict == "HOST server.test: HTTP response code failure"
    assert any(said.startswith(f"the proxy: {each}") for each in why.split("|")), said


@pytest.mark.slow
async def test_a_proxy_that_is_silent_or_gone(check_inside: Check, blackhole: tuple[str, int]) -> None:
    way = ["http.monitor", "-S", "-t", "0.3", "server.test", "--proxy"]
    assert "timeout after 0.3 seconds" in (await check_inside(*way, "{}:{}".format(*blackhole))).output
    assert "the proxy: could not connect: " in (await check_inside(*way, f"127.0.0.1:{free_port()}")).output
    assert "the proxy: name not found: " in (await check_inside(*way, "no.invalid")).output


@pytest.mark.slow
async def test_client_certificate(check: Check, trusted: str, tmp_path: Path) -> None:
    """M-http-tls."""
    guests = Authority("guests")
    mine = guests.issue("me", client=True).write(tmp_path, "me")
    async with website({"/": Page()}, certificate=PAIR, clients=guests, host=ADDRESS) as site:
        way = ["http.monitor", "-S", "-C", trusted, "-p", str(site.port)]
        good = await check(*way, "--cert", str(mine.certificate), "--key", str(mine.key), ADDRESS)
        none = await check(*way, ADDRESS)
    assert (good.exitval, none.exitval) == (0, 1), good.output
    assert f"HOST {ADDRESS}: HTTP response code failure\n" in none.output


async def test_a_missing_client_certificate_is_told(check_inside: Check) -> None:
    """In TLS 1.3 the server says so after the handshake."""
    openssl = needs("openssl")
    with own_folder() as folder:
        files = PAIR.write(folder)
        command = [openssl, "s_server", "-accept", f"{ADDRESS}:{free_port(ADDRESS)}", "-Verify", 1, "-www"]
        command += ["-cert", files.certificate, "-key", files.key]
        with running(command, ready="ACCEPT", folder=folder):
            result = await check_inside("http.monitor", "-S", "-k", "-p", str(command[3]).rpartition(":")[2], ADDRESS)
    assert "HTTP response code failure\nTLS: tlsv13 alert certificate required\n" in result.output


@pytest.mark.parametrize(
    ("named", "sni"),
    [
        ("vhost.test:8443", "vhost.test"),
        ("[2001:db8::1]:8443", None),
        ("[2001:db8::1]", None),
        ("2001:db8::1", None),
        ("192.0.2.1:8443", None),
    ],
)
async def test_name_in_tls_by_the_host_header(check_inside: Check, trusted: str, named: str, sni: str | None) -> None:
    """The name without its port is asked for; for an address the certificate is verified, but nothing is asked for."""
    asked: list[str | None] = []
    certificate = AUTHORITY.issue("vhost.test", "2001:db8::1", "192.0.2.1")
    context = certificate.server_context()
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n"), tls=context) as port:
        result = await check_inside(*("http.monitor", "-S", "-H", named, "-p", str(port), "-C", trusted, "127.0.0.1"))
    assert result.exitval == 0, result.output
    assert asked == [sni]


@pytest.mark.slow
async def test_days_to_expiry_are_measured(check: Check, trusted: str) -> None:
    async with website({"/": Page()}, certificate=PAIR, host=ADDRESS) as site:
        verified = await check("http.monitor", "-S", "-C", trusted, "-p", str(site.port), ADDRESS)
    async with website({"/": Page()}, certificate=self_signed("x", days=-3)) as site:
        stale = await check("http.monitor", "-S", "-k", "-p", str(site.port), site.host)
    assert 29.9 < measured(verified)["expiry"] < 30
    assert -3.1 < measured(stale)["expiry"] < -3
    assert measured(stale)["tls"] > 0


@pytest.mark.parametrize(
    "ending", [b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]
)
async def test_ends_of_tls(check_inside: Check, ending: bytes) -> None:
    async with serving(saying(ending), tls=PAIR.server_context()) as port:
        result = await check_inside("http.monitor", "-S", "-k", "-p", str(port), "-m", "end|ok", "127.0.0.1")
    assert result.exitval == 0, result.output


def https(enemy: Facing) -> Sequence[str]:
    return ["-S", "-C", str(enemy.trusted), "-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


def http2_in_the_clear(enemy: Facing) -> Sequence[str]:
    return ["--http2", "-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


def through_a_proxy(enemy: Facing) -> Sequence[str]:
    return ["-S", "--proxy", f"{enemy.host}:{enemy.port}", "-t", str(enemy.limit), "server.test"]


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tls"))
async def test_adversities_within_tls(adversities: Sequence[Adversity]) -> None:
    await check_adversity("http.monitor", https, *adversities, speech=HTTP)


ALIKE = ("drip", "reset", "hangs up", "refusal")
"""rows that another one stands for, or that come before there is anything of HTTP"""


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp", without=ALIKE))
async def test_adversities_of_http2(adversities: Sequence[Adversity]) -> None:
    # a SETTINGS frame that says it is longer than it will ever be
    await check_adversity(
        "http.monitor",
        http2_in_the_clear,
        *adversities,
        speech=Speech(b"\x00\x3f\xfc\x00\x00\x00\x00\x00\x01", client_first=True),
    )


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp", without=ALIKE))
async def test_adversities_of_proxies(adversities: Sequence[Adversity]) -> None:
    await check_adversity(
        "http.monitor", through_a_proxy, *adversities, speech=HTTP, summary=lambda _enemy: "server.test"
    )


async def test_adversities_by_ipv6() -> None:
    await check_adversity("http.monitor", https, ADVERSITIES["wrong name"], speech=HTTP, host="::1")
