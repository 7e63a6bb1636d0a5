"""Histories, the history file and the downtime log, in mon's formats."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.engine.downtime import DowntimeLog, downtime_line
from pymon.engine.history import History
from pymon.engine.limits import EngineLimits
from pymon.engine.line_writer import LineWriter
from pymon.model.depend import ServiceKey
from pymon.model.effect import DowntimeRecorded
from pymon.model.settings import Settings
from pymon.store.disk_worker import DiskWorker

LINE = "alert g s {} /x/alert.d/rec.alert (a b) sum"


def writer() -> LineWriter:
    return LineWriter(DiskWorker("pymon-files"), EngineLimits())


def test_no_more_than_histlength_lines_are_kept() -> None:
    """Q13: mon keeps one more."""
    history = History(Settings(histlength=2), writer(), now=0.0)
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
    assert list(History(settings, writer(), now=1000.0).alerts) == kept[1:]
    everything = Settings(histlength=0, historicfile=str(file))
    assert list(History(everything, writer(), now=1000.0).alerts) == [
        LINE.format(100),
        *kept,
    ]


def test_alerts_are_appended_to_the_history_file(tmp_path: Path) -> None:
    file, line_writer = tmp_path / "history", writer()
    history = History(Settings(historicfile=str(file)), line_writer, now=0.0)
    history.alert(LINE.format(1))
    history.alert(LINE.format(2) + "\udcff")
    line_writer.close()
    assert file.read_bytes() == (LINE.format(1) + "\n" + LINE.format(2)).encode() + b"\xff\n"


def test_new_files_are_for_the_owner_and_the_group(tmp_path: Path) -> None:
    """C-SECRETS. One that is there keeps its mode."""
    new, old, line_writer = tmp_path / "new", tmp_path / "old", writer()
    old.touch(mode=0o604)
    for file in (new, old):
        History(Settings(historicfile=str(file)), line_writer, now=0.0).alert(LINE.format(1))
    line_writer.close()
    assert new.stat().st_mode & 0o777 == 0o640
    assert old.stat().st_mode & 0o777 == 0o604


def test_downtime_log(tmp_path: Path) -> None:
    file, line_writer = tmp_path / "downtime.log", writer()
    downtime = DowntimeLog(line_writer)
    outage = DowntimeRecorded(ServiceKey("web", "http"), 1100.9, 1000.2, 3.0, "www1 www2")
    downtime.record(outage)
    downtime.configure(Settings(dtlogging=True, dtlogfile=str(file)), now=1000.5)
    downtime.record(outage)
    line_writer.close()
    assert downtime_line(outage) == "1100 web http 1000 100 3 www1 www2"
    assert file.read_text() == (
        "#\n# downtime log start 1000\n"
        "# time back up, group, service, first failure, downtime, interval, summary\n#\n"
        "1100 web http 1000 100 3 www1 www2\n"
    )


def test_a_file_that_cannot_be_written_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, line_writer = tmp_path / "missing" / "log", writer()
    with caplog.at_level(logging.WARNING, "pymon.engine"):
        line_writer.append(file, "lost\n")
        line_writer.append(file, "lost too\n")
        line_writer.close()
        file.parent.mkdir()
        line_writer.append(file, "kept\n")
        line_writer.append(file, "kept too\n")
        line_writer.close()
    assert file.read_text() == "kept\nkept too\n"
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_line_that_no_file_can_hold_does_not_end_the_writing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, line_writer = tmp_path / "log", writer()
    line_writer.append(file, "\ud800\n")
    line_writer.append(file, "kept\n")
    line_writer.close()
    assert file.read_text() == "kept\n"
    assert "cannot write" in caplog.text


def test_a_reload_reads_the_history_file_again_only_if_that_can_tell_more(tmp_path: Path) -> None:
    """It grows for ever, and the newest lines may not be written yet."""
    file = tmp_path / "history"
    old = LINE.format(1) + " page\x0cbreak \u2028"
    file.write_text(old + "\n")
    settings = Settings(historicfile=str(file), histlength=5)
    history = History(settings, writer(), now=2.0)
    file.write_text(LINE.format(1) + "\n" + LINE.format(2) + "\n")
    history.configure(settings, now=3.0)
    assert list(history.alerts) == [old]
    history.configure(replace(settings, histlength=6), now=3.0)
    assert list(history.alerts) == [LINE.format(1), LINE.format(2)]


def test_lines_wait_for_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no thread to spare must not hurt the engine, nor lose a line."""
    file, line_writer = tmp_path / "history", writer()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        line_writer.append(file, "first\n")
    line_writer.append(file, "second\n")
    line_writer.close()
    assert file.read_text() == "first\nsecond\n"


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """R-hangs: neither by a client who asks for the downtime log, nor at the end; the thread is no obstacle to it."""
    worker, answers = DiskWorker("pymon-files"), threading.Event()
    worker.put(lambda: answers.wait(20))
    lines = LineWriter(worker, EngineLimits(written_wait=0.02, files_at_stop=0.02))
    lines.append(tmp_path / "history", "first\n")
    await lines.written()
    assert not (tmp_path / "history").exists()
    lines.close()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "pymon-files")
    answers.set()


async def test_lines_that_are_written_are_not_waited_for(tmp_path: Path) -> None:
    lines = writer()
    lines.append(tmp_path / "history", "first\n")
    await lines.written()
    assert (tmp_path / "history").read_text() == "first\n"
    waiting = lines.written()
    with pytest.raises(StopIteration):
        waiting.send(None)
    lines.close()
