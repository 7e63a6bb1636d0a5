"""Histories, the history file and the downtime log, in mon's formats."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.engine.downtime import DowntimeLog, downtime_line
from pymon.engine.history import History
from pymon.engine.line_writer import Appender
from pymon.model.depend import ServiceKey
from pymon.model.effect import DowntimeRecorded
from pymon.model.settings import Settings

LINE = "alert g s {} /x/alert.d/rec.alert (a b) sum"


def test_no_more_than_histlength_lines_are_kept() -> None:
    """Q13: mon keeps one more."""
    history = History(Settings(histlength=2), Appender(), now=0.0)
    for number in range(4):
        history.alert(f"alert {number}")
        history.failure(f"failure {number}")
    assert list(history.alerts) == ["alert 2", "alert 3"]
    assert list(history.failures) == ["failure 2", "failure 3"]


def test_history_file_is_read_as_mon_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "history"
    kept = [LINE.format(at) for at in (950, 990, 995)]
    file.write_text("\n".join(["# a comment", "", LINE.format(100), "rubbish", *kept]) + "\n")
    settings = Settings(histlength=2, historicfile=str(file), historictime=60.0)
    assert list(History(settings, Appender(), now=1000.0).alerts) == kept[1:]
    everything = Settings(histlength=0, historicfile=str(file))
    assert list(History(everything, Appender(), now=1000.0).alerts) == [LINE.format(100), *kept]


def test_alerts_are_appended_to_the_history_file(tmp_path: Path) -> None:
    file, appender = tmp_path / "history", Appender()
    history = History(Settings(historicfile=str(file)), appender, now=0.0)
    history.alert(LINE.format(1))
    history.alert(LINE.format(2) + "\udcff")
    appender.close()
    assert file.read_bytes() == (LINE.format(1) + "\n" + LINE.format(2)).encode() + b"\xff\n"


def test_new_files_are_for_the_owner_and_the_group(tmp_path: Path) -> None:
    """C-SECRETS. One that is there keeps its mode."""
    new, old, appender = tmp_path / "new", tmp_path / "old", Appender()
    old.touch(mode=0o604)
    for file in (new, old):
        History(Settings(historicfile=str(file)), appender, now=0.0).alert(LINE.format(1))
    appender.close()
    assert new.stat().st_mode & 0o777 == 0o640
    assert old.stat().st_mode & 0o777 == 0o604


def test_downtime_log(tmp_path: Path) -> None:
    file, appender = tmp_path / "downtime.log", Appender()
    downtime = DowntimeLog(appender)
    outage = DowntimeRecorded(ServiceKey("web", "http"), 1100.9, 1000.2, 3.0, "www1 www2")
    downtime.record(outage)
    downtime.configure(Settings(dtlogging=True, dtlogfile=str(file)), now=1000.5)
    downtime.record(outage)
    appender.close()
    assert downtime_line(outage) == "1100 web http 1000 100 3 www1 www2"
    assert file.read_text() == (
        "#\n# downtime log start 1000\n"
        "# time back up, group, service, first failure, downtime, interval, summary\n#\n"
        "1100 web http 1000 100 3 www1 www2\n"
    )


def test_a_file_that_cannot_be_written_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, appender = tmp_path / "missing" / "log", Appender()
    with caplog.at_level(logging.WARNING, "pymon.engine"):
        appender.append(file, "lost\n")
        appender.append(file, "lost too\n")
        appender.close()
        file.parent.mkdir()
        appender.append(file, "kept\n")
        appender.append(file, "kept too\n")
        appender.close()
    assert file.read_text() == "kept\nkept too\n"
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_line_that_no_file_can_hold_does_not_end_the_writing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, appender = tmp_path / "log", Appender()
    appender.append(file, "\ud800\n")
    appender.append(file, "kept\n")
    appender.close()
    assert file.read_text() == "kept\n"
    assert "cannot write" in caplog.text


def test_a_reload_reads_the_history_file_again_only_if_that_can_tell_more(tmp_path: Path) -> None:
    """It grows for ever, and the newest lines may not be written yet."""
    file = tmp_path / "history"
    old = LINE.format(1) + " page\x0cbreak \u2028"
    file.write_text(old + "\n")
    settings = Settings(historicfile=str(file), histlength=5)
    history = History(settings, Appender(), now=2.0)
    file.write_text(LINE.format(1) + "\n" + LINE.format(2) + "\n")
    history.configure(settings, now=3.0)
    assert list(history.alerts) == [old]
    history.configure(replace(settings, histlength=6), now=3.0)
    assert list(history.alerts) == [LINE.format(1), LINE.format(2)]


def test_lines_wait_for_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no thread to spare must not hurt the engine, nor lose a line."""
    file, appender = tmp_path / "history", Appender()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        appender.append(file, "first\n")
    appender.append(file, "second\n")
    appender.close()
    assert file.read_text() == "first\nsecond\n"
