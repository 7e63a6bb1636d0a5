"""Each real server comes up by IPv4 and IPv6, answers a real client, and leaves no process and no file behind."""

from __future__ import annotations

import contextlib
import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.addresses import own_address
from tests.servers import datagrams
from tests.servers.alertmanager import alertmanager
from tests.servers.certificates import Authority
from tests.servers.chronyd import chronyd
from tests.servers.dovecot import dovecot
from tests.servers.exim import exim
from tests.servers.needs import nagios_plugin, needs
from tests.servers.nghttpd import nghttpd
from tests.servers.nsd import nsd, zone
from tests.servers.process import NotStarted, own_folder, running
from tests.servers.sshd import sshd
from tests.servers.tinyproxy import tinyproxy
from tests.servers.unbound import unbound
from tests.servers.website import Page, website

LIMIT = 10.0
AUTHORITY = Authority()
ADDRESS = own_address()
SITE = AUTHORITY.issue("localhost", ADDRESS, "::1")
BOTH = pytest.mark.parametrize("host6", [False, True], ids=["IPv4", "IPv6"])


def traces() -> list[str]:
    """The folders of servers of this test run, and the processes that have one of them for a home."""
    mark = f"/tmp/pymon-server-{os.getpid()}-"
    found = [str(folder) for folder in Path("/tmp").iterdir() if str(folder).startswith(mark)]
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and f"HOME={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    """Nothing of a server is left when its block has ended."""
    yield
    assert traces() == []


def run(*command: object) -> str:
    """What a client prints."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=LIMIT, check=True)
    return done.stdout


def ask(host: str, port: int, query: bytes) -> bytes:
    """The answer to a datagram."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.connect((host, port))
        client.send(query)
        return client.recv(4096)


def address_of(host: str, port: int, name: str) -> str | int:
    """What a name server says of a name: its address, or the code why there is none."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    answer = ask(host, port, b"\x12\x34\x01\x00\x00\x01" + bytes(6) + labels + b"\0\0\1\0\1")
    assert answer[:2] == b"\x12\x34"
    place = answer.find(b"\xc0\x0c\0\1\0\1")
    return socket.inet_ntoa(answer[place + 12 : place + 16]) if place > 0 else answer[3] & 15


@BOTH
def test_nsd(host6: bool) -> None:
    with nsd({"a.test": zone(7, "www IN A 192.0.2.1"), "b.test": zone(8)}) as server, nsd({"a.test": zone(6)}) as other:
        assert len(traces()) > 2, "a server that runs is seen"
        host = server.host6 if host6 else server.host
        assert address_of(host, server.port, "www.a.test") == "192.0.2.1"
        assert address_of(host, server.port, "ns.b.test") == "127.0.0.1"
        assert address_of(host, server.port, "no.a.test") == 3
        assert address_of(other.host6 if host6 else other.host, other.port, "www.a.test") == 3


def test_nsd_on_the_port_of_name_servers() -> None:
    if os.geteuid() != 0:
        pytest.skip("port 53 is for root")
    with nsd({"a.test": zone()}, port=53) as server, nsd({"b.test": zone()}, port=53) as other:
        assert address_of(server.host, 53, "ns.a.test") == "127.0.0.1"
        assert address_of(other.host, 53, "ns.b.test") == "127.0.0.1"


@BOTH
def test_unbound(host6: bool) -> None:
    with (
        nsd({"example.test": zone(1, "www IN A 192.0.2.1")}) as origin,
        unbound(["own.test. 60 IN A 192.0.2.2"], stubs={"example.test": origin}) as server,
    ):
        host = server.host6 if host6 else server.host
        assert address_of(host, server.port, "www.example.test") == "192.0.2.1"
        assert address_of(host, server.port, "own.test") == "192.0.2.2"
        assert address_of(host, server.port, "no.test") == 3
        assert address_of(host, server.port, "example.org") == 5


@BOTH
@pytest.mark.parametrize("stratum", [1, 3, None])
def test_chronyd(stratum: int | None, host6: bool) -> None:
    with chronyd(stratum) as server:
        host = server.host6 if host6 else server.host
        answer = ask(host, server.port, b"\x23" + bytes(47))
        assert answer[0] >> 6 == (0 if stratum else 3), "leap: the clock is well, or is not synchronised"
        assert answer[1] == (stratum or 0)
        assert abs(int.from_bytes(answer[40:44]) - int.from_bytes(datagrams.ntp_answer(bytes(48))[40:44])) <= 1


