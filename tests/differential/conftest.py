"""What the two daemons did side by side, recorded ahead of the tests."""

from __future__ import annotations

import pytest

from tests.ahead import Queues
from tests.differential.recording import RECORD, Peers, Recordings, installed
from tests.peers import require_peer


@pytest.fixture(scope="session")
def peers() -> Peers:
    """The two programs; skips without Debian's mon."""
    require_peer("mon")
    return installed()


@pytest.fixture
def recordings(peers: Peers, queues: Queues) -> Recordings:
    """What both daemons did with the same mon.cf. Such tests have the mark ``ahead(RECORD)``."""
    return queues.result(RECORD)
