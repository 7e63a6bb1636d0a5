"""Runs an alert against a server that misbehaves, as a process and inside the daemon: what it must hold to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from tests.addresses import own_address
from tests.alerts.conftest import run_as_daemon
from tests.servers.adversity import Adversity, Facing, Speech, facing

TRY_AGAIN = 75
MARGIN = 30.0
"""Seconds until a connection that an alert leaves behind is a failure, on a machine however busy."""

Arguments = Callable[[Facing], Sequence[str]]
"""The arguments for a run against this enemy; the time limit, ``enemy.limit``, is among them."""


async def check_adversity(
    alert: str,
    arguments: Arguments,
    adversity: Adversity,
    speech: Speech,
    *,
    ways: Sequence[bool] = (True, False),
    code: int = TRY_AGAIN,
    **environ: str,
) -> str:
    """Assert that an alert wants another attempt, and says why in words; returns what it said.

    It met the server, ended in its time limit, and at once where it could know; said the same both ways (``ways``:
    inside) but for figures; trusted no wrong certificate; and left no task and no connection.
    """
    own = own_address()
    said = await asyncio.gather(
        *(_one_way(alert, arguments, adversity, speech, own, way, code, environ) for way in ways)
    )
    if adversity.exact:
        assert len(set(said)) == 1, f"a process does not say what a run inside says: {said}"
    return said[0]


async def _one_way(
    alert: str,
    arguments: Arguments,
    adversity: Adversity,
    speech: Speech,
    host: str,
    inside: bool,
    code: int,
    environ: dict[str, str],
) -> str:
    async with facing(adversity, speech, host=host) as enemy:
        given, output = await run_as_daemon(inside, alert, *arguments(enemy), stdin="www1\ndetail\n", **environ)
        await asyncio.wait_for(enemy.left(), MARGIN)
        assert given == code, output
        assert len(output.strip().splitlines()) == 1, output
        assert len(output) < 500, output
        assert adversity.is_closed or enemy.connections, "the alert never came"
        assert not enemy.handshakes, "the alert was content with a wrong certificate"
        if enemy.came is not None and enemy.gone is not None:
            took = enemy.gone - enemy.came
            assert not enemy.prompt or took < enemy.limit, f"it could know at once, and took {took:.1f} seconds"
        return re.sub(r"\d+(\.\d+)?", "N", output.replace(str(enemy.trusted), "TRUSTED"))
