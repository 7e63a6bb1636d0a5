"""``pymon passwd``: entries that pymon and Debian's mon let in, and a file that is otherwise as it was."""

from __future__ import annotations

import io
import os
import pty
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.access.passwords import check_userfile, parse_userfile
from pymon.cli.passwd import passwd as change
from pymon.cli.passwd import with_entry, without
from pymon.errors import PymonError
from tests.differential.daemon import Rig, RiggedDaemon
from tests.peers import require_peer
from tests.ports import free_port

PASSWD = (sys.executable, "-m", "pymon.cli.main", "passwd")
BEFORE = "# who may\n\nann:abNANd1rDfiNc\nzoe:x\n  ann : second\n# the end"


def passwd(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PASSWD, *arguments], input=stdin, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "users"
    made.write_text(BEFORE)
    made.chmod(0o640)
    return made


@pytest.mark.slow
def test_entry_is_added_and_accepted(file: Path) -> None:
    assert passwd(str(file), "bob", "--stdin", stdin="se cret\nmore\n").returncode == 0
    assert check_userfile(str(file), "bob", "se cret")
    assert not check_userfile(str(file), "bob", "secret")
    assert file.read_text().startswith(f"{BEFORE}\nbob:$6$rounds=100000$")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["users"]


@pytest.mark.slow
def test_file_that_is_not_there_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "users"
    assert passwd(str(file), "bob", "--stdin", stdin="secret").returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert check_userfile(str(file), "bob", "secret")


def test_entry_that_counts_is_changed_in_its_place() -> None:
    assert with_entry(BEFORE, "ann", "new") == "# who may\n\nzoe:x\nann:new\n# the end"
    assert with_entry("", "ann", "new") == "ann:new\n"
    assert parse_userfile(with_entry(BEFORE, "zoe", "new"))["zoe"] == "new"


def test_user_is_deleted_with_all_entries(file: Path) -> None:
    assert passwd(str(file), "ann", "-D").returncode == 0
    assert file.read_text() == "# who may\n\nzoe:x\n# the end" == without(BEFORE, "ann")


def test_refusal_is_a_line_and_a_status(file: Path) -> None:
    ended = passwd(str(file), "nobody", "-D")
    assert (ended.returncode, ended.stderr) == (2, f"pymon: {file} has no user nobody\n")


@pytest.mark.parametrize(
    ("user", "stdin", "said"),
    [
        ("ann", "", "a password is not empty"),
        ("ann", " x\n", "no blanks around it"),
        ("ann", "a\0b\n", "no NUL byte"),
        ("a:b", "x\n", "is no name for a user"),
        ("a b", "x\n", "is no name for a user"),
        ("#a", "x\n", "is no name for a user"),
        ("", "x\n", "is no name for a user"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    file: Path, user: str, stdin: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
    with pytest.raises(PymonError, match=said):
        change(file, user, from_stdin=True, delete=False)
    assert file.read_text() == BEFORE


@pytest.mark.slow
def test_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    ended = passwd(str(tmp_path / "none" / "users"), "ann", "--stdin", stdin="x")
    assert (ended.returncode, "No such file or directory" in ended.stderr) == (2, True)
    ended = passwd(str(tmp_path / "users"), "ann", "-D")
    assert f"there is no file {tmp_path / 'users'}" in ended.stderr


@pytest.mark.slow
def test_symbolic_link_stays_one(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    assert passwd(str(link), "bob", "--stdin", stdin="secret").returncode == 0
    assert link.is_symlink()
    assert check_userfile(str(file), "bob", "secret")


def typed(file: Path, *lines: str) -> tuple[int, str]:
    """Type lines at a terminal; the exit status, and all that the terminal showed."""
    main, other = pty.openpty()
    # without a controlling terminal, /dev/tty is not that of whoever runs the tests
    command = [*PASSWD, str(file), "bob"]
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, start_new_session=True)
    os.close(other)
    shown = b""
    for line, prompt in zip(lines, (b"bob: ", b"more: "), strict=False):
        while prompt not in shown:
            shown += os.read(main, 1000)
        os.write(main, f"{line}\n".encode())
    try:
        while data := os.read(main, 1000):
            shown += data
    except OSError:  # the other end is closed
        pass
    os.close(main)
    return process.wait(30), shown.decode()


@pytest.mark.slow
def test_password_is_asked_for_twice_and_not_shown(file: Path) -> None:
    status, shown = typed(file, "Secret-1", "Secret-1")
    assert status == 0, shown
    assert "Secret-1" not in shown
    assert check_userfile(str(file), "bob", "Secret-1")


def test_two_passwords_have_to_be_the_same(file: Path) -> None:
    status, shown = typed(file, "Secret-1", "Secret-2")
    assert (status, "the two are not the same" in shown) == (2, True)
    assert file.read_text() == BEFORE


@pytest.mark.slow
@pytest.mark.peer
def test_debians_mon_lets_the_user_in(tmp_path: Path) -> None:
    mon = require_peer("mon")
    rig = Rig(tmp_path / "rig", free_port())
    rig.create()
    users = rig.folder / "users"
    assert passwd(str(users), "bob", "--stdin", stdin="se cret").returncode == 0
    settings = rig.settings() + f"authtype = userfile\nuserfile = {users}\n\n"
    (rig.folder / "mon.cf").write_text(f"{settings}hostgroup g h\n\nwatch g\n service s\n  traptimeout 1h\n")
    with RiggedDaemon(mon, rig, dict(os.environ), ends_monitors=False) as daemon:
        daemon.wait_for([rig.folder / "mon.pid"], 20)
        assert [answer(rig.port, f"login bob {each}") for each in ("se cret", "secret")] == [
            "220 login accepted", "530 login unsuccessful",
        ]  # fmt: skip


def answer(port: int, command: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(f"{command}\n".encode())
        return client.makefile().readline().strip()
