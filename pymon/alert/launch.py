"""Runs alerts in the background: no alert can hold up, or bring down, the engine.

An alert is run once, under a time limit, and how it ended is logged. A plugin can ask for more:

- exit codes in its ``retry_on`` are tried again after 1, 2, 4, … 60 seconds;
- with ``ordered``, calls of the same ``order_key`` are done one after the other. Of those that wait only the newest
  is done, and one that is being retried gives way to it: the newest decision wins. Such a call is kept in a journal
  until it has succeeded or failed for good, and taken up again by the next daemon (``resume``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pymon.alert.pending import Journal, Pending
from pymon.model.effect import AlertCall
from pymon.model.invocation import Invocation
from pymon.model.result import Cause, CheckResult
from pymon.plugin.registry import PluginFile
from pymon.plugin.runner import Runner

log = logging.getLogger("pymon.alert")

TIME_LIMIT = 300.0
"""seconds one attempt may take (mon knows no limit, and hanging alerts pile up: Q17)"""
PROCESS_LIMIT = 256
"""alerts that run as processes at the same time, ordered ones and others each; more of them wait their turn
(mon forks without limit: Q17)"""
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""seconds before each further attempt; the last one repeats"""
RETRY_FOR = 3600.0
"""seconds after which a call that is not ordered is given up"""
RETRYING_LIMIT = 1000
"""calls that are not ordered and wait for another attempt; with more, further failures are final"""
JOURNAL_WAIT = 2.0
"""seconds a first attempt waits for the journal; a disk that takes longer must not hold up an IPVS change"""

_PASSING = frozenset({Cause.TIMED_OUT, Cause.BLOCKED, Cause.SIGNALED, Cause.NOT_STARTED, Cause.CANCELLED})
"""ends of an ordered call that say nothing on whether a retry helps, so it is retried"""


@dataclass(slots=True)
class _Delivery:
    """One call on its way. ``kept`` is done once the journal has it, or could not take it (False)."""

    file: PluginFile
    invocation: Invocation
    group: str
    service: str
    event: str
    at: float
    inprocess: bool
    kept: asyncio.Future[bool] | None = None

    def __str__(self) -> str:
        return f"{self.file.name} for {self.group}/{self.service} ({self.event})"


@dataclass(slots=True)
class _Lane:
    """The calls of one order key: one at work, and the newest of those that wait. ``newer`` wakes a retry."""

    waiting: _Delivery | None
    newer: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> _Delivery | None:
        delivery, self.waiting = self.waiting, None
        self.newer.clear()
        return delivery