@pytest.mark.slow
@BOTH
def test_dovecot(host6: bool) -> None:
    with dovecot(SITE, host=ADDRESS) as server:
        host = server.host6 if host6 else server.host
        plain = imaplib.IMAP4(host, server.port, timeout=LIMIT)
        plain.starttls(AUTHORITY.client_context())
        within = imaplib.IMAP4_SSL(host, server.tls_port, ssl_context=AUTHORITY.client_context(), timeout=LIMIT)
        for client in (plain, within):
            with client:
                client.login(server.user, server.password)
                assert client.select("INBOX") == ("OK", [b"0"])
        with (
            imaplib.IMAP4(host, server.port, timeout=LIMIT) as client,
            pytest.raises(imaplib.IMAP4.error, match="AUTH"),
        ):
            client.login(server.user, "wrong")


def test_dovecot_without_tls_or_without_login() -> None:
    with dovecot() as server, imaplib.IMAP4(server.host, server.port, timeout=LIMIT) as client:
        assert "STARTTLS" not in client.capabilities
        client.login(server.user, server.password)
    with (
        dovecot(SITE, host=ADDRESS, plain_login=False) as server,
        imaplib.IMAP4(server.host, server.port, timeout=LIMIT) as client,
    ):
        assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities)


@BOTH
def test_exim(host6: bool) -> None:
    with exim(SITE, host=ADDRESS) as server:
        host = server.host6 if host6 else server.host
        context = AUTHORITY.client_context()
        with smtplib.SMTP(host, server.port, timeout=LIMIT) as client:
            client.starttls(context=context)
            client.login(server.user, server.password)
            assert client.sendmail("a@b.test", [f"x@{server.name}"], "hello") == {}
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("a@b.test", ["x@elsewhere.test"], "hello")
        with (
            smtplib.SMTP_SSL(host, server.tls_port, context=context, timeout=LIMIT) as within,
            pytest.raises(smtplib.SMTPAuthenticationError),
        ):
            within.login(server.user, "wrong")


@pytest.mark.slow
def test_exim_refuses() -> None:
    with exim(login=False) as server, smtplib.SMTP(server.host, server.port, timeout=LIMIT) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(server.user, server.password)
        assert not client.has_extn("starttls")
    with exim(greets=False) as server, pytest.raises(smtplib.SMTPConnectError, match="554"):
        smtplib.SMTP(server.host, server.port, timeout=LIMIT)


@BOTH
def test_sshd(host6: bool) -> None:
    keyscan, keygen = needs("ssh-keyscan"), needs("ssh-keygen")
    with sshd(["ed25519", "ecdsa"], options="VersionAddendum hello") as server, own_folder() as folder:
        host = server.host6 if host6 else server.host
        found = run(keyscan, "-p", server.port, host)
        assert {line.split(" ", 1)[1] for line in found.splitlines()} == set(server.keys.values())
        (folder / "found").write_text(found)
        assert {line.split()[1] for line in run(keygen, "-l", "-f", folder / "found").splitlines()} == set(
            server.fingerprints.values()
        )
        with socket.create_connection((host, server.port), LIMIT) as client:
            assert client.recv(100).startswith(b"SSH-2.0-OpenSSH_")


@BOTH
def test_nghttpd(host6: bool) -> None:
    curl = needs("curl")
    documents = {"index.html": "hello\n", "a/b.txt": "b"}
    with nghttpd(SITE, documents, host=ADDRESS) as server, own_folder() as folder:
        trusted = AUTHORITY.write(folder / "ca.pem")
        host = f"[{server.host6}]" if host6 else server.host
        common = [curl, "-sS", "--cacert", trusted, "--http2-prior-knowledge", "-w", " %{http_version}"]
        assert run(*common, f"http://{host}:{server.port}/") == "hello\n 2"
        assert run(*common, f"https://{host}:{server.tls_port}/a/b.txt") == "b 2"


