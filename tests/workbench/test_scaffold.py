"""``pymon plugin new``: what it writes works at once, and is written as the rest of the house is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.errors import PluginError
from pymon.plugin.testing import run_alert
from pymon.runner.registry import load
from pymon.workbench.scaffold import write_draft

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("redis.monitor", "pager.alert", "my-own.v2.monitor", "2nd_line.alert")


@pytest.fixture(scope="module", name="drafts")
def drafts_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drafts") / "made"
    for name in NAMES:
        write_draft(name, folder)
    return folder


ALONE = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""an environment in which pytest is as an author has it, without plugins"""


def check_run(*command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=ALONE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_files_of_these_names(drafts: Path) -> None:
    assert sorted(path.name for path in drafts.iterdir()) == [
        *("2nd_line.alert", "my-own.v2.monitor", "pager.alert", "redis.monitor"),
        *("test_2nd_line_alert.py", "test_my_own_v2_monitor.py", "test_pager_alert.py", "test_redis_monitor.py"),
    ]
    assert all(os.access(drafts / name, os.X_OK) for name in NAMES)


@pytest.mark.slow
def test_the_tests_pass_at_once(drafts: Path) -> None:
    """With nothing but pytest, as an author has it; warnings are errors."""
    said = check_run("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", ".", folder=drafts)
    assert "18 passed" in said


@pytest.mark.slow
def test_the_tests_fail_when_the_plugin_is_wrong(tmp_path: Path) -> None:
    plugin, test = write_draft("own.monitor", tmp_path)
    plugin.write_text(plugin.read_text().replace("return Up()", 'return Down("no")'))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", test],
        cwd=tmp_path, env=ALONE, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 failed, 4 passed" in done.stdout


@pytest.mark.slow
def test_they_are_typed_and_neat(drafts: Path) -> None:
    for name in NAMES[:2]:
        check_run("mypy", "--strict", "--scripts-are-modules", str(drafts / name), folder=ROOT)
    check_run(
        "mypy", "--strict", str(drafts / "test_redis_monitor.py"), str(drafts / "test_pager_alert.py"), folder=ROOT
    )
    check_run("ruff", "check", "--config", "pyproject.toml", "--ignore", "S101", str(drafts), folder=ROOT)
    check_run("ruff", "format", "--config", "pyproject.toml", "--check", str(drafts), folder=ROOT)


def test_the_daemon_takes_them(drafts: Path) -> None:
    for name in NAMES:
        file = load(name, str(drafts / name))
        assert file.plugin is not None, file.problem


@pytest.mark.parametrize("name", NAMES[:2])
def test_help_says_what_the_draft_says(drafts: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, drafts / name, "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    assert f"usage: {name} [options]" in done.stdout
    assert "This text is what --help says" in " ".join(done.stdout.split())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_own_monitor.py").write_text("mine")
    with pytest.raises(PluginError, match=r"test_own_monitor\.py exists already: nothing was written"):
        write_draft("own.monitor", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_own_monitor.py"]
    assert (tmp_path / "test_own_monitor.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("redis", "'redis' is neither a monitor nor an alert: call it redis.monitor or redis.alert"),
        ("redis.py", "call it redis.py.monitor or redis.py.alert"),
        ("", "'' is neither a monitor nor an alert: call it redis.monitor or redis.alert"),
        (".monitor", "'.monitor' is no name of a plugin"),
        ("my own.monitor", "it begins with a letter or digit"),
        ("-x.alert", "it begins with a letter or digit"),
        ("db/redis.monitor", "is a path: give the name alone, and the directory with --dir"),
        ("redis.monitor\n", "is neither a monitor nor an alert"),
    ],
)
def test_names_that_are_none(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError) as refusal:
        write_draft(name, tmp_path)
    assert said in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match=r"cannot write into \S+/file: it is no directory"):
        write_draft("own.monitor", tmp_path / "file")
    with pytest.raises(PluginError, match=r"cannot write .*: Not a directory"):
        write_draft("own.monitor", tmp_path / "file/deeper")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"cannot write .*: File name too long"):
        write_draft(f"{'x' * 250}.monitor", tmp_path)


def test_a_server_without_an_address(drafts: Path) -> None:
    """In words, whatever the error holds."""
    trial = run_alert(drafts / "pager.alert", "not..a.name")
    assert (trial.exitval, trial.output) == (75, "cannot tell not..a.name: not a valid host name\n")
