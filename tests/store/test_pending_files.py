"""What an older pymon left in STATEDIR/pending is taken into the record at the first start, and is not lost."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pymon.model.delivery import Pending
from pymon.store.pending_files import newer_than
from pymon.store.store import Store
from tests.store.samples import T0, pending

OLD = replace(pending(T0), key="x.alert k", arguments=("k", "한글 \udcff"), environ={"FOO": "b\udce9r"})


def leave(folder: Path, *left: Pending) -> Path:
    """Write files as pymon did before the record had them; their folder."""
    folder = folder / "pending"
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(left):
        (folder / f"{number}.json").write_text(json.dumps({"version": 1} | asdict(each)))
    return folder


async def undone(path: Path, *, fresh: bool = False) -> list[Pending]:
    """What the next daemon is to do."""
    store = Store(path)
    saved = await store.open(fresh=fresh)
    await store.close()
    return [each.pending for each in saved.undone]


@pytest.mark.parametrize("fresh", [False, True])
async def test_they_are_in_the_record_and_the_files_are_gone(tmp_path: Path, *, fresh: bool) -> None:
    """A-journal."""
    folder, path = leave(tmp_path, OLD), tmp_path / "pymon.db"
    (folder / "9.new").write_text("half a wri")
    assert await undone(path, fresh=fresh) == [OLD]
    assert not folder.exists()
    assert await undone(path, fresh=fresh) == [OLD], "until it is done; what acts upon a thing survives a fresh start"


async def test_what_the_record_knows_as_new_or_newer_counts(tmp_path: Path) -> None:
    path = tmp_path / "pymon.db"
    store = Store(path)
    await store.open()
    newer = replace(OLD, event="up", at=T0 + 1)
    store.alert_decided("1", newer)
    await store.close()
    leave(tmp_path, OLD, newer, replace(OLD, key="x.alert other", at=T0 + 2))
    assert [each.key for each in await undone(path)] == ["x.alert k", "x.alert other"]


def test_a_later_decision_of_a_file_is_kept_beside_the_earlier_one() -> None:
    """The launcher does the latest of each key; a daemon killed before the removal takes up nothing twice."""
    (found,) = newer_than([], [OLD])
    assert newer_than([found], [OLD]) == []
    (later,) = newer_than([found], [replace(OLD, at=T0 + 1)])
    assert (later.pending.at, later.started) == (T0 + 1, 0.0)
    assert later.token != found.token


async def test_where_no_record_can_be_kept_they_are_done_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "pymon.db"
    path.mkdir()
    folder = leave(tmp_path, OLD)
    assert await undone(path) == [OLD]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("kind", ["a file", "unreadable"])
async def test_what_is_no_folder_stops_nothing(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "pending"
    if kind == "a file":
        folder.touch()
    else:
        folder.symlink_to("pending")
    assert await undone(tmp_path / "pymon.db") == []


BROKEN = {
    "empty": ("", "Expecting value"),
    "cut short": ('{"version": 1, "key": "x', "Unterminated string"),
    "no object": ("[]", "has no undone alert of version 1"),
    "other version": ('{"version": 2}', "has no undone alert of version 1"),
    "field missing": ('{"version": 1, "key": "k"}', "its fields differ"),
    "wrong type": (
        json.dumps(
            {"version": 1, "key": "k", "name": "x", "group": "g", "service": "s", "event": "up", "at": 1.0}
            | {"arguments": "no list", "environ": {}, "stdin": ""}
        ),
        "of a wrong type",
    ),
    "no UTF-8": ("\udcff\udcfe", "decode"),
    "nested too deep": ("[" * 100_000, "nested too deep"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_file_that_is_broken_is_set_aside(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text, message = BROKEN[name]
    folder = leave(tmp_path, OLD)
    (folder / "broken.json").write_text(text, errors="surrogateescape")
    assert await undone(tmp_path / "pymon.db") == [OLD]
    assert [path.name for path in folder.iterdir()] == ["broken.bad"]
    assert "set aside as" in caplog.text
    assert message in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
