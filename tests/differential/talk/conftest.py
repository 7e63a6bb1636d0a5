"""What both daemons answered, played ahead of the tests."""

from __future__ import annotations

import pytest

from tests.ahead import Queues
from tests.differential.recording import Peers
from tests.differential.talk.play import TALK, Both


@pytest.fixture
def played(peers: Peers, queues: Queues) -> dict[str, Both]:
    """What came of every transcript. Such tests have the mark ``ahead(TALK)``."""
    return queues.result(TALK)
