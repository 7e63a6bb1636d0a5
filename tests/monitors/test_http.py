"""http.monitor."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from tests.monitors.servers import Check, Handler, hang_up, reset, rubbish, saying, serving, silent
from tests.ports import free_port

OK = b"HTTP/1.1 200 OK\r\nServer: x\r\nX-Camel: y\r\nContent-Length: 6\r\n\r\nhello\n"
NOT_FOUND = b"HTTP/1.0 404 Not here\r\nServer: x\r\n\r\ngone"


def recording(requests: list[bytes], answer: bytes = OK) -> Handler:
    """Note what is asked, and answer."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()

    return handler


async def test_good_and_bad_hosts(check: Check) -> None:
    async with serving(saying(OK)) as port:
        result = await check("http.monitor", "-p", str(port), "127.0.0.2", "127.0.0.1", "no-such-host.invalid")
    assert result.exitval == 1
    summary, _, detail = result.output.partition("\n")
    assert summary == "127.0.0.2 no-such-host.invalid"
    assert "HOST 127.0.0.2: HTTP response code failure\ncould not connect: Connection refused\n\n" in detail
    assert "HOST no-such-host.invalid: HTTP response code failure\nname not found: " in detail
    assert detail.endswith("HOST 127.0.0.1: ok\nHTTP/1.1 200 OK\r\nServer: x\r\nX-Camel: y\r\nContent-Length: 6\n\n")


@pytest.mark.parametrize(
    ("status", "is_good"), [(200, 1), (301, 1), (302, 1), (401, 1), (204, 0), (303, 0), (404, 0), (500, 0)]
)
async def test_verdicts_are_mons(check_inside: Check, status: int, is_good: int) -> None:
    answer = b"HTTP/1.1 %d Word\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status
    requests: list[bytes] = []
    async with serving(
        recording(requests, answer if status != 204 else answer.replace(b"Content-Length: 0\r\n", b""))
    ) as port:
        result = await check_inside("http.monitor", "-p", str(port), "127.0.0.1")
    assert result.exitval == 1 - is_good
    assert len(requests) == 1  # redirects are not followed


async def test_request(check_inside: Check) -> None:
    """M-http-2: mon's asks in HTTP/1.0, names no port in Host, and sends the path as it is."""
    requests: list[bytes] = []
    async with serving(recording(requests)) as port:
        await check_inside("http.monitor", "-p", str(port), "127.0.0.1")
        await check_inside(
            "http.monitor",
            "-p",
            str(port),
            "-a",
            "me too",
            "-u",
            "/a?b=한%20c&d e",
            "-H",
            "www.example",
            "-X",
            "HEAD",
            "localhost",
        )
    assert requests[0] == (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: mon.d/http.monitor\r\nConnection: close\r\n\r\n" % port
    )
    assert requests[1] == (
        b"HEAD /a?b=%ED%95%9C%20c&d%20e HTTP/1.1\r\n"
        b"Host: www.example\r\nUser-Agent: me too\r\nConnection: close\r\n\r\n"
    )


async def test_names_beyond_ascii(check_inside: Check) -> None:
    """They are looked up by IDNA, and asked for by it; no option ends in a traceback."""
    requests: list[bytes] = []
    async with serving(recording(requests)) as port:
        result = await check_inside("http.monitor", "-p", str(port), "hôst.invalid", "bad\udcff.invalid")
        await check_inside("http.monitor", "-p", str(port), "-H", "büro", "-a", "Prüfer", "127.0.0.1")
    assert result.output.startswith("bad\udcff.invalid hôst.invalid\n")
    assert result.output.count("name not found: ") == 2
    assert "Host: büro\r\n".encode() in requests[0]
    assert "User-Agent: Prüfer\r\n".encode() in requests[0]


async def test_ipv6(check: Check) -> None:
    """M-ipv6: mon's ask IPv4 addresses only."""
    requests: list[bytes] = []
    async with serving(recording(requests), "::1") as port:
        assert (await check("http.monitor", "-p", str(port), "::1")).exitval == 0
    assert b"\r\nHost: [::1]:%d\r\n" % port in requests[0]


