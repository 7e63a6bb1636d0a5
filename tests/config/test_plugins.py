"""C-OWN-PLUGINS: which plugin of a name counts, and what is said of those that hide pymon's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pymon.config.loader import load, program_finder
from pymon.installed import ALERTS, MONITORS
from pymon.model.settings import PluginOrder
from pymon.runner.registry import scan
from pymon.share import share_path
from tests.programs import write_program

SITE = "hostgroup g h\n\nwatch g\n service s\n  interval 1m\n  monitor tcp.monitor -p 80\n  period wd {Sun-Sat}\n"
ALERT = "    alert file.alert /tmp/x\n    alert exit=1 file.alert /tmp/y\n"


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> None:
    write_program(path, text)


def written(folder: Path, order: str, more: str = ALERT) -> Path:
    for name in ("mon.d", "alert.d"):
        (folder / name).mkdir(exist_ok=True)
    path = folder / "mon.cf"
    path.write_text(f"mondir = {folder}/mon.d\nalertdir = {folder}/alert.d\n{order}\n{SITE}{more}")
    return path


def test_what_hides_ours_is_told_of_once(tmp_path: Path) -> None:
    """C-OWN-PLUGINS."""
    program(tmp_path / "mon.d" / "tcp.monitor")
    program(tmp_path / "alert.d" / "file.alert")
    told = load(written(tmp_path, "")).problems
    assert [(each.code, each.place.line, each.place.column) for each in told] == [
        ("hides-own", 9, 11),
        ("hides-own", 11, 11),
    ]
    assert str(tmp_path / "mon.d" / "tcp.monitor") in told[0].message
    assert "plugins = own" in told[0].advice


@pytest.mark.parametrize("order", ["plugins = own", "plugins = first"])
def test_who_has_decided_is_told_nothing(tmp_path: Path, order: str) -> None:
    program(tmp_path / "mon.d" / "tcp.monitor")
    assert load(written(tmp_path, order, "")).problems == ()


def test_own_comes_first(tmp_path: Path) -> None:
    """C-OWN-PLUGINS: for check, explain and the daemon alike."""
    program(tmp_path / "mon.d" / "tcp.monitor")
    program(tmp_path / "alert.d" / "mine.alert")
    settings = load(written(tmp_path, "plugins = own", "    alert mine.alert\n")).site.settings
    assert settings.plugins is PluginOrder.OWN
    find = program_finder(settings)
    assert find("tcp.monitor", MONITORS).path == str(share_path("monitors") / "tcp.monitor")
    assert find("mine.alert", ALERTS).path == str(tmp_path / "alert.d" / "mine.alert")
    file = scan(settings.mondir, {"tcp.monitor"}, group=MONITORS)["tcp.monitor"]
    assert file.path == str(share_path("monitors") / "tcp.monitor")
    assert file.hides == (str(tmp_path / "mon.d" / "tcp.monitor"),)


def test_a_copy_of_ours_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "mon.d").mkdir(exist_ok=True)
    shutil.copy(share_path("monitors") / "tcp.monitor", tmp_path / "mon.d")
    assert load(written(tmp_path, "", "")).problems == ()


def test_a_name_that_we_do_not_have_hides_nothing(tmp_path: Path) -> None:
    program(tmp_path / "mon.d" / "tcp.monitor")
    program(tmp_path / "alert.d" / "mine.alert")
    assert load(written(tmp_path, "plugins = first", "    alert mine.alert\n")).problems == ()


@pytest.mark.parametrize(
    ("name", "line", "is_told"),
    [
        ("lvs.alert", "alert lvs.alert -X down", True),
        ("lvs-actor.pl", "alert lvs-actor.pl", True),
        ("LVSdown", "alert LVSdown", True),
        ("sub/lvs.alert", "alert sub/lvs.alert", True),
        ("lvs.alert", "alert exit=1-125 lvs.alert", False),
        ("lvs.alert", "alertexitrange 1-125\n    alert lvs.alert", False),
        ("lvs.alert", "alert m.alert\n    upalert lvs.alert", False),
        ("notlvs.alert", "alert notlvs.alert", False),
    ],
)
def test_an_actor_of_the_sites_own_is_for_real_failures(tmp_path: Path, name: str, line: str, is_told: bool) -> None:
    """C-ACTOR."""
    (tmp_path / "alert.d" / "sub").mkdir(parents=True)
    program(tmp_path / "alert.d" / name, "#!/usr/bin/perl\n")
    program(tmp_path / "alert.d" / "m.alert")
    told = load(written(tmp_path, "plugins = first", f"    {line}\n")).problems
    assert [each.code for each in told] == (["lvs-without-exit"] if is_told else [])
    if is_told:
        assert f"alert exit=1-125 {name}" in told[0].advice


def test_our_own_actor_knows_broken_checks_by_itself(tmp_path: Path) -> None:
    line = "    alert lvs.alert -V 10.0.0.1:80 -R 10.0.0.2 -X down\n    upalert lvs.alert -V 10.0.0.1:80 -R 10.0.0.2\n"
    assert "lvs-without-exit" not in {each.code for each in load(written(tmp_path, "plugins = own", line)).problems}
