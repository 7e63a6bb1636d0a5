"""Both clients over real connections: what can go wrong, TLS, Unix sockets, IPv6."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from pymon.client import AsyncClient, Client
from pymon.client.address import ServerAddress, address, port_number, split_host
from pymon.client.protocol import Reply
from pymon.client.tls import tls_context
from pymon.errors import (
    AuthenticationFailed,
    ClientError,
    ConnectionFailed,
    ConnectionLost,
    HostNotFound,
    NotConnected,
    PymonError,
    ServerTimeout,
)
from tests.client.scripted import ScriptedServer

Ask = Callable[..., list[Reply]]
"""``ask(lines, **arguments of the client)``: connect, send the lines, quit; gives the answers"""


def blocking(lines: list[str], **arguments: Any) -> list[Reply]:
    with Client(**arguments) as client:
        return [client.ask(line) for line in lines]


def by_asyncio(lines: list[str], **arguments: Any) -> list[Reply]:
    async def run() -> list[Reply]:
        async with AsyncClient(**arguments) as client:
            return [await client.ask(line) for line in lines]

    return asyncio.run(run())


@pytest.fixture(params=[blocking, by_asyncio])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.param
    return found


@contextlib.contextmanager
def serving(listener: socket.socket, talk: Callable[[socket.socket], None]) -> Iterator[None]:
    """Hand the connections of a listener to ``talk``, each in a thread of its own."""

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            talk(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def polite(connection: socket.socket) -> None:
    """Answer every line, chopped."""
    for line in connection.makefile("rb"):
        words = b"protocol match" if line.startswith(b"protid") else b"done: " + line.strip()
        for part in (b"data ", b"of\n22", b"0 " + words, b"\n"):
            connection.sendall(part)


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def test_answers_in_order(ask: Ask, scripted: ScriptedServer) -> None:
    scripted.show(answers={"list x": ("220 list x completed",)})
    replies = ask(["list state", "list x", "nix"], host="127.0.0.1", port=scripted.port)
    assert [reply.code for reply in replies] == [220, 220, 520]
    assert scripted.asked == ["protid 9745", "list state", "list x", "nix", "quit"]


def test_login_comes_first(ask: Ask, scripted: ScriptedServer) -> None:
    scripted.show(answers={"login joe pw": ("220 login accepted",), "login joe no": ("530 login unsuccessful",)})
    ask([], host="127.0.0.1", port=str(scripted.port), username="joe", password="pw")
    assert scripted.asked == ["protid 9745", "login joe pw", "quit"]
    with pytest.raises(AuthenticationFailed, match="530 login unsuccessful"):
        ask([], host="127.0.0.1", port=scripted.port, username="joe", password="no")


def test_a_login_that_cannot_be_sent(scripted: ScriptedServer) -> None:
    client = Client("127.0.0.1", scripted.port, username="two words")
    with pytest.raises(ValueError, match="one word"):
        client.connect()
    assert not client.connected


def test_refused(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = port_of(free)
    with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}") as caught:
        ask([], host="127.0.0.1", port=port)
    assert caught.value.errno == errno.ECONNREFUSED


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b"])
def test_no_such_host(ask: Ask, host: str) -> None:
    with pytest.raises(HostNotFound, match="cannot find"):
        ask([], host=host, port=1)


def test_the_socket_that_is_not_there(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="none") as caught:
        ask([], path=str(tmp_path / "none"))
    assert caught.value.errno == errno.ENOENT


def test_a_server_that_closes_at_once(ask: Ask) -> None:
    """So does one whose clientallow does not know us."""
    listener = socket.create_server(("127.0.0.1", 0))
    with serving(listener, lambda _connection: None), pytest.raises(ConnectionLost):
        ask([], host="127.0.0.1", port=port_of(listener))


@pytest.mark.slow
@pytest.mark.parametrize("drip", [b"", b"x\n"])
def test_a_server_that_does_not_finish(ask: Ask, drip: bytes) -> None:
    """Whether it says nothing, or something again and again: the time limit is that of the whole answer."""
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        while not ended.wait(0.02):
            connection.sendall(drip)

    listener = socket.create_server(("127.0.0.1", 0))
    with serving(listener, talk), pytest.raises(ServerTimeout, match=r"within 0\.3 seconds"):
        ask([], host="127.0.0.1", port=port_of(listener), timeout=0.3)
    ended.set()


def test_ipv6(ask: Ask) -> None:
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with serving(listener, polite):
        (reply,) = ask(["hello"], host="::1", port=port_of(listener))
    assert reply == Reply(("data of",), "220 done: hello")


def test_unix_socket(ask: Ask, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with serving(listener, polite):
            (reply,) = ask(["hello"], path=path)
    assert reply.ok


def test_tls(ask: Ask, tmp_path: Path) -> None:
    """With certificates on both sides; a server that one has no reason to believe is refused."""
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("joe@example.org")
    files = {"ca": authority.cert_pem, "cert": ours.cert_chain_pems[0], "key": ours.private_key_pem}
    for name, pem in {**files, "stranger": stranger.cert_pem}.items():
        pem.write_to_path(str(tmp_path / name))
    named = {name: str(tmp_path / name) for name in files}

    def talk(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as wrapped:
            polite(wrapped)

    listener = socket.create_server(("127.0.0.1", 0))
    with serving(listener, talk):
        (reply,) = ask(["hello"], host="localhost", port=port_of(listener), tls=tls_context(wanted=False, **named))
        assert reply.ok
        with pytest.raises(ConnectionFailed, match=r"(?i)certificate verify failed"):
            ask(
                [],
                host="localhost",
                port=port_of(listener),
                tls=tls_context(wanted=True, ca=str(tmp_path / "stranger")),
            )
        with pytest.raises(ConnectionFailed):
            ask([], host="localhost", port=port_of(listener), tls=True)


def test_files_for_tls_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "rubbish").write_text("x")
    for name in ("none", "rubbish"):
        with pytest.raises(ConnectionFailed, match=name):
            tls_context(wanted=True, ca=str(tmp_path / name))
        with pytest.raises(ConnectionFailed, match=name):
            tls_context(wanted=True, cert=str(tmp_path / name))
    assert tls_context(wanted=False) is False


def test_a_client_that_is_not_connected() -> None:
    client = Client("127.0.0.1", 1)
    with pytest.raises(NotConnected):
        client.list_watch()
    client.quit()
    client.close()
    assert not client.connected


def test_after_an_error_one_can_connect_anew(scripted: ScriptedServer) -> None:
    client = Client("127.0.0.1", scripted.port, timeout=5)
    client.connect()
    scripted.close()
    with pytest.raises(ConnectionLost):
        client.list_state()
    assert not client.connected
    scripted.open()
    client.connect()
    assert client.list_state().running
    client.close()


async def test_an_asyncio_client_after_an_error(scripted: ScriptedServer) -> None:
    client = AsyncClient("127.0.0.1", scripted.port, timeout=5)
    with pytest.raises(NotConnected):
        await client.list_state()
    await client.connect()
    scripted.close()
    with pytest.raises(ConnectionLost):
        await client.list_state()
    scripted.open()
    await client.connect()
    assert (await client.list_state()).running
    await client.quit()
    await client.quit()
    assert not client.connected


async def test_a_client_with_its_own_way_to_connect(scripted: ScriptedServer) -> None:
    class Ours(AsyncClient):
        async def open_streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection("127.0.0.1", scripted.port)

    async with Ours("elsewhere.invalid", answer_limit=1000) as client:
        assert (await client.ask("list state")).ok
    assert scripted.asked == ["protid 9745", "list state", "quit"]


async def test_tasks_share_a_client(scripted: ScriptedServer) -> None:
    """Each gets its own answer, and no command is sent before the one before it was answered."""
    scripted.show(
        answers={f"list group g{number}": (f"hostgroup g{number} h{number}", "220 ok") for number in range(50)}
    )
    async with AsyncClient("127.0.0.1", scripted.port) as client:
        answers = await asyncio.gather(*(client.list_group(f"g{number}") for number in range(50)))
    assert answers == [[(f"h{number}", False)] for number in range(50)]


async def test_a_task_that_is_cancelled_leaves_no_half_answer() -> None:
    asked, closed = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        client = AsyncClient("127.0.0.1", server.sockets[0].getsockname()[1], check_protocol=False)
        await client.connect()
        task = asyncio.create_task(client.list_state())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not client.connected
        with pytest.raises(NotConnected):
            await client.list_state()
        await asyncio.wait_for(closed.wait(), 5)


def test_passwords_are_in_no_text(scripted: ScriptedServer) -> None:
    client = Client("127.0.0.1", scripted.port, username="joe", password="secret")
    with pytest.raises(ClientError) as caught:
        client.connect()
    assert "secret" not in f"{client!r} {caught.value} {caught.value!r}"


def test_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONHOST", raising=False)
    assert address().host == "localhost"
    monkeypatch.setenv("MONHOST", "mon.example.org")
    assert address().host == "mon.example.org"
    assert address("h", 1) == ServerAddress("h", 1)
    assert [str(place) for place in (ServerAddress("h", 1), ServerAddress("::1", 1), ServerAddress("h", 1, "/s"))] == [
        "h:1",
        "[::1]:1",
        "/s",
    ]
    assert port_number(None) == port_number("") == 2583
    assert port_number("25") == 25
    for wrong in ("0", "65536", "-1", "no-such-service", 70000):
        with pytest.raises(PymonError, match="there is no port"):
            port_number(wrong)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("h", "h", None),
        ("h:25", "h", "25"),
        ("h:", "h", None),
        ("::1", "::1", None),
        ("[::1]", "::1", None),
        ("[::1]:25", "::1", "25"),
        ("1.2.3.4:mon", "1.2.3.4", "mon"),
    ],
)
def test_hosts_with_ports(text: str, host: str, port: str | None) -> None:
    assert split_host(text) == (host, port)


def test_a_kernel_without_ipv6(monkeypatch: pytest.MonkeyPatch, scripted: ScriptedServer) -> None:
    """``localhost`` may be ::1 first, though there is no such family: the next address counts."""
    make, look_up = socket.socket, socket.getaddrinfo

    def without_ipv6(family: int = -1, *arguments: Any, **further: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return make(family, *arguments, **further)

    def ipv6_first(host: str, port: int, **arguments: Any) -> Any:
        stream = (socket.SOCK_STREAM, 6, "")
        return [(socket.AF_INET6, *stream, ("::1", port, 0, 0)), *look_up(host, port, **arguments)]

    monkeypatch.setattr(socket, "socket", without_ipv6)
    monkeypatch.setattr(socket, "getaddrinfo", ipv6_first)
    with Client("127.0.0.1", scripted.port) as client:
        assert client.list_state().running
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET6, 1, 6, "", ("::1", 1, 0, 0))])
    with pytest.raises(ConnectionFailed, match="Address family") as caught:
        Client("::1", 1).connect()
    assert caught.value.errno == errno.EAFNOSUPPORT
