"""The plugins of docs/plugins do the same under Debian's mon and under pymon."""

from __future__ import annotations

import pytest

from tests.ahead import Queues
from tests.differential.examples import NAMES, OUTAGE, Record
from tests.peers import require_peer
from tests.tools import RequireTool

pytestmark = [pytest.mark.peer, pytest.mark.ahead(OUTAGE)]

FAILED = {
    "age": Record("failure", "{rig}/watched", "{rig}/watched is not there\n"),
    "greeting": Record("failure", "127.0.0.1", "127.0.0.1: Connection refused\n"),
    "expiry": Record("failure", "127.0.0.1", "127.0.0.1: dial tcp 127.0.0.1:PORT: connect: connection refused\n"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("peers")
def test_each_fails_and_comes_back_under_both_daemons(name: str, queues: Queues, require_tool: RequireTool) -> None:
    require_tool("go", package="golang-go", why="the example in Go")
    require_peer("file.alert")
    outcome = queues.result(OUTAGE)
    assert outcome.pymon[name] == outcome.mon[name]
    failure, recovery = outcome.pymon[name]
    expected = FAILED[name]
    assert (failure.kind, failure.summary) == (expected.kind, expected.summary)
    assert failure.detail.startswith(expected.detail.partition("PORT")[0])
    assert recovery.kind == "up"
