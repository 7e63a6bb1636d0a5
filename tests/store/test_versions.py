"""An older and a newer pymon take turns on one statedir: neither touches what the other keeps."""

# ruff: noqa: ASYNC240  # nothing else runs in these loops
from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.store.offline import look_up
from pymon.store.schema import VERSION
from pymon.store.store import Store
from pymon.store.versions import OwnFile, find_later_files, find_own_file
from tests.store.samples import T0, WEB, act

DOWN = ServiceState(op_status=OpStatus.FAIL, ack=T0, ack_comment="bob: on it")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pymon.db"


def own(path: Path) -> Path:
    """The file of this pymon next to a newer one's."""
    return path.with_name(f"pymon.v{VERSION}.db")


async def daemon(path: Path, text: str, state: ServiceState | None = None) -> dict[str, ServiceState]:
    """A daemon that does something; the states that it has resumed, by group."""
    store = Store(path)
    saved = await store.open()
    assert store.problem == ""
    if state is not None:
        store.state(WEB, state)
    store.add(act(T0, text))
    await store.close()
    return {key.group: known for key, known in saved.states.items()}


def make_newer(path: Path, version: int = VERSION + 1) -> None:
    """Have a newer pymon written the record; its log is not in the file yet, as after a kill."""
    work = path.with_name("work.db")
    shutil.move(path, work)
    writer = sqlite3.connect(work, isolation_level=None)
    writer.execute(f"PRAGMA user_version = {version}")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.execute("CREATE TABLE IF NOT EXISTS of_the_future (x)")
    for ending in ("", "-wal", "-shm"):
        shutil.copyfile(f"{work}{ending}", f"{path}{ending}")
    writer.close()
    work.unlink()


def bytes_of(path: Path) -> dict[str, bytes]:
    """The record's files, and what is in them."""
    return {
        each.name: each.read_bytes() for each in path.parent.glob(f"{path.name}*") if not each.name.endswith("lock")
    }


async def test_a_newer_record_is_not_touched_and_one_next_to_it_is_begun(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R-newer: it has the bytes that it had, its log too; the log says what to know."""
    await daemon(path, "as new", DOWN)
    make_newer(path)
    before = bytes_of(path)
    assert len(before) == 3
    assert await daemon(path, "as old", DOWN) == {}
    assert bytes_of(path) == before
    said = [each.message for each in caplog.records if each.levelno >= logging.WARNING]
    assert said == [
        f"{path} was written by a newer pymon (its tables are of version {VERSION + 1}, not {VERSION}): it is left "
        f"alone, and this one keeps its record in pymon.v{VERSION}.db"
    ]
    assert await daemon(path, "as old again") == {"web": DOWN}, "it goes on from its own"
    assert bytes_of(path) == before
    assert [event.text for event in look_up(path, WEB).events] == ["as old", "as old again"]
    assert own(path).stat().st_mode & 0o777 == 0o600


async def test_going_forward_again_the_newer_record_is_used(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-newer: what was kept meanwhile stays where it is, and the log says so."""
    await daemon(path, "as new", DOWN)
    make_newer(path)
    await daemon(path, "as old", ServiceState())
    make_newer(path, VERSION)  # the one that is "newer" is this one now
    age(path, 100)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE of_the_future")
    connection.close()
    age(path, 100)
    kept = own(path).read_bytes()
    caplog.clear()
    assert await daemon(path, "as new again") == {"web": DOWN}
    assert [event.text for event in look_up(path, WEB).events] == ["as new", "as new again"]
    assert own(path).read_bytes() == kept
    assert [each.message for each in caplog.records if each.levelno >= logging.WARNING] == [
        f"{own(path)} was kept by another version after {path}: what it knows is not taken up"
    ]


async def test_what_is_older_than_the_newer_record_is_history(path: Path) -> None:
    """R-newer: back once more, after the newer one has run: acknowledgements of weeks ago are not resumed."""
    await daemon(path, "as new")
    make_newer(path)
    await daemon(path, "as old", DOWN)
    age(own(path), 100)
    assert await daemon(path, "as old again") == {}
    assert [event.text for event in look_up(path, WEB).events] == ["as old", "as old again"], "events stay"


def age(path: Path, seconds: float) -> None:
    """Have a record been written so many seconds earlier."""
    for each in path.parent.glob(f"{path.name}*"):
        when = each.stat().st_mtime - seconds
        os.utime(each, (when, when))


async def test_damage_of_the_own_file_is_set_aside_next_to_it(path: Path) -> None:
    """R-damage."""
    await daemon(path, "as new")
    make_newer(path)
    before = bytes_of(path)
    own(path).write_bytes(b"no database at all" * 1000)
    assert await daemon(path, "as old") == {}
    assert bytes_of(path) == before
    assert [each.name.partition(".bad-")[0] for each in path.parent.glob("*.bad-*")] == [f"pymon.v{VERSION}.db"]


async def test_the_version_is_in_the_header_as_soon_as_the_tables_are_brought_up(path: Path) -> None:
    """Where an older pymon looks: a daemon that is killed at once leaves it there."""
    await daemon(path, "as old")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE results")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    store = Store(path)
    await store.open()
    assert int.from_bytes(path.read_bytes()[60:64], "big") == VERSION
    await store.close()


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0", b"x" * 100, b"SQLite format 3\0" + b"\x7f" * 84])
def test_what_is_no_record_is_not_newer(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pymon.db"
    if content is not None:
        path.write_bytes(content)
    assert find_own_file(path) == OwnFile(path)
    assert find_later_files(path) == []
