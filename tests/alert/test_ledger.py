"""What a ledger is told of deliveries, and when: it outlives the daemon, so nothing may begin before it knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pymon.alert.delivery import About, latest_of_each
from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.model.delivery import Pending
from pymon.model.result import CheckResult
from pymon.runner.executor import Runner
from tests.alert.conftest import Scripted, call, invocation, plugin_file


class Book:
    """A ledger that writes down what it is told; ``on_file`` clear means that the disk is slow."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.open: set[str] = set()
        self.on_file = asyncio.Event()
        self.on_file.set()

    def decided(self, token: str, pending: Pending) -> None:
        self.open.add(token)
        self.said.append(f"decided {pending.key}".rstrip())

    def started(self, token: str, at: float) -> None:
        assert token in self.open
        self.said.append("started")

    def attempted(self, about: About, result: CheckResult, retry: float | None, given_up: str) -> None:
        assert (about.group, about.service, about.alert, about.event) == ("web", "http", "x.alert", "failure")
        what = f", again in {retry:g}" if retry is not None else f", given up: {given_up}" if given_up else ""
        self.said.append(f"ended {result.exitval}{what}")

    def dropped(self, about: About, why: str) -> None:
        self.said.append(f"dropped: {why}")

    def ended(self, token: str) -> None:
        self.open.discard(token)

    async def settled(self) -> None:
        self.said.append("settled")
        await self.on_file.wait()


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def launcher(runner: Runner, tmp_path: Path, book: Book) -> AsyncIterator[Launcher]:
    made = Launcher(runner, statedir=tmp_path, ledger=book, limits=AlertLimits(retry_delays=(0.01, 0.02)))
    yield made
    await made.drain(5.0)


async def test_it_is_on_file_that_an_alert_begins_before_it_does(launcher: Launcher, book: Book) -> None:
    plugin = Scripted(3, ordered=False)
    book.on_file.clear()
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    assert book.said == ["decided"]
    await asyncio.sleep(0.05)
    assert plugin.begun == []
    book.on_file.set()
    await plugin.until(lambda: plugin.ended == ["k 3"])
    await launcher.drain(5)
    assert book.said == ["decided", "started", "settled", "ended 3"]
    assert not book.open


async def test_a_disk_that_hangs_does_not_hold_up_an_alert_for_long(
    runner: Runner, tmp_path: Path, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    launcher = Launcher(runner, statedir=tmp_path, ledger=book, limits=AlertLimits(disk_wait=0.05))
    plugin = Scripted(ordered=False)
    book.on_file.clear()
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: plugin.ended == ["k 0"])
    await launcher.drain(5.0)
    assert "the disk is slow" in caplog.text


async def test_one_that_is_to_be_tried_again_is_as_if_just_decided(launcher: Launcher, book: Book) -> None:
    plugin = Scripted(75, 0, ordered=False)
    launcher.launch(call(), invocation("k"), plugin_file(plugin))
    await plugin.until(lambda: len(plugin.ended) == 2)
    await launcher.drain(5)
    attempt = ["started", "settled"]
    assert book.said == ["decided", *attempt, "ended 75, again in 0.01", "decided", *attempt, "ended 0"]


async def test_one_that_waits_for_another_attempt_at_the_stop_is_left_to_the_next_daemon(
    runner: Runner, tmp_path: Path, book: Book
) -> None:
    launcher = Launcher(runner, statedir=tmp_path, ledger=book, limits=AlertLimits(retry_delays=(3600.0,)))
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
    assert "settled" not in book.said, "an IPVS change does not wait for the ledger: the journal has it"
    assert not book.open


async def test_what_the_ledger_kept_is_taken_up(launcher: Launcher, book: Book) -> None:
    plugin = Scripted(ordered=False)
    left = Pending("", "x.alert", "web", "http", "failure", 1.0, ("k",), {}, "sum\n")
    book.open = {"known", "unknown"}
    undone = {"known": left, "unknown": Pending("", "gone.alert", "web", "http", "up", 2.0, ("u",), {}, "")}
    launcher.resume({"x.alert": plugin_file(plugin)}, undone=undone)
    await plugin.until(lambda: plugin.ended == ["k 0"])
    await launcher.drain(5)
    assert not book.open
    assert "dropped: it was left undone, and mon.cf does not name it any more" in book.said


def test_of_each_order_key_the_latest_decision_counts() -> None:
    def pending(key: str, at: float) -> Pending:
        return Pending(key, "x.alert", "web", "http", "up", at, (), {}, "")

    journal = [pending("a", 1.0), pending("b", 9.0)]
    undone = {"old": pending("a", 2.0), "new": pending("a", 3.0), "late": pending("b", 5.0), "loose": pending("", 4.0)}
    latest, overtaken = latest_of_each(journal, undone)
    assert [each.at for _, each in latest] == [3.0, 4.0, 9.0]
    assert [token for token, _ in latest][:2] == ["new", "loose"]
    assert overtaken == ["late", "old"]
