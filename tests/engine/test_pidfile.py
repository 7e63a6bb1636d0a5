"""The pid file: who the daemon is, and that there is no second one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.engine.pidfile import PidFile, claimed
from pymon.errors import PymonError

_HOLD = """
import sys
from pathlib import Path
from pymon.engine.pidfile import claimed
from pymon.errors import PymonError
try:
    with claimed(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except PymonError as error:
    print(error, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mon.pid"


def try_to_hold(path: Path) -> str:
    """What another process says that wants it."""
    done = subprocess.run([sys.executable, "-c", _HOLD, path], input="", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_holds_the_number_and_goes_with_the_daemon(path: Path) -> None:
    with claimed(path):
        assert path.read_text() == f"{os.getpid()}\n"
        assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert not path.exists()
    with claimed(None) as held:
        assert held is None


def test_a_second_daemon_is_refused_although_the_file_was_removed(path: Path) -> None:
    """E-second."""
    with claimed(path):
        assert try_to_hold(path) == f"another daemon runs already, as process {os.getpid()}: it holds {path}"
        path.unlink()
        assert try_to_hold(path) == f"another daemon runs already, as process {os.getpid()}: it holds {path}"
        other = path.with_name("other.pid")
        assert try_to_hold(other) == "held"  # another site's
    assert try_to_hold(path) == "held"


def test_it_is_written_again_when_it_was_removed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """E-second."""
    with claimed(path) as held:
        assert held is not None
        held.look_after()
        assert not caplog.records
        path.unlink()
        held.look_after()
        assert path.read_text() == f"{os.getpid()}\n"
        assert "was removed while the daemon runs: it is written again" in caplog.text
        caplog.clear()
        held.look_after()
        assert not caplog.records
    assert not path.exists()


def test_one_that_somebody_else_holds_now_is_said_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with claimed(path) as held:
        assert held is not None
        path.unlink()
        other = PidFile(path, os.open(path, os.O_RDWR | os.O_CREAT))
        path.write_text("something of somebody's\n")
        held.look_after()
        held.look_after()
        (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "is no longer this daemon's: it holds something else" in said.message
        assert path.read_text() == "something of somebody's\n"
        path.write_text("")
        held.look_after()
        assert path.read_text() == f"{os.getpid()}\n"
        other.remove()
    assert not path.exists()


@pytest.mark.parametrize("kind", ["link to a file", "link to its own", "dangling link", "hard link", "text", "FIFO"])
def test_nothing_is_followed_or_truncated_that_is_not_ours(
    path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """E-second. The daemon may be root's, and the folder everybody's."""
    other = path.with_name("other")
    other.write_text("77\n")
    match kind:
        case "link to a file":
            path.symlink_to(other)
        case "link to its own":
            path.symlink_to(path)
        case "dangling link":
            path.symlink_to(path.with_name("nothing"))
        case "hard link":
            path.hardlink_to(other)
        case "text":
            path.write_text("root:x:0:0::/root:/bin/bash\n")
        case "FIFO":
            os.mkfifo(path)
    before = path.lstat()
    with claimed(path):  # monitoring goes on without one
        assert os.path.samestat(path.lstat(), before)
    assert os.path.samestat(path.lstat(), before)
    assert other.read_text() == "77\n"
    assert not path.with_name("nothing").exists()
    if kind == "text":
        assert path.read_text() == "root:x:0:0::/root:/bin/bash\n"
    (said,) = [record.message for record in caplog.records]
    assert str(path) in said
    assert ("it is a symbolic link" in said) == path.is_symlink()


def test_what_a_crashed_daemon_left_is_taken_over(path: Path) -> None:
    path.write_text("4194304\n")
    with claimed(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_holder_that_still_runs_without_the_name_is_seen_by_the_lock(path: Path) -> None:
    """A daemon in another network namespace has the same file, but not the same name."""
    holder = subprocess.Popen(
        ["flock", "-n", path, "sh", "-c", f"echo $$ >{path}; echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(
            PymonError, match=f"another daemon runs already, as process {path.read_text().strip()}: it holds"
        ),
        claimed(path),
    ):
        pass
    holder.communicate("\n", timeout=30)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
