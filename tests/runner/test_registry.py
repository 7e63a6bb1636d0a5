"""Directories → plugins."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.executable import search
from pymon.runner.registry import load, scan
from tests.programs import write_program
from tests.runner.scripts import script

SDK_PLUGIN = '''
"""A monitor."""
from dataclasses import dataclass
from pymon.plugin import Call, Report, SetMonitor

@dataclass(frozen=True)
class Options:
    pass

async def check(call: Call[Options]) -> Report:
    return Report(1, " ".join(call.hosts))

monitor = SetMonitor(Options, check, about=__doc__)

if __name__ == "__main__":
    monitor.main()
'''


def sdk_script(folder: Path, text: str = SDK_PLUGIN, name: str = "own.monitor") -> Path:
    """A plugin written against the SDK."""
    return script(folder, text, name, "/usr/bin/env python3")


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def test_first_directory_wins_and_only_executables_count(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder in (mine, theirs):
        folder.mkdir()
        script(folder, "true", "both.monitor")
    script(theirs, "true", "theirs.monitor")
    (theirs / "README").write_text("no program")
    (theirs / ".hidden").write_text("")
    (theirs / "dangling").symlink_to("nowhere")
    found = scan([str(mine), str(tmp_path / "absent"), str(theirs)])
    assert {name: file.path for name, file in found.items()} == {
        "both.monitor": str(mine / "both.monitor"),
        "theirs.monitor": str(theirs / "theirs.monitor"),
    }
    assert all(file.plugin is None and not file.problem for file in found.values())


def test_sub_directories(tmp_path: Path) -> None:
    (tmp_path / "local" / "web").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    script(tmp_path / "local" / "web", "true", "x.monitor")
    found = scan([str(tmp_path)])
    assert found["local/web/x.monitor"].path == str(tmp_path / "local" / "web" / "x.monitor")


@pytest.mark.parametrize("name", ["../b/x.alert", "./b.alert", ".hidden.alert", "1/2/3/4/5/deep.alert", "c//x.alert"])
def test_what_is_wanted_is_found_by_any_name_as_by_mon(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a" / name
    (tmp_path / "a").mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_program(path, "#!/bin/sh\n")
    directories = [str(tmp_path / "none"), str(tmp_path / "a")]
    found = scan(directories, {name, "", "nul\0", "nosuch", str(path)})
    assert {each: Path(file.path).resolve() for each, file in found.items()} == {name: path.resolve()}
    assert search(name, directories).path  # 'pymon check' agrees
    assert not search(str(path), directories).path


def test_unreadable_directory_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert scan([str(file)]) == {}
    assert f"cannot look for plugins in {file}: Not a directory" in caplog.text


async def test_sdk_plugin_is_imported_once_and_leaves_no_cache(tmp_path: Path) -> None:
    path = sdk_script(tmp_path)
    file = scan([str(tmp_path)])["own.monitor"]
    assert file.plugin is not None
    assert file.is_python
    assert await file.plugin.run(Invocation(str(path), ("b", "a"), {})) == Answer(1, "b a\n")
    assert names_in(tmp_path) == ["own.monitor"]


def test_a_scan_after_a_change_imports_the_new_text(tmp_path: Path) -> None:
    path = sdk_script(tmp_path)
    before = scan([str(tmp_path)])["own.monitor"]
    path.write_text(path.read_text().replace("Report(1", "Report(5"))
    after = scan([str(tmp_path)])["own.monitor"]
    assert before is not after
    for file, code in ((before, 1), (after, 5)):
        assert file.plugin is not None
        assert asyncio.run(file.plugin.run(Invocation(str(path), ("x",), {})))[0] == code


def test_only_what_is_wanted_is_imported(tmp_path: Path) -> None:
    sdk_script(tmp_path, SDK_PLUGIN + "\nraise SystemExit('imported')\n", "unwanted.monitor")
    sdk_script(tmp_path)
    assert set(scan([str(tmp_path)], only={"own.monitor"})) == {"own.monitor"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import pymon.plugin.monitor\nraise RuntimeError('broken')", "RuntimeError: broken"),
        ("from pymon.plugin.monitor import no_such_name", "ImportError: cannot import name 'no_such_name'"),
        ("import pymon.plugin.monitor\nimport sys\nsys.exit(3)", "SystemExit: 3"),
        ("import pymon.plugin.monitor\n)", "SyntaxError: unmatched ')'"),
        ("import pymon.plugin.monitor", "makes one Monitor or Alert object; this one makes none"),
        (SDK_PLUGIN + "second = SetMonitor(Options, check, about='')", "this one makes 2"),
    ],
)
def test_what_cannot_be_imported_has_a_problem(
    tmp_path: Path, text: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        file = load("bad.monitor", str(sdk_script(tmp_path, text, "bad.monitor")))
    assert file.plugin is None
    assert problem in file.problem
    assert problem in caplog.text


def test_python_without_the_sdk_is_a_program_like_any_other(tmp_path: Path) -> None:
    path = script(tmp_path, "raise SystemExit('executed')", interpreter="/usr/bin/env python3")
    file = load("a.monitor", str(path))
    assert (file.plugin, file.is_python, file.problem) == (None, False, "")


def test_pymons_own_plugins_load() -> None:
    found = scan([str(Path(__file__).parents[2] / "monitors")])
    assert {"fping.monitor", "ftp.monitor", "http.monitor", "tcp.monitor"} <= set(found)
    assert {name for name, file in found.items() if file.plugin is None} == set()
