"""Alerts in the background: order, retries, time limit, the stop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.alert.concurrency import Places
from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.delivery import Pending
from pymon.model.status import EventKind
from pymon.plugin import run_command
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from tests.alert.conftest import Scripted, call, invocation, plugin_file
from tests.alert.ledger import Book
from tests.programs import write_program


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pymon.alert")


def script(folder: Path, text: str, interpreter: str = "/bin/sh") -> PluginFile:
    path = write_program(folder / "x.alert", f"#!{interpreter}\n{text}\n")
    return PluginFile("x.alert", str(path))


async def test_launch_returns_at_once(launcher: Launcher) -> None:
    plugin = Scripted(ordered=False)
    plugin.gate.clear()
    launcher.launch(call(), invocation("k", "1"), plugin_file(plugin))
    launcher.launch(call(), invocation("k", "2"), plugin_file(plugin))
    assert plugin.begun == []
    await plugin.until(lambda: plugin.running == 2)
    plugin.gate.set()
    await plugin.until(lambda: len(plugin.ended) == 2)


async def test_process_gets_the_call_and_its_failure_is_logged(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A-exit: mon never looks at an alert's exit status; here it and the first line of output are logged."""
    file = script(tmp_path, f'{{ echo "$*"; echo "$FOO"; cat; }} >{tmp_path}/got; echo; echo broken pipe >&2; exit 3')
    launcher.launch(call(), invocation("-s", "a b", path=file.path, stdin="one\ntwo\n", FOO="bar"), file)
    await launcher.drain(10)
    assert (tmp_path / "got").read_text() == "-s a b\nbar\none\ntwo\n"
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "x.alert for web/http (failure) failed" in warning.message
    assert warning.message.endswith("exit status 3: broken pipe")
    assert (warning.__dict__["group"], warning.__dict__["service"]) == ("web", "http")


