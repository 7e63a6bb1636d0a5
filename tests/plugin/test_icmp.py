"""Echo requests over one socket."""

from __future__ import annotations

import asyncio
import socket
import time

import icmplib
import pytest

from pymon.errors import PluginError
from pymon.plugin.icmp import NoPermission, ping
from pymon.plugin.net import Address, literal
from tests.tools import missing


def address(host: str) -> Address:
    """The address that a literal is."""
    found = literal(host)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def allowed() -> None:
    """Nothing here works without ICMP sockets."""
    try:
        asyncio.run(ping([address("127.0.0.1")], attempts=1, wait=0.1))
    except PluginError:
        missing("this process may not send ICMP: run as root, or sysctl net.ipv4.ping_group_range='0 2147483647'")


async def test_both_families_in_the_order_asked() -> None:
    echoes = await ping([address(host) for host in ("127.0.0.1", "::1", "127.0.0.9", "::1")], attempts=1, wait=2)
    assert all(echo.rtt is not None and 0 <= echo.rtt < 1 for echo in echoes)


async def test_nobody_to_ask() -> None:
    assert await ping([], attempts=1, wait=1) == []


async def test_one_socket_a_family(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    for name in ("ICMPv4Socket", "ICMPv6Socket"):
        kind = getattr(icmplib, name)

        def opening(kind: type = kind, **options: bool) -> object:
            opened.append(kind)
            return kind(**options)

        monkeypatch.setattr(icmplib, name, opening)
    targets = [address(f"127.0.3.{number}") for number in range(1, 101)] + [address("::1")] * 20
    echoes = await ping(targets, attempts=1, wait=2)
    assert all(echo.rtt is not None for echo in echoes)
    assert len(opened) == 2


@pytest.mark.slow
async def test_the_time_is_the_kernels() -> None:
    """A busy event loop does not make hosts slow. One of many requests is sent without the machine's taking a rest."""
    asking = asyncio.create_task(ping([address(f"127.0.3.{number}") for number in range(1, 21)], attempts=1, wait=5))
    await asyncio.sleep(0)  # now it has asked, and loopback has answered
    time.sleep(0.3)  # noqa: ASYNC251  # the loop is busy while the answers wait to be read
    rtts = [echo.rtt for echo in await asking if echo.rtt is not None]
    assert len(rtts) == 20
    assert min(rtts) < 0.3


async def test_an_error_of_the_system_is_told() -> None:
    (echo,) = await ping([(socket.AF_INET, ("255.255.255.255", 0))], attempts=3, wait=5)
    assert echo.rtt is None
    assert echo.error == "Permission denied"


async def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, privileged: bool) -> None:
        raise icmplib.SocketPermissionError(privileged)

    monkeypatch.setattr(icmplib, "ICMPv4Socket", refuse)
    with pytest.raises(NoPermission, match="CAP_NET_RAW"):
        await ping([address("127.0.0.1")], attempts=1, wait=1)
