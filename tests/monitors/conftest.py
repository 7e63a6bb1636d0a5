"""What the tests of monitors share."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.monitors.servers import Runs


@pytest.fixture(name="check", params=[True, False], ids=["inside", "process"])
def check_fixture(request: pytest.FixtureRequest) -> Runs:
    """Runs a monitor each of the two ways; the test asserts the same of both."""
    return Runs(bool(request.param))


@pytest.fixture(name="check_inside")
def check_inside_fixture() -> Runs:
    """Runs a monitor inside this process only, where both ways would prove no more."""
    return Runs(inprocess=True)


@pytest.fixture(name="blackhole")
def blackhole_fixture() -> Iterator[tuple[str, int]]:
    """A host and a port that answer nothing, not even a refusal: a listener whose queue is full."""
    listener = socket.socket()
    waiting: list[socket.socket] = []
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        waiting.append(client)
    yield listener.getsockname()
    for client in (*waiting, listener):
        client.close()
