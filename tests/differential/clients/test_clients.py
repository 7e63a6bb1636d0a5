"""Debian's own clients see of pymon what they see of Debian's mon."""

from __future__ import annotations

import subprocess

import pytest

from tests.ahead import Queues
from tests.differential.clients.visit import VISITS, Views
from tests.differential.clients.visits import DEEDS, IDENTITIES, LOOKS, PROGRAMS, Visit
from tests.differential.recording import Peers
from tests.peers import require_peer
from tests.tools import RequireTool, missing

pytestmark = [pytest.mark.peer, pytest.mark.ahead(VISITS)]

every_visit = pytest.mark.parametrize("visit", [*LOOKS, *DEEDS, *IDENTITIES], ids=lambda visit: visit.name)


@pytest.fixture
def views(peers: Peers, queues: Queues, require_tool: RequireTool) -> dict[str, Views]:
    """What the clients saw of ``mon`` and of ``pymon``."""
    for program in PROGRAMS:
        require_peer(program)
    unshare = require_tool("unshare", package="util-linux", why="gives skymon a moncmd and a sendmail of the test")
    if subprocess.run([unshare, "--map-root-user", "--mount", "true"], capture_output=True, check=False).returncode:
        missing("namespaces are not allowed here; skymon needs them to be given a moncmd and a sendmail")
    return queues.result(VISITS)


def test_same_state(views: dict[str, Views]) -> None:
    """Before the clients come, both servers are in the same state."""
    assert views["pymon"].state == views["mon"].state


@every_visit
def test_client_works(visit: Visit, views: dict[str, Views]) -> None:
    """Under Debian's mon the client does what it was called for, so that no two equal errors pass for success."""
    seen = views["mon"].seen[visit.name]
    assert seen.status == visit.status
    assert visit.shows in "\n".join((*seen.output, *seen.errors, ""))


@every_visit
def test_client_sees_the_same(visit: Visit, views: dict[str, Views]) -> None:
    """Exit status, output, messages, and what became of the server are the same."""
    theirs, ours = views["mon"].seen[visit.name], views["pymon"].seen[visit.name]
    assert ours == theirs
