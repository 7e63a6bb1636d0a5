"""Notices a step of a plugin that holds up the event loop, and ends it.

A heartbeat on the event loop winds up an interval timer (SIGALRM) again and again. When the loop is held up, the timer
runs out, and its handler, which Python calls in the main thread in the midst of whatever holds the loop up, looks
which callback of the loop is being executed. When it is the same one until the limit is reached, and it belongs to a
plugin's run, ``PluginBlocked`` is raised right there. It is no ``Exception``, so ``except Exception`` does not stop it;
what does (``except BaseException`` in a loop) is interrupted again each time.

A timer and no thread, because a thread has to wait for the interpreter lock, which a regular expression that does not
come to its end keeps; yet it looks for signals. It interrupts sleeps, waits for processes and sockets, endless
loops, and regular expressions. It cannot interrupt a C function that neither returns nor looks for signals; but when
that returns, the handler is called in the midst of the step that called it, and so late that it is known which one it
was (``PluginRun.hung``). Unless it was the whole daemon that stood still: then there was a SIGCONT.

Each heartbeat is a sign of life for ``pymon.runner.loop_delays``, which knows what follows from their lack.

Outside the main thread there are no signal handlers: there the delay is noted afterwards, and nothing is interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
import traceback
from types import FrameType

from pymon.clock import boottime
from pymon.runner.containment import CURRENT, PluginRun
from pymon.runner.event_loop import DaemonLoop
from pymon.runner.limits import RunnerLimits
from pymon.runner.loop_delays import HoldUps

log = logging.getLogger("pymon.plugin")

_BEATS_PER_LIMIT = 4
_STACK_DEPTH = 20


class PluginBlocked(BaseException):
    """Raised inside a plugin that holds up the event loop; ``str()`` of it is where."""


class Watchdog:
    """Watches one event loop between ``start`` and ``stop``; with ``limits.blocking`` 0 it watches nothing.

    ``can_interrupt`` is False when it only notes delays: outside the main thread, or when SIGALRM is taken.
    """

    def __init__(self, limits: RunnerLimits | None = None, holdups: HoldUps | None = None) -> None:
        limits = limits or RunnerLimits()
        self.limit = limits.blocking
        self._holdups = holdups or HoldUps(limits=limits)
        self._period = min(limits.blocking / _BEATS_PER_LIMIT, limits.heartbeat)
        self.can_interrupt = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._expected = 0.0
        self._step: FrameType | None = None
        self._step_since = 0.0
        self._alive_at = 0.0
        self._suspect: PluginRun | None = None
        self._complained_of: FrameType | None = None

    def start(self) -> None:
        """Begin to watch the running event loop."""
        if not self.limit:
            return
        loop = self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGALRM) in {
            signal.SIG_DFL,
            signal.SIG_IGN,
        }:
            signal.signal(signal.SIGALRM, self._on_alarm)
            signal.signal(signal.SIGCONT, self._on_continue)
            self.can_interrupt = True
        else:
            log.warning("plugins that block the event loop are noticed, but cannot be interrupted here")
        self._expected = boottime()
        self._holdups.start()
        if isinstance(loop, DaemonLoop):
            loop.on_hold_up(self._holdups.note_alive)
        self._beat(loop)

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            if isinstance(loop := self._loop, DaemonLoop):
                loop.on_hold_up(None)
            self._timer.cancel()
            self._timer = None
        self._holdups.stop()
        if self.can_interrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.signal(signal.SIGCONT, signal.SIG_DFL)
            self.can_interrupt = False
        self._step = self._complained_of = None

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._holdups.note_alive()
        now = boottime()
        late = now - self._expected
        if late > self.limit and self._complained_of is None:
            log.warning("the event loop was held up for %.1f s", late)
        self._step = self._complained_of = self._suspect = None
        self._alive_at = time.monotonic()
        self._expected = now + self._period
        self._timer = loop.call_later(self._period, self._beat, loop)
        if self.can_interrupt:
            signal.setitimer(signal.ITIMER_REAL, 2 * self._period, self._period)

    def _on_continue(self, _number: int, _frame: FrameType | None) -> None:
        """The daemon was stopped (SIGSTOP): no step of a plugin's is to blame, whichever of the two comes first."""
        self._alive_at = time.monotonic()
        if self._suspect is not None:
            self._suspect.hung = ""
            self._suspect = None

    def _on_alarm(self, _number: int, frame: FrameType | None) -> None:
        """The heartbeat is overdue. Raise only inside a plugin's run, and only when one step lasts too long."""
        step = step_of(frame)
        now = time.monotonic()
        silent, self._alive_at = now - self._alive_at, now
        if step is None or frame is None:
            return
        if step is not self._step:
            self._step, self._step_since = step, now
            run = CURRENT.get()
            if run is not None and silent > self.limit + 2 * self._period:
                run.hung = run.hung or _place(frame, run)
                self._suspect = run
            return
        if now - self._step_since < self.limit / 2:
            return
        run = CURRENT.get()
        if run is None:
            self._complain_once(step, frame)
            return
        self._complained_of = step
        self._step = None  # it gets as long again to come to its end
        run.blocked = run.blocked or _place(frame, run)
        run.blocked_stack = run.blocked_stack or _stack(frame)
        raise PluginBlocked(run.blocked)

    def _complain_once(self, step: FrameType, frame: FrameType) -> None:
        if self._complained_of is not step:
            self._complained_of = step
            log.warning("the event loop is held up by pymon itself, at\n%s", _stack(frame))


def step_of(frame: FrameType | None) -> FrameType | None:
    """The frame of the event loop's that executes the callback (or task's step) which this frame is part of.

    Each callback has a frame of its own, so that it tells one step from the next.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_run" and code.co_filename.endswith("asyncio/events.py"):
            return frame
        frame = frame.f_back
    return None


def _stack(frame: FrameType) -> str:
    """The innermost calls, as a traceback shows them, from below the event loop on."""
    frames = traceback.extract_stack(frame)
    below = [number for number, entry in enumerate(frames) if entry.filename.endswith("asyncio/events.py")]
    return "".join(traceback.format_list(frames[below[-1] + 1 if below else 0 :][-_STACK_DEPTH:]))


def own_frame(frame: FrameType, path: str) -> FrameType:
    """The innermost frame of the file ``path`` at or above this one; if there is none, this one."""
    here: FrameType | None = frame
    while here is not None and here.f_code.co_filename != path:
        here = here.f_back
    return here or frame


def _place(frame: FrameType, run: PluginRun) -> str:
    """``file line N in function`` of the plugin's own innermost frame."""
    found = own_frame(frame, run.path)
    return f"{found.f_code.co_filename} line {found.f_lineno} in {found.f_code.co_name}"
