"""mon.monitor: against Debian's mon and pymon, and beside Debian's monitor of that name."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from pymon.client import Client
from pymon.errors import ClientError
from tests.client.scripted import ScriptedServer
from tests.differential.daemon import Rig, RiggedDaemon
from tests.monitors.adversity import check_adversity
from tests.monitors.servers import Check, Runs
from tests.peers import require_peer
from tests.ports import free_port
from tests.servers.adversity import Adversity, Facing, Speech, rows_together
from tests.servers.certificates import Authority

HOST = "127.0.0.1"

AUTH = """\
command section
list: all
protid: all
quit: all
stop: joe
start: joe
"""
SITE = """
hostgroup g 127.0.0.1

watch g
    service s
        interval 1h
        monitor script.monitor
        period wd {Sun-Sat}
            alert rec.alert x
"""
JOE = "joe:$1$abcdefgh$DVuLYHjDhfNuwQY5aLev/1"
PASSWORD = "se cret"


class Server(NamedTuple):
    """A running daemon: ``mon`` or ``pymon``, and its port."""

    name: str
    port: int


@pytest.fixture(scope="module", name="server", params=[pytest.param("mon", marks=pytest.mark.peer), "pymon"])
def server_fixture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Debian's mon, then pymon, with the same configuration."""
    name: str = request.param
    program = require_peer("mon") if name == "mon" else Path(sys.executable).parent / "mon"
    rig = Rig(tmp_path_factory.mktemp(f"{name}-watched") / "rig", free_port())
    rig.create()
    (rig.folder / "auth.cf").write_text(AUTH)
    (rig.folder / "users").write_text(f"{JOE}\n")
    settings = f"{rig.settings()}authtype = userfile\nuserfile = {rig.folder / 'users'}\n"
    (rig.folder / "mon.cf").write_text(settings + SITE)

    def lacking() -> str:
        try:
            with Client(HOST, rig.port) as client:
                client.list_state()
        except ClientError as error:
            return str(error)
        return ""

    with RiggedDaemon(program, rig, dict(os.environ), ends_monitors=name != "mon") as daemon:
        daemon.wait_until(lacking, 30)
        yield Server(name, rig.port)


@pytest.fixture(name="secret")
def secret_fixture(tmp_path: Path) -> Path:
    """A file with the right password."""
    path = tmp_path / "secret"
    path.write_text(f"{PASSWORD}\n")
    return path