@pytest.mark.parametrize(
    ("arguments", "answer", "exitval", "verdict"),
    [
        (("-m", "h.llo"), OK, 0, "ok"),
        (("-m", "X-Camel: y"), OK, 0, "ok"),
        (("-m", "^HTTP/1.0 404"), NOT_FOUND, 0, "ok"),
        (("-m", "hullo"), OK, 1, "Regex match failed"),
        (("-m", "^hello"), OK, 1, "Regex match failed"),
        (("-m", "한글"), OK.replace(b"hello\n", "한글".encode()), 0, "ok"),
        (("-m", "a\udcffb"), OK.replace(b"hello\n", b"a\xffb   "), 0, "ok"),
        (("-c", "404"), NOT_FOUND, 0, "ok"),
        (("-c", "201-299,404"), OK, 1, "HTTP response code failure"),
    ],
)
async def test_what_decides(
    check_inside: Check, arguments: tuple[str, ...], answer: bytes, exitval: int, verdict: str
) -> None:
    async with serving(saying(answer)) as port:
        result = await check_inside("http.monitor", "-p", str(port), *arguments, "127.0.0.1")
    assert result.exitval == exitval
    assert f"HOST 127.0.0.1: {verdict}\n" in result.output


async def test_only_bad_hosts_have_detail(check: Check) -> None:
    async with serving(saying(OK)) as port:
        result = await check("http.monitor", "-o", "-p", str(port), "127.0.0.1", "127.0.0.2")
    assert "HOST 127.0.0.2" in result.output
    assert "HOST 127.0.0.1" not in result.output


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"HTTP/1.0 200 OK\nA: b\n\nbody", "HTTP/1.0 200 OK\nA: b\n\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "HTTP/1.1 200 OK\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n", "chunked\n\n"),
        (b"HTTP/1.1 200 OK\r\n\r\nno length", "HTTP/1.1 200 OK\n\n"),
    ],
    ids=["bare newlines", "100 first", "chunked", "until the end"],
)
async def test_forms_of_answers(check_inside: Check, answer: bytes, shown: str) -> None:
    async with serving(saying(answer)) as port:
        result = await check_inside("http.monitor", "-p", str(port), "127.0.0.1")
    assert result.exitval == 0
    assert shown in result.output


async def test_in_pieces(check_inside: Check) -> None:
    async with serving(saying(*(OK[at : at + 7] for at in range(0, len(OK), 7)), pause=0.001)) as port:
        result = await check_inside("http.monitor", "-p", str(port), "-m", "hello", "127.0.0.1")
    assert result.exitval == 0


async def test_a_huge_body_is_not_waited_for(check_inside: Check) -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (5 << 20), pause=30)) as port:
        result = await check_inside("http.monitor", "-p", str(port), "-t", "10", "127.0.0.1")
    assert result.exitval == 0


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (reset, "Connection reset by peer"),
        (hang_up, "no HTTP answer: "),
        (rubbish, "no HTTP answer: "),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), "no HTTP answer: "),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000), "no HTTP answer: "),
        (saying(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"), "no HTTP answer: "),
    ],
    ids=["reset", "hang up", "rubbish", "short", "endless header", "bad header"],
)
async def test_servers_that_fail(check: Check, handler: Handler, reason: str) -> None:
    async with serving(handler) as port:
        result = await check("http.monitor", "-p", str(port), "-t", "5", "127.0.0.1")
    assert result.exitval == 1
    summary, verdict, why = result.output.split("\n")[:3]
    assert (summary, verdict) == ("127.0.0.1", "HOST 127.0.0.1: HTTP response code failure")
    assert reason in why


@pytest.mark.slow
@pytest.mark.parametrize(
    "handler",
    [silent, saying(b"H", *[b"T"] * 100, pause=0.05), saying(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 100, pause=0.05)],
    ids=["silent", "slow drip", "slow body"],
)
async def test_timeout(check: Check, handler: Handler) -> None:
    async with serving(handler) as port:
        result = await check("http.monitor", "-p", str(port), "-t", "0.3", "127.0.0.1")
    assert (result.exitval, result.output) == (1, "127.0.0.1\nHOST 127.0.0.1: timeout after 0.3 seconds\n\n")


