"""T-FLOOD: a flood of traps with wrong passwords, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from pymon.access import crypt
from pymon.model.depend import ServiceKey
from pymon.protocol.trap_packet import TrapPacket, format_packet
from pymon.server.listen.addresses import ListenAddress, ListenerKind, open_sockets
from pymon.server.traps.password_queue import QueueLimits
from pymon.server.traps.receiver import Traps, count_kernel_drops
from tests.server.conftest import AUTH, Live
from tests.server.traps.test_receiver import ANYBODY, PACKET, Taker, rules
from tests.waiting import until

Told = Callable[[], str]
GENUINE, STRANGERS = 22, 40
HASH = "$6$decoydecoydecoy$" + "." * 86
SITE = "hostgroup g h\n\nwatch g\n" + "".join(
    f" service s{number}\n  traptimeout 1h\n  period wd {{Sun-Sat}}\n" for number in range(GENUINE)
)


@pytest.fixture(scope="module")
def auth() -> str:
    """Passwords that are work to look at, as `pymon passwd` makes them."""
    lines = (f"* u{number} {crypt.make(f'right {number}')}\n" for number in range(GENUINE))
    return f"{AUTH}trap section\n{''.join(lines)}"


@contextmanager
def senders(addresses: list[str]) -> Iterator[list[socket.socket]]:
    """Sockets that send from these addresses."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in addresses]
        for each, address in zip(made, addresses, strict=True):
            each.bind((address, 0))
        yield made


def good(number: int, text: str) -> bytes:
    packet = TrapPacket(usr=f"u{number}", pas=f"right {number}", grp="g", svc=f"s{number}", sta="0", sum=text)
    return format_packet(packet)


def bad(number: int, guess: str) -> bytes:
    return format_packet(TrapPacket(usr=f"u{number}", pas=guess, grp="g", svc=f"s{number}", sta="1", sum="forged"))


def summaries(live: Live) -> list[str]:
    return [live.engine.states[ServiceKey("g", f"s{number}")].last_summary for number in range(GENUINE)]


@pytest.mark.slow
async def test_t_flood_genuine_senders_are_heard_although_nothing_is_known_of_them(live: Live, auth: str) -> None:
    """In a queue for all, none of 22 was taken while 40 strangers guessed."""
    await live.start(site=SITE, auth=auth)
    to = (live.address, live.port)
    with (
        senders([f"127.7.0.{number + 1}" for number in range(STRANGERS)]) as strangers,
        senders([f"127.7.1.{number + 1}" for number in range(GENUINE)]) as genuine,
    ):
        for turn in range(60):
            for number, each in enumerate(strangers):
                each.sendto(bad(number % GENUINE, f"guess {turn} {number}"), to)
            await asyncio.sleep(0)
        for number, each in enumerate(genuine):
            each.sendto(good(number, "first"), to)
        await until(lambda: live.server.traps.counters.accepted == GENUINE)
    assert set(summaries(live)) == {"first"}


@pytest.mark.slow
async def test_t_flood_proven_senders_do_not_wait_whoever_forges_their_address(
    live: Live, auth: str, told: Told
) -> None:
    await live.start(site=SITE, auth=auth)
    counters, to = live.server.traps.counters, (live.address, live.port)
    with senders([f"127.7.1.{number + 1}" for number in range(GENUINE)]) as genuine:
        for number, each in enumerate(genuine):
            each.sendto(good(number, "first"), to)
        await until(lambda: counters.accepted == GENUINE)
        for turn in range(120):
            for number, each in enumerate(genuine):
                each.sendto(bad(number, f"guess {turn}"), to)
            await asyncio.sleep(0)
        await until(lambda: counters.received >= 121 * GENUINE)
        for number, each in enumerate(genuine):
            each.sendto(good(number, "second"), to)
        await until(lambda: counters.received == 122 * GENUINE)
        assert counters.accepted == 2 * GENUINE, "at once: nothing has to be looked at"
    assert set(summaries(live)) == {"second"}
    assert counters.lost > 0
    assert "traps are lost, some of them from 127.7.1." in told()


async def test_t_flood_who_needs_no_password_is_heard_among_thousands_of_strangers() -> None:
    """Each of them at an address of its own, as a forger can make it."""
    taker = Taker(rules(("10.9.9.9", "*", "x"), *((f"10.0.{n // 250}.{n % 250}", "u1", HASH) for n in range(3000))))
    made = Traps(taker)
    made.take(format_packet(PACKET), "10.9.9.9")
    for number in range(3000):
        made.take(bad(1, f"guess {number}"), f"10.0.{number // 250}.{number % 250}")
        if number % 100 == 0:
            made.take(format_packet(replace(PACKET, sum=f"number {number}")), "10.9.9.9")
    assert made.counters.accepted == len(taker.taken) == 31
    assert made.counters.lost == 3000 - QueueLimits().most
    await made.stop()


async def test_t_lost_an_overflow_of_the_socket_is_noticed(told: Told) -> None:
    taker = Taker(ANYBODY)
    made = Traps(taker)
    made.start()
    (bound,) = open_sockets(ListenAddress(ListenerKind.TRAPS, "127.0.0.1"))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        made.receive_from(bound)
        for number in range(500):
            sender.sendto(format_packet(replace(PACKET, sum=f"number {number}")), bound.getsockname())
        dropped = count_kernel_drops(bound)
        assert 0 < dropped < 500
        await until(lambda: made.counters.received == 500 - dropped)
        assert made.counters.overflowed == dropped
        assert taker.losses == 1
        await made.stop()
    assert f"the kernel dropped {dropped} datagrams for traps: they came faster than they were read" in told()


async def test_nothing_is_said_of_drops_before_it_listened() -> None:
    taker = Taker(ANYBODY)
    made = Traps(taker)
    (bound,) = open_sockets(ListenAddress(ListenerKind.TRAPS, "127.0.0.1"))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(500):
            sender.sendto(format_packet(PACKET), bound.getsockname())
        made.receive_from(bound)
        await until(lambda: made.counters.received > 0)
        assert made.counters.overflowed == 0
        await made.stop()
