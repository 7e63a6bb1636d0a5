"""How many clients there may be at once: none keeps the others out, and none on the network keeps out the machine."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from pymon.server.limits import ServerLimits
from pymon.server.listen.connection_limit import ConnectionLimit
from tests.server.conftest import AUTH, Client, Live
from tests.waiting import until

Told = Callable[[], str]
SOCKET = "serversocket = mon.sock"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans())))
def test_neither_all_nor_one_are_ever_too_many(steps: list[tuple[str, bool]]) -> None:
    limit, inside = ConnectionLimit(5, 3), Counter[str]()
    for place, comes in steps:
        if comes:
            may_come = not limit.refusal(place)
            assert may_come == (inside.total() < 5 and inside[place] < 3)
            if may_come:
                limit.enter(place)
                inside[place] += 1
        elif inside[place]:
            limit.leave(place)
            inside[place] -= 1
        assert len(limit) == inside.total()


def test_refusal_tells_which_limit() -> None:
    limit = ConnectionLimit(3, 2)
    for place in "aab":
        limit.enter(place)
    assert limit.refusal("a") == "2 from there are connected"
    assert limit.refusal("c") == "3 are connected"


async def is_closed(client: Client) -> bool:
    with contextlib.suppress(ConnectionError):
        return await client.rest() == b""
    return True


async def test_one_address_takes_its_share_and_leaves_the_rest(live: Live, told: Told) -> None:
    """N-CROWD."""
    await live.start(limits=ServerLimits(connections=6))
    first = [await live.connect() for _ in range(3)]
    for client in first:
        await client.ask("version")
    assert await is_closed(await live.connect())
    assert "3 from there are connected, no more are accepted" in told()
    other = await live.connect(source="127.0.0.77")
    assert (await other.ask("version"))[-1] == "220 version completed"
    await first[0].ask("quit")
    await until(lambda: len(live.server.clients) == 3)
    assert (await (await live.connect()).ask("version"))[-1] == "220 version completed"


async def test_crowd_on_the_network_does_not_keep_out_the_machine_itself(live: Live, told: Told) -> None:
    await live.start(SOCKET, auth=AUTH, limits=ServerLimits(connections=2))
    for number in (1, 2):
        await (await live.connect(source=f"127.0.0.{number}")).ask("version")
    assert await is_closed(await live.connect(source="127.0.0.3"))
    assert "closing client 127.0.0.3: 2 are connected, no more are accepted" in told()
    local = await live.connect_local(live.folder / "state" / "mon.sock")
    assert (await local.ask("version"))[-1] == "220 version completed"


async def test_one_user_does_not_take_the_whole_unix_socket(live: Live, told: Told) -> None:
    await live.start(SOCKET, limits=ServerLimits(local_connections=8))
    path = live.folder / "state" / "mon.sock"
    for _ in range(2):
        await (await live.connect_local(path)).ask("version")
    assert await is_closed(await live.connect_local(path))
    assert "closing client unix (uid " in told()
    assert (await (await live.connect()).ask("version"))[-1] == "220 version completed"
