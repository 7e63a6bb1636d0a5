"""Functions that block, in threads."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import functools
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.plugin import append, blocking
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


async def hanging(function: Callable[[], object], times: int) -> None:
    """Call it in threads that nobody waits for."""
    for _ in range(times):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(function), 0.02)


async def test_one_function_that_hangs_is_no_others_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partial function, a method, and a function written in C count as what they call."""
    monkeypatch.setattr(blocking, "STUCK_LIMIT", 2)
    release, lock = threading.Event(), threading.Lock()

    def wait(_number: int) -> None:
        release.wait(10)

    await hanging(functools.partial(functools.partial(wait), 1), 2)
    with pytest.raises(StuckThreads, match="2 earlier calls hang"):
        await in_thread(functools.partial(wait, 2))
    with lock:
        await hanging(functools.partial(lock.acquire, timeout=10), 2)
        with pytest.raises(StuckThreads):
            await in_thread(lock.acquire, timeout=10)
    assert await in_thread(functools.partial(max, 3), 4) == 4
    assert await in_thread(functools.partial(divmod, 7), 4) == (1, 3)
    assert await in_thread("a".join, ["b", "c"]) == "bac"
    await in_thread(release.set)


async def test_too_many_that_hang_are_a_reason_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "STUCK_LIMIT", 0)
    with pytest.raises(StuckThreads) as caught:
        await in_thread(max, 3, 4)
    assert (caught.value.errno, caught.value.strerror) == (errno.EAGAIN, "0 earlier calls hang")
    assert str(caught.value) == "0 earlier calls hang"


async def test_a_file_that_hangs_is_no_other_files_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blocking, "STUCK_LIMIT", 1)
    fifo = tmp_path / "hangs"
    os.mkfifo(fifo)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(append(fifo, "text\n"), 0.05)
    with pytest.raises(StuckThreads):
        await append(fifo, "text\n")
    await append(tmp_path / "other", "text\n")
    assert (tmp_path / "other").read_text() == "text\n"
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # lets the thread go
    os.close(descriptor)


@pytest.mark.slow
async def test_nothing_is_remembered_of_functions_that_returned() -> None:
    await in_thread(lambda: None)
    gc.collect()
    assert not [key for key in blocking._STUCK if getattr(key, "co_filename", "") == __file__]


def test_a_program_ends_while_a_thread_hangs() -> None:
    code = (
        "import asyncio, threading\nfrom pymon.plugin.blocking import in_thread\n"
        "async def main():\n    try:\n        await asyncio.wait_for(in_thread(threading.Event().wait), 0.05)\n"
        "    except TimeoutError:\n        print('over')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert (ended.stdout, ended.stderr) == ("over\n", "")
