"""Files as they were seen: which have changed, which end without a newline, and what m4 includes."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from pymon.config import files
from pymon.config.limits import ConfigLimits


def test_what_is_seen_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mon.cf"
    (missing,) = files.observe(path)
    assert files.find_unended([missing]) == [str(path)]
    path.write_text("")
    assert files.find_changed([missing]) == [str(path)]
    assert files.find_unended(files.observe(path)) == [str(path)], "cut short, and not written yet"
    path.write_text("watch")
    seen = files.observe(path)
    assert files.find_unended(seen) == [str(path)]
    path.write_text("watch x\n")
    assert files.find_changed(seen) == [str(path)]
    seen = files.observe(path)
    assert not files.find_changed(seen)
    assert not files.find_unended(seen)
    other = tmp_path / "new"
    other.write_text("watch x\n")
    os.utime(other, ns=(0, path.stat().st_mtime_ns))
    other.rename(path)
    assert files.find_changed(seen) == [str(path)], "another file of the same size and time"


def test_a_pipe_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    seen = files.observe(tmp_path / "pipe")
    assert not files.find_unended(seen)
    assert not files.find_changed(seen)


def test_what_m4_includes_is_seen_too(tmp_path: Path) -> None:
    parts = [tmp_path / name for name in ("main.m4", "a.cf", "b.cf", "c.cf")]
    main, first, second, third = parts
    main.write_text(f"include(`{first}')\nsinclude({second})\nm4_include(`{tmp_path}/none')\n")
    first.write_text(f"include(`{third}')\ninclude(`{main}')\n")
    second.write_text("x\n")
    third.write_text("no end")
    seen = files.observe(main, with_includes=True)
    assert {each.path for each in seen} == {str(path) for path in parts}
    assert files.find_unended(seen) == [str(third)]
    assert len(files.observe(main)) == 1


def test_only_what_could_not_be_read_is_missing(tmp_path: Path) -> None:
    """A pipe and a file that is cut short are there."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "short").write_text("watch")
    seen = [each for name in ("pipe", "short", "none") for each in files.observe(tmp_path / name)]
    assert files.find_missing(seen) == [str(tmp_path / "none")]
    assert files.find_unended(seen) == [str(tmp_path / "short"), str(tmp_path / "none")]


def test_a_main_file_that_is_missing_includes_nothing(tmp_path: Path) -> None:
    (seen,) = files.observe(tmp_path / "none", with_includes=True)
    assert files.find_missing([seen]) == [str(tmp_path / "none")]


def test_includes_are_followed_up_to_the_limits(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.cf" for number in range(6)]
    for name, after in itertools.pairwise(names):
        name.write_text(f"include(`{after}')\n")
    names[-1].write_text("x\n")

    def seen(limits: ConfigLimits) -> list[str]:
        return [each.path for each in files.observe(names[0], with_includes=True, limits=limits)]

    everything = [str(name) for name in names]
    assert seen(ConfigLimits()) == everything
    assert seen(ConfigLimits(included_files=2)) == everything[:3], "the file itself and two"
    assert seen(ConfigLimits(included_bytes=5)) == everything[:1], "its include stands behind the fifth byte"
