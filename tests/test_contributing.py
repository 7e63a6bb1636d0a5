"""The recipe of CONTRIBUTING.md for a keyword is tried: on a copy of the tree, with the tests that it promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("pymon", "monitors", "alerts", "docs", "tests", "pyproject.toml", "README.md")


def recipe() -> Iterator[tuple[str, list[str]]]:
    """Each file of the recipe's diff, with its lines."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## A keyword of mon.cf")[2]
    (diff,) = re.findall(r"^```diff\n(.*?)^```$", text.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    for part in re.split(r"^--- .*\n\+\+\+ b/", diff, flags=re.MULTILINE)[1:]:
        name, _, lines = part.partition("\n")
        yield name, lines.splitlines()


def apply(lines: list[str], old: str) -> str:
    """A file's text after one part of a diff, whose context must stand in it once."""
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    assert old.count(before) == 1 or not old, before
    return old.replace(before, after) if old else after


@pytest.mark.slow
def test_a_keyword_takes_its_row_its_rule_and_its_test(tmp_path: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".cache"))
        else:
            shutil.copy(source, tmp_path / name)
    tests = ["tests/config/test_keywords.py", "tests/test_compatibility.py", "tests/test_generated.py"]
    for name, lines in recipe():
        path = tmp_path / name
        path.write_text(apply(lines, path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")
        tests += [name] if name.startswith("tests/") else []
    environ = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-m", "docs.generate"], cwd=tmp_path, env=environ, timeout=60, check=True)
    chosen = ["-k", "grace or rows_stand or Service or up_to_date", *tests]
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *chosen]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if "PASSED" not in line)
    assert done.returncode == 0, said
    for what in (
        "test_grace_comes_on_top_of_the_time_limit",
        "test_good_value_is_loaded[service grace]",
        "test_bad_value_is_told_by_its_problem_at_its_line[service grace]",
        "test_check_prints_the_problem[service grace]",
        "test_explain_shows_the_value_and_where_it_stands[service grace]",
        "test_get_shows_the_value[service grace]",
        "test_set_takes_what_the_file_may_say_and_empty_text_takes_it_back[service grace]",
        "test_set_refuses_a_bad_value[service grace]",
        "test_a_keyword_in_another_place_is_told_where_it_belongs[service grace]",
        "test_every_word_of_the_language_has_a_row[Service keywords]",
        "test_every_keyword_has_a_paragraph_and_an_example[service grace]",
        "test_generated_parts_are_up_to_date[mon.cf.md]",
    ):
        assert re.search(rf"{re.escape(what)} PASSED", done.stdout), said