async def test_success_and_output_are_logged(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = script(tmp_path, "seq 1 30")
    launcher.launch(call(EventKind.UP), invocation(path=file.path), file)
    await launcher.drain(10)
    messages = [record.message for record in caplog.records]
    assert any(message.startswith("x.alert for web/http (up) done in") for message in messages)
    assert "x.alert for web/http (up) says: 20" in messages
    assert "x.alert for web/http (up) says: … (10 lines more)" in messages
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_warning_of_an_alert_that_succeeds_is_one_in_the_log(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A-lvs-direction: what is odd about a line that is done as written is no mere remark."""
    file = script(tmp_path, "echo done; echo 'warning: -X up at an event that says down'")
    launcher.launch(call(), invocation(path=file.path), file)
    await launcher.drain(10)
    (warning,) = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning == "x.alert for web/http (failure) says: warning: -X up at an event that says down"


async def test_the_one_line_of_a_failure_is_logged_once(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = script(tmp_path, "echo no such user; exit 3")
    launcher.launch(call(), invocation(path=file.path), file)
    await launcher.drain(10)
    assert caplog.text.count("no such user") == 1


@pytest.mark.slow
async def test_q17_an_alert_that_hangs_is_ended(
    runner: PluginRunner, tmp_path: Path, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    """Q17: mon's hanging alerts pile up for ever."""
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(time_limit=0.2))
    file = script(tmp_path, "sleep 60")
    launcher.launch(call(), invocation(path=file.path), file)
    await launcher.drain(50)  # it would sleep longer
    assert "timed out" in caplog.text


async def test_a_missing_program_is_logged(launcher: Launcher, caplog: pytest.LogCaptureFixture) -> None:
    launcher.launch(call(), invocation(path="/nowhere/x.alert"), PluginFile("x.alert", "/nowhere/x.alert"))
    await launcher.drain(10)
    assert "not started: cannot run /nowhere/x.alert: No such file or directory" in caplog.text


class Raising(Scripted):
    """Goes wrong each time."""

    async def run(self, invocation: object) -> Answer:
        raise RuntimeError("bug")


@pytest.mark.parametrize(
    ("interpreter", "size", "reason"),
    [("/nowhere/sh", 1, "its interpreter is missing"), ("/bin/sh", 200_000, "Argument list too long")],
)
async def test_an_alert_that_cannot_be_executed_leaves_no_copy_of_the_daemon(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture, interpreter: str, size: int, reason: str
) -> None:
    """Q21: mon forks, cannot execute the alert, and from then on there are two daemons."""
    file = script(tmp_path, "exit 0", interpreter)
    before = _children()
    launcher.launch(call(), invocation(path=file.path, BIG="x" * size), file)
    await launcher.drain(10)
    assert "failed" in caplog.text
    assert reason in caplog.text
    assert _children() <= before


def _children() -> set[str]:
    """Process ids of what this process has started, over all its threads."""
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            found.update((task / "children").read_text().split())
    return found


async def test_a_plugin_that_raises_hurts_nobody(launcher: Launcher, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Raising(), Scripted()
    launcher.launch(call(), invocation("k"), plugin_file(bad))
    launcher.launch(call(), invocation("raise"), plugin_file(good))
    await launcher.drain(10)
    assert "raised: RuntimeError: bug" in caplog.text
    assert "its order_key raised" in caplog.text
    assert good.ended == ["raise 0"]


async def test_exit_codes_that_ask_for_it_are_retried(launcher: Launcher, caplog: pytest.LogCaptureFixture) -> None:
    plugin = Scripted(75, 75, 75, 0, ordered=False)
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 4)
    await launcher.drain(10)
    assert plugin.ended == ["k 75", "k 75", "k 75", "k 0"]
    assert [r.message.rpartition("in ")[2] for r in caplog.records if "tried again" in r.message] == [
        "0.01 seconds",
        "0.02 seconds",
        "0.02 seconds",
    ]


@pytest.mark.parametrize(
    ("interpreter", "text"),
    [
        ("/bin/sh", 'echo x >> "$1"; [ $(wc -l < "$1") = 3 ] && exit 0; echo "later"; exit 75'),
        (
            "/usr/bin/perl",
            'open(F, ">>", $ARGV[0]); print F "x\n"; close F; open(F, $ARGV[0]); @l = <F>;'
            ' exit 0 if @l == 3; print "later\n"; exit 75',
        ),
    ],
)
async def test_programs_ask_for_it_by_exit_code_75(
    launcher: Launcher, caplog: pytest.LogCaptureFixture, tmp_path: Path, interpreter: str, text: str
) -> None:
    """A-tempfail."""
    tries = tmp_path / "tries"
    file = script(tmp_path, text, interpreter)
    launcher.launch(call(), invocation(str(tries), path=file.path), file)
    await _until_idle(launcher)
    assert tries.read_text() == "x\n" * 3
    assert caplog.text.count("failed after") == 2
    assert "exit status 75: later" in caplog.text
    assert "is tried again in 0.02 seconds" in caplog.text


@pytest.mark.parametrize(("code", "tries"), [(75, 1), (33, 2)])
async def test_a_plugin_says_itself_which_codes_ask_for_it_also_as_a_process(
    launcher: Launcher, tmp_path: Path, code: int, tries: int
) -> None:
    """A-tempfail."""
    path = script(tmp_path, f'echo x >> "$1"; [ $(wc -l < "$1") = 2 ] && exit 0; exit {code}').path
    file = plugin_file(Scripted(ordered=False, retry_on=frozenset({33})), path)
    launcher.launch(call(), invocation(str(tmp_path / "tries"), path=path), file, inprocess=False)
    await _until_idle(launcher)
    assert (tmp_path / "tries").read_text() == "x\n" * tries


@pytest.mark.parametrize("ordered", [True, False])
async def test_other_exit_codes_are_final(launcher: Launcher, ordered: bool) -> None:
    plugin = Scripted(69, ordered=ordered)
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await launcher.drain(10)
    assert plugin.ended == ["k 69"]


async def test_ordered_calls_of_one_key_follow_each_other_and_the_newest_wins(
    launcher: Launcher, caplog: pytest.LogCaptureFixture
) -> None:
    """A-order: in mon they can overtake each other."""
    plugin = Scripted()
    plugin.gate.clear()
    launcher.launch(call(), invocation("k", "1"), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 1)
    launcher.launch(call(), invocation("k", "2"), plugin_file(plugin))
    launcher.launch(call(EventKind.UP), invocation("k", "3"), plugin_file(plugin))
    launcher.launch(call(), invocation("other", "4"), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 2)
    assert [each.arguments for each in plugin.begun] == [("k", "1"), ("other", "4")]
    plugin.gate.set()
    await launcher.drain(10)
    assert plugin.ended == ["k 1 0", "other 4 0", "k 3 0"]
    assert "is dropped before its start: x.alert for web/http (up) was decided later" in caplog.text


async def test_a_newer_decision_ends_the_retries_of_an_older_one(runner: PluginRunner, book: Book) -> None:
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
    plugin = Scripted(75)
    launcher.launch(call(), invocation("k", "down"), plugin_file(plugin))
    await plugin.until(lambda: plugin.ended == ["k down 75"])
    launcher.launch(call(EventKind.UP), invocation("k", "up"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 2)
    await launcher.drain(10)
    assert plugin.ended == ["k down 75", "k up 0"]
    assert not book.open


async def test_drain_gives_a_last_attempt_to_what_waits(runner: PluginRunner, book: Book) -> None:
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
    plugin, ordered = Scripted(75, ordered=False), Scripted(75, 75)
    launcher.launch(call(), invocation("a"), plugin_file(plugin))
    launcher.launch(call(), invocation("b"), plugin_file(ordered))
    await plugin.until(lambda: len(plugin.ended) == 1)
    await ordered.until(lambda: len(ordered.ended) == 1)
    await launcher.drain(10)
    assert plugin.ended == ["a 75", "a 0"]
    assert ordered.ended == ["b 75", "b 75"]
    assert len(book.open) == 1


async def test_an_attempt_that_the_stop_meets_is_followed_by_a_last_one(runner: PluginRunner, book: Book) -> None:
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
    plugin = Scripted(75, ordered=False)
    plugin.gate.clear()
    launcher.launch(call(), invocation("a"), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 1)
    draining = asyncio.create_task(launcher.drain(10))
    await asyncio.sleep(0)
    plugin.gate.set()
    await draining
    assert plugin.ended == ["a 75", "a 0"]


@pytest.mark.slow
async def test_drain_is_bounded(
    runner: PluginRunner, tmp_path: Path, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    launcher = Launcher(runner, ledger=book)
    plugin = Scripted()
    plugin.gate.clear()
    file = script(tmp_path, f"touch {tmp_path}/begun; sleep 60; touch {tmp_path}/survived")
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    launcher.launch(call(), invocation(path=file.path), file)
    await plugin.until(lambda: plugin.running == 1)
    async with asyncio.timeout(50):  # it would sleep longer
        await launcher.drain(0.5)
    assert launcher.running == 0
    assert plugin.running == 0
    assert "2 alerts are still under way after 0.5 seconds" in caplog.text
    assert len(book.open) == 2


async def test_what_an_alert_leaves_running_goes_on(launcher: Launcher, tmp_path: Path) -> None:
    """sendmail delivers in the background when it has taken a mail; that must not be cut off."""
    os.mkfifo(tmp_path / "go")
    file = script(tmp_path, f"(read go <{tmp_path}/go; echo $go >{tmp_path}/done) >/dev/null 2>&1 &")
    launcher.launch(call(), invocation(path=file.path), file)
    await launcher.drain(10)
    go = os.open(tmp_path / "go", os.O_RDWR)  # opened both ways it waits for nobody
    try:
        os.write(go, b"delivered\n")
        await asyncio.to_thread(_wait_for_text, tmp_path / "done")
    finally:
        os.close(go)
    assert (tmp_path / "done").read_text() == "delivered\n"


async def _until_idle(launcher: Launcher) -> None:
    async with asyncio.timeout(20):
        while launcher.running:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.01)


def _wait_for_text(path: Path) -> None:
    _wait_until(lambda: path.exists() and path.stat().st_size > 0)


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
async def test_ordered_calls_do_not_wait_for_others_that_hang(runner: PluginRunner, tmp_path: Path, book: Book) -> None:
    """With ``inprocess = no`` an IPVS change is a process too; mails to a server that is gone hang for minutes."""
    launcher = Launcher(runner, ledger=book, places=Places(1))
    (tmp_path / "mail").mkdir()
    mail = script(tmp_path / "mail", f"echo yes >{tmp_path}/hangs; sleep 60")
    change = script(tmp_path, f"echo yes >{tmp_path}/changed")
    launcher.launch(call(), invocation(path=mail.path), mail)
    await asyncio.to_thread(_wait_for_text, tmp_path / "hangs")
    launcher.launch(call(), invocation("k", path=change.path), plugin_file(Scripted(), change.path), inprocess=False)
    await asyncio.to_thread(_wait_for_text, tmp_path / "changed")
    await launcher.drain(1.0)
    assert len(book.open) == 1, "the mail"


@pytest.mark.slow
async def test_an_ordered_alert_does_not_wait_for_another_that_hangs(
    runner: PluginRunner, tmp_path: Path, book: Book
) -> None:
    """With ``inprocess = no``: an Alertmanager that is gone must not hold up an IPVS change."""
    launcher = Launcher(runner, ledger=book, places=Places(1))
    (tmp_path / "tell").mkdir()
    tell = script(tmp_path / "tell", f"echo yes >{tmp_path}/hangs; sleep 60")
    change = script(tmp_path, f"echo yes >{tmp_path}/changed")
    for name, file, seen in (("tell.alert", tell, "hangs"), ("change.alert", change, "changed")):
        ordered = PluginFile(name, file.path, Scripted())
        launcher.launch(call(), invocation("k", path=file.path), ordered, inprocess=False)
        await asyncio.to_thread(_wait_for_text, tmp_path / seen)
    assert launcher.running >= 1, "the one that hangs"
    await launcher.drain(1.0)


class Running(Scripted):
    """Runs a program that notes in a file when it begins and ends."""

    def __init__(self, noted: Path, *, ordered: bool, text: str = "sleep 0.05") -> None:
        super().__init__(ordered=ordered)
        self.command = ["/bin/sh", "-c", f"echo begins >>{noted}; {text}; echo ends >>{noted}"]

    async def run(self, invocation: Invocation) -> Answer:
        result = await run_command(self.command, invocation.environ, time_limit=20)
        return Answer(result.exitval, result.output)


def most_at_once(noted: Path) -> int:
    """How many of them ran at the same time."""
    running = [1 if line == "begins" else -1 for line in noted.read_text().splitlines()]
    return max(itertools.accumulate(running))


@pytest.mark.slow
async def test_programs_of_alerts_inside_count_as_the_others_do(
    runner: PluginRunner, tmp_path: Path, book: Book
) -> None:
    """Q17: script.alert and mail.alert's sendmail are processes, too."""
    launcher = Launcher(runner, ledger=book, places=Places(3))
    noted = tmp_path / "noted"
    inside, outside = Running(noted, ordered=False), script(tmp_path, Running(noted, ordered=False).command[2])
    for _ in range(6):
        launcher.launch(call(), invocation("k"), plugin_file(inside))
        launcher.launch(call(), invocation(path=outside.path), outside)
    await launcher.drain(20)
    assert noted.read_text().count("ends") == 12
    assert most_at_once(noted) == 3


@pytest.mark.slow
async def test_a_program_of_an_ordered_alert_does_not_wait_for_others_that_hang(
    runner: PluginRunner, tmp_path: Path, book: Book
) -> None:
    launcher = Launcher(runner, ledger=book, places=Places(1))
    hangs, changed = tmp_path / "hangs", tmp_path / "changed"
    launcher.launch(call(), invocation("k"), plugin_file(Running(hangs, ordered=False, text="sleep 60")))
    await asyncio.to_thread(_wait_for_text, hangs)
    launcher.launch(call(), invocation("k"), plugin_file(Running(changed, ordered=True)))
    await asyncio.to_thread(_wait_for_text, changed)
    assert launcher.running >= 1, "the one that hangs"
    await launcher.drain(1.0)


async def test_one_that_cannot_be_started_is_tried_again(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may just be replaced; nothing was sent."""
    path = tmp_path / "x.alert"
    launcher.launch(call(), invocation(path=str(path)), PluginFile("x.alert", str(path)))
    await asyncio.to_thread(_wait_until, lambda: "is tried again" in caplog.text)
    script(tmp_path, f"echo yes >{tmp_path}/sent")
    await asyncio.to_thread(_wait_for_text, tmp_path / "sent")
    assert (tmp_path / "sent").read_text() == "yes\n"


@pytest.mark.parametrize(("ago", "attempts"), [(3 * 86400.0, 1), (3700.0, 1), (3500.0, 2), (-60.0, 2)])
async def test_one_that_an_earlier_daemon_left_is_given_up_an_hour_after_the_decision(
    launcher: Launcher, ago: float, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = Scripted(75, 0, ordered=False)
    left = Pending("", "x.alert", "web", "http", "failure", time.time() - ago, ("k",), {}, "sum\n")
    launcher.resume({"x.alert": plugin_file(plugin)}, undone={"token": left})
    await plugin.until(lambda: len(plugin.ended) == attempts)
    await asyncio.to_thread(_wait_until, lambda: not launcher.running)
    assert len(plugin.ended) == attempts
    assert ("is given up: 60 minutes are over since it was decided" in caplog.text) == (attempts == 1)


async def test_a_failure_is_logged_without_the_secrets_of_the_call(
    launcher: Launcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """C-SECRETS. A program that shows its arguments (set -x, a traceback) shows no password."""
    file = script(tmp_path, 'echo "cannot log in: $*" >&2; exit 3')
    launcher.launch(call(), invocation("--password", "s3cret-word", path=file.path), file)
    await launcher.drain(10)
    assert "s3cret-word" not in caplog.text
    assert "cannot log in: --password ***" in caplog.text
