"""The journal: what was decided and is not done outlives the daemon."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.alert.journal import Journal
from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.model.delivery import Pending
from pymon.model.status import EventKind
from pymon.runner.executor import Runner
from tests.alert.conftest import Scripted, call, invocation, plugin_file
from tests.programs import write_program

NEVER = (3600.0,)
"""delays of a retry that does not come in a test's time"""


def files(statedir: Path) -> list[str]:
    folder = statedir / "pending"
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


async def undone(runner: Runner, statedir: Path, *arguments: str, **environ: str) -> None:
    """Leave one call undone, as a stop does."""
    launcher = Launcher(runner, statedir=statedir, limits=AlertLimits(retry_delays=NEVER))
    plugin = Scripted(75, 75)
    launcher.launch(call(), invocation(*arguments, **environ), plugin_file(plugin))
    await launcher.drain(10)
    assert plugin.ended
    assert files(statedir) == [".json"]


async def test_a_call_is_on_file_before_it_starts_and_gone_after(launcher: Launcher, tmp_path: Path) -> None:
    plugin = Scripted()
    seen: list[list[str]] = []
    plugin.at_start = lambda: seen.append(files(tmp_path))
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await launcher.drain(10)
    assert seen == [[".json"]]
    assert files(tmp_path) == []


async def test_a_failure_for_good_is_forgotten(launcher: Launcher, tmp_path: Path) -> None:
    launcher.launch(call(), invocation("k"), plugin_file(Scripted(69)))
    await launcher.drain(10)
    assert files(tmp_path) == []


async def test_calls_without_order_are_not_kept(launcher: Launcher, tmp_path: Path) -> None:
    launcher.launch(call(), invocation("k"), plugin_file(Scripted(ordered=False)))
    await launcher.drain(10)
    assert files(tmp_path) == []


