"""The turnstile: one slice in a turn, all in their order, and what is short not behind what is long."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest

from pymon.server.commands.reply import CommandReply, Session
from pymon.server.commands.table import answer
from pymon.server.limits import ServerLimits
from pymon.server.listen.fairness import Turnstile, take_chunk
from tests.server.conftest import SITE, Client, Live
from tests.server.samples import SNAPSHOT
from tests.waiting import until

Told = Callable[[], str]
MOST_LOGGED = ServerLimits().logged_command


async def test_short_work_waits_for_one_long_slice_at_most() -> None:
    turnstile, done = Turnstile(), list[str]()

    async def at_long() -> None:
        for _ in range(500):
            async with turnstile.rest():
                done.append("long")

    async def at_short() -> None:
        async with turnstile.first():
            done.append("short")

    long = [asyncio.create_task(at_long()) for _ in range(50)]
    await until(lambda: len(done) >= 20)
    del done[:]
    await at_short()
    assert done[:-1] in ([], ["long"], ["long", "long"]), "the one inside, and the one that stands in line"
    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)


async def test_long_work_goes_on_among_short_work() -> None:
    turnstile, done = Turnstile(), list[str]()

    async def at_short() -> None:
        while True:
            async with turnstile.first():
                done.append("short")

    crowd = [asyncio.create_task(at_short()) for _ in range(10)]
    for _ in range(5):
        async with turnstile.rest():
            done.append("long")
    assert done.count("short") <= 5 * 11
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_who_gives_up_while_waiting_holds_nobody_up() -> None:
    turnstile = Turnstile()

    async def enter() -> None:
        async with turnstile.rest():
            await asyncio.sleep(0)

    first, *given_up = [asyncio.create_task(enter()) for _ in range(10)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(first, *given_up, return_exceptions=True)
    async with asyncio.timeout(30):
        await enter()
    assert all(task.cancelled() for task in given_up)


def test_chunk_has_a_size_and_a_time() -> None:
    large, slow = ServerLimits(chunk=100, chunk_seconds=3600), ServerLimits(chunk_seconds=0)
    lines = iter([b"x" * 50] * 5)
    made = [take_chunk(lines, large) for _ in range(3)]
    assert [(len(data), is_all) for data, is_all in made] == [(100, False), (100, False), (50, True)]
    assert take_chunk(iter([b"x", b"y"]), slow) == (b"x", False)


async def test_short_answer_comes_while_many_long_ones_are_made(live: Live) -> None:
    many = "".join(f" service x{number}\n  traptimeout 1h\n  description {'d' * 900}\n" for number in range(500))
    await live.start(site=f"{SITE}{many}")
    busy = [await live.connect() for _ in range(20)]
    received = 0

    async def read(client: Client) -> None:
        nonlocal received
        while data := await client.reader.read(1 << 16):
            received += len(data)

    readers = [asyncio.create_task(read(client)) for client in busy]
    for client in busy:
        await client.send("list descriptions\n" * 20)
    await until(lambda: received >= 40 * ServerLimits().chunk)
    other = await live.connect()
    before = received
    assert (await other.ask("list state"))[-1] == "220 list state completed"
    assert received - before < 20 * ServerLimits().chunk, "less than a round of all the others"
    for task in readers:
        task.cancel()
    await asyncio.gather(*readers, return_exceptions=True)


@pytest.mark.slow
def test_names_of_nothing_leave_nothing() -> None:
    """Hundreds of such lines at once made so many objects that to collect garbage took most of a second."""
    line = f"list opstatus {' '.join(f'x{number}' for number in range(10_000))}"
    gc.collect()
    before = len(gc.get_objects())
    reply = answer(line, Session(), SNAPSHOT)
    gc.collect()
    assert isinstance(reply, CommandReply)
    assert reply.final == "220 list opstatus completed"
    assert len(gc.get_objects()) - before < 100


@pytest.mark.parametrize("length", [MOST_LOGGED, 60_000])
async def test_long_command_is_cut_before_it_waits_for_the_log(
    live: Live, caplog: pytest.LogCaptureFixture, told: Told, length: int
) -> None:
    await live.start()
    client = await live.connect()
    command = f"list watch {'x' * length}"[:length]
    assert (await client.ask(command))[-1] == "220 list watch completed"
    assert f'client command "{command[:MOST_LOGGED]}' in told()
    assert max(len(str(record.args)) for record in caplog.records) < MOST_LOGGED + 100
