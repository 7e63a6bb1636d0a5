"""``pymon run``: what its options mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pymon.cli.main import app
from pymon.config.loader import load


def test_paths_on_the_command_line_are_relative_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In mon.cf they are relative to basedir (and those of ``mon``, as in mon: test_mon.py)."""
    stand, base = tmp_path / "stand", tmp_path / "base"
    for folder in (stand, base):
        folder.mkdir()
    (stand / "mon.cf").write_text(f"basedir = {base}\nlogdir = logs\nhostgroup g h\n\nwatch g\n service s\n")
    given: list[dict[str, Any]] = []

    def run(_file: Path, **options: Any) -> int:
        given.append(options["overrides"])
        return 0

    monkeypatch.setattr("pymon.cli.run.run", run)
    monkeypatch.chdir(stand)
    words = ("--statedir", ".", "--mondir", f"mine:{base}/m", "--alertdir", "../alerts", "--authfile", "auth.cf")
    (stand / "auth.cf").write_text("")
    assert CliRunner().invoke(app, ["run", "-c", "mon.cf", *words]).exit_code == 0
    settings = load(stand / "mon.cf", overrides=given[0]).site.settings
    assert settings.statedir == str(stand)
    assert settings.mondir[:2] == (f"{stand}/mine", f"{base}/m")
    assert settings.alertdir[0] == f"{tmp_path}/alerts"
    assert settings.authfile == f"{stand}/auth.cf"
    assert settings.logdir == f"{base}/logs"