async def test_the_next_daemon_takes_up_what_was_undone(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A-journal: mon forgets them."""
    await undone(runner, tmp_path, "k", "한글 \udcff", FOO="b\udce9r")
    (path,) = (tmp_path / "pending").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["environ"] == {"FOO": "b\udce9r"}
    launcher, plugin = Launcher(runner, statedir=tmp_path), Scripted()
    launcher.resume({"x.alert": plugin_file(plugin, "/other/x.alert")})
    await launcher.drain(10)
    assert plugin.begun == [invocation("k", "한글 \udcff", path="/other/x.alert", FOO="b\udce9r")]
    assert files(tmp_path) == []
    assert "x.alert for web/http (failure) was left undone" in caplog.text


async def test_what_is_taken_up_runs_as_a_process_where_that_is_wanted(runner: Runner, tmp_path: Path) -> None:
    """S-inprocess: it does so however it came to be called."""
    await undone(runner, tmp_path, "k")
    program, trace = tmp_path / "x.alert", tmp_path / "trace"
    write_program(program, f"#!/bin/sh\necho $1 >{trace}\n")
    launcher, plugin = Launcher(runner, statedir=tmp_path), Scripted()
    asked: list[str] = []

    def is_inprocess(pending: Pending) -> bool:
        asked.append(f"{pending.group}/{pending.service}")
        return False

    launcher.resume({"x.alert": plugin_file(plugin, str(program))}, is_inprocess=is_inprocess)
    await launcher.drain(10)
    assert (asked, plugin.begun, trace.read_text()) == (["web/http"], [], "k\n")
    assert files(tmp_path) == []


async def test_a_newer_decision_beats_what_was_undone(runner: Runner, tmp_path: Path) -> None:
    await undone(runner, tmp_path, "k", "old")
    launcher, plugin = Launcher(runner, statedir=tmp_path), Scripted()
    launcher.resume({"x.alert": plugin_file(plugin)})
    launcher.launch(call(EventKind.UP), invocation("k", "new"), plugin_file(plugin))
    await launcher.drain(10)
    assert plugin.ended == ["k new 0"]
    assert files(tmp_path) == []


async def test_only_the_newest_of_a_key_is_on_file(runner: Runner, tmp_path: Path) -> None:
    launcher, plugin = Launcher(runner, statedir=tmp_path, limits=AlertLimits(retry_delays=NEVER)), Scripted(0, 75, 75)
    plugin.gate.clear()
    launcher.launch(call(), invocation("k", "1"), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 1)
    launcher.launch(call(), invocation("k", "2"), plugin_file(plugin))
    launcher.launch(call(), invocation("k", "3"), plugin_file(plugin))
    plugin.gate.set()
    await launcher.drain(10)
    assert plugin.ended[0] == "k 1 0"
    (path,) = (tmp_path / "pending").iterdir()
    assert json.loads(path.read_text())["arguments"] == ["k", "3"]


async def test_an_alert_that_is_gone_stays_on_file(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await undone(runner, tmp_path, "k")
    launcher = Launcher(runner, statedir=tmp_path)
    launcher.resume({})
    await launcher.drain(10)
    assert "mon.cf does not name it any more" in caplog.text
    assert files(tmp_path) == [".json"]


BROKEN = {
    "empty": ("", "Expecting value"),
    "cut short": ('{"version": 1, "key": "x', "Unterminated string"),
    "no object": ("[]", "no journal file of version 1"),
    "other version": ('{"version": 2}', "no journal file of version 1"),
    "field missing": ('{"version": 1, "key": "k"}', "its fields differ"),
    "wrong type": (
        json.dumps(
            {"version": 1, "key": "k", "name": "x", "group": "g", "service": "s", "event": "up", "at": 1.0}
            | {"arguments": "no list", "environ": {}, "stdin": ""}
        ),
        "of a wrong type",
    ),
    "no UTF-8": ("\udcff\udcfe", "decode"),
    "nested too deep": ("[" * 100_000, "nested too deep"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_file_that_is_broken_is_set_aside(
    name: str, runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text, message = BROKEN[name]
    await undone(runner, tmp_path, "good")
    (tmp_path / "pending/0.json").write_text(text, errors="surrogateescape")
    (tmp_path / "pending/1.new").write_text("half a wri")
    launcher, plugin = Launcher(runner, statedir=tmp_path), Scripted()
    launcher.resume({"x.alert": plugin_file(plugin)})
    await launcher.drain(10)
    assert plugin.ended == ["good 0"]
    assert files(tmp_path) == [".bad"]
    assert "set aside as" in caplog.text
    assert message in caplog.text


async def test_a_state_directory_that_cannot_be_used_stops_nothing(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").touch()
    launcher, plugin = Launcher(runner, statedir=tmp_path / "state"), Scripted()
    launcher.resume({})
    for number in range(3):
        launcher.launch(call(), invocation(f"k{number}"), plugin_file(plugin))
    await launcher.drain(10)
    assert len(plugin.ended) == 3
    complaints = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert [text for text in complaints if text.startswith("cannot keep undone alerts")] == [
        f"cannot keep undone alerts in {tmp_path}/state/pending: Not a directory; they are delivered all the same, "
        "but those undone at a stop are lost until this is mended"
    ]


async def test_a_write_that_fails_half_way_leaves_the_older_file(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a full disk: here the size of files is limited."""
    await undone(runner, tmp_path, "k", "old")
    journal = Journal(tmp_path / "pending")
    pending = Pending("x.alert k", "x.alert", "web", "http", "failure", 2.0, ("k", "new"), {}, "x" * 100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        await journal.write(pending)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == [".json"]
    assert [each.arguments for each in await journal.read()] == [("k", "old")]
    await journal.write(pending)
    assert await journal.read() == [pending]
    journal.close()
    assert "File too large" in caplog.text
    assert "are kept in" in caplog.text


text = st.text(st.characters(codec="utf-8")) | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@pytest.mark.slow
@given(
    key=text,
    arguments=st.lists(text).map(tuple),
    environ=st.dictionaries(text, text),
    stdin=text,
    at=st.floats(0, 1e11),
)
async def test_what_is_written_is_read(
    key: str,
    arguments: tuple[str, ...],
    environ: dict[str, str],
    stdin: str,
    at: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    journal = Journal(tmp_path_factory.getbasetemp() / "journal")
    pending = Pending(key, "x.alert", "g", "s", "up", at, arguments, environ, stdin)
    await journal.write(pending)
    assert await journal.read() == [pending]
    await journal.remove(key)
    assert await journal.read() == []
    journal.close()


@pytest.mark.slow
async def test_a_disk_that_hangs_delays_a_call_only_so_long(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A FIFO in the place of the file being written, whose other end nobody opens, is a disk that does not answer."""
    await undone(runner, tmp_path, "k")
    (path,) = (tmp_path / "pending").iterdir()
    hung = path.with_suffix(".new")
    os.mkfifo(hung)
    launcher, plugin = Launcher(runner, statedir=tmp_path, limits=AlertLimits(disk_wait=0.1)), Scripted()
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 1)
    began = time.monotonic()
    await launcher.drain(10)
    assert time.monotonic() - began < 5
    assert "starts before it is in the journal" in caplog.text
    with hung.open("rb"):  # the disk answers after all; nobody is there any more to hear it
        pass


async def test_who_stops_waiting_does_not_stop_the_journal(tmp_path: Path) -> None:
    """At the end of a drain, what still waits for the disk is cancelled; what it asked for is done."""
    journal = Journal(tmp_path / "pending")
    held = threading.Event()
    busy = journal._do(held.wait)
    waiting = asyncio.ensure_future(journal.read())
    kept = journal.write(Pending("k", "x.alert", "g", "s", "failure", 1.0, (), {}, ""))
    waiting.cancel()
    kept.cancel()
    await asyncio.sleep(0)  # the cancellation reaches the thread's side
    held.set()
    await busy
    async with asyncio.timeout(10):
        await journal.flush()
    assert files(tmp_path) == [".json"]
    journal.close()


async def test_a_system_without_a_thread_to_spare(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is done, and what comes later is kept again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    launcher = Launcher(runner, statedir=tmp_path, limits=AlertLimits(retry_delays=NEVER, disk_wait=0.05))
    first, second = Scripted(), Scripted(75, 75)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        launcher.launch(call(), invocation("a"), plugin_file(first))
    launcher.launch(call(), invocation("b"), plugin_file(second))
    await launcher.drain(10)
    assert first.ended
    assert second.ended
    assert files(tmp_path) == [".json"]


@pytest.mark.parametrize(
    ("event", "left", "words"),
    [
        (EventKind.UP, [".new"], "x.alert for web/http (up) is undone, and lost: it could not be kept"),
        (EventKind.FAILURE, [".json", ".new"], "x.alert for web/http (failure) is undone: it stays in"),
    ],
)
async def test_a_decision_that_cannot_be_kept_leaves_no_other_one_behind(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture, event: EventKind, left: list[str], words: str
) -> None:
    """On a full disk, an upalert that was not done must not become the alert before it at the next start."""
    await undone(runner, tmp_path, "k", "-t", "1")
    (kept,) = (tmp_path / "pending").iterdir()
    kept.with_suffix(".new").mkdir()  # what is to be written cannot
    launcher = Launcher(runner, statedir=tmp_path, limits=AlertLimits(retry_delays=NEVER))
    launcher.launch(call(event), invocation("k", "-t", "2"), plugin_file(Scripted(75, 75)))
    await launcher.drain(10)
    assert files(tmp_path) == left
    assert words in caplog.text
