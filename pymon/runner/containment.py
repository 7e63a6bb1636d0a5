"""What belongs to one run inside the daemon: its tasks, its prints, its blame.

Each run has its own contextvars context, which the tasks, callbacks and threads (``asyncio.to_thread``) that it starts
inherit. So three things can tell whose code they are called from: the task factory, ``sys.stdout``, and the watchdog.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO, cast

from pymon.model.result import OUTPUT_LIMIT
from pymon.process.output import cut_notice
from pymon.text import well_formed


class PluginRun:
    """One run of a plugin inside the daemon. ``path`` is its file, ``blocked`` where it held up the event loop.

    ``hung`` is where it did so in a function that could not be interrupted; what it answered after that is its answer.
    """

    __slots__ = ("_dropped", "_printed", "_room", "blocked", "blocked_stack", "hung", "path", "tasks")

    def __init__(self, path: str) -> None:
        self.path = path
        self.tasks: set[asyncio.Future[Any]] = set()
        self.blocked = ""
        self.blocked_stack = ""
        self.hung = ""
        self._printed: list[str] = []
        self._room = OUTPUT_LIMIT
        self._dropped = 0

    def write(self, text: str) -> None:
        """Keep what the plugin printed, as long as there is room."""
        kept = text[: self._room]
        self._printed.append(kept)
        self._room -= len(kept)
        self._dropped += len(text) - len(kept)

    @property
    def printed(self) -> str:
        """All that it printed so far, in a form that can be written anywhere."""
        if not self._printed:
            return ""
        return well_formed("".join(self._printed)) + (cut_notice(self._dropped) if self._dropped else "")


CURRENT: ContextVar[PluginRun | None] = ContextVar("pymon_plugin_call", default=None)
"""the run whose code is being executed, if any"""


class PluginExit(Exception):
    """A task that a plugin started called sys.exit, or raised KeyboardInterrupt: that must not end the daemon."""


class _Contained(Coroutine[Any, Any, Any]):
    """A plugin's coroutine whose SystemExit and KeyboardInterrupt stay inside its task.

    asyncio hands these two on, out of the event loop; everything else it keeps in the task.
    """

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)  # cr_frame and its like, for tracebacks

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        try:
            return self._coroutine.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise PluginExit(f"{type(error).__name__}: {error}") from error

    def throw(self, *error: Any) -> Any:
        try:
            return self._coroutine.throw(*error)
        except (SystemExit, KeyboardInterrupt) as raised:
            raise PluginExit(f"{type(raised).__name__}: {raised}") from raised

    def close(self) -> None:
        self._coroutine.close()


def is_of_a_run(task: asyncio.Task[Any]) -> bool:
    """Whether a plugin's code started it, in a run inside the daemon."""
    return isinstance(task.get_coro(), _Contained)


_Factory = Callable[..., "asyncio.Future[Any]"]


def tracking_factory(previous: _Factory | None) -> _Factory:
    """A task factory that notes in each run which tasks its code starts, and otherwise does as before."""

    def create(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Future[Any]:
        run = CURRENT.get()
        if run is not None:
            coroutine = _Contained(coroutine)
        if previous is None:
            task: asyncio.Future[Any] = asyncio.Task(coroutine, loop=loop, **options)
        else:
            task = previous(loop, coroutine, **options)
        if run is not None:
            run.tasks.add(task)
            task.add_done_callback(run.tasks.discard)
        return task

    return create


class _Divert:
    """Standard output or error: a plugin's prints go to its run, everyone else's where they went before."""

    def __init__(self, original: TextIO) -> None:
        self.original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)  # flush, encoding, and what else a text stream has

    def write(self, text: str) -> int:
        """As of a text stream."""
        run = CURRENT.get()
        if run is None:
            return self.original.write(text)
        run.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """As of a text stream."""
        for line in lines:
            self.write(line)


class Containment:
    """While entered, runs inside the daemon on this event loop have their tasks noted and their prints kept."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._previous: _Factory | None = None
        self._factory: _Factory | None = None
        self._diverted: dict[str, _Divert] = {}

    def __enter__(self) -> Containment:
        self._loop = asyncio.get_running_loop()
        self._previous = cast("_Factory | None", self._loop.get_task_factory())
        self._factory = tracking_factory(self._previous)
        self._loop.set_task_factory(cast("Any", self._factory))
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not isinstance(stream, _Divert):
                self._diverted[name] = _Divert(stream)
                setattr(sys, name, self._diverted[name])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._loop.get_task_factory() is self._factory:
            self._loop.set_task_factory(cast("Any", self._previous))
        for name, divert in self._diverted.items():
            if getattr(sys, name) is divert:
                setattr(sys, name, divert.original)
        self._diverted.clear()


def end_tasks(run: PluginRun) -> int:
    """Cancel the tasks that a run left behind, and have nobody complain of how they end. Returns how many."""
    left = [task for task in run.tasks if not task.done()]
    for task in left:
        task.cancel()
        task.add_done_callback(retrieve)
    return len(left)


def abandon(task: asyncio.Future[Any]) -> None:
    """Be rid of a task that goes on although it was cancelled: close its coroutine, and have nobody wait for it.

    A coroutine that withstands even this stays where it is, but asyncio.run no longer waits for it at the end.
    """
    if not isinstance(task, asyncio.Task):
        return
    task.add_done_callback(retrieve)
    with contextlib.suppress(RuntimeError, ValueError, AttributeError):  # it ignores GeneratorExit, or is running
        task.get_coro().close()
    task.cancel()  # a closed coroutine ends its task at the next step
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio does for tasks of its own
    asyncio.tasks._unregister_task(task)


def retrieve(task: Awaitable[Any]) -> None:
    """Take notice of a finished task's exception, so that asyncio does not report it as overlooked."""
    if isinstance(task, asyncio.Future) and not task.cancelled():
        task.exception()
