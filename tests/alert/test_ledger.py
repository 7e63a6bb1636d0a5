"""What a ledger is told of deliveries, and when: it outlives the daemon, so nothing may begin before it knows."""

from __future__ import annotations

import asyncio

import pytest

from pymon.alert.delivery import latest_of_each
from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.model.delivery import Pending
from pymon.runner.plugin_runner import PluginRunner
from tests.alert.conftest import Scripted, call, invocation, plugin_file
from tests.alert.ledger import Book


@pytest.mark.parametrize("ordered", [False, True])
async def test_it_is_on_file_that_an_alert_is_to_be_done_before_it_begins(
    launcher: Launcher, book: Book, *, ordered: bool
) -> None:
    plugin = Scripted(3, ordered=ordered)
    book.on_file.clear()
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await asyncio.wait_for(book.asked.wait(), 10)
    await asyncio.sleep(0.01)
    assert plugin.begun == []
    book.on_file.set()
    await plugin.until(lambda: plugin.ended == ["k 3"])
    await launcher.drain(5)
    expected = ["decided x.alert k", "settled"] if ordered else ["decided", "started", "settled"]
    assert book.said == [*expected, "ended 3"]
    assert not book.open


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_disk_that_hangs_does_not_hold_up_an_alert_for_long(
    runner: PluginRunner, book: Book, caplog: pytest.LogCaptureFixture, *, ordered: bool
) -> None:
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(disk_wait=0.05))
    plugin = Scripted(ordered=ordered)
    book.on_file.clear()
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: plugin.ended == ["k 0"])
    assert "the disk is slow" in caplog.text
    await launcher.drain(5.0)


async def test_one_that_is_to_be_tried_again_is_as_if_just_decided(launcher: Launcher, book: Book) -> None:
    plugin = Scripted(75, 0, ordered=False)
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 2)
    await launcher.drain(5)
    attempt = ["started", "settled"]
    assert book.said == ["decided", *attempt, "ended 75, again in 0.01", "decided", *attempt, "ended 0"]


async def test_one_that_waits_for_another_attempt_at_the_stop_is_left_to_the_next_daemon(
    runner: PluginRunner, book: Book
) -> None:
    launcher = Launcher(runner, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
    plugin = Scripted(75, 75, 75, ordered=False)
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 1)
    await launcher.drain(5)
    assert set(plugin.ended) == {"k 75"}
    assert len(book.open) == 1
    assert book.said[-1] == "decided", "and so not begun"


async def test_an_ordered_one_that_is_overtaken_is_done_with(launcher: Launcher, book: Book) -> None:
    plugin = Scripted()
    plugin.gate.clear()
    for number in "123":
        launcher.launch(call(), invocation("k", number), plugin_file(plugin))
    await plugin.until(lambda: plugin.running == 1)
    plugin.gate.set()
    await launcher.drain(5)
    assert plugin.ended in (["k 1 0", "k 3 0"], ["k 3 0"])
    assert any(said.startswith("dropped: x.alert for web/http (failure) was decided later") for said in book.said)
    assert not book.open


async def test_what_the_ledger_kept_is_taken_up(launcher: Launcher, book: Book) -> None:
    plugin = Scripted(ordered=False)
    left = Pending("", "x.alert", "web", "http", "failure", 1.0, ("k",), {}, "sum\n")
    undone = {"known": left, "unknown": Pending("", "gone.alert", "web", "http", "up", 2.0, ("u",), {}, "")}
    book.open = dict(undone)
    launcher.resume({"x.alert": plugin_file(plugin)}, undone=undone)
    await plugin.until(lambda: plugin.ended == ["k 0"])
    await launcher.drain(5)
    assert not book.open
    assert "dropped: it was left undone, and mon.cf does not name it any more" in book.said


def test_of_each_order_key_the_latest_decision_counts() -> None:
    def pending(key: str, at: float) -> Pending:
        return Pending(key, "x.alert", "web", "http", "up", at, (), {}, "")

    undone = {"new": pending("a", 3.0), "old": pending("a", 2.0), "late": pending("b", 5.0), "loose": pending("", 4.0)}
    latest, overtaken = latest_of_each({**undone, "other": pending("", 1.0)})
    assert [token for token, _ in latest] == ["other", "new", "loose", "late"]
    assert overtaken == ["old"]
