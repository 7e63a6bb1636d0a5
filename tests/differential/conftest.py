"""What the two daemons did side by side, recorded ahead of the tests."""

from __future__ import annotations

import pytest

from tests.ahead import Lanes
from tests.differential.recording import PEER, RECORD, Peers, Recordings, installed
from tests.tools import RequireTool


@pytest.fixture(scope="session")
def peers(require_tool: RequireTool) -> Peers:
    """The two programs; skips without Debian's mon."""
    require_tool(str(PEER), package="mon", why="the peer that pymon is compared with")
    return installed()


@pytest.fixture
def recordings(peers: Peers, lanes: Lanes) -> Recordings:
    """What both daemons did with the same mon.cf. Such tests have the mark ``ahead(RECORD)``."""
    return lanes.result(RECORD)
