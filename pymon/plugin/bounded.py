"""Judging with a bound: work that users' expressions cause is cut off, wherever it takes too long.

What is judged (a page, a banner) comes from a server, and what it is judged by from mon.cf: together they can take
for ever. ``judge`` tries it at once, and what that leaves undone in a thread, where it holds nobody up; both have a
limit of processor time. Expressions that needed much lately do not get in the way of those that need little.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import weakref
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from pymon.errors import PluginError
from pymon.plugin.blocking import in_thread
from pymon.scarcity.lack import queueing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JudgingLimits:
    """What judging may cost. Times are in seconds."""

    glance: float = 0.01
    """processor time on the event loop; what takes longer begins again in a thread"""
    bound: float = 2.0
    """processor time in a thread"""
    alone: float = 0.1
    """processor time of one expression that is used outside of ``judge``"""
    places: int = 4
    """threads that judge at the same time; one more is for what took too long lately"""
    patience: float = 10.0
    """how long a place is waited for"""
    longest: float = 60.0
    """how long a thread is waited for, on a machine that has no processor time for it"""
    remembered: float = 600.0
    """how long it is remembered that something took too long"""
    most_remembered: int = 1024
    """things that this is remembered of"""


LIMITS = JudgingLimits()


class TooMuchWork(PluginError):
    """The bound was reached; the text says where, for the user. It says nothing about what was judged.

    A probe that lets it through has a broken check.
    """


class Budget:
    """Processor time that may be spent by the thread that made this."""

    def __init__(self, seconds: float, *, is_aside: bool) -> None:
        """``is_aside``: nothing else waits for this thread."""
        self.seconds = seconds
        self.is_aside = is_aside
        self._end = time.thread_time() + seconds

    def left(self, what: str = "judging") -> float:
        """Seconds that are left; raises TooMuchWork if there are none."""
        left = self._end - time.thread_time()
        if left <= 0:
            raise self.used_up(what)
        return left

    def used_up(self, what: str) -> TooMuchWork:
        """What to raise when ``what`` was cut off."""
        return TooMuchWork(f"{what} was given up after {self.seconds:g} s of processor time")


_BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)


def budget() -> Budget:
    """The one in force; outside of ``judge`` a new one for each call."""
    return _BUDGET.get() or Budget(LIMITS.alone, is_aside=False)


async def judge(key: Hashable, function: Callable[..., T], *args: object, at_once: bool = True) -> T:
    """Call a function that does nothing but judge, within bounds. Raises TooMuchWork.

    It may be called twice. Within it expressions (``pymon.plugin.Regex``) share one bound, and so does what runs
    under ``watched``. ``key`` is what the work depends upon, such as the options: what took too long with it lately
    has to wait for others of its kind, and not the other way round. ``at_once`` False: it is known to take its time.
    The limits of the probe and of the check stand still meanwhile, as in a queue: the host has done its part.
    """
    lanes = _lanes()
    if at_once and not lanes.is_slow(key):
        with contextlib.suppress(TooMuchWork):
            return _within(LIMITS.glance, False, function, *args)
    with queueing():
        async with lanes.place(key):
            try:
                async with asyncio.timeout(LIMITS.longest) as limit:
                    return await in_thread(_within, LIMITS.bound, True, function, *args)
            except TooMuchWork:
                lanes.remember(key)
                raise
            except TimeoutError:
                if not limit.expired():
                    raise
                raise TooMuchWork(f"judging was given up after {LIMITS.longest:g} s: the machine is busy") from None


def _within(seconds: float, is_aside: bool, function: Callable[..., T], *args: object) -> T:
    """Call a function with a budget of this thread's."""
    token = _BUDGET.set(Budget(seconds, is_aside=is_aside))
    try:
        return function(*args)
    except MemoryError:
        raise TooMuchWork("judging needed too much memory") from None
    finally:
        _BUDGET.reset(token)


@contextlib.contextmanager
def watched(what: str) -> Iterator[None]:
    """Cut off Python code in this block (a library's, say) when the budget is used up: raises TooMuchWork in it."""
    granted, calls = budget(), 0

    def look(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"
        if calls >= 32:
            calls = 0
            granted.left(what)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


class _Lanes:
    """The places of one event loop for judging in threads."""

    def __init__(self) -> None:
        self._common = asyncio.Semaphore(LIMITS.places)
        self._slow = asyncio.Semaphore(1)
        self._took_long: OrderedDict[Hashable, float] = OrderedDict()

    @contextlib.asynccontextmanager
    async def place(self, key: Hashable) -> AsyncIterator[None]:
        """A place, by how it went with this key before; raises TooMuchWork if there is none to be had in time."""
        lane = self._slow if self.is_slow(key) else self._common
        try:
            async with asyncio.timeout(LIMITS.patience):
                await lane.acquire()
        except TimeoutError:
            raise TooMuchWork(f"judging waited {LIMITS.patience:g} s for others that take long") from None
        try:
            yield
        finally:
            lane.release()

    def is_slow(self, key: Hashable) -> bool:
        """Whether it took too long lately."""
        since = self._took_long.get(key)
        return since is not None and time.monotonic() < since + LIMITS.remembered

    def remember(self, key: Hashable) -> None:
        """It took too long."""
        self._took_long[key] = time.monotonic()
        self._took_long.move_to_end(key)
        if len(self._took_long) > LIMITS.most_remembered:
            self._took_long.popitem(last=False)


_LANES: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Lanes] = weakref.WeakKeyDictionary()


def _lanes() -> _Lanes:
    return _LANES.setdefault(asyncio.get_running_loop(), _Lanes())
