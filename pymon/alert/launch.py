"""Runs alerts in the background: no alert can hold up, or bring down, the engine.

An alert is run under a time limit, and how it ended is logged. It can ask for more:

- exit code 75 (sysexits' EX_TEMPFAIL; of a plugin the codes in its ``retry_on``) is tried again after 1, 2, 4, … 60
  seconds, for an hour, over restarts too; so is one that could not be started;
- with ``ordered``, calls about the same thing are done one after the other (pymon/alert/order.py). Of those that wait
  only the newest is done, and one that is being retried gives way to it: the newest decision wins. The next daemon
  takes up what has neither succeeded nor failed for good (``resume``).

A ledger is told of each call when it is decided, and when nothing is left to do. The first attempt of a call waits, for
a bounded time, until the ledger has it on file: so a daemon to come knows of it. A call that is not ordered must not
be made twice, so the ledger has each of its attempts on file before it begins.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Callable, Coroutine, Mapping

from pymon.alert.concurrency import Places
from pymon.alert.delivery import About, Delivery, Ledger, NoLedger, about, latest_of_each, left_undone, log_end
from pymon.alert.limits import AlertLimits
from pymon.alert.order import Order, OrderedCall
from pymon.alert.subject import look_up, order_key
from pymon.clock import Clock, SystemClock, awake
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Subject
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall
from pymon.model.result import Cause, CheckResult
from pymon.process.start_queue import STARTED_FOR
from pymon.redaction.command_words import mask_echoed
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from pymon.scarcity.waiting import NO_LONGER

log = logging.getLogger("pymon.alert")

_RETRY_ON = frozenset({os.EX_TEMPFAIL})
"""exit codes of programs after which a later try can help"""

_PASSING = frozenset({Cause.TIMED_OUT, Cause.BLOCKED, Cause.SIGNALED, Cause.NOT_STARTED, Cause.CANCELLED})
"""ends of an ordered call that say nothing on whether a retry helps, so it is retried"""

_ANY = Subject(frozenset())
"""of a call that is not ordered"""


class Launcher:
    """Launches alerts. To be used from one event loop; none of its methods raises."""

    def __init__(
        self,
        runner: PluginRunner,
        *,
        environ: Mapping[str, str] | None = None,
        ledger: Ledger | None = None,
        places: Places | None = None,
        clock: Clock | None = None,
        limits: AlertLimits | None = None,
    ) -> None:
        """``environ`` is the daemon's environment (default: that of this process).

        ``clock`` is the machine's, if none is given.
        """
        self._runner = runner
        self._ledger = ledger or NoLedger()
        self._environ = dict(os.environ if environ is None else environ)
        self._clock = clock or SystemClock()
        self._limits = limits = limits or AlertLimits()
        self._order = Order(limits)
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = places or Places()
        self._retrying = 0
        self._stopping = asyncio.Event()
        self._decided_since_start: set[str] | None = None

    @property
    def running(self) -> int:
        """How many calls are at work or wait for another attempt."""
        return len(self._tasks)

    def launch(self, call: AlertCall, invocation: Invocation, file: PluginFile, *, inprocess: bool = True) -> None:
        """Start one alert and return at once. ``inprocess`` False runs it as a process even if it could do without."""
        call_about = About(*call.key, str(call.command), call.event.value, call.at, call.period)
        delivery = Delivery(call_about, file, invocation, inprocess, uuid.uuid4().hex)
        delivery.key = order_key(delivery)
        self._ledger.decided(delivery.token, self._pending(delivery))
        if not delivery.key:
            self._spawn(self._deliver(delivery), str(delivery))
            return
        if self._decided_since_start is not None:
            self._decided_since_start.add(delivery.key)
        self._queue(delivery)

    def resume(
        self,
        alerts: Mapping[str, PluginFile],
        is_wanted: Callable[[Pending], bool] = lambda _: True,
        is_inprocess: Callable[[Pending], bool] = lambda _: True,
        undone: Mapping[str, Pending] | None = None,
    ) -> None:
        """Take up what an earlier daemon left undone; ``alerts`` are the programs known by name.

        ``undone`` are calls of the ledger by their tokens. ``is_wanted`` is asked of each ordered one (it has a key)
        before it is done: what the world has overtaken meanwhile is dropped. ``is_inprocess`` says whether it may run
        inside the daemon.
        """
        self._decided_since_start = set()
        first = self._order.open("the start", "", is_earlier=True)  # what begins meanwhile is remembered
        self._spawn(self._resume(first, alerts, is_wanted, is_inprocess, undone or {}), "undone alerts")

    async def drain(self, limit: float) -> None:
        """Let the alerts under way finish, ``limit`` seconds at most, and end those that are left.

        Calls that wait for another attempt get one now. Ordered calls that are still undone stay in the ledger.
        """
        self._stopping.set()
        end = awake() + limit
        while self._tasks and (left := end - awake()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        if self._tasks:
            log.warning("%d alerts are still under way after %g seconds: they are ended", len(self._tasks), limit)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=5.0)

    # Calls without order

    async def _deliver(self, delivery: Delivery, age: float = 0.0) -> None:
        """Try until success, failure for good, or it is given up. ``age``: seconds since it was decided."""
        began, attempt = self._clock.steady() - age, 0
        while True:
            stopping = self._stopping.is_set()  # an attempt that began before the stop is followed by a last one
            result = await self._attempt(delivery)
            if not self._is_retried(delivery, result):
                self._finish(delivery, result)
                return
            if given_up := self._why_give_up(attempt, began):
                log.error("%s is given up: %s", delivery, given_up)
                self._finish(delivery, result, given_up)
                return
            delay = self._delay(attempt)
            self._ledger.attempted(delivery.about, result, delay, "")
            self._ledger.decided(delivery.token, self._pending(delivery))  # the next daemon may have to do it
            if stopping:
                return
            self._retrying += 1
            try:
                await self._pause(delivery, delay, None)
            finally:
                self._retrying -= 1
            attempt += 1

    def _why_give_up(self, attempt: int, began: float) -> str:
        if attempt == 0 and self._retrying >= self._limits.most_retrying:
            return f"{self._retrying} others wait for another attempt"
        if self._clock.steady() - began > self._limits.retry_for:
            return f"{self._limits.retry_for / 60:g} minutes are over since it was decided"
        return ""

    def _finish(self, delivery: Delivery, result: CheckResult, given_up: str = "") -> None:
        self._ledger.attempted(delivery.about, result, None, given_up)
        self._ledger.ended(delivery.token)

    # Ordered calls

    def _queue(self, delivery: Delivery, *, is_earlier: bool = False) -> None:
        decision = self._order.open(str(delivery), delivery.key, is_earlier=is_earlier)
        self._spawn(self._deliver_in_order(delivery, decision), f"{delivery.file.name} {delivery.key}")

    async def _deliver_in_order(self, delivery: Delivery, decision: OrderedCall) -> None:
        try:
            await self._try_in_order(delivery, decision)
        finally:
            self._order.close(decision)

    async def _try_in_order(self, delivery: Delivery, decision: OrderedCall) -> None:
        """Try until success, failure for good, a newer decision, or the stop."""
        attempt = 0
        while True:
            stopping = self._stopping.is_set()
            subject = await self._settle(delivery, decision)
            if attempt == 0:
                await self._on_file(delivery)
            await self._order.wait_for_turn(decision)
            if decision.overtaken_by:
                self._give_way(delivery, decision, None)
                return
            self._order.begin(decision)
            result = await self._attempt(delivery, subject)
            if not self._is_retried(delivery, result):
                self._finish(delivery, result)
                return
            if decision.overtaken_by:
                self._give_way(delivery, decision, result)
                return
            delay = self._delay(attempt)
            self._ledger.attempted(delivery.about, result, delay, "")
            if stopping:
                self._log_undone(delivery)
                return
            await self._pause(delivery, delay, decision.overtaken)
            attempt += 1
            if decision.overtaken_by:
                self._give_way(delivery, decision, None)
                return

    async def _settle(self, delivery: Delivery, decision: OrderedCall) -> Subject:
        """Tell what a call acts upon, and so what it has to wait for; again until all its names could be looked up."""
        if decision.subject is not None and not decision.subject.warning:
            return decision.subject
        subject = await look_up(delivery, self._limits.look_up)
        if subject.warning and decision.subject is None:
            log.warning("%s: %s: compared by its text with what else is decided", delivery, subject.warning)
        self._order.enter(decision, subject)
        return subject

    def _give_way(self, delivery: Delivery, decision: OrderedCall, result: CheckResult | None) -> None:
        how = "is not tried again" if decision.has_begun else "is dropped before its start"
        log.info("%s %s: %s was decided later", delivery, how, decision.overtaken_by)
        why = f"{decision.overtaken_by} was decided later"
        if result is None:
            self._ledger.dropped(delivery.about, why)
            self._ledger.ended(delivery.token)
        else:
            self._finish(delivery, result, why)

    def _log_undone(self, delivery: Delivery) -> None:
        if obstacle := self._ledger.obstacle:
            log.error("%s is undone, and is lost unless the record can be kept again: %s", delivery, obstacle)
        else:
            log.warning("%s is undone: it stays in the record for the next start", delivery)

    # What an earlier daemon left

    async def _resume(
        self,
        first: OrderedCall,
        alerts: Mapping[str, PluginFile],
        is_wanted: Callable[[Pending], bool],
        is_inprocess: Callable[[Pending], bool],
        undone: Mapping[str, Pending],
    ) -> None:
        try:
            decided, self._decided_since_start = self._decided_since_start or set(), None
            latest, overtaken = latest_of_each(undone)
            for token in overtaken:
                self._ledger.ended(token)
            for token, pending in latest:
                file = alerts.get(pending.name)
                if pending.key and pending.key in decided:
                    self._ledger.ended(token)
                elif file is None:
                    self._cannot_resume(token, pending)
                elif pending.key and not is_wanted(pending):
                    log.warning("%s, and is not wanted any more: dropped", left_undone(pending, self._clock.wall()))
                    self._ledger.dropped(about(pending), "it was left undone, and is not wanted any more")
                    self._ledger.ended(token)
                else:
                    log.warning("%s: taken up again", left_undone(pending, self._clock.wall()))
                    self._take_up(token, pending, file, inprocess=is_inprocess(pending))
        finally:
            self._order.close(first)

    def _take_up(self, token: str, pending: Pending, file: PluginFile, *, inprocess: bool) -> None:
        invocation = Invocation(file.path, pending.arguments, self._environ | pending.environ, pending.stdin)
        delivery = Delivery(about(pending), file, invocation, inprocess, token)
        if not pending.key:
            self._spawn(self._deliver(delivery, max(0.0, self._clock.wall() - pending.at)), str(delivery))
            return
        delivery.key = order_key(delivery) or pending.key
        if delivery.key != pending.key:  # an earlier pymon wrote it another way
            self._ledger.decided(token, self._pending(delivery))
        self._queue(delivery, is_earlier=True)

    def _cannot_resume(self, token: str, pending: Pending) -> None:
        left = left_undone(pending, self._clock.wall())
        if pending.key:
            log.error("%s, and mon.cf does not name it any more: it stays in the record", left)
            return
        why = "it was left undone, and mon.cf does not name it any more"
        log.error("%s, and mon.cf does not name it any more: dropped", left)
        self._ledger.dropped(about(pending), why)
        self._ledger.ended(token)

    def _pending(self, delivery: Delivery) -> Pending:
        call = delivery.invocation
        own = {name: value for name, value in call.environ.items() if self._environ.get(name) != value}
        return Pending(
            key=delivery.key,
            name=delivery.file.name,
            group=delivery.about.group,
            service=delivery.about.service,
            event=delivery.about.event,
            at=delivery.about.at,
            arguments=call.arguments,
            environ=own,
            stdin=call.stdin,
        )

    # One attempt

    async def _attempt(self, delivery: Delivery, subject: Subject = _ANY) -> CheckResult:
        STARTED_FOR.set("alert")
        NO_LONGER.set(self._stopping)
        if subject.answer is not None:
            result = CheckResult(subject.answer.exitval, subject.answer.output)
            log_end(delivery, result)
            return result
        is_loose = delivery.file.plugin is None or not delivery.file.plugin.ordered
        name = "" if is_loose else delivery.file.name
        processes = self._places.of_programs(name)
        user = ServiceKey(delivery.about.group, delivery.about.service)
        is_inside = delivery.inprocess and self._runner.can_run_in_process(delivery.file, user)
        async with self._places.inside(name) if is_inside else processes:
            if is_loose:
                self._ledger.started(delivery.token, self._clock.wall())
                await self._on_file(delivery)
            # What an alert leaves running when it has ended (a mailer's queue run) is its own business.
            result = await self._runner.run(
                delivery.file,
                delivery.invocation._replace(arguments=(*delivery.invocation.arguments, *subject.arguments)),
                time_limit=self._limits.time_limit,
                inprocess=delivery.inprocess,
                reap_group=False,
                programs=processes,
                user=user,
            )
        result = result._replace(output=mask_echoed(result.output, delivery.invocation.arguments, delivery.file.name))
        log_end(delivery, result)
        return result

    async def _on_file(self, delivery: Delivery) -> None:
        settled = asyncio.ensure_future(self._ledger.settled())
        done, _ = await asyncio.wait([settled], timeout=self._limits.disk_wait)
        if not done:
            settled.cancel()
            log.error("%s starts before that is on file: the disk is slow", delivery)

    def _is_retried(self, delivery: Delivery, result: CheckResult) -> bool:
        plugin = delivery.file.plugin
        if result.is_success:
            return False
        if result.cause in (Cause.NOT_STARTED, Cause.STARVED):
            return True  # nothing was sent: it is being replaced, or the system has no process left
        if result.cause is Cause.EXITED:
            return result.exitval in (_RETRY_ON if plugin is None else plugin.retry_on)
        return plugin is not None and plugin.ordered and result.cause in _PASSING

    def _delay(self, attempt: int) -> float:
        delays = self._limits.retry_delays
        return delays[min(attempt, len(delays) - 1)]

    async def _pause(self, delivery: Delivery, delay: float, newer: asyncio.Event | None) -> None:
        """Wait before another attempt; a newer decision or the stop ends it early."""
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
            log.error("%s crashed (a bug in pymon): %r", task.get_name(), error, exc_info=error)
