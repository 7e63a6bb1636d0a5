"""The monitors of the foundation against servers that misbehave, as processes and inside the daemon."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.monitors.adversity import check_adversity
from tests.servers.adversity import ADVERSITIES, Adversity, Facing, Speech, rows_together


def arguments(enemy: Facing) -> Sequence[str]:
    return ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_ftp(adversities: Sequence[Adversity]) -> None:
    await check_adversity("ftp.monitor", arguments, *adversities, speech=Speech(b"220 ftp.test ready\r\n"))


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_http(adversities: Sequence[Adversity]) -> None:
    speech = Speech(b"HTTP/1.1 200 OK\r\n", client_first=True)
    await check_adversity("http.monitor", arguments, *adversities, speech=speech)


async def test_tcp() -> None:
    await check_adversity("tcp.monitor", arguments, ADVERSITIES["refusal"])
    await check_adversity("tcp.monitor", arguments, ADVERSITIES["refusal"], host="::1")
