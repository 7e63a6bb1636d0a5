"""The demo's web servers: they serve, say when they cannot, and never outlive who started them."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from pymon.demo.servers import DemoError, WebServer
from pymon.demo.webserver import IN_USE
from tests.ports import free_port

ADDRESS = "127.0.0.9"


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    server = WebServer("web9", ADDRESS, free_port())
    yield server
    await server.stop()


async def test_serves_its_name_until_stopped(server: WebServer) -> None:
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://{server.endpoint}", trust_env=False) as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.text) == (200, "web9 is well\n")
        await server.stop()
        assert server.pid is None
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_is_sick_until_it_is_told_that_it_is_well(server: WebServer) -> None:
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://{server.endpoint}", trust_env=False) as client:
        statuses = [(await client.get(path)).status_code for path in ("/sick", "/", "/well", "/")]
    assert statuses == [503, 503, 200, 200]


async def test_can_be_started_again_at_once(server: WebServer) -> None:
    await server.start()
    first = server.pid
    await server.stop()
    await server.start()
    assert server.pid not in (None, first)


async def test_says_that_its_address_is_in_use(server: WebServer) -> None:
    with socket.create_server((server.address, server.port)):
        with pytest.raises(DemoError, match=rf"web9 cannot listen on {server.endpoint}: Address already in use"):
            await server.start()
        assert server.pid is None


async def test_notices_that_somebody_killed_it(server: WebServer) -> None:
    await server.start()
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    await asyncio.wait_for(process.wait(), 10)
    assert server.pid is None


def test_ends_when_its_starter_does() -> None:
    arguments = [sys.executable, "-m", "pymon.demo.webserver", "web9", ADDRESS, str(free_port())]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.close()
        assert process.wait(10) == 0


def test_exits_with_its_own_status_when_it_cannot_listen() -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        arguments = [sys.executable, "-m", "pymon.demo.webserver", "web9", ADDRESS, str(taken.getsockname()[1])]
        ended = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
        )
    assert (ended.returncode, ended.stdout) == (IN_USE, "Address already in use\n")
