"""Programs that change the same real server take turns, and the newest decision wins."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymon.ipvs import decision_lock
from pymon.ipvs.decision_lock import network_namespace, take_turn, take_turns

NOW = int(time.time())


def test_a_newer_or_equal_decision_is_carried_out_and_an_older_one_stands_back(tmp_path: Path) -> None:
    """A-lvs-order: the newest decision wins between programs, too."""
    for decided, expected in ((NOW - 10, True), (NOW - 10, True), (NOW - 20, False), (NOW - 5, True), (NOW - 9, False)):
        with take_turn("web", decided, folder=tmp_path) as is_newest:
            assert is_newest is expected, decided


def test_keys_have_turns_of_their_own(tmp_path: Path) -> None:
    with take_turn("one", NOW, folder=tmp_path) as first, take_turn("two", NOW - 9, folder=tmp_path) as second:
        assert first
        assert second


def test_a_decision_of_a_clock_that_was_set_back_does_not_count(tmp_path: Path) -> None:
    with take_turn("web", NOW + 5000, folder=tmp_path) as is_newest:
        assert is_newest
    with take_turn("web", NOW, folder=tmp_path) as is_newest:
        assert is_newest


def test_the_wait_is_bounded_and_the_change_is_made_all_the_same(tmp_path: Path) -> None:
    with take_turn("web", NOW, folder=tmp_path), take_turn("web", NOW - 100, folder=tmp_path, limit=0.1) as is_newest:
        assert is_newest


def test_one_process_waits_for_the_other(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from pymon.ipvs.decision_lock import take_turn\n"
        f"with take_turn('web', {NOW}, folder=pathlib.Path(sys.argv[1])) as is_newest:\n"
        "    print('have it', flush=True); sys.stdin.read(); print('let go', flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "have it\n"
        with take_turn("web", NOW - 1, folder=tmp_path, limit=0.05) as is_newest:
            assert is_newest  # not in turn, but rather than not at all
        other.stdin.close()
        with take_turn("web", NOW - 1, folder=tmp_path, limit=30) as is_newest:
            assert not is_newest
        assert other.stdout.read() == "let go\n"


def test_of_two_decisions_within_a_second_that_of_the_later_process_is_the_newer(tmp_path: Path) -> None:
    """A-lvs-order: mon tells whole seconds; a slow lookup lets the first act last."""
    code = (
        "import sys, pathlib; from pymon.ipvs.decision_lock import take_turn\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        f"with take_turn('web', {NOW}, folder=pathlib.Path(sys.argv[1])) as is_newest: print(is_newest)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    older, newer = start(), start()
    assert [process.communicate("go\n", timeout=30)[0] for process in (newer, older)] == ["True\n", "False\n"]


def test_a_lock_of_an_earlier_pymon_has_no_start(tmp_path: Path) -> None:
    with take_turn("web", NOW - 5, folder=tmp_path):
        (lock,) = tmp_path.iterdir()
    lock.write_bytes(b"%020d" % NOW)
    for decided, expected in ((NOW - 1, False), (NOW, True)):
        with take_turn("web", decided, folder=tmp_path) as is_newest:
            assert is_newest is expected


def test_a_folder_that_cannot_be_used_keeps_nobody_from_a_change(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()
    for _ in range(2):
        with take_turn("web", NOW - 9, folder=file / "below") as is_newest:
            assert is_newest
    link = tmp_path / "locks"
    link.mkdir()
    with take_turn("web", NOW, folder=link):
        (lock,) = link.iterdir()
    lock.unlink()
    lock.symlink_to(file)
    with take_turn("web", NOW, folder=link) as is_newest:
        assert is_newest
    assert file.read_bytes() == b""


def test_a_lock_file_with_rubbish_in_it_does_not_count(tmp_path: Path) -> None:
    with take_turn("web", NOW, folder=tmp_path):
        (lock,) = tmp_path.iterdir()
    lock.write_bytes(b"\xffrubbish that is longer")
    with take_turn("web", NOW - 9, folder=tmp_path) as is_newest:
        assert is_newest


def test_tables_of_other_network_namespaces_are_other_tables() -> None:
    assert network_namespace() == str(Path("/proc/self/ns/net").stat().st_ino)


@pytest.mark.parametrize(
    ("keys", "age", "expected"),
    [
        (("a", "b"), 0, True),
        (("a",), 20, False),
        (("a", "c"), 20, False),
        (("c", "c"), 20, True),
        ((), 20, True),
    ],
)
def test_several_turns_are_had_when_all_are(tmp_path: Path, keys: tuple[str, ...], age: int, expected: bool) -> None:
    """A newer decision about one of the places is one about the call."""
    with take_turns(("a", "b"), NOW - 10, folder=tmp_path) as before:
        assert before
    with take_turns(keys, NOW - age, folder=tmp_path) as is_newest:
        assert is_newest is expected


def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    with take_turn("web", NOW, folder=tmp_path) as is_newest:
        assert is_newest
    assert not list(tmp_path.iterdir()), "whoever owns it could make the file say anything"


def test_without_proc_there_is_one_place_and_no_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions are then told apart by their times alone."""
    monkeypatch.setattr(decision_lock, "Path", lambda name: tmp_path / name.removeprefix("/"))
    assert network_namespace() == ""
    assert decision_lock._read_own_start.__wrapped__() == 0
