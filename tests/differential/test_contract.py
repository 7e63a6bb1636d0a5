"""Plugins change sides: Debian's monitors and alerts run under pymon, pymon's own under Debian's mon."""

from __future__ import annotations

import re

import pytest

from tests.ahead import Queues
from tests.differential.plugins import BOTH_HAVE, COME_BACK, DEBIAN_HAS, DEBIANS_PLUGINS, SWAP, Entry, Outcome
from tests.differential.recording import Peers
from tests.peers import require_peer

pytestmark = [pytest.mark.peer, pytest.mark.ahead(SWAP)]


@pytest.fixture
def outcome(peers: Peers, queues: Queues) -> Outcome:
    """What file.alert wrote under each daemon."""
    for name in DEBIANS_PLUGINS:
        require_peer(name)
    return queues.result(SWAP)


@pytest.mark.parametrize("name", DEBIAN_HAS)
def test_debian_plugins_under_pymon(name: str, outcome: Outcome) -> None:
    """What Debian's monitor printed and Debian's file.alert wrote is the same under both daemons."""
    assert outcome.pymon[name] == outcome.mon[name]
    assert [entry.kind for entry in outcome.mon[name]] == (["failure", "up"] if name in COME_BACK else ["failure"])


def test_qpage_alert_under_pymon(outcome: Outcome) -> None:
    """Debian's qpage.alert finds its program in PATH and pages the same recipient with the same text."""
    assert re.sub(r"\([^)]*\)|/\S*/rig/", "", outcome.pages_pymon) == re.sub(
        r"\([^)]*\)|/\S*/rig/", "", outcome.pages_mon
    )
    assert "pager7" in outcome.pages_mon


@pytest.mark.parametrize("name", BOTH_HAVE)
def test_own_plugins_under_mon(name: str, outcome: Outcome) -> None:
    """Pymon's monitor and file.alert under Debian's mon: same verdicts, summaries and records as Debian's plugins."""

    def verdicts(entries: list[Entry]) -> list[tuple[str, str, str, str]]:
        return [(entry.kind, entry.summary, entry.description, entry.opstatus) for entry in entries]

    assert verdicts(outcome.own_plugins[name]) == verdicts(outcome.mon[name])
