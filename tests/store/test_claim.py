"""One daemon keeps a record, whatever happens to the files that say so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.store.claim import Claim
from pymon.store.schema import Unusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pymon.db"


@pytest.fixture
def claim(path: Path) -> Iterator[Claim]:
    made = Claim(path)
    made.assert_held()
    yield made
    made.release()


def lock_of(path: Path) -> Path:
    return path.with_name("pymon.db.lock")


@pytest.mark.slow
def test_a_second_one_is_told_who_has_it_and_gets_it_afterwards(path: Path, claim: Claim) -> None:
    second = Claim(path)
    with pytest.raises(Unusable, match=rf"another daemon keeps it \(pid {os.getpid()}\)"):
        second.assert_held()
    assert not second.is_held
    claim.release()
    second.assert_held()
    second.release()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["removed", "replaced", "replaced by a link", "replaced by a directory"])
def test_a_lock_file_that_goes_lets_no_second_one_in(path: Path, claim: Claim, way: str) -> None:
    """R-second. Two daemons would keep one record, and send every alert twice."""
    lock = lock_of(path)
    lock.unlink()
    if way == "replaced":
        lock.write_text("1\n")
    elif way == "replaced by a link":
        lock.symlink_to(path.parent / "elsewhere")
    elif way == "replaced by a directory":
        lock.mkdir()
    second = Claim(path)
    with pytest.raises(Unusable, match="another daemon keeps it"):
        second.assert_held()
    if way in ("removed", "replaced"):
        claim.assert_held()
        assert lock.read_text() == f"{os.getpid()}\n"
    else:
        with pytest.raises(Unusable):
            claim.assert_held()
    assert not (path.parent / "elsewhere").exists()


@pytest.mark.parametrize("content", ["root:x:0:0\n", "-5\n", "1" * 40, "\xff"])
def test_a_file_that_is_not_ours_is_left_as_it_is(path: Path, content: str) -> None:
    lock = lock_of(path)
    lock.parent.mkdir()
    lock.write_text(content)
    made = Claim(path)
    with pytest.raises(Unusable, match="is not a lock file of pymon: it holds something else"):
        made.assert_held()
    made.release()
    assert lock.read_text() == content


@pytest.mark.parametrize("kind", ["link to a file", "dangling link", "hard link", "FIFO", "directory"])
def test_nothing_is_followed_or_written_that_has_its_name(path: Path, kind: str) -> None:
    lock, other = lock_of(path), path.parent / "other"
    lock.parent.mkdir()
    other.write_text("123\n")
    match kind:
        case "link to a file":
            lock.symlink_to(other)
        case "dangling link":
            lock.symlink_to(path.parent / "nothing")
        case "hard link":
            lock.hardlink_to(other)
        case "FIFO":
            os.mkfifo(lock)
        case "directory":
            lock.mkdir()
    made = Claim(path)
    with pytest.raises(Unusable):
        made.assert_held()
    made.release()
    assert other.read_text() == "123\n"
    assert not (path.parent / "nothing").exists()


@pytest.mark.slow
def test_the_holder_is_named_although_its_lock_file_was_removed(path: Path) -> None:
    """R-second."""
    script = (
        "import sys; from pathlib import Path; from pymon.store.claim import Claim;"
        " claim = Claim(Path(sys.argv[1])); claim.assert_held(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock_of(path).unlink()
        second = Claim(path)
        with pytest.raises(Unusable, match=rf"another daemon keeps it \(pid {holder.pid}\)"):
            second.assert_held()
        holder.communicate()
