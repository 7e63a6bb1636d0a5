"""Logins that cannot work are told of when the file is read."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.config.samples import problems_of


@pytest.mark.parametrize(
    ("authtype", "column"), [("pam", 12), ("userfile pam", 21), ("userfile", None), ("userfile pamx", None)]
)
def test_pam_without_its_library_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, authtype: str, column: int | None
) -> None:
    """C-PAM."""
    monkeypatch.setitem(sys.modules, "pamela", None)
    problems = problems_of(folder, f"authtype = {authtype}\n")
    assert [each.place.column for each in problems if each.code == "no-pam"] == ([column] if column else [])


def test_pam_with_its_library_is_fine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pamela", ModuleType("pamela"))
    assert "no-pam" not in {each.code for each in problems_of(folder, "authtype = pam\n")}


@pytest.mark.parametrize("problem", [OSError("libpam.so.0: no such file"), AttributeError("pam_start")])
def test_pam_library_that_cannot_be_loaded_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    """C-PAM: pamela is there, and what it stands on is not."""
    (folder / "pamela.py").write_text(f"raise {type(problem).__name__}({str(problem)!r})\n")
    monkeypatch.delitem(sys.modules, "pamela", raising=False)
    monkeypatch.syspath_prepend(folder)
    (told,) = [each for each in problems_of(folder, "authtype = pam\n") if each.code == "no-pam"]
    assert f"the system's PAM library cannot be loaded ({problem})" in told.message
