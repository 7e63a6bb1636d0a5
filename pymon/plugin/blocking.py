"""Functions that block, in threads: they hold up neither the event loop nor, when they hang, the program's end."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
import types
import weakref
from collections.abc import Callable, Hashable
from typing import Generic, ParamSpec, TypeVar

from pymon.scarcity.symptoms import NoThread
from pymon.scarcity.waiting import retry_until_possible, start_thread

P = ParamSpec("P")
T = TypeVar("T")

STUCK_LIMIT = 64
"""threads of one function that may go on after nobody waits for them any more"""


class StuckThreads(NoThread):
    """Too many earlier calls of the function never returned; it may work again when they do (EAGAIN)."""

    is_ours = True
    """no failure of what is looked at (``pymon.scarcity.symptoms``)"""

    def __str__(self) -> str:
        return str(self.strerror)


class _Stuck:
    """How many threads of a function go on after nobody waits for them any more. They, and who calls, keep it."""

    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()


class Blocking(Generic[P, T]):
    """A function that blocks, to be awaited: each call has a thread of its own.

    A call that is cancelled (by its time limit) leaves its thread behind, for a thread cannot be ended; with
    STUCK_LIMIT of them calls raise StuckThreads. Objects with the same ``key`` count them together.
    """

    def __init__(self, function: Callable[P, T], key: Hashable = None) -> None:
        self._function = function
        self._stuck = _Stuck() if key is None else _STUCK.setdefault(key, _Stuck())

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        stuck = self._stuck
        if stuck.count >= STUCK_LIMIT:
            raise StuckThreads(f"{stuck.count} earlier calls hang")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()
        returned = threading.Event()
        abandoned = threading.Event()

        def settle(result: T | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error if not isinstance(error, StopIteration) else RuntimeError(repr(error)))
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # None is T's where the function returns it

        def work() -> None:
            result, failure = None, None
            try:
                result = context.run(self._function, *args, **kwargs)
            except BaseException as error:
                failure = error
            with stuck.lock:
                returned.set()
                if abandoned.is_set():
                    stuck.count -= 1
            try:
                loop.call_soon_threadsafe(settle, result, failure)
            except RuntimeError:
                return  # the event loop is closed: nobody waits any more

        name = getattr(self._function, "__name__", "blocking")
        # a daemon thread: one that hangs must not keep the program from ending
        await retry_until_possible(
            lambda: start_thread(threading.Thread(target=work, name=name, daemon=True)), "start a thread"
        )
        try:
            return await answer
        except asyncio.CancelledError:
            with stuck.lock:
                if not returned.is_set():
                    abandoned.set()
                    stuck.count += 1
            raise


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that blocks, in a thread of its own, and await what it returns.

    Calls of the same code count together as those that may hang.
    """
    return await Blocking(function, _code_of(function))(*args, **kwargs)


def _code_of(function: Callable[..., object]) -> Hashable:
    """What is the same for two functions that do the same: made anew (lambdas), bound to an object, or partial."""
    while isinstance(function, functools.partial):
        function = function.func
    of_python: types.CodeType | None = getattr(function, "__code__", None)
    bound_to, name = getattr(function, "__self__", None), getattr(function, "__qualname__", "")
    place: object = bound_to if isinstance(bound_to, types.ModuleType) else type(bound_to if name else function)
    return of_python or (place, name)  # without a name it is an object that can be called


_STUCK: weakref.WeakValueDictionary[Hashable, _Stuck] = weakref.WeakValueDictionary()
"""of each code that is being called, or hangs"""
