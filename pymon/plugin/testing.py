"""For the tests of plugins: run one as the daemon would, both as a process and in process, against real listeners.

    from pathlib import Path
    from pymon.plugin.testing import listening, run_monitor

    REDIS = Path(__file__).with_name("redis.monitor")

    def test_a_server_that_answers_is_well() -> None:
        with listening(lambda connection: connection.sendall(b"+PONG\\r\\n")) as port:
            trial = run_monitor(REDIS, "-p", str(port), "127.0.0.1")
        assert (trial.exitval, trial.output) == (0, "")

``run_monitor`` and ``run_alert`` fail the test (AssertionError) when the plugin does not do the same both ways, holds
up the event loop, raises what it should not, or leaves tasks, threads, processes or sockets behind. What it said is for
the test to judge. They need nothing but pytest, or any other way to run functions; tests that are coroutines await
``try_monitor`` and ``try_alert``.

Programs that are not written against pymon's SDK (shell, Perl, Go) are run as processes only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from pymon.contract.invocation import Invocation
from pymon.errors import PluginError
from pymon.model.status import EventKind
from pymon.runner.registry import PluginFile
from pymon.workbench.calls import TrialEvent, TrialService, make_alert_call, make_monitor_call
from pymon.workbench.conformance import TIME_LIMIT, Trial, TrialRun, find, kind_of, try_out

__all__ = [
    "EventKind",
    "Trial",
    "TrialRun",
    "hang_up",
    "listening",
    "nobody",
    "reset",
    "run_alert",
    "run_monitor",
    "say_nothing",
    "try_alert",
    "try_monitor",
]

Argument = str | int | float | os.PathLike[str]
"""a word for a plugin: a number, such as a port, and a path are written as text"""

Answer = Callable[[socket.socket], object]
"""what a listener does with a connection; it may block, and what it leaves open is closed"""

_GRACE = 0.5
"""seconds in which the answers under way may end by themselves when a listener's end has come"""

_PATIENCE = 10.0
"""seconds that its end waits for them after it has hung up on them"""


