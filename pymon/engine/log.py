"""The daemon's log: levels of its own for alerts and for held-back ones, text or JSON lines, syslog.

Records are handed to a thread, so that a slow terminal or a stopped syslog daemon delays no check. Neither do they
fill the memory, or keep the daemon from ending: what does not get away is counted, and dropped.

What monitors, clients and senders of traps say is part of many messages. None of it can look like a line of the log:
line ends and other control characters are shown as escapes, and where a message has several lines on purpose, all but
the first are indented.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from pymon.engine.limits import EngineLimits
from pymon.errors import ConfigError
from pymon.model.log_level import ALERT, SUPPRESSED, register_levels
from pymon.model.problem import Problem
from pymon.text import bounded, printable

FACTS = ("group", "service", "event", "facts")
"""attributes of a record that the JSON form carries beside time, level and message"""

LINE_LIMIT = 8192
"""characters of one line of a message that are logged; syslog refuses a datagram that is too large altogether"""
INDENT = "    "
"""what lines of a message begin with, but for the first"""


class TextFormatter(logging.Formatter):
    """``HH:MM:SS.mmm LEVEL message``; coloured on a terminal."""

    def __init__(self, *, colour: bool) -> None:
        """``colour``: whether to mark levels by ANSI colours."""
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Make the line of a record, with further ones and its traceback below."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = record.levelname.lower()
        if self._colour and (code := _COLOURS.get(record.levelno)):
            level = f"\x1b[{code}m{level:<8}\x1b[0m"
        lines = _lines(record)
        if record.exc_info:
            lines += [printable(line, keep="\t") for line in self.formatException(record.exc_info).split("\n")]
        return f"{moment}.{int(record.msecs):03d} {level:<8} " + f"\n{INDENT}".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (ISO 8601, UTC), ``epoch``, ``level``, ``logger``, ``message``, and facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line of a record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "epoch": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": "\n".join(_lines(record)),
        }
        line |= {name: value for name in FACTS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


_COLOURS = {
    logging.WARNING: "33",
    logging.ERROR: "31",
    logging.CRITICAL: "1;31",
    ALERT: "1;35",
    SUPPRESSED: "36",
    logging.DEBUG: "2",
}


def _lines(record: logging.LogRecord) -> list[str]:
    """The lines of a record's message, fit for any stream.

    There are several only where pymon means it: in what it says of a configuration, and where the message itself,
    before anything is put into it, has several.
    """
    text = record.getMessage()
    arguments = record.args if isinstance(record.args, tuple) else ()
    is_meant = "\n" in str(record.msg) or any(isinstance(each, ConfigError | Problem) for each in arguments)
    return [
        printable(bounded(line, LINE_LIMIT, counted=True), keep="\t")
        for line in (text.split("\n") if is_meant else [text])
    ]


class _SyslogFormatter(logging.Formatter):
    """``mon[PID]: message``, the tag mon uses."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag

    def format(self, record: logging.LogRecord) -> str:
        text = f"\n{INDENT}".join(_lines(record))
        return f"{self._tag}[{record.process}]: {text[:LINE_LIMIT]}"


class _Syslog(logging.handlers.SysLogHandler):
    """Syslog with priorities for pymon's own levels: an alert is LOG_ALERT as in mon, a held-back one LOG_INFO.

    A record that it does not take (the syslog daemon is away) is lost; that is said once, until one is taken again.
    """

    priority_map: ClassVar[dict[str, str]] = {
        **logging.handlers.SysLogHandler.priority_map,
        "ALERT": "alert",
        "SUPPRESSED": "info",
    }
    append_nul = False
    _refused = 0
    _is_failing = False

    def emit(self, record: logging.LogRecord) -> None:
        before = self._refused
        super().emit(record)
        self._is_failing = self._refused != before

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._refused += 1
        if not self._is_failing and sys.stderr is not None:
            print(f"syslog takes nothing ({error.strerror}); lines for it are lost until it does", file=sys.stderr)


class _StandardError(logging.Handler):
    """Standard error, line by line and straight to its descriptor.

    Python's own stream keeps what it could not write, and the process would wait for it at its end when somebody has
    stopped reading. Where standard error is gone, or its disk is full, there is nobody left to complain to.
    """

    def __init__(self, descriptor: int, encoding: str) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._encoding = encoding

    def emit(self, record: logging.LogRecord) -> None:
        try:
            rest = f"{self.format(record)}\n".encode(self._encoding, "backslashreplace")
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            return
        except Exception:
            self.handleError(record)


