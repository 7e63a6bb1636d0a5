"""A launcher, and alerts to launch, of which the test decides when and how they end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest

from pymon.alert.launch import Launcher
from pymon.alert.limits import AlertLimits
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command
from pymon.model.state import ServiceState
from pymon.model.status import EventKind
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from tests.alert.ledger import Book

TESTED = SendReason(SendRule.TEST)


class Scripted:
    """A plugin in process. Its first argument is its order key, the rest what it is called with.

    Each call waits for ``gate``, then ends with the next of ``codes`` (0 when there are none left).
    """

    def __init__(self, *codes: int, ordered: bool = True, retry_on: frozenset[int] = frozenset({75})) -> None:
        self.codes = list(codes)
        self.ordered = ordered
        self.retry_on = retry_on
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun: list[Invocation] = []
        self.ended: list[str] = []
        self.running = 0
        self.most_running = 0
        self.changed = asyncio.Condition()
        self.at_start: Callable[[], None] = lambda: None

    def order_key(self, invocation: Invocation) -> str:
        if invocation.arguments[0] == "raise":
            raise RuntimeError("no key")
        return invocation.arguments[0]

    async def run(self, invocation: Invocation) -> Answer:
        self.begun.append(invocation)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.at_start()
        await self._tell()
        try:
            await self.gate.wait()
            code = self.codes.pop(0) if self.codes else 0
            self.ended.append(" ".join((*invocation.arguments, str(code))))
        finally:
            self.running -= 1
            await self._tell()
        return Answer(code, f"code {code}\n" if code else "")

    def main(self) -> None:
        raise AssertionError("it is no program")

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(condition)

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def call(event: EventKind = EventKind.FAILURE) -> AlertCall:
    key = ServiceKey("web", "http")
    return AlertCall(
        key, event, Command("x.alert"), ServiceState(), "sum\n", 1795466388.0, 1, history_word="alert", reason=TESTED
    )


def invocation(*arguments: str, path: str = "/d/x.alert", stdin: str = "sum\n", **environ: str) -> Invocation:
    return Invocation(path, arguments, {**os.environ, **environ}, stdin)


def plugin_file(plugin: Scripted | None, path: str = "/d/x.alert") -> PluginFile:
    return PluginFile("x.alert", path, plugin)


@pytest.fixture
async def runner() -> AsyncIterator[PluginRunner]:
    made = PluginRunner(limits=RunnerLimits(grace=0.2))
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def launcher(runner: PluginRunner, book: Book) -> AsyncIterator[Launcher]:
    made = Launcher(runner, ledger=book, limits=AlertLimits(time_limit=20.0, retry_delays=(0.01, 0.02)))
    yield made
    await made.drain(5.0)