def run_monitor(
    path: str | os.PathLike[str],
    *arguments: Argument,
    environ: Mapping[str, str] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Trial:
    """Run a monitor's file with these arguments (options and hosts) both ways; gives what it did.

    ``environ`` are further variables, as of its service in mon.cf. ``time_limit`` is in seconds, for each run. Raises
    AssertionError if it does not do the same both ways or misbehaves, PluginError if there is no such program, or if it
    is an alert.
    """
    return asyncio.run(try_monitor(path, *arguments, environ=environ, time_limit=time_limit))


async def try_monitor(
    path: str | os.PathLike[str],
    *arguments: Argument,
    environ: Mapping[str, str] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Trial:
    """The same as ``run_monitor``, for tests that are coroutines."""
    file = _find(path, "monitor")
    call = make_monitor_call(file.path, _words(arguments), TrialService(environ=environ or {}))
    return _judge(await _in_turn(file, call, time_limit))


def run_alert(
    path: str | os.PathLike[str],
    *arguments: Argument,
    kind: EventKind | str = EventKind.FAILURE,
    summary: str = "host1",
    detail: str = "",
    group: str = "web",
    service: str = "http",
    hosts: Sequence[str] = ("host1", "host2"),
    environ: Mapping[str, str] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Trial:
    """Run an alert's file both ways, which delivers twice; ``arguments`` are the words of its line in mon.cf.

    The rest is what it is told of; ``kind`` may be the word, such as ``up``. Raises as ``run_monitor`` does.
    """
    return asyncio.run(
        try_alert(
            path,
            *arguments,
            kind=kind,
            summary=summary,
            detail=detail,
            group=group,
            service=service,
            hosts=hosts,
            environ=environ,
            time_limit=time_limit,
        )
    )


async def try_alert(
    path: str | os.PathLike[str],
    *arguments: Argument,
    kind: EventKind | str = EventKind.FAILURE,
    summary: str = "host1",
    detail: str = "",
    group: str = "web",
    service: str = "http",
    hosts: Sequence[str] = ("host1", "host2"),
    environ: Mapping[str, str] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Trial:
    """The same as ``run_alert``, for tests that are coroutines."""
    file = _find(path, "alert")
    about = TrialService(group, service, environ=environ or {})
    call = make_alert_call(file.path, _words(arguments), TrialEvent(_kind(kind), summary, detail, hosts), about)
    return _judge(await _in_turn(file, call, time_limit, is_alert=True))


def _find(path: str | os.PathLike[str], wanted: str) -> PluginFile:
    """The plugin in a file, which has to be a monitor or an alert, as ``wanted``."""
    file = find(path)
    kind = kind_of(file)
    if kind not in (wanted, ""):
        raise PluginError(f"{file.name} is no {wanted}: try it by run_{kind} or try_{kind}")
    return file


def _words(arguments: Sequence[Argument]) -> tuple[str, ...]:
    for argument in arguments:
        if not isinstance(argument, str | int | float | os.PathLike):
            raise PluginError(f"argument {argument!r} is no text")
    return tuple(str(argument) for argument in arguments)


def _kind(kind: EventKind | str) -> EventKind:
    try:
        return EventKind(kind)
    except ValueError as error:
        raise PluginError(f"{kind} is no kind of event: {', '.join(EventKind)}") from error


async def _in_turn(file: PluginFile, call: Invocation, time_limit: float, *, is_alert: bool = False) -> Trial:
    """A trial watches what the process has only one of, such as who starts threads, so those of a loop take turns."""
    async with _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        return await try_out(file, call, time_limit=time_limit, is_alert=is_alert)


_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def _judge(trial: Trial) -> Trial:
    if trial.problems:
        said = [f"{trial.file.name} does not behave:", *(f"- {problem}" for problem in trial.problems)]
        said += ["it printed, as a process:", trial.output]
        raise AssertionError("\n".join(said))
    return trial


@contextlib.contextmanager
def listening(answer: Answer, host: str = "127.0.0.1") -> Iterator[int]:
    """A TCP server on a free port of this machine, which is what this yields.

    Each connection is given to ``answer`` in a thread of its own and closed afterwards. What ``answer`` raises is
    raised at the end, unless it is an OSError, as when the other side hangs up.
    """
    failures: list[Exception] = []
    threads: list[threading.Thread] = []
    open_connections: set[socket.socket] = set()

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                answer(connection)
            except OSError:
                pass
            except Exception as error:
                failures.append(error)
            finally:
                open_connections.discard(connection)

    def accept() -> None:
        while True:
            connection, peer = listener.accept()
            if peer in last_calls:
                connection.close()
                return
            open_connections.add(connection)
            thread = threading.Thread(target=serve, args=(connection,), name="listener's answer", daemon=True)
            threads.append(thread)
            thread.start()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, backlog=128) as listener, socket.socket(family) as last_call:
        last_call.bind((host, 0))
        last_calls = {last_call.getsockname()}
        accepting = threading.Thread(target=accept, name="listener", daemon=True)
        accepting.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            last_call.connect(listener.getsockname())  # behind all that came before
            accepting.join(_PATIENCE)
            _join(threads, _GRACE)
            for connection in tuple(open_connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)  # whoever waits for it goes on
            _join(threads, _PATIENCE)
    if failures:
        raise failures[0]


def _join(threads: Sequence[threading.Thread], limit: float) -> None:
    end = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


@contextlib.contextmanager
def nobody(host: str = "127.0.0.1") -> Iterator[int]:
    """A port of this machine that refuses connections, and is nobody else's meanwhile."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        taken.bind((host, 0))
        yield int(taken.getsockname()[1])


def say_nothing(connection: socket.socket) -> None:
    """An answer for ``listening``: hear everything, and be silent until the other side hangs up."""
    while connection.recv(65536):
        pass


def hang_up(connection: socket.socket) -> None:
    """An answer for ``listening``: close the connection politely, without a word."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """An answer for ``listening``: break the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