class Launcher:
    """Launches alerts. To be used from one event loop; none of its methods raises."""

    def __init__(
        self,
        runner: Runner,
        *,
        statedir: str | Path,
        environ: Mapping[str, str] | None = None,
        time_limit: float = TIME_LIMIT,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        """The journal is in ``statedir``; ``environ`` is the daemon's environment (default: that of this process)."""
        self._runner = runner
        self._journal = Journal(Path(statedir) / "pending")
        self._environ = dict(os.environ if environ is None else environ)
        self._time_limit = time_limit
        self._retry_delays = retry_delays
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Two limits, for an IPVS change must not wait until hanging mails are given up.
        self._processes = asyncio.Semaphore(PROCESS_LIMIT)
        self._ordered_processes = asyncio.Semaphore(PROCESS_LIMIT)
        self._retrying = 0
        self._stopping = asyncio.Event()
        self._decided_since_start: set[str] | None = None

    @property
    def running(self) -> int:
        """How many calls are at work or wait for another attempt."""
        return len(self._tasks)

    def launch(self, call: AlertCall, invocation: Invocation, file: PluginFile, *, inprocess: bool = True) -> None:
        """Start one alert and return at once. ``inprocess`` False runs it as a process even if it could do without."""
        delivery = _Delivery(file, invocation, *call.key, call.event.value, call.at, inprocess)
        key = self._order_key(delivery)
        if key is None:
            self._spawn(self._deliver(delivery), str(delivery))
        else:
            if self._decided_since_start is not None:
                self._decided_since_start.add(key)
            delivery.kept = self._journal.write(self._pending(key, delivery))
            self._queue(key, delivery)

    def resume(
        self,
        alerts: Mapping[str, PluginFile],
        is_wanted: Callable[[Pending], bool] = lambda _: True,
        is_inprocess: Callable[[Pending], bool] = lambda _: True,
    ) -> None:
        """Take up what an earlier daemon left undone; ``alerts`` are the programs known by name.

        ``is_wanted`` is asked of each before it is done: what the world has overtaken meanwhile is dropped.
        ``is_inprocess`` says whether it may run inside the daemon.
        """
        self._decided_since_start = set()
        self._spawn(self._resume(alerts, is_wanted, is_inprocess), "undone alerts")

    async def drain(self, limit: float) -> None:
        """Let the alerts under way finish, ``limit`` seconds at most, and end those that are left.

        Calls that wait for another attempt get one now. Ordered calls that are still undone stay in the journal.
        """
        self._stopping.set()
        end = time.monotonic() + limit
        while self._tasks and (left := end - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        if self._tasks:
            log.warning("%d alerts are still under way after %g seconds: they are ended", len(self._tasks), limit)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=5.0)
        await asyncio.wait([self._journal.flush()], timeout=JOURNAL_WAIT)
        self._journal.close()

    # Calls without order

    async def _deliver(self, delivery: _Delivery) -> None:
        started = time.monotonic()
        result = await self._attempt(delivery)
        if not self._is_retried(delivery, result) or self._stopping.is_set():
            return
        if self._retrying >= RETRYING_LIMIT:
            log.error("%s is given up: %d others wait for another attempt", delivery, self._retrying)
            return
        self._retrying += 1
        try:
            attempt = 0
            while self._is_retried(delivery, result) and not self._stopping.is_set():
                if time.monotonic() - started > RETRY_FOR:
                    log.error("%s is given up after %g minutes", delivery, RETRY_FOR / 60)
                    return
                await self._pause(delivery, attempt, None)
                result = await self._attempt(delivery)
                attempt += 1
        finally:
            self._retrying -= 1

    # Ordered calls

    def _order_key(self, delivery: _Delivery) -> str | None:
        """What a call is ordered by, with the alert's name before it; None if it is not ordered."""
        plugin = delivery.file.plugin
        if plugin is None or not plugin.ordered:
            return None
        try:
            return f"{delivery.file.name} {plugin.order_key(delivery.invocation)}"
        except Exception:
            log.exception("%s cannot be ordered, and is run at once: its order_key raised", delivery)
            return None

    def _queue(self, key: str, delivery: _Delivery) -> None:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(delivery)
            self._spawn(self._work_off(key, lane), f"{delivery.file.name} {key}")
            return
        if lane.waiting is not None:
            log.info("%s is dropped before its start: %s was decided later", lane.waiting, delivery)
        lane.waiting = delivery
        lane.newer.set()

    async def _work_off(self, key: str, lane: _Lane) -> None:
        try:
            while (delivery := lane.take()) is not None:
                await self._kept(delivery)
                is_done = await self._deliver_in_order(delivery, lane)
                if is_done and lane.waiting is None:
                    self._journal.remove(key)
        finally:
            del self._lanes[key]

    async def _kept(self, delivery: _Delivery) -> None:
        if delivery.kept is not None:
            done, _ = await asyncio.wait([delivery.kept], timeout=JOURNAL_WAIT)
            if not done:
                log.error("%s starts before it is in the journal: the disk is slow", delivery)

    async def _deliver_in_order(self, delivery: _Delivery, lane: _Lane) -> bool:
        """Try until success, failure for good, a newer decision, or the stop; whether nothing is left to do."""
        attempt = 0
        while True:
            stopping = self._stopping.is_set()
            result = await self._attempt(delivery)
            if not self._is_retried(delivery, result):
                return True
            if lane.waiting is not None:
                log.info("%s is not tried again: %s was decided later", delivery, lane.waiting)
                return True
            if stopping:
                if delivery.kept is not None and delivery.kept.done() and not delivery.kept.result():
                    log.error("%s is undone, and lost: it could not be kept in %s", delivery, self._journal.folder)
                else:
                    log.warning("%s is undone: it stays in %s for the next start", delivery, self._journal.folder)
                return False
            await self._pause(delivery, attempt, lane.newer)
            attempt += 1
            if lane.waiting is not None:
                log.info("%s is not tried again: %s was decided later", delivery, lane.waiting)
                return True

    async def _resume(
        self,
        alerts: Mapping[str, PluginFile],
        is_wanted: Callable[[Pending], bool],
        is_inprocess: Callable[[Pending], bool],
    ) -> None:
        left_undone = await self._journal.read()
        decided, self._decided_since_start = self._decided_since_start or set(), None
        for pending in left_undone:
            file = alerts.get(pending.name)
            if pending.key in decided:
                continue
            if file is None:
                log.error(
                    "%s for %s/%s (%s) was left undone, and mon.cf does not name it any more: it stays in %s",
                    *(pending.name, pending.group, pending.service, pending.event, self._journal.folder),
                )
                continue
            if not is_wanted(pending):
                log.warning(
                    "%s for %s/%s (%s) was left undone %.0f seconds ago, and is not wanted any more: dropped",
                    *(pending.name, pending.group, pending.service, pending.event, time.time() - pending.at),
                )
                self._journal.remove(pending.key)
                continue
            invocation = Invocation(file.path, pending.arguments, self._environ | pending.environ, pending.stdin)
            about = (pending.group, pending.service, pending.event, pending.at)
            delivery = _Delivery(file, invocation, *about, inprocess=is_inprocess(pending))
            log.warning("%s was left undone %.0f seconds ago: taken up again", delivery, time.time() - pending.at)
            self._queue(pending.key, delivery)

    def _pending(self, key: str, delivery: _Delivery) -> Pending:
        call = delivery.invocation
        own = {name: value for name, value in call.environ.items() if self._environ.get(name) != value}
        return Pending(
            key=key,
            name=delivery.file.name,
            group=delivery.group,
            service=delivery.service,
            event=delivery.event,
            at=delivery.at,
            arguments=call.arguments,
            environ=own,
            stdin=call.stdin,
        )

    # One attempt

    async def _attempt(self, delivery: _Delivery) -> CheckResult:
        async with AsyncExitStack() as stack:
            if not (delivery.inprocess and self._runner.can_run_in_process(delivery.file)):
                is_ordered = delivery.file.plugin is not None and delivery.file.plugin.ordered
                await stack.enter_async_context(self._ordered_processes if is_ordered else self._processes)
            # What an alert leaves running when it has ended (a mailer's queue run) is its own business.
            result = await self._runner.run(
                delivery.file,
                delivery.invocation,
                time_limit=self._time_limit,
                inprocess=delivery.inprocess,
                reap_group=False,
            )
        _log_end(delivery, result)
        return result

    def _is_retried(self, delivery: _Delivery, result: CheckResult) -> bool:
        plugin = delivery.file.plugin
        if plugin is None or result.is_success:
            return False
        if result.cause is Cause.EXITED:
            return result.exitval in plugin.retry_on
        return plugin.ordered and result.cause in _PASSING

    async def _pause(self, delivery: _Delivery, attempt: int, newer: asyncio.Event | None) -> None:
        """Wait before another attempt; a newer decision or the stop ends it early."""
        delay = self._retry_delays[min(attempt, len(self._retry_delays) - 1)]
        log.info("%s is tried again in %g seconds", delivery, delay)
        wakers = [asyncio.create_task(event.wait()) for event in (self._stopping, newer) if event is not None]
        try:
            await asyncio.wait(wakers, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waker in wakers:
                waker.cancel()

    def _spawn(self, coroutine: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(coroutine, name=f"alert {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s came to grief (a bug in pymon): %r", task.get_name(), error, exc_info=error)


def _log_end(delivery: _Delivery, result: CheckResult) -> None:
    lines = result.output.splitlines()
    took = result.ended - result.started
    extra = {"group": delivery.group, "service": delivery.service, "event": delivery.event}
    if result.is_success:
        log.debug("%s done in %.3f seconds", delivery, took, extra=extra)
    else:
        how = f"exit status {result.exitval}" if result.cause is Cause.EXITED else result.cause.value
        first = next((line for line in lines if line.strip()), "it said nothing")
        log.warning("%s failed after %.3f seconds: %s: %s", delivery, took, how, first, extra=extra)
        if lines == [first]:
            return
    for line in lines[:_LINES_LOGGED]:
        log.info("%s says: %s", delivery, line, extra=extra)
    if len(lines) > _LINES_LOGGED:
        log.info("%s says: … (%d lines more)", delivery, len(lines) - _LINES_LOGGED, extra=extra)


_LINES_LOGGED = 20
