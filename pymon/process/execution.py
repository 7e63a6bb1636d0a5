"""One run of a plugin as a process, by mon's contract.

argv[0] is the full path, the environment is exactly the one given, standard input is ``/dev/null`` (monitors) or a
text (alerts), standard error is joined to standard output, and the exit code is the verdict. What mon lacks: a
session and process group of its own, a time limit (SIGTERM to the group, after a grace SIGKILL), output read as it
comes and cut at OUTPUT_LIMIT, an end that does not wait for children left behind, and, for monitors, a file to append
measurements to (PYMON_MEASUREMENTS).

The end of a process is waited for on a pidfd, without a thread or a signal handler, so thousands may run.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from contextvars import ContextVar

from pymon.clock import Clock, SystemClock
from pymon.contract.exception_text import trouble_first
from pymon.contract.invocation import Invocation
from pymon.contract.measurements import MEASUREMENTS_FILE
from pymon.contract.side_channel import SideNotes
from pymon.model.duration import format_duration
from pymon.model.result import OUTPUT_LIMIT, Cause, CheckResult
from pymon.process.limits import ProcessLimits
from pymon.process.measurement_pipe import measurement_file
from pymon.process.output import OutputBuffer
from pymon.process.start_queue import start_queue
from pymon.process.system_limits import give_limit, limit_of_programs
from pymon.scarcity.lack import queueing
from pymon.scarcity.symptoms import shortage_in
from pymon.scarcity.waiting import retry_until_possible
from pymon.text import encode

log = logging.getLogger("pymon.plugin")

TIMED_OUT_EXIT = 124
"""exit value of a run that was cut off, as of timeout(1)"""

NOT_FOUND_EXIT, NOT_EXECUTABLE_EXIT = 127, 126
"""exit values of a program that is not there, or has no interpreter, and of one that cannot be executed, as in sh"""

PLACES: ContextVar[asyncio.Semaphore | None] = ContextVar("pymon_program_places", default=None)
"""how many programs the running plugins may have at the same time, if that is limited"""

_CHUNK = 65536
DEFAULT_LIMITS = ProcessLimits()


async def run_process(
    command: Sequence[str],
    invocation: Invocation,
    *,
    time_limit: float,
    reap_group: bool = True,
    limits: ProcessLimits = DEFAULT_LIMITS,
    on_start: Callable[[int], None] | None = None,
    on_bad_measurement: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> CheckResult:
    """Run ``command`` followed by the invocation's arguments, and tell how it ended.

    ``command`` is ``[path]``, or ``[interpreter, path]``. ``time_limit`` is in seconds.
    ``reap_group``: children that it left in its process group are killed when it has exited (after the time limit
    and on cancellation they always are). Never raises but CancelledError, and then the process is gone.
    ``on_start`` is given the number of the process. With ``on_bad_measurement`` the program gets a file to append
    measurements to; it is given what is wrong with the first line there that is invalid.
    Where the system has no process or descriptor left, it is started when there is one, and its time begins then; after
    as long as its time limit the result is STARVED.
    It waits for its turn to start (``pymon.process.start_queue``) before its time begins, and, called by a plugin
    inside the daemon, for one of the places that there are for programs (``PLACES``).
    ``clock`` is the machine's, if none is given.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        with queueing():
            await stack.enter_async_context(PLACES.get() or nullcontext())
            await stack.enter_async_context(start_queue().wait_turn())
        began = clock.steady()
        try:
            child = await retry_until_possible(
                lambda: _Child(command, invocation, reap_group, limits, measures=on_bad_measurement is not None),
                f"start {invocation.path}",
                limit=time_limit,
            )
        except (OSError, ValueError) as error:
            return _report_start_error(invocation.path, error, clock.steady() - began)
        try:
            if on_start is not None:
                on_start(child.pid)
            await asyncio.wait((child.exited,), timeout=time_limit)
            timed_out = not child.has_exited()
            if timed_out:
                await child.end()
            duration = clock.steady() - began
            notes = await child.read_notes()
        except asyncio.CancelledError:
            await child.end()
            raise
        finally:
            child.close()
    if notes.problem and on_bad_measurement is not None:
        on_bad_measurement(notes.problem)
    return _report_end(child.status, child.output.text(), duration, notes, time_limit if timed_out else None)


