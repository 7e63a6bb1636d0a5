"""What may not be read: every command says so, and none ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pymon.workbench.scaffold import write_draft

pytestmark = pytest.mark.slow

_UNPRIVILEGED = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)

Pymon = Callable[..., tuple[int, str]]


@pytest.fixture(name="pymon")
def pymon_fixture(require_tool: Callable[..., str], tmp_path: Path) -> Pymon:
    """Runs ``pymon`` as one who is bound by the modes of files: exit status and output, that of errors too."""
    is_root = os.geteuid() == 0
    if is_root:
        require_tool("setpriv", why="root may read everything")

    def pymon(*words: str, module: str = "pymon.cli.main") -> tuple[int, str]:
        done = subprocess.run(
            [*(_UNPRIVILEGED if is_root else ()), sys.executable, "-m", module, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return pymon


@pytest.fixture(name="locked")
def locked_fixture(tmp_path: Path) -> Iterator[Path]:
    """A folder of plugins that nobody may look into, and a mon.cf that names one of them."""
    locked = tmp_path / "mon.d"
    write_draft("own.monitor", locked)
    (tmp_path / "mon.cf").write_text(
        f"statedir = {tmp_path}\nalertdir = {tmp_path}\nmondir = {locked}\nhostgroup g h\n\n"
        "watch g\n service s\n  interval 1m\n  monitor own.monitor\n"
    )
    locked.chmod(0)
    yield locked
    locked.chmod(0o755)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_check_warns_of_a_directory_that_may_not_be_looked_into(locked: Path, pymon: Pymon, mode: int) -> None:
    locked.chmod(mode)
    status, said = pymon("check", "mon.cf")
    assert status == 1, said
    assert f"mon.cf:3:10: warning: mondir: {locked} cannot be looked into: Permission denied" in said
    is_named = f"monitor 'own.monitor' cannot be run: {locked}/own.monitor: Permission denied" in said
    assert is_named is (mode != 0o111), "one that may be searched gives what is named"


def test_check_warns_of_a_directory_behind_one_that_may_not_be_searched(locked: Path, pymon: Pymon) -> None:
    path = locked.parent / "mon.cf"
    path.write_text(path.read_text().replace(f"mondir = {locked}", f"mondir = {locked}/sub"))
    status, said = pymon("check", "mon.cf")
    assert status == 1, said
    assert f"mondir: {locked}/sub cannot be looked into: Permission denied" in said


def test_a_basedir_that_may_not_be_seen(locked: Path, pymon: Pymon) -> None:
    path = locked.parent / "mon.cf"
    path.write_text(f"basedir = {locked}/sub\n{path.read_text()}")
    status, said = pymon("check", "mon.cf")
    assert status == 1, said
    assert f"basedir: {locked}/sub cannot be looked into: Permission denied" in said
    status, said = pymon("-b", f"{locked}/sub", "-c", "mon.cf", module="pymon.cli.mon")
    assert status == 2
    assert said.endswith(f"mon: error: basedir {locked}/sub: Permission denied\n")


def test_a_statedir_is_the_daemons_own_business(locked: Path, pymon: Pymon) -> None:
    """Who checks a configuration need not be the one who runs the daemon: no warning that he may not enter it."""
    path = locked.parent / "mon.cf"
    path.write_text(path.read_text().replace(f"statedir = {locked.parent}", f"statedir = {locked}"))
    assert "statedir:" not in pymon("check", "mon.cf")[1]


def test_list_tells_of_what_it_may_not_look_into(locked: Path, pymon: Pymon) -> None:
    status, said = pymon("plugin", "list", "-c", "mon.cf", "--monitors")
    assert status == 0, said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert f"* broken {locked} (cannot be looked into: Permission denied)" in lines


def test_test_tells_why_a_name_cannot_be_run(locked: Path, pymon: Pymon) -> None:
    status, said = pymon("plugin", "test", "-c", "mon.cf", "own.monitor", "127.0.0.1")
    assert (status, said) == (
        2,
        f"pymon: own.monitor cannot be run: {locked}/own.monitor: Permission denied\n",
    )
    status, said = pymon("plugin", "test", "mon.d/own.monitor", "127.0.0.1")
    assert (status, said) == (2, f"pymon: {locked}/own.monitor: Permission denied\n")


def test_a_script_that_may_not_be_read(locked: Path, pymon: Pymon) -> None:
    locked.chmod(0o755)
    (locked / "own.monitor").chmod(0o111)
    reason = "the file cannot be read (Permission denied), and only a compiled program runs so"
    status, said = pymon("plugin", "test", "-c", "mon.cf", "own.monitor", "127.0.0.1")
    assert status == 1, said
    assert f"problem: cannot run in process: {reason}" in said
    _, said = pymon("plugin", "list", "-c", "mon.cf", "--monitors")
    assert f"{locked}/own.monitor  (runs as a program: {reason})" in said


def test_a_compiled_program_need_not_be_read(locked: Path, pymon: Pymon) -> None:
    """One with the set-user-ID bit is no script, whatever else."""
    locked.chmod(0o755)
    program = locked / "true.monitor"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o4111)
    status, said = pymon("plugin", "test", "-c", "mon.cf", "true.monitor")
    assert status == 0, said
