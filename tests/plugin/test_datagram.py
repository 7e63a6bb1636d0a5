"""Questions and answers in datagrams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from pymon.plugin import net
from pymon.plugin.datagram import Datagram, ask, exchange

Answers = Callable[[bytes, int], list[bytes]]
"""A question, and how many came before → what is sent back."""


@contextlib.contextmanager
def answering(answers: Answers, host: str = "127.0.0.1") -> Iterator[net.Address]:
    """A server of datagrams on the running event loop."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    loop = asyncio.get_running_loop()
    came = 0
    with socket.socket(family, socket.SOCK_DGRAM) as server:

        def meet() -> None:
            nonlocal came
            question, client = server.recvfrom(65536)
            for answer in answers(question, came):
                server.sendto(answer, client)
            came += 1

        server.bind((host, 0))
        loop.add_reader(server, meet)
        try:
            yield family, server.getsockname()
        finally:
            loop.remove_reader(server)


@contextlib.contextmanager
def refusing() -> Iterator[net.Address]:
    """A port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
        keeper.bind(("127.0.0.1", 0))
        keeper.connect(keeper.getsockname())
        yield socket.AF_INET, keeper.getsockname()


def text(datagram: Datagram) -> str | None:
    return datagram.data.decode() or None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_the_first_answer_that_is_accepted(host: str) -> None:
    with answering(lambda question, _: [b"", b"", question + b"!", b"late"], host) as address:
        assert await exchange(address, b"you there", text) == "you there!"


@pytest.mark.slow
async def test_when_it_was_sent_and_received_by_the_kernel() -> None:
    """The loop being held up after the answer came does not make it look late."""
    before = time.time()

    with answering(lambda question, _: [question]) as address:
        task = asyncio.ensure_future(exchange(address, b"?", lambda datagram: datagram))
        while not task.done():
            await asyncio.sleep(0)
            time.sleep(0.05)  # noqa: ASYNC251  # holds the loop up
        answer = task.result()
    assert before <= answer.sent <= answer.received <= time.time() - 0.05


async def test_what_others_send_is_not_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        task = asyncio.ensure_future(exchange((socket.AF_INET, server.getsockname()), b"?", text))
        loop = asyncio.get_running_loop()
        _, client = await loop.sock_recvfrom(server, 100)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            stranger.sendto(b"spoofed", client)
        server.sendto(b"true", client)
        assert await task == "true"


async def test_a_refusal() -> None:
    with refusing() as address, pytest.raises(ConnectionRefusedError):
        await exchange(address, b"?", text)


async def test_sent_again_until_there_is_an_answer() -> None:
    with answering(lambda question, before: [question] if before == 2 else []) as address:
        assert await ask([address], b"?", text, [0.05, 0.05, 5.0, 5.0]) == "?"


async def test_the_next_address_where_one_refuses() -> None:
    with refusing() as bad, answering(lambda question, _: [question]) as good:
        assert await ask([bad, good], b"?", text, [5.0]) == "?"


async def test_all_refuse() -> None:
    with refusing() as one, refusing() as other, pytest.raises(ConnectionRefusedError):
        await ask([one, other], b"?", text, [5.0, 5.0])


async def test_no_answer() -> None:
    with answering(lambda *_: [b""]) as address, pytest.raises(TimeoutError):
        await ask([address], b"?", text, [0.05, 0.05])


async def test_a_limit_from_outside_ends_it() -> None:
    with answering(lambda *_: []) as address, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05) as limit:
            await ask([address], b"?", text, [5.0])
    assert limit.expired()
