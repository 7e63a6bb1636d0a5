"""Which monitors and alerts a site's names stand for."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pymon.engine.plugin_lookup import find_programs
from pymon.model.period import PeriodSpec
from pymon.model.service import Alert, AlertKind, Command, MonitorCommand, Period, Service
from pymon.model.settings import Settings
from pymon.model.site import Site
from tests.programs import write_program


def executable(path: Path) -> Path:
    return write_program(path, "#!/bin/sh\n")


def test_what_is_there_and_cannot_be_run_is_told_from_what_is_not_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "nox.monitor").write_text("#!/bin/sh\n")
    (tmp_path / "dir.alert").mkdir()
    service = Service("g", "s", monitor=MonitorCommand("nox.monitor"), redistribute=Command("dir.alert"))
    settings = Settings(mondir=(str(tmp_path),), alertdir=(str(tmp_path),))
    with caplog.at_level(logging.ERROR, "pymon.engine"):
        programs = find_programs(Site(settings=settings, services={service.key: service}))
    assert programs.obstacles == {"nox.monitor": f"{tmp_path}/nox.monitor is not executable"}
    assert programs.missing_alerts == {"dir.alert"}
    assert [record.getMessage() for record in caplog.records] == [
        f"monitor 'nox.monitor' cannot be run: {tmp_path}/nox.monitor is not executable",
        f"alert 'dir.alert' cannot be run: {tmp_path}/dir.alert is a directory",
    ]


def test_names_are_looked_up_in_order_and_what_is_missing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = executable(tmp_path / "a" / "x.monitor")
    executable(tmp_path / "b" / "x.monitor")
    second = executable(tmp_path / "b" / "sub" / "y.alert")
    executable(tmp_path / "b" / "unused.alert")
    alerts = tuple(Alert(AlertKind.ALERT, Command(name)) for name in ("sub/y.alert", "none.alert"))
    period = Period("", PeriodSpec("", ((),)), alerts=alerts)
    services = (
        Service("g", "one", monitor=MonitorCommand("x.monitor"), periods=(period,)),
        Service("g", "two", monitor=MonitorCommand("no.monitor"), redistribute=Command("no.redistribute")),
    )
    directories = (str(tmp_path / "missing"), str(tmp_path / "a"), str(tmp_path / "b"))
    site = Site(
        settings=Settings(mondir=directories, alertdir=directories),
        services={service.key: service for service in services},
    )
    with caplog.at_level(logging.ERROR, "pymon.engine"):
        programs = find_programs(site)
    assert {name: file.path for name, file in programs.monitors.items()} == {"x.monitor": str(first)}
    assert {name: file.path for name, file in programs.alerts.items()} == {"sub/y.alert": str(second)}
    assert programs.missing_alerts == {"none.alert", "no.redistribute"}
    messages = [record.getMessage().partition(" in ")[0] for record in caplog.records]
    assert messages == ["no monitor 'no.monitor'", "no alert 'no.redistribute'", "no alert 'none.alert'"]
