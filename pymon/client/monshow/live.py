"""The live table: a thread asks the server, the main thread draws, and neither waits for the other."""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NamedTuple

from rich.console import Console
from rich.live import Live

from pymon.client.monshow.fetch import Query, ReportError, fetch
from pymon.client.monshow.live_state import LiveState
from pymon.client.monshow.report import Selection, StatusReport
from pymon.client.monshow.screen import draw
from pymon.client.monshow.suppression_reasons import Reasons
from pymon.client.sync import Client
from pymon.errors import AuthenticationFailed, BadAnswer, ClientError, CommandFailed, ConnectionLost

_TICK = 1.0
"""seconds between two pictures at most, so that ages tick"""
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_QUIT = b"qQ\x03"


class Silence(NamedTuple):
    """The server could not be asked; ``text`` has ``{since}`` where the time goes. ``fatal``: no use to try again."""

    text: str
    fatal: bool = False


class Poller(threading.Thread):
    """Asks the server every ``seconds``, and connects again when the connection is lost.

    What it learns is in ``news``; ``told`` is called whenever there is something. ``again`` cuts the waiting short.
    """

    def __init__(self, query: Query, connect: Callable[[], Client], seconds: float, told: Callable[[], None]) -> None:
        super().__init__(name="monshow poller", daemon=True)
        self.news: SimpleQueue[StatusReport | Silence] = SimpleQueue()
        self.again = threading.Event()
        self._wish = query
        self._connect = connect
        self._seconds = seconds
        self._told = told
        self._ended = False

    def run(self) -> None:
        """Ask until the end."""
        client = self._connect()
        reasons = Reasons()
        while not self._ended:
            news = look(client, self._wish, reasons)
            self.news.put(news)
            self._told()
            if isinstance(news, Silence) and news.fatal:
                break
            self.again.wait(self._seconds)
            self.again.clear()
        client.close()

    def end(self) -> None:
        """Let it end, after the question it may be waiting for the answer of."""
        self._ended = True
        self.again.set()


def look(client: Client, query: Query, reasons: Reasons) -> StatusReport | Silence:
    """Ask once, over the open connection, or over a new one.

    A server closes connections that were idle for ``cltimeout``, which is no trouble.
    """
    if client.connected:
        try:
            return fetch(client, query, time.time, reasons)
        except ReportError as error:
            if not isinstance(error.__cause__, ConnectionLost):
                return _trouble(client, error)
    try:
        reasons.forget()
        client.connect()
        return fetch(client, query, time.time, reasons)
    except (ReportError, ClientError) as error:
        return _trouble(client, error)
    except ValueError as error:  # the user name cannot be sent
        client.close()
        return Silence(f"Could not authenticate: {_escape_braces(error)}", fatal=True)


def _trouble(client: Client, error: ReportError | ClientError) -> Silence:
    """Describe a failure for the table. The connection is closed unless the server answered."""
    if isinstance(error, AuthenticationFailed):
        return Silence(f"Could not authenticate: {_escape_braces(error)}", fatal=True)
    cause = error.__cause__ if isinstance(error, ReportError) else error
    if cause is None:
        return Silence(f"nothing to show since {{since}}: {_escape_braces(error)}")
    if isinstance(cause, CommandFailed | BadAnswer | ValueError):
        return Silence(f"no answer to show since {{since}}: {_escape_braces(error)}")
    client.close()
    return Silence(f"server not reachable since {{since}}: {_escape_braces(cause)}")


def run(query: Query, connect: Callable[[], Client], seconds: float) -> int:
    """Show the live table until the user has seen enough; the exit status. Raises ReportError if it cannot be shown."""
    everything = Selection(wanted=query.selection.wanted, filters=query.selection.filters, full=True)
    asked = query._replace(selection=everything, table=True, reasons=True, complain=lambda _text: None)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)

    def wake() -> None:
        with contextlib.suppress(OSError):  # full: it wakes anyway; closed: it has ended
            os.write(wake_write, b"\0")

    poller = Poller(asked, connect, seconds, wake)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # bytes that are no text must not end it
    console = Console(file=sys.stdout)
    try:
        with _keys() as keyboard, _signals(wake_write) as ended:
            poller.start()
            with Live(console=console, screen=True, auto_refresh=False) as live:
                fault = _watch(poller, LiveState(query.selection), live, query.server, (keyboard, wake_read), ended)
    finally:
        poller.end()
        poller.join(0.2)
        if not poller.is_alive():  # else it may still write
            os.close(wake_read)
            os.close(wake_write)
    if fault:
        raise ReportError(fault)
    return 128 + ended[0] if ended else 0


def _watch(
    poller: Poller, board: LiveState, live: Live, server: str, sources: tuple[int | None, int], ended: list[int]
) -> str:
    """Draw each change until the end. Returns why it ended, empty if the user ended it."""
    keyboard, wake_read = sources
    waited = [wake_read] if keyboard is None else [keyboard, wake_read]
    while not ended:
        now = time.time()
        while (news := _next_of(poller.news)) is not None:
            if isinstance(news, StatusReport):
                board = board.after(news, now)
            elif news.fatal:
                return news.text.format()
            else:
                board = board.after_silence(news.text, now)
        live.update(draw(board, now, live.console.height, server), refresh=True)
        ready, _, _ = select.select(waited, [], [], _TICK - now % _TICK)
        if wake_read in ready:
            _drain(wake_read)
        if keyboard in ready and keyboard is not None:
            keys = os.read(keyboard, 64)
            if not keys or any(key in _QUIT for key in keys):
                return ""
            if b"f" in keys:
                board = board.with_other_selection()
            if b"r" in keys:
                poller.again.set()
    return ""


def _next_of(news: SimpleQueue[StatusReport | Silence]) -> StatusReport | Silence | None:
    try:
        return news.get_nowait()
    except Empty:
        return None


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _escape_braces(error: BaseException) -> str:
    """An error's text, safe in a format string."""
    return str(error).replace("{", "{{").replace("}", "}}")


@contextlib.contextmanager
def _keys() -> Iterator[int | None]:
    """The keyboard, each key at once and none shown; as it was at the end. None if there is no keyboard."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        yield None
        return
    try:
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _signals(wake_write: int) -> Iterator[list[int]]:
    """Signals wake the drawing: another window size, Ctrl-C, and what ends us, whose numbers are in the list.

    Ctrl-Z is ignored, since it would leave the table's screen behind.
    """
    ended: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        ended.append(number)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        ended.append(-128)  # the user's own wish, so the exit status is 0

    handlers: dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers]
    handlers = {signal.SIGWINCH: _ignore, signal.SIGINT: interrupt, signal.SIGTSTP: signal.SIG_IGN}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    before |= {number: signal.signal(number, end) for number in _ENDING}
    old_wake = signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    try:
        yield ended
    finally:
        signal.set_wakeup_fd(old_wake)
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Draw the picture again, in the new size."""