@BOTH
def test_tinyproxy(host6: bool) -> None:
    curl = needs("curl")
    with nghttpd(SITE, host=ADDRESS) as site, tinyproxy() as proxy, own_folder() as folder:
        trusted = AUTHORITY.write(folder / "ca.pem")
        host = f"[{proxy.host6}]" if host6 else proxy.host
        through = [curl, "-sSg", "--cacert", trusted, "--noproxy", "", "-x", f"http://{host}:{proxy.port}"]
        assert run(*through, f"https://{site.host}:{site.tls_port}/") == "hello\n"
        assert proxy.was_asked(f"CONNECT {site.host}:{site.tls_port} HTTP/1.1")
    with tinyproxy(user="alice") as proxy, httpx.Client(proxy=f"http://{proxy.host}:{proxy.port}") as client:
        assert client.get("http://nowhere.test/").status_code == 407


@BOTH
def test_alertmanager(host6: bool) -> None:
    alert = [{"labels": {"alertname": "up", "host": "a"}, "annotations": {"summary": "s"}}]
    with (
        alertmanager() as server,
        httpx.Client(base_url=server.url6 if host6 else server.url, trust_env=False) as client,
    ):
        assert client.post("/api/v2/alerts", json=alert).status_code == 200
        assert [each["labels"] for each in client.get("/api/v2/alerts").json()] == [alert[0]["labels"]]


def test_alertmanager_for_those_who_may() -> None:
    trusting = AUTHORITY.client_context()
    with (
        alertmanager(SITE, host=ADDRESS, password="correct") as server,
        httpx.Client(base_url=server.url, verify=trusting, trust_env=False) as client,
    ):
        assert client.get("/api/v2/status").status_code == 401
        assert client.get("/api/v2/status", auth=("alice", "correct")).status_code == 200


@BOTH
async def test_website(host6: bool) -> None:
    pages = {"/a": Page(b"hello", headers={"X-One": "1"}), "/b": Page(b"no", 503, delay=0.05)}
    client_pair = AUTHORITY.issue("alice", client=True)
    async with website(pages, certificate=SITE, clients=AUTHORITY, host=ADDRESS) as site:
        base = site.url6 if host6 else site.url
        async with httpx.AsyncClient(verify=AUTHORITY.client_context(client_pair), trust_env=False) as client:
            answer = await client.post(f"{base}/a", content=b"word")
            assert (answer.status_code, answer.text, answer.headers["x-one"]) == (200, "hello", "1")
            late = await client.get(f"{base}/b")
            assert late.status_code == 503
            assert late.elapsed.total_seconds() >= 0.05
            assert (await client.get(f"{base}/c")).status_code == 404
        assert [(each.method, each.target, each.body) for each in site.requests] == [
            ("POST", "/a", b"word"), ("GET", "/b", b""), ("GET", "/c", b""),
        ]  # fmt: skip
        async with httpx.AsyncClient(verify=AUTHORITY.client_context(), trust_env=False) as stranger:
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await stranger.get(f"{base}/a")


async def test_website_of_any_page() -> None:
    async with website(lambda asked: Page(asked.target.encode())) as site, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{site.url6}/any?x=1")).text == "/any?x=1"


@pytest.mark.slow
def test_nagios_plugins() -> None:
    with exim() as server:
        told = run(nagios_plugin("check_smtp"), "-H", server.host, "-p", server.port)
    assert told.startswith("SMTP OK - ")


def test_go_builds_without_a_c_compiler(tmp_path: Path) -> None:
    (tmp_path / "hello.go").write_text('package main\n\nfunc main() { println("hello") }\n')
    environ = {
        "CGO_ENABLED": "0",
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
    }
    done = subprocess.run(
        [needs("go"), "run", tmp_path / "hello.go"],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "hello\n")


def test_a_server_that_does_not_start_says_why() -> None:
    command = ["/bin/sh", "-c", "echo no such option; exit 1"]
    with (
        own_folder() as folder,
        pytest.raises(NotStarted, match="no such option"),
        running(command, ready="ready", folder=folder),
    ):
        pass


def test_what_a_server_started_ends_with_it() -> None:
    command = ["/bin/sh", "-c", "trap '' TERM INT HUP; (trap '' TERM; sleep 1000) & echo ready; wait"]

    def fail() -> None:
        with own_folder() as folder, running(command, ready="ready", folder=folder):
            assert len(traces()) > 2, "the folder, the shell, and what that started"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