@pytest.mark.slow
async def test_hosts_are_asked_at_the_same_time(check_inside: Check) -> None:
    """M-hosts: mon's monitors ask one host after the other."""
    hosts = [f"127.0.1.{number}" for number in range(1, 41)]
    async with serving(silent, "0.0.0.0") as port:
        result = await check_inside("http.monitor", "-p", str(port), "-t", "0.5", *hosts)
    assert result.output.partition("\n")[0] == " ".join(sorted(hosts))
    assert result.duration < 5


@pytest.fixture(name="authority", scope="module")
def authority_fixture() -> trustme.CA:
    """An authority of one's own."""
    return trustme.CA()


@pytest.fixture(name="tls", scope="module")
def tls_fixture(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context with a certificate for www.example and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.example", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(name="ca_file", scope="module")
def ca_file_fixture(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


async def test_https(check: Check, tls: ssl.SSLContext, ca_file: Path) -> None:
    async with serving(saying(OK), tls=tls) as port:
        result = await check("http.monitor", "-S", "-p", str(port), "-C", str(ca_file), "127.0.0.1")
        assert result.exitval == 0, result.output
        named = await check("http.monitor", "-S", "-p", str(port), "-C", str(ca_file), "-H", "www.example", "127.0.0.1")
        assert named.exitval == 0, named.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "certificate verify failed: "),
        (("-C", "CA", "-N", "other.example"), "certificate verify failed: Hostname mismatch"),
        (("-k",), ""),
        (("-k", "-N", "other.example"), ""),
    ],
)
async def test_certificates(
    check_inside: Check, tls: ssl.SSLContext, ca_file: Path, arguments: tuple[str, ...], reason: str
) -> None:
    words = [str(ca_file) if word == "CA" else word for word in arguments]
    async with serving(saying(OK), tls=tls) as port:
        result = await check_inside("http.monitor", "-S", "-p", str(port), *words, "127.0.0.1")
    assert result.exitval == (1 if reason else 0)
    assert (
        f"HOST 127.0.0.1: HTTP response code failure\n{reason}" if reason else "HOST 127.0.0.1: ok"
    ) in result.output


async def test_expired_certificate(check_inside: Check, authority: trustme.CA, ca_file: Path) -> None:
    import datetime  # noqa: PLC0415  # of this test only

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    authority.issue_cert("127.0.0.1", not_after=past).configure_cert(context)
    async with serving(saying(OK), tls=context) as port:
        result = await check_inside("http.monitor", "-S", "-p", str(port), "-C", str(ca_file), "127.0.0.1")
    assert result.exitval == 1
    assert "certificate verify failed: certificate has expired" in result.output


async def test_sni_is_the_name_asked_for(check_inside: Check, tls: ssl.SSLContext) -> None:
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    try:
        async with serving(saying(OK), tls=tls) as port:
            await check_inside("http.monitor", "-S", "-k", "-p", str(port), "-H", "vhost.example:8443", "127.0.0.1")
            await check_inside("http.monitor", "-S", "-k", "-p", str(port), "-N", "sni.example", "-H", "x", "127.0.0.1")
    finally:
        tls.sni_callback = None
    assert asked == ["vhost.example", "sni.example"]


async def test_https_to_a_server_that_speaks_no_tls(check_inside: Check) -> None:
    async with serving(saying(OK)) as port:
        result = await check_inside("http.monitor", "-S", "-p", str(port), "-t", "5", "127.0.0.1")
    assert result.exitval == 1
    assert "\nTLS: " in result.output


async def test_a_missing_ca_file_is_told(check_inside: Check) -> None:
    result = await check_inside("http.monitor", "-S", "-C", "/no/such/file", "-p", str(free_port()), "127.0.0.1")
    assert result.exitval == 126
    assert "No such file or directory" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "("), "option -m '(': is no regular expression: missing ), unterminated subpattern at position 0"),
        (("-c", "20"), "option -c '20': must be status codes such as 200,204,300-399"),
        (("-X", "GE T"), "option -X 'GE T': is no request method"),
        (("-H", "a\nb"), "option -H 'a\\nb': must have no control characters"),
        (("-c", "300-200"), "option -c '300-200': must be status codes"),
    ],
)
async def test_wrong_options(check_inside: Check, arguments: tuple[str, ...], words: str) -> None:
    result = await check_inside("http.monitor", *arguments, "127.0.0.1")
    assert result.exitval == 126
    assert result.output.startswith(f"http.monitor: {words}")
