"""One thread that does blocking work in the order it was given: all file work of the daemon is done by such a thread.

There is one for the record, one that reads the record through (which takes seconds, and nothing must wait for it), and
one for mon's files: its histories and state files may be on another disk, and if that hangs, alerts still find their
ledger. The log has a thread of its own (``engine.log``), since what fails here is logged. No such thread keeps the
daemon from ending.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import select
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

log = logging.getLogger("pymon.record")

T = TypeVar("T")


class DiskWorker:
    """The thread starts with the first job, and never keeps the daemon from ending."""

    def __init__(self, name: str) -> None:
        """``name`` is the thread's."""
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._may_hold_up = False

    def hold_up_if_needed(self, may: bool) -> None:
        """Whether jobs may be done where they are handed over, if the system has no thread: as long as nothing else
        happens, at the start and at the end."""
        self._may_hold_up = may
        if may and not self._jobs.empty():
            self._start()

    def put(self, job: Callable[[], object]) -> None:
        """Do a job soon; what comes of it is of no interest."""

        def work() -> None:
            try:
                job()
            except Exception:
                self._log_crash()

        self._hand_over(work)

    def submit(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """Do a job soon; the future has its result or exception, unless the running loop is closed by then."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_fetch_exception)

        def work() -> None:
            finish: Callable[[], None]
            try:
                finish = partial(_give, future, job())
            except Exception as error:
                self._log_crash()
                finish = partial(_fail, future, error)
            try:
                loop.call_soon_threadsafe(finish)
            except RuntimeError:  # the loop is closed: nobody waits any more
                log.debug("%s ended late", self._name)

        self._hand_over(work)
        return future

    def stop(self) -> None:
        """Let the thread end once its work is done."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread = None

    def finish(self, seconds: float) -> None:
        """Do what is left, for so many seconds at most, and stop. Blocks."""
        thread = self._thread
        if thread is None:
            self.hold_up_if_needed(True)
            thread, self._may_hold_up = self._thread, False
        self.stop()
        if thread is not None:
            thread.join(seconds)

    def _hand_over(self, work: Callable[[], None]) -> None:
        self._jobs.put(work)
        self._start()

    def _log_crash(self) -> None:
        log.exception("work of the thread %s crashed (a bug in pymon)", self._name)

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=_work_off, args=(self._jobs,), name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has none left: the next job brings another attempt
            if not self._may_hold_up:
                log.error("%s waits: %s", self._name, error)
                return
            while not self._jobs.empty() and (job := self._jobs.get()) is not None:
                job()
        else:
            self._thread = thread


def _work_off(jobs: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (job := jobs.get()) is not None:
        job()


def _give(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _fetch_exception(future: asyncio.Future[T]) -> None:
    """The exception was logged where it happened; nobody needs to fetch it."""
    if not future.cancelled():
        future.exception()


def breathe(seconds: float) -> None:
    """Let the event loop have its turn, from a worker's job.

    Not by time.sleep: that asks for an end by the clock, which libfaketime, by which tests set it, does not understand.
    """
    select.select((), (), (), seconds)
