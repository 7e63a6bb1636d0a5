"""mon's state files are read and written alike by both daemons: either can take over from the other."""

from __future__ import annotations

import pytest

from tests.ahead import Queues
from tests.differential.recording import Peers
from tests.differential.talk.crossed import CROSS, EQUALS, Crossed

pytestmark = [pytest.mark.peer, pytest.mark.ahead(CROSS)]


@pytest.fixture
def crossed(peers: Peers, queues: Queues) -> Crossed:
    """What came of all four ways."""
    return queues.result(CROSS)


def test_same_state_is_saved(crossed: Crossed) -> None:
    """Before anything is saved both daemons have been told the same and answered the same."""
    assert crossed.saved["pymon"].lines == crossed.saved["mon"].lines
    assert crossed.saved["mon"].lines[-1] == ("< 220 savestate completed",)


def test_files_of_pymon(crossed: Crossed) -> None:
    """What pymon saved comes back under either daemon: texts, acknowledgement, counters, all that was disabled."""
    loaded = crossed.loaded["pymon", "mon"]
    assert crossed.loaded["pymon", "pymon"].lines == loaded.lines
    status = loaded.lines[1][0]
    for field in (
        "opstatus=0",
        "exitval=3",
        r"ackcomment=:\20seen\20it\\20",
        "alerts_sent=1",
        r"last_summary=the\20\22first\22\20\\20\20100%\20\c3\a9",
        r"last_detail=\0atab\09\20and\0aline\0a\0a",
        "first_failure={time}",
    ):
        assert f" {field} " in status
    assert loaded.lines[4] == (
        "< group a: h1",
        "< group b: h1",
        "< watch b",
        "< watch b service off",
        "< 220 list disabled completed",
    )


def test_files_of_mon(crossed: Crossed) -> None:
    """What Debian's mon saved comes back under pymon as it does under mon."""
    theirs, ours = (crossed.loaded["mon", reader].lines for reader in ("mon", "pymon"))
    assert ours[:EQUALS] == theirs[:EQUALS]
    assert ours[EQUALS + 1 :] == theirs[EQUALS + 1 :]


def test_what_is_lost(crossed: Crossed) -> None:
    """R-escapes: in mon's files a backslash before two hex digits is lost, and text up to an equals sign in mon."""
    assert r"ackcomment=:\20seen\20it\20 " in crossed.loaded["mon", "mon"].lines[1][0]
    shown = r" last_summary=a\20=\20b "
    assert shown not in crossed.loaded["mon", "mon"].lines[EQUALS][0]
    for pair in (("mon", "pymon"), ("pymon", "mon"), ("pymon", "pymon")):
        assert shown in crossed.loaded[pair].lines[EQUALS][0]
