"""What was decided and is not done outlives the daemon: the launcher with the record as its ledger."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.engine.deliveries import Deliveries
from pymon.model.delivery import Pending
from pymon.model.status import EventKind
from pymon.runner.plugin_runner import PluginRunner
from pymon.store.reading import opened, saved
from pymon.store.store import FILE, Store
from tests.alert.conftest import Scripted, call, invocation, plugin_file
from tests.programs import write_program

NEVER = (3600.0,)
"""delays of a retry that does not come in a test's time"""


def on_file(folder: Path) -> list[Pending]:
    """The calls that are committed, read by another process's means."""
    with opened(folder / FILE) as connection:
        return [each.pending for each in saved(connection).undone]


class Daemon:
    """A launcher with its record; ``undone`` is what an earlier one left."""

    def __init__(self, runner: PluginRunner, folder: Path, limit: float = 2.0) -> None:
        self.store = Store(folder / FILE)
        self.launcher = Launcher(
            runner, ledger=Deliveries(self.store, time.time), limits=AlertLimits(retry_delays=NEVER, disk_wait=limit)
        )
        self.undone: dict[str, Pending] = {}

    async def start(self) -> Daemon:
        self.undone = {each.token: each.pending for each in (await self.store.open()).undone}
        return self

    async def stop(self) -> None:
        await self.launcher.drain(10)
        await self.store.close()


@pytest.fixture
async def start(runner: PluginRunner, tmp_path: Path) -> AsyncIterator[Callable[[], asyncio.Future[Daemon]]]:
    """Starts one daemon after the other on one folder; the last of them is stopped in the end."""
    made: list[Daemon] = []

    def begin() -> asyncio.Future[Daemon]:
        made.append(Daemon(runner, tmp_path))
        return asyncio.ensure_future(made[-1].start())

    yield begin
    await made[-1].stop()


Start = Callable[[], asyncio.Future[Daemon]]


async def leave_undone(start: Start, *arguments: str, **environ: str) -> None:
    """Leave one call undone, as a stop does."""
    daemon, plugin = await start(), Scripted(75, 75)
    daemon.launcher.launch(call(), invocation(*arguments, **environ), plugin_file(plugin))
    await daemon.stop()
    assert plugin.ended


async def test_a_call_is_on_file_before_it_starts_and_gone_after(start: Start, tmp_path: Path) -> None:
    daemon, plugin = await start(), Scripted()
    seen: list[int] = []
    plugin.at_start = lambda: seen.append(len(on_file(tmp_path)))
    daemon.launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await daemon.stop()
    assert seen == [1]
    assert on_file(tmp_path) == []


async def test_a_failure_for_good_is_forgotten(start: Start, tmp_path: Path) -> None:
    daemon = await start()
    daemon.launcher.launch(call(), invocation("k"), plugin_file(Scripted(69)))
    await daemon.stop()
    assert on_file(tmp_path) == []


async def test_the_next_daemon_takes_up_what_was_undone(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A-journal: mon forgets them."""
    await leave_undone(start, "k", "한글 \udcff", FOO="b\udce9r")
    assert "x.alert for web/http (failure) is undone: it stays in the record for the next start" in caplog.text
    (left,) = on_file(tmp_path)
    assert left.environ == {"FOO": "b\udce9r"}
    daemon, plugin = await start(), Scripted()
    daemon.launcher.resume({"x.alert": plugin_file(plugin, "/other/x.alert")}, undone=daemon.undone)
    await daemon.stop()
    assert plugin.begun == [invocation("k", "한글 \udcff", path="/other/x.alert", FOO="b\udce9r")]
    assert on_file(tmp_path) == []
    assert "x.alert for web/http (failure) was left undone" in caplog.text


async def test_what_is_taken_up_runs_as_a_process_where_that_is_wanted(start: Start, tmp_path: Path) -> None:
    """S-inprocess: it does so however it came to be called."""
    await leave_undone(start, "k")
    program, trace = tmp_path / "x.alert", tmp_path / "trace"
    write_program(program, f"#!/bin/sh\necho $1 >{trace}\n")
    daemon, plugin = await start(), Scripted()
    asked: list[str] = []

    def is_inprocess(pending: Pending) -> bool:
        asked.append(f"{pending.group}/{pending.service}")
        return False

    alerts = {"x.alert": plugin_file(plugin, str(program))}
    daemon.launcher.resume(alerts, is_inprocess=is_inprocess, undone=daemon.undone)
    await daemon.stop()
    assert (asked, plugin.begun, trace.read_text()) == (["web/http"], [], "k\n")
    assert on_file(tmp_path) == []


async def test_a_newer_decision_beats_what_was_undone(start: Start, tmp_path: Path) -> None:
    await leave_undone(start, "k", "old")
    daemon, plugin = await start(), Scripted()
    daemon.launcher.resume({"x.alert": plugin_file(plugin)}, undone=daemon.undone)
    daemon.launcher.launch(call(EventKind.UP), invocation("k", "new"), plugin_file(plugin))
    await daemon.stop()
    assert plugin.ended == ["k new 0"]
    assert on_file(tmp_path) == []


async def test_only_the_newest_of_a_key_stays_on_file(start: Start, tmp_path: Path) -> None:
    daemon, plugin = await start(), Scripted(0, 75, 75)
    plugin.gate.clear()
    daemon.launcher.launch(call(), invocation("k", "1"), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 1)
    daemon.launcher.launch(call(), invocation("k", "2"), plugin_file(plugin))
    daemon.launcher.launch(call(), invocation("k", "3"), plugin_file(plugin))
    plugin.gate.set()
    await daemon.stop()
    assert plugin.ended[0] == "k 1 0"
    assert [each.arguments for each in on_file(tmp_path)] == [("k", "3")]


async def test_an_alert_that_is_gone_stays_on_file(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await leave_undone(start, "k")
    daemon = await start()
    daemon.launcher.resume({}, undone=daemon.undone)
    await daemon.stop()
    assert "mon.cf does not name it any more: it stays in the record" in caplog.text
    assert len(on_file(tmp_path)) == 1


async def test_a_record_that_cannot_be_kept_stops_nothing(
    runner: PluginRunner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is undone at the stop is lost then, and the log says so."""
    (tmp_path / "state").touch()
    daemon, plugin = await Daemon(runner, tmp_path / "state").start(), Scripted(0, 0, 75)
    for number in range(3):
        daemon.launcher.launch(call(), invocation(f"k{number}"), plugin_file(plugin))
    await daemon.stop()
    assert len(plugin.ended) == 3
    complaints = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len([text for text in complaints if text.startswith("cannot keep the record")]) == 1
    assert [text for text in complaints if " is undone, and is lost unless the record can be kept again: " in text]


@pytest.mark.slow
async def test_a_system_without_a_thread_to_spare(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is done, and what comes later is kept again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        daemon = await start()
        first, second = Scripted(), Scripted(75, 75)
        daemon.launcher.launch(call(), invocation("a"), plugin_file(first))
        await first.until(lambda: len(first.ended) == 1)
    daemon.launcher.launch(call(), invocation("b"), plugin_file(second))
    await daemon.stop()
    assert second.ended
    assert [each.arguments for each in on_file(tmp_path)] == [("b",)]