def _report_start_error(path: str, error: OSError | ValueError, duration: float) -> CheckResult:
    missing = isinstance(error, FileNotFoundError)
    status = NOT_FOUND_EXIT if missing else NOT_EXECUTABLE_EXIT
    cause = Cause.STARVED if shortage_in(error) else Cause.NOT_STARTED
    return CheckResult(status, _describe_start_error(path, error), duration, cause)


def _report_end(status: int, printed: str, duration: float, notes: SideNotes, exceeded: float | None) -> CheckResult:
    """The result of a process by its exit status, negative for a signal; ``exceeded`` is the time limit that it met."""
    cause = Cause.EXITED
    if exceeded is not None:
        printed, cause, status = timeout_output(exceeded, printed), Cause.TIMED_OUT, TIMED_OUT_EXIT
    elif status < 0:
        printed, cause, status = printed if printed.strip() else _signal_summary(-status), Cause.SIGNALED, 128 - status
    elif notes.is_broken:
        cause = Cause.BROKEN
    if status:
        printed = trouble_first(printed)
    return CheckResult(status, printed, duration, cause, notes.measurements, notes.hosts)


def timeout_output(time_limit: float, printed: str) -> str:
    """The recorded output of a run that was cut off: why, then what it had printed."""
    return f"timeout: no result after {format_duration(time_limit)}, stopped\n{printed}"


