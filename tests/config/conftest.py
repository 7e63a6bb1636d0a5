"""Fixtures of the configuration's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.peer import Peer
from tests.config.samples import make_programs
from tests.peers import require_peer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with ``mon.d/m.monitor`` and ``alert.d/a.alert``."""
    make_programs(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Debian's mon, running, to be asked about configurations."""
    program = require_peer("mon")
    folder = tmp_path_factory.mktemp("peer")
    make_programs(folder)
    with Peer(program, folder) as running:
        yield running