class _Listener(logging.handlers.QueueListener):
    """Writes what is handed over, from a thread of its own, which may be left behind at the end."""

    def __init__(
        self, lines: queue.SimpleQueue[logging.LogRecord], handlers: Iterable[logging.Handler], at_stop: float
    ) -> None:
        """``at_stop``: seconds that it has at the end."""
        super().__init__(lines, *handlers, respect_handler_level=True)
        self._at_stop = at_stop

    def go_without_thread(self) -> None:
        """Take note that the thread could not be started: there is none to end."""
        self._thread = None

    def stop(self) -> None:
        """Write what is left, for the seconds that it has."""
        if self._thread is not None:
            self.enqueue_sentinel()
            self._thread.join(self._at_stop)
            self._thread = None


def _replace_handlers(logger: logging.Logger, handlers: Iterable[logging.Handler]) -> None:
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
    for handler in handlers:
        logger.addHandler(handler)


def set_up_logging(
    *,
    level: int = logging.INFO,
    style: str = "text",
    stderr: bool = True,
    syslog_facility: str | None = None,
    tag: str = "mon",
    syslog: str = "/dev/log",
    limits: EngineLimits | None = None,
) -> logging.handlers.QueueListener:
    """Send the log to standard error and to syslog; the caller stops the listener at the end.

    ``style`` is ``text`` or ``json`` (standard error only). An unknown facility, or a machine without
    syslog, is said on standard error and is no error. ``syslog`` is the socket where it listens.
    """
    limits = limits or EngineLimits()
    register_levels()
    handlers: list[logging.Handler] = []
    if stderr and sys.stderr is not None:
        stream = _stderr_handler()
        stream.setFormatter(JsonFormatter() if style == "json" else TextFormatter(colour=sys.stderr.isatty()))
        stream.setLevel(level)
        handlers.append(stream)
    complaint = ""
    if syslog_facility is not None:
        try:
            handlers.append(_syslog_handler(syslog_facility, tag, syslog))
        except (OSError, LookupError) as error:
            complaint = f"no syslog ({syslog_facility}): {error}"
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    root = logging.getLogger()
    _replace_handlers(root, [_Handover(lines, limits.log_waiting)])
    root.setLevel(level)
    for noisy in ("pymon.timer", "apscheduler", "asyncio", "httpx", "httpcore", "pyroute2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listener = _Listener(lines, handlers, limits.log_at_stop)
    try:
        listener.start()
    except RuntimeError as error:  # the system has no thread left: whoever logs writes
        _replace_handlers(root, handlers)
        listener.go_without_thread()
        logging.getLogger("pymon").warning("the log may hold up checks: %s", error)
    if complaint:
        logging.getLogger("pymon").info(complaint)
    return listener


def _stderr_handler() -> logging.Handler:
    try:
        return _StandardError(sys.stderr.fileno(), sys.stderr.encoding)
    except (OSError, ValueError):  # somebody has put a stream of another kind in its place
        return logging.StreamHandler(sys.stderr)


def _syslog_handler(facility: str, tag: str, socket: str) -> logging.Handler:
    name = facility.lower().removeprefix("log_")
    code = logging.handlers.SysLogHandler.facility_names.get(name)
    if code is None:
        raise LookupError("there is no such facility")
    if not Path(socket).exists():
        raise FileNotFoundError(f"{socket} does not exist")
    handler = _Syslog(socket, facility=code)
    handler.setFormatter(_SyslogFormatter(tag))
    handler.setLevel(SUPPRESSED)
    return handler


class _Handover(logging.handlers.QueueHandler):
    """Hands records over as they are; the other end lives in the same process."""

    def __init__(self, lines: queue.SimpleQueue[logging.LogRecord], most: int) -> None:
        """``most`` records wait; further ones are dropped."""
        super().__init__(lines)
        self._lines = lines
        self._most = most
        self._dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._lines.qsize() >= self._most:
            self._dropped += 1
            return
        if self._dropped:
            message, self._dropped = f"the log was held up: {self._dropped} lines were dropped", 0
            self._lines.put(logging.LogRecord("pymon", logging.WARNING, __file__, 0, message, (), None))
        self._lines.put(record)
