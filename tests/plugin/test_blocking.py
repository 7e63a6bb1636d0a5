"""Functions that block, in threads."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading

import pytest

from pymon.plugin import blocking
from pymon.plugin.blocking import Blocking, StuckThreads, in_thread


async def test_what_it_returns_and_raises_comes_back() -> None:
    assert await in_thread(max, 3, 4) == 4
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await in_thread(next, iter(()))  # a future takes no StopIteration


async def test_it_sees_the_callers_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("here")
    assert await in_thread(variable.get) == "here"


async def test_calls_that_never_return_are_counted_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "STUCK_LIMIT", 2)
    release, done = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        release.wait()
        done.release()

    function = Blocking(hang)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(function(), 0.02)
    with pytest.raises(StuckThreads, match="2 earlier calls hang"):
        await function()
    release.set()
    for _ in range(2):
        assert await asyncio.to_thread(done.acquire, timeout=10)
    async with asyncio.timeout(10):
        while True:
            try:
                await function()
            except StuckThreads:
                await asyncio.sleep(0.001)
            else:
                break


async def test_single_calls_of_the_same_code_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a library that hangs at every check would fill the daemon with threads."""
    monkeypatch.setattr(blocking, "STUCK_LIMIT", 2)
    release = threading.Event()

    async def hang() -> None:
        await asyncio.wait_for(in_thread(lambda: release.wait(10)), 0.02)  # another object each time

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await hang()
    with pytest.raises(StuckThreads, match="2 earlier calls hang"):
        await hang()
    assert await in_thread(max, 3, 4) == 4
    release.set()


def test_a_program_ends_while_a_thread_hangs() -> None:
    code = (
        "import asyncio, threading\nfrom pymon.plugin.blocking import in_thread\n"
        "async def main():\n    try:\n        await asyncio.wait_for(in_thread(threading.Event().wait), 0.05)\n"
        "    except TimeoutError:\n        print('over')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert (ended.stdout, ended.stderr) == ("over\n", "")
