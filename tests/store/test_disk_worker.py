"""The thread that does the disk's work: in order, whatever becomes of a job, and with or without a system's thread."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pymon.store.disk_worker import DiskWorker


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


async def test_jobs_are_done_in_order_and_answered() -> None:
    worker, done = DiskWorker("pymon-test"), list[int]()
    for number in range(100):
        worker.put(lambda number=number: done.append(number))  # type: ignore[misc]
    assert await worker.submit(lambda: list(done)) == list(range(100))
    worker.stop()


async def test_a_job_that_crashes_is_logged_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    worker = DiskWorker("pymon-test")
    worker.put(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await worker.submit(lambda: 1 // 0)
    assert await worker.submit(lambda: "well") == "well"
    assert caplog.text.count("work of the thread pymon-test crashed (a bug in pymon)") == 2
    worker.stop()


async def test_who_stops_waiting_stops_nothing() -> None:
    worker, may, done = DiskWorker("pymon-test"), threading.Event(), list[str]()
    worker.put(lambda: may.wait(20))
    waiting = worker.submit(lambda: done.append("it"))
    waiting.cancel()
    may.set()
    assert await worker.submit(lambda: list(done)) == ["it"]
    worker.stop()


async def test_without_a_thread_work_waits_and_is_done_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker, done = DiskWorker("pymon-test"), list[str]()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    worker.put(lambda: done.append("first"))
    assert "pymon-test waits: can't start new thread" in caplog.text
    assert done == []
    worker.hold_up_if_needed(True)
    assert done == ["first"]
    worker.hold_up_if_needed(False)
    worker.put(lambda: done.append("second"))
    assert done == ["first"]
    worker.finish(10)
    assert done == ["first", "second"]


async def test_what_ends_after_the_loop_is_of_no_interest() -> None:
    worker, may = DiskWorker("pymon-test"), threading.Event()

    async def ask() -> None:
        worker.submit(lambda: may.wait(20))
        await asyncio.sleep(0)

    await asyncio.to_thread(asyncio.run, ask())
    may.set()
    worker.finish(10)
    assert worker._thread is None
