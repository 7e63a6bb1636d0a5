"""Clients over TCP, one by one and many at once: what they send, however it is chopped, and what they get."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from pymon.errors import ServerError
from pymon.protocol.wire import MAX_LINE
from pymon.server.commands.reply import CommandReply
from pymon.server.limits import ServerLimits
from pymon.server.listen import connection
from pymon.server.listen.addresses import ListenerKind
from tests.ports import free_port
from tests.server.conftest import SITE, Live
from tests.waiting import until

Told = Callable[[], str]


async def test_commands_in_one_packet_are_all_answered_in_order(live: Live) -> None:
    """N-PIPELINE: mon keeps the later ones until the network moves again, and loses them at the end."""
    await live.start()
    client = await live.connect()
    await client.send("version\r\nlist watch\nnonsense\rgetview\n\n\nquit\n")
    assert (await client.rest()).decode().splitlines() == [
        "version 9745",
        "220 version completed",
        "g s",
        "g t",
        "220 list watch completed",
        "520 invalid command",
        "no view selected -- all groups will be displayed",
        "220 getview completed",
        "220 quitting",
    ]


async def test_line_that_comes_in_pieces_is_one_command(live: Live) -> None:
    await live.start()
    client = await live.connect()
    for piece in ("ver", "si", "on"):
        await client.send(piece)
        await asyncio.sleep(0.01)
    await client.send("\n")
    assert await client.answer() == ["version 9745", "220 version completed"]


async def test_what_has_no_end_is_dropped_when_the_peer_closes(live: Live, told: Told) -> None:
    await live.start()
    client = await live.connect()
    await client.send("version\nlist wat")
    client.writer.write_eof()
    assert (await client.rest()).decode().splitlines() == ["version 9745", "220 version completed"]
    assert "list wat" not in told()


async def test_rubbish_is_refused_and_harms_nobody(live: Live) -> None:
    await live.start()
    client = await live.connect()
    await client.send(bytes(set(range(256)) - {10, 13}) + b"\n\xff\xfe\n\0\n")
    assert [await client.line() for _ in range(3)] == ["520 invalid command"] * 3
    assert (await client.ask("version"))[-1] == "220 version completed"


@pytest.mark.slow
async def test_line_without_end_is_refused_and_the_connection_closed(live: Live, told: Told) -> None:
    """N-LINE: mon keeps it all in memory."""
    await live.start()
    client = await live.connect()
    await client.send("version\n" + "x" * (MAX_LINE + 200_000))
    assert (await client.rest()).decode().splitlines() == [
        "version 9745", "220 version completed", "520 line too long",
    ]  # fmt: skip
    await until(lambda: not len(live.server.clients))
    assert "sent a line of more than 65536 bytes" in told()


async def test_client_that_is_not_allowed_is_closed_at_once(live: Live, told: Told) -> None:
    await live.start("clientallow = 10.0.0.1 127.0.0.[0-9]")
    client = await live.connect()
    assert (await client.ask("version"))[-1] == "220 version completed"
    await live.reload("clientallow = 10.0.0.1")
    assert await client.rest() == b"", "who is no longer allowed is closed by a reload"
    stranger = await live.connect()
    with contextlib.suppress(ConnectionError):
        assert await stranger.rest() == b""
    assert "closing unwanted client: 127.0.0.1" in told()


async def test_empty_clientallow_refuses_everybody(live: Live) -> None:
    await live.start("clientallow =")
    client = await live.connect()
    with contextlib.suppress(ConnectionError):
        assert await client.rest() == b""


@pytest.mark.slow
async def test_idle_client_is_closed_after_cltimeout(live: Live) -> None:
    await live.start("cltimeout = 1s")
    client = await live.connect()
    begin = asyncio.get_running_loop().time()
    assert await client.rest() == b""
    assert 0.5 < asyncio.get_running_loop().time() - begin < 5


@pytest.mark.slow
async def test_bytes_without_a_lines_end_win_no_time(live: Live) -> None:
    """N-DRIP: in mon each byte does."""
    await live.start("cltimeout = 1s")
    client = await live.connect()
    closing = asyncio.create_task(client.rest())
    sent = 0
    while not closing.done():
        with contextlib.suppress(ConnectionError):
            await client.send(b"x")
        sent += 1
        await asyncio.wait([closing], timeout=0.2)
        assert sent < 50
    assert await closing == b""


async def test_a_refused_command_is_logged_with_who_asked(live: Live, told: Told) -> None:
    """K-notallowed."""
    await live.start(auth="command section\nlist: all\n")
    client = await live.connect()
    assert await client.ask("term") == ["520 command could not be executed, unknown command"]
    assert "refused to somebody@127.0.0.1: auth.cf does not allow it, or there is no such command" in told()


async def test_each_command_is_logged_and_no_login(live: Live, told: Told) -> None:
    await live.start()
    client = await live.connect()
    for command in ("list watch", "login ann S3cret", "  LOGIN ann S3cret", "json login ann S3cret", "pass=S3cret"):
        await client.ask(command)
    assert 'client command "list watch"' in told()
    assert 'finished client command "list watch"' in told()
    assert "client command (unknown, 11 characters)" in told()
    assert "S3cret" not in told()


@pytest.mark.slow
async def test_no_answer_before_it_is_on_file(live: Live) -> None:
    await live.start()
    on_file = asyncio.Event()
    live.engine.settled = on_file.wait  # type: ignore[method-assign,assignment]  # holds the record's writer back
    client = await live.connect()
    await client.send("list opstatus\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.line(), 0.2)
    on_file.set()
    assert (await client.answer())[-1] == "220 list opstatus completed"


async def test_term_is_answered_and_then_the_daemon_may_end(live: Live) -> None:
    await live.start()
    client = await live.connect()
    await client.send("term\n")
    async with asyncio.timeout(5):
        await live.engine.terminated.wait()
    await live.server.stop()
    assert await client.rest() == b"220 terminating server\n"


async def test_stop_lets_an_answer_that_is_being_made_come_to_its_end(live: Live) -> None:
    await live.start()
    on_file = asyncio.Event()
    live.engine.settled = on_file.wait  # type: ignore[method-assign,assignment]  # holds the record's writer back
    busy, idle = await live.connect(), await live.connect()
    await busy.send("version\nversion\n")
    await until(lambda: any(each.is_busy for each in live.server.clients.connections))
    stopping = asyncio.create_task(live.server.stop())
    assert await idle.rest() == b""
    on_file.set()
    await stopping
    assert (await busy.rest()).decode().splitlines() == ["version 9745", "220 version completed"]


@pytest.mark.slow
async def test_client_that_does_not_read_is_closed_and_costs_little(live: Live, told: Told) -> None:
    """N-SLOW."""
    many = "".join(f" service x{number}\n  traptimeout 1h\n  description {'d' * 900}\n" for number in range(500))
    await live.start(site=f"{SITE}{many}", limits=ServerLimits(sending=0.5))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(slow, (live.address, live.port))
        await asyncio.get_running_loop().sock_sendall(slow, b"list descriptions\n" * 100)
        await until(lambda: "did not read its answer" in told())
        await until(lambda: not len(live.server.clients))
    other = await live.connect()
    assert (await other.ask("version"))[-1] == "220 version completed"


async def test_hundreds_of_clients_at_once(live: Live) -> None:
    await live.start()

    async def ask() -> list[str]:
        return await (await live.connect()).ask("list watch")

    answers = await asyncio.gather(*(ask() for _ in range(300)))
    assert answers == [["g s", "g t", "220 list watch completed"]] * 300


async def test_scarce_descriptors_make_clients_wait_and_end_nothing(
    live: Live, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live.start(limits=ServerLimits(accept_pause=0.05))
    loop = asyncio.get_running_loop()
    accept, refusals = loop.sock_accept, [OSError(24, "Too many open files")] * 3

    async def scarce(listening: socket.socket) -> tuple[socket.socket, object]:
        if refusals:
            raise refusals.pop()
        return await accept(listening)

    monkeypatch.setattr(loop, "sock_accept", scarce)
    await (await live.connect()).ask("version")  # the accept that waited already
    assert (await (await live.connect()).ask("version"))[-1] == "220 version completed"
    assert "clients have to wait: Too many open files" in told()


async def test_port_that_is_taken_is_named(live: Live) -> None:
    refused = rf"cannot listen on {live.address} port {live.port} \(TCP\): it is in use by another process"
    with socket.create_server((live.address, live.port)), pytest.raises(ServerError, match=refused):
        await live.start()


async def test_port_of_traps_that_is_taken_is_named(live: Live) -> None:
    refused = rf"cannot listen on {live.address} port {live.port} \(UDP\)"
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind((live.address, live.port))
        with pytest.raises(ServerError, match=refused):
            await live.start()


async def test_address_that_nobody_has_is_named(live: Live) -> None:
    live.address = "192.0.2.1"
    with pytest.raises(ServerError, match=rf"cannot listen on 192\.0\.2\.1 port {live.port}"):
        await live.start()


async def test_each_address_is_told_at_the_start(live: Live, told: Told) -> None:
    await live.start()
    assert f"listening for clients on {live.address} port {live.port} (TCP)" in told()
    assert f"listening for traps on {live.address} port {live.port} (UDP)" in told()


@pytest.mark.parametrize(("bind", "is_told"), [("127.0.0.1 ::1", True), ("127.0.0.1", False)])
async def test_loopback_only_is_told_unless_addresses_are_chosen(
    live: Live, told: Told, bind: str, is_told: bool
) -> None:
    """N-BIND: the log says that others are not let in, as they are by mon."""
    port = free_port("127.0.0.1")
    await live.start(f"serverbind = {bind}\nserverport = {port}")
    assert f"listening for clients on 127.0.0.1 port {port} (TCP)" in told()
    assert ("only clients on this machine can connect" in told()) is is_told


async def test_ipv6_is_served_like_ipv4(live: Live) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    port = free_port()
    live.address = "::1"
    await live.start(f"serverport = {port}\ntrapport = {port}\nclientallow = ::1")
    client = await live.connect(port)
    assert (await client.ask("version"))[-1] == "220 version completed"


async def test_only_loopback_without_serverbind() -> None:
    """N-BIND: mon listens on every address."""
    from pymon.model.settings import Settings  # noqa: PLC0415
    from pymon.server.listen.addresses import places  # noqa: PLC0415

    found = places(Settings())
    assert [(place.host, place.port) for place in found if place.kind is ListenerKind.CLIENTS] == [
        ("127.0.0.1", 2583), ("::1", 2583),
    ]  # fmt: skip
    assert [(place.host, place.port) for place in found if place.kind is ListenerKind.TRAPS] == [
        ("0.0.0.0", 2583), ("::", 2583),
    ]  # fmt: skip


async def test_reload_moves_the_port_and_keeps_connections(live: Live, told: Told) -> None:
    await live.start()
    client = await live.connect()
    await client.ask("version")
    new = free_port()
    await live.reload(f"serverport = {new}")
    moved = await live.connect(new)
    assert (await moved.ask("version"))[-1] == "220 version completed"
    assert (await client.ask("version"))[-1] == "220 version completed"
    with pytest.raises(ConnectionError):
        await live.connect()
    assert f"stopped listening on {live.address} port {live.port} (TCP)" in told()


async def test_reload_to_a_port_that_is_taken_is_reported_and_the_rest_goes_on(live: Live, told: Told) -> None:
    await live.start()
    new = free_port()
    with socket.create_server((live.address, new)):
        await live.reload(f"serverport = {new}")
        assert f"cannot listen on {live.address} port {new} (TCP): it is in use" in told()
        assert f"{live.address} port {live.port} (TCP): this address stays in use" in told()
        assert (await (await live.connect()).ask("version"))[-1] == "220 version completed"
        live.send_trap(b"nothing")
        await until(lambda: live.server.traps.counters.received == 1)
    await live.reload(f"serverport = {new}", SITE + " service u\n  traptimeout 1h\n")
    assert (await (await live.connect(new)).ask("version"))[-1] == "220 version completed"


async def test_reset_by_a_client_takes_over_the_servers_settings_too(live: Live) -> None:
    await live.start()
    client = await live.connect()
    new = free_port()
    live.configure(f"serverport = {new}")
    assert (await client.ask("reset"))[-1].startswith("220 reset")
    await live.server.wait_until_reconfigured()
    assert (await (await live.connect(new)).ask("version"))[-1] == "220 version completed"


async def test_bug_in_a_command_is_answered_and_told(live: Live, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    await live.start()

    def fail(*_: object) -> None:
        raise RuntimeError("no")

    client = await live.connect()
    monkeypatch.setattr(connection, "answer", fail)
    assert await client.ask("list watch") == ["520 command could not be executed, internal error"]
    assert "a client's command failed" in told()


@pytest.mark.parametrize("begun", ["", "x" * ServerLimits().chunk])
@pytest.mark.parametrize("is_one_line", [False, True])
async def test_bug_in_the_middle_of_an_answer_ends_it_on_a_line_of_its_own(
    live: Live, told: Told, monkeypatch: pytest.MonkeyPatch, is_one_line: bool, begun: str
) -> None:
    await live.start()

    def lines() -> Iterator[str]:
        if begun:
            yield begun
        raise RuntimeError("no")

    client = await live.connect()
    with monkeypatch.context() as patched:
        patched.setattr(connection, "answer", lambda *_: CommandReply("220 done", lines(), is_one_line=is_one_line))
        await client.send("list watch\n")
        async with asyncio.timeout(10):
            received = (await client.reader.readuntil(b"internal error\n")).decode().splitlines()
    assert received[-1] == "520 command could not be executed, internal error"
    assert "".join(received[:-1]) == begun
    assert "an answer could not be made to its end" in told()
    assert (await client.ask("version"))[-1] == "220 version completed"


@pytest.mark.slow
async def test_what_came_while_the_daemon_could_not_look_is_answered(live: Live) -> None:
    """E-hold-up. The client's time was over in the turn of the event loop in which its command was found."""
    await live.start("cltimeout = 1s")
    client = await live.connect()
    assert (await client.ask("list watch"))[-1].startswith("220 ")
    for _ in range(3):
        await client.send("list watch\n")
        time.sleep(1.3)  # noqa: ASYNC251  # the daemon is held up
        assert (await client.answer())[-1].startswith("220 ")
    assert await client.rest() == b""  # and then its patience ends