async def both(*arguments: str) -> tuple[tuple[int, str], tuple[int, str]]:
    """Exit code and output of Debian's, and of ours."""
    program = require_peer("mon.monitor")
    process = await asyncio.create_subprocess_exec(
        str(program), *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    communicating = asyncio.wait_for(process.communicate(), 60)
    (output, _), ours = await asyncio.gather(communicating, Runs(inprocess=True)("mon.monitor", *arguments))
    return (process.returncode or 0, output.decode()), (ours.exitval, ours.output)


@pytest.mark.slow
async def test_a_server_that_runs(check: Check, server: Server) -> None:
    result = await check("mon.monitor", "--running", "-p", str(server.port), HOST)
    assert (result.exitval, result.output) == (0, f"no failures\n{HOST}: 1 scheduler running\n")
    assert [(each.host, each.name, each.unit) for each in result.measurements] == [(HOST, "time", "s")]


@pytest.mark.slow
@pytest.mark.peer
async def test_the_same_as_debians(server: Server) -> None:
    theirs, ours = await both("-p", str(server.port), "-u", "joe", "-P", PASSWORD, HOST, "127.0.0.2")
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.peer
async def test_a_wrong_password(server: Server) -> None:
    theirs, ours = await both("-p", str(server.port), "-u", "joe", "-P", "wrong", HOST)
    assert ours[0] == theirs[0] == 1
    assert ours[1].splitlines()[0] == theirs[1].splitlines()[0] == HOST
    assert ours[1].startswith(f"{HOST}\n{HOST}: 530 ")


@pytest.mark.slow
@pytest.mark.peer
async def test_a_stopped_scheduler_m_mon_stopped(server: Server) -> None:
    """M-mon-stopped: no failure for either; for ours one with --running."""
    with Client(HOST, server.port, username="joe", password=PASSWORD) as client:
        client.stop()
        try:
            theirs, ours = await both("-p", str(server.port), HOST)
            strict = await Runs(inprocess=True)("mon.monitor", "--running", "-p", str(server.port), HOST)
        finally:
            client.start()
    assert ours == theirs
    assert ours[1].startswith(f"no failures\n{HOST}: 0 1")
    assert strict.exitval == 1
    assert strict.output.startswith(f"{HOST}\n{HOST}: scheduler stopped since 1")


@pytest.mark.slow
async def test_a_password_from_a_file_m_mon_password(check: Check, server: Server, secret: Path) -> None:
    """M-mon-password: where every user could read it among the arguments."""
    login = ("-p", str(server.port), "-u", "joe", "--password-file", str(secret))
    assert (await check("mon.monitor", *login, HOST)).exitval == 0


async def test_a_password_from_a_credential(check_inside: Check, secret: Path) -> None:
    with ScriptedServer() as server:
        server.show(answers={f"login joe {PASSWORD}": ("220 login accepted",)})
        login = ("-p", str(server.port), "-u", "joe", "--password-file", f"credential:{secret.name}")
        result = await check_inside("mon.monitor", *login, HOST, CREDENTIALS_DIRECTORY=str(secret.parent))
        assert result.exitval == 0
        assert server.asked == ["protid 9745", f"login joe {PASSWORD}", "list state"]


@pytest.mark.peer
@pytest.mark.parametrize(
    "answers",
    [
        {"list state": ("520 command failed",)},
        {"protid 9745": ("520 protocol mismatch",)},
        {"list state": ("scheduler stopped since 12345", "220 list state completed")},
    ],
    ids=["refused", "another protocol", "stopped"],
)
async def test_answers_as_for_debians(answers: dict[str, tuple[str, ...]]) -> None:
    with ScriptedServer() as server:
        server.show(answers=answers)
        theirs, ours = await both("-p", str(server.port), HOST, "127.0.0.2")
    assert ours == theirs


@pytest.mark.peer
@pytest.mark.parametrize("answer", [("rubbish", "220 list state completed"), ("220 list state completed",)])
async def test_answers_of_no_sense_m_mon_answer(answer: tuple[str, ...]) -> None:
    """M-mon-answer: Debian's is content with any answer."""
    with ScriptedServer() as server:
        server.show(answers={"list state": answer})
        theirs, ours = await both("-p", str(server.port), HOST)
    assert theirs == (0, f"no failures\n{HOST}: \n")
    assert ours[0] == 1
    assert ours[1].startswith(f"{HOST}\n{HOST}: cannot read the answer to list: ")


@pytest.mark.peer
async def test_hosts_that_are_not_there() -> None:
    refused = "connect failed, Connection refused"
    port = str(free_port())
    theirs, ours = await both("-p", port, "127.0.0.2", HOST)
    assert ours == theirs == (1, f"{HOST} 127.0.0.2\n127.0.0.2: {refused}\n{HOST}: {refused}\n")
    theirs, ours = await both("-p", port, "no-such-host.invalid")
    assert ours == theirs


@pytest.mark.peer
async def test_no_hosts_m_mon_none() -> None:
    """M-mon-none: nothing to say where Debian's says that there are no failures."""
    theirs, ours = await both()
    assert (theirs, ours) == ((0, "no failures\n"), (0, ""))


@pytest.mark.slow
@pytest.mark.peer
async def test_the_limit() -> None:
    silent = await asyncio.start_server(_silence, HOST, 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        theirs, ours = await both("-t", "1", "-p", str(port), HOST)
    assert ours == theirs == (1, f"{HOST}\n{HOST}: timeout\n")


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        pass
    writer.close()


@pytest.fixture(name="over_tls")
async def over_tls_fixture(tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """A server on TLS for ``mon.test``: its port, and the authority to trust."""
    authority = Authority()
    trusted = authority.write(tmp_path / "authority.pem")
    with ScriptedServer(tls=authority.issue("mon.test").server_context()) as server:
        server.show()
        yield server.port, trusted


@pytest.mark.slow
async def test_tls_m_mon_tls(check: Check, over_tls: tuple[int, Path]) -> None:
    """M-mon-tls: new."""
    port, trusted = over_tls
    tls = ("-S", "-p", str(port), "-C", str(trusted))
    well = await check("mon.monitor", *tls, "-N", "mon.test", HOST)
    assert (well.exitval, well.output) == (0, f"no failures\n{HOST}: 1 scheduler running\n")
    other = await check("mon.monitor", *tls, HOST)
    assert other.exitval == 1
    assert other.output.startswith(f"{HOST}\n{HOST}: certificate: ")
    assert (await check("mon.monitor", "-S", "-k", "-p", str(port), HOST)).exitval == 0


async def test_ipv6_and_both_families(check_inside: Check) -> None:
    async def state(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 protocol match\n")
        await reader.readline()
        writer.write(b"scheduler running\n220 list state completed\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(state, "::1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        assert (await check_inside("mon.monitor", "-p", port, "::1")).exitval == 0
        result = await check_inside("mon.monitor", "-4", "-6", "-p", port, "::1")
    assert (result.exitval, result.output) == (1, "::1\n::1: IPv4: could not resolve host\n")


async def test_two_passwords(check_inside: Check) -> None:
    result = await check_inside("mon.monitor", "-P", "x", "--password-file", "y", HOST)
    assert result.exitval == 126
    assert result.output.startswith("mon.monitor: -P and --password-file exclude each other\n")


async def test_a_password_file_that_is_not_there(check_inside: Check, tmp_path: Path) -> None:
    result = await check_inside("mon.monitor", "-u", "joe", "--password-file", str(tmp_path / "no"), HOST)
    assert result.exitval == 126
    assert "cannot read the secret" in result.output


def arguments(enemy: Facing) -> list[str]:
    return ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


def tls_arguments(enemy: Facing) -> list[str]:
    return ["-S", "-C", str(enemy.trusted), "-N", enemy.name, *arguments(enemy)]


SPEECH = Speech(b"220 protocol match\n", client_first=True)


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    await check_adversity("mon.monitor", arguments, *adversities, speech=SPEECH)


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tls"))
async def test_adversities_of_tls(adversities: Sequence[Adversity]) -> None:
    await check_adversity("mon.monitor", tls_arguments, *adversities, speech=SPEECH)