class _Child:
    """A running process: its pipes are read and fed, and ``exited`` is done when it has been reaped."""

    def __init__(
        self,
        command: Sequence[str],
        invocation: Invocation,
        reap_group: bool,
        limits: ProcessLimits,
        *,
        measures: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = self._loop.create_future()
        self.output = OutputBuffer(OUTPUT_LIMIT)
        self.status = 0
        self._reap_group = reap_group
        self._limits = limits
        self._unsent = memoryview(encode(invocation.stdin))
        self._out = self._in = self._pidfd = -1
        self._measures = measures
        self._measured = measurement_file() if measures else None
        self._process = self._start(command, invocation)
        if self._measured is not None:
            self._measured.close_write_end()
        self._loop.add_reader(self._out, self._read)
        if self._in >= 0:
            self._feed()
        self._watch()

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        return self._process.pid

    def _start(self, command: Sequence[str], invocation: Invocation) -> subprocess.Popen[bytes]:
        read_end = write_end = -1
        passed: tuple[int, ...] = ()
        try:
            arguments = [encode(word) for word in (*command, *invocation.arguments)]
            environ = _encode_environ(invocation.environ)
            if self._measures:
                environ.pop(MEASUREMENTS_FILE.encode(), None)  # that of a run which this one is part of
            if self._measured is not None:
                environ[MEASUREMENTS_FILE.encode()] = self._measured.path.encode()
                passed = (self._measured.descriptor,)
            self._out, write_end = os.pipe()
            os.set_blocking(self._out, False)
            if self._unsent:
                read_end, self._in = os.pipe()
                os.set_blocking(self._in, False)
            stdin = subprocess.DEVNULL if read_end < 0 else read_end
            try:
                return _spawn(arguments, environ, stdin, write_end, passed)
            except OSError as error:
                if error.errno != errno.ENOEXEC:
                    raise
                # a script without "#!" is the shell's, as execvp(3) has it and mon's users are used to
                return _spawn([b"/bin/sh", *arguments], environ, stdin, write_end, passed)
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in (write_end, read_end):
                if descriptor >= 0:
                    os.close(descriptor)

    def _watch(self) -> None:
        try:
            self._pidfd = os.pidfd_open(self._process.pid)
        except OSError:
            self._poll()
        else:
            self._loop.add_reader(self._pidfd, self._finish)

    def _poll(self) -> None:
        info = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if info is None:
            self._loop.call_later(self._limits.look_every, self._poll)
        else:
            self._finish()

    def has_exited(self) -> bool:
        """Whether it has ended; known also before a held-up event loop is told."""
        if not self.exited.done() and os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self._finish()
        return self.exited.done()

    def _finish(self) -> None:
        """After its exit: read the rest of the pipe, end what it left behind, reap it. The order matters: while it is
        a zombie, nobody else can get its process group's number."""
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        for _ in range(OUTPUT_LIMIT // _CHUNK):  # bounded: a child left behind may be filling it
            if self._out < 0 or not self._read():
                break
        if self._reap_group:
            self._signal(signal.SIGKILL)
        self.status = self._process.poll() or 0
        if not self.exited.done():
            self.exited.set_result(None)

    def _read(self) -> bool:
        try:
            data = os.read(self._out, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self.output.add(data)
            return True
        self._loop.remove_reader(self._out)
        os.close(self._out)
        self._out = -1
        return False

    def _feed(self) -> None:
        try:
            sent = os.write(self._in, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:  # it does not read, which is its right
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._in, self._feed)
        else:
            self._loop.remove_writer(self._in)
            os.close(self._in)
            self._in = -1

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, number)
            except OSError as error:
                log.debug("signal %s to process group %d: %s", number.name, self._process.pid, error.strerror)

    async def end(self) -> None:
        """SIGTERM to the group, SIGKILL when it has not gone within the grace or this is cancelled."""
        self._reap_group = True
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait((self.exited,), timeout=self._limits.grace)
        finally:
            self._signal(signal.SIGKILL)
        if not self.exited.done():
            await asyncio.wait((self.exited,), timeout=self._limits.kill_wait)
        if not self.exited.done():
            log.error("process %d does not die of SIGKILL; left behind", self._process.pid)

    async def read_notes(self) -> SideNotes:
        """What it has written into the file of measurements so far."""
        return SideNotes() if self._measured is None else await self._measured.read()

    def close(self) -> None:
        """Let go of pipes and files. A process that is still there goes on to be waited for, and reaped at its end."""
        if self._measured is not None:
            self._measured.close()
            self._measured = None
        if self._out >= 0:
            self._loop.remove_reader(self._out)
            os.close(self._out)
            self._out = -1
        if self._in >= 0:
            self._loop.remove_writer(self._in)
            os.close(self._in)
            self._in = -1


def _spawn(
    arguments: list[bytes], environ: dict[bytes, bytes], stdin: int, output: int, passed: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    with limit_of_programs(output):
        process = subprocess.Popen(
            arguments,
            env=environ,
            stdin=stdin,
            stdout=output,
            stderr=output,
            pass_fds=passed,
            start_new_session=True,
            bufsize=0,
        )
    give_limit(process.pid, output)
    return process


def _encode_environ(environ: Mapping[str, str]) -> dict[bytes, bytes]:
    """The environment as bytes. NUL cannot be in one: U+FFFD stands for it."""
    return {encode(name): encode(value.replace("\0", "\ufffd")) for name, value in environ.items()}


def _describe_start_error(path: str, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return f"cannot run {path}: {error}\n"
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.ENOENT and os.path.exists(path):  # noqa: PTH110  # pathlib takes 3 ms to import
        reason = f"its interpreter is missing{_interpreter(path)}"
    return f"cannot run {path}: {reason}\n"


def _interpreter(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            first = file.read(256).split(b"\n", 1)[0]
    except OSError:
        return ""
    return f" ({first.decode('utf-8', 'replace').strip()})" if first.startswith(b"#!") else ""


def _signal_summary(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "real-time signal"
    return f"ended by signal {number} ({name})\n"
