"""The Unix socket: its mode, what may be in its place, and whom the kernel says that a client is."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.errors import ServerError
from pymon.server.listen.addresses import ListenAddress, ListenerKind, open_sockets
from tests.server.conftest import AUTH, Live

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = f"{AUTH}stop: {ME}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mon.sock"


def kind_and_mode(path: Path) -> int:
    """The kind of a file and its permissions; 0 if it is not there."""
    return path.stat().st_mode if path.exists() else 0


def put_precious(path: Path) -> None:
    """Put a file there, in place of what is there."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text("precious")


def is_precious(path: Path) -> bool:
    """Whether it is still there."""
    return path.read_text() == "precious"


@pytest.fixture
def precious(path: Path) -> None:
    """Something else is there."""
    put_precious(path)


async def test_peer_is_logged_in_as_its_user(live: Live, path: Path) -> None:
    """N-SOCKET: mon has no such socket."""
    await live.start("serversocket = mon.sock", auth=MINE)
    local, remote = await live.connect_local(path), await live.connect()
    assert await local.ask("stop") == ["220 stop completed"]
    assert await remote.ask("stop") == ["520 command could not be executed, unknown command"]


async def test_daemons_own_user_may_take_any_name_without_a_password(live: Live, path: Path) -> None:
    await live.start("serversocket = mon.sock", auth=MINE)
    client = await live.connect_local(path)
    assert await client.ask("login ann") == ["220 login accepted"]
    assert await client.ask("disable service g s") == ["220 disable service completed"]
    assert await client.ask("stop") == ["520 command could not be executed, unknown command"]


@pytest.fixture
def public() -> Iterator[Path]:
    """A path for a socket in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name) / "mon.sock"


def ask_as_nobody(path: Path, commands: str) -> list[str]:
    """What the server answers to the user nobody."""
    code = f"""
import os, socket
os.setuid({pwd.getpwnam("nobody").pw_uid})
client = socket.socket(socket.AF_UNIX)
client.connect({str(path)!r})
client.sendall({commands.encode()!r})
print(client.makefile().read())
"""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_others_may_take_their_own_name_only(live: Live, public: Path) -> None:
    await live.start(f"serversocket = {public}\nserversocketmode = 666", auth=f"{AUTH}stop: nobody\n")
    commands = "stop\nlogin ann x\nlogin root\nlogin nobody\nstop\nquit\n"
    assert (await asyncio.to_thread(ask_as_nobody, public, commands))[:6] == [
        "220 stop completed", "530 login unsuccessful", "530 login unsuccessful", "220 login accepted",
        "220 stop completed", "220 quitting",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["600", "660", "666"])
async def test_socket_has_its_mode(live: Live, path: Path, mode: str) -> None:
    await live.start(f"serversocket = mon.sock\nserversocketmode = {mode}")
    assert kind_and_mode(path) == stat.S_IFSOCK | int(mode, 8)


async def test_socket_that_nobody_listens_on_makes_room(live: Live, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    await live.start("serversocket = mon.sock")
    assert (await (await live.connect_local(path)).ask("version"))[-1] == "220 version completed"


async def test_socket_of_another_daemon_is_left_alone(live: Live, path: Path) -> None:
    await live.start("serversocket = mon.sock")
    with pytest.raises(ServerError, match="another process listens on it"):
        await asyncio.to_thread(open_sockets, ListenAddress(ListenerKind.LOCAL, str(path), mode=0o600))
    assert (await (await live.connect_local(path)).ask("version"))[-1] == "220 version completed"


@pytest.mark.usefixtures("precious")
async def test_file_in_its_place_is_left_alone(live: Live, path: Path) -> None:
    with pytest.raises(ServerError, match="there is a file that is no socket"):
        await live.start("serversocket = mon.sock")
    assert is_precious(path)


async def test_folder_that_is_not_there_is_told(live: Live) -> None:
    with pytest.raises(ServerError, match=r"cannot listen on the socket /nonexistent/mon\.sock: No such file"):
        await live.start("serversocket = /nonexistent/mon.sock")


async def test_socket_is_gone_after_the_stop_but_not_what_took_its_place(live: Live, path: Path) -> None:
    await live.start("serversocket = mon.sock")
    assert kind_and_mode(path)
    await live.reload("")
    assert not kind_and_mode(path)
    await live.reload("serversocket = mon.sock")
    put_precious(path)
    await live.server.stop()
    assert is_precious(path)
