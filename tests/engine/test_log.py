"""The log: text and JSON lines, levels of their own, and a real syslog socket."""

from __future__ import annotations

import json
import logging
import queue
import socket
import time
from collections.abc import Iterator
from logging.handlers import QueueListener
from pathlib import Path

import pytest

from pymon.engine import log as engine_log
from pymon.engine.limits import EngineLimits
from pymon.engine.log import JsonFormatter, TextFormatter, set_up_logging
from pymon.errors import ConfigError, PacketError
from pymon.model.log_level import ALERT, SUPPRESSED, register_levels
from pymon.model.place import Place
from pymon.model.problem import Problem, Severity


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    register_levels()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


def record(level: int, message: str, **extra: str) -> logging.LogRecord:
    made = logging.getLogger("pymon").makeRecord("pymon", level, __file__, 1, message, (), None, extra=extra)
    made.created, made.msecs = 1700000000.25, 250.0
    return made


def lines_waiting(listener: QueueListener) -> int:
    assert isinstance(listener.queue, queue.SimpleQueue)
    return listener.queue.qsize()


def test_text_lines() -> None:
    line = TextFormatter(colour=False).format(record(ALERT, "calling alert"))
    assert line.endswith(".250 alert    calling alert")
    assert "\x1b[" not in line
    assert "\x1b[1;35m" in TextFormatter(colour=True).format(record(ALERT, "calling alert"))


def test_what_a_monitor_printed_cannot_forge_a_terminal() -> None:
    line = TextFormatter(colour=False).format(record(logging.INFO, "up \x1b[2J \udcff 한글"))
    assert line.endswith("up \\x1b[2J \\xff 한글")


FORGED = "x\n23:59:59.000 critical FAKE\r\x85\u2028"
ESCAPED = "x\\x0a23:59:59.000 critical FAKE\\x0d\\x85\\u2028"


def said(message: str, *arguments: object) -> logging.LogRecord:
    made = logging.getLogger("pymon").makeRecord("pymon", logging.INFO, __file__, 1, message, arguments, None)
    made.created, made.msecs = 1700000000.25, 250.0
    return made


@pytest.mark.parametrize("argument", [FORGED, PacketError(FORGED)])
def test_what_strangers_say_makes_no_line_of_its_own(argument: object) -> None:
    made = said("trap %s of %s", argument, "g")
    assert TextFormatter(colour=False).format(made).endswith(f".250 info     trap {ESCAPED} of g")
    assert json.loads(JsonFormatter().format(made))["message"] == f"trap {ESCAPED} of g"
    assert engine_log._SyslogFormatter("mon").format(made).endswith(f"]: trap {ESCAPED} of g")


def test_lines_that_are_meant_are_indented() -> None:
    problem = Problem(Severity.ERROR, "sample", Place("mon.cf", 3), "no", advice="say yes")
    for made in (said("refused:\n%s", "a\nb\x07"), said("%s", problem), said("%s", ConfigError((problem, problem)))):
        text = TextFormatter(colour=False).format(made)
        first, *others = text.split("\n")
        assert first[:2].isdigit()
        assert others
        assert all(line.startswith("    ") for line in others)
        assert "\x07" not in text


def test_tracebacks_are_indented_too() -> None:
    made = said("it failed")
    made.exc_info = (ValueError, ValueError(FORGED), None)
    lines = TextFormatter(colour=False).format(made).split("\n")
    assert len(lines) > 1
    assert all(line.startswith("    ") for line in lines[1:])


def test_json_lines_carry_the_facts() -> None:
    line = json.loads(JsonFormatter().format(record(SUPPRESSED, "held \udc80", group="web", service="http")))
    assert line == {
        "time": "2023-11-14T22:13:20.250000+00:00",
        "epoch": 1700000000.25,
        "level": "suppressed",
        "logger": "pymon",
        "message": "held \\x80",
        "group": "web",
        "service": "http",
    }


@pytest.mark.parametrize("facility", ["local3", "LOG_LOCAL3"])
def test_syslog_gets_alerts_and_held_back_ones(facility: str, tmp_path: Path) -> None:
    address = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        server.settimeout(10)
        listener = set_up_logging(level=SUPPRESSED, stderr=False, syslog_facility=facility, syslog=str(address))
        logging.getLogger("pymon.engine").log(ALERT, "calling %s", "mail.alert")
        logging.getLogger("pymon.engine").log(SUPPRESSED, "held back")
        listener.stop()
        first, second = server.recv(4096).decode(), server.recv(4096).decode()
        for handler in listener.handlers:
            handler.close()
    local3 = 19
    assert first.startswith(f"<{local3 * 8 + 1}>mon[")
    assert first.endswith("]: calling mail.alert")
    assert second.startswith(f"<{local3 * 8 + 6}>mon[")


def test_a_machine_without_syslog_is_said_and_survived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(syslog_facility="daemon", syslog=str(tmp_path / "nothing")).stop()
    assert "no syslog (daemon)" in capsys.readouterr().err
    set_up_logging(syslog_facility="no-such-facility").stop()
    assert "no syslog (no-such-facility): there is no such facility" in capsys.readouterr().err


def test_a_log_that_takes_nothing_fills_no_memory(capfd: pytest.CaptureFixture[str]) -> None:
    listener = set_up_logging(limits=EngineLimits(log_waiting=5))
    (handler,) = listener.handlers
    log = logging.getLogger("pymon")
    with handler.lock or pytest.fail("the handler has a lock"):  # as if it were busy with a record
        for number in range(50):
            log.info("line %d", number)
        assert lines_waiting(listener) <= 5
    while lines_waiting(listener):
        time.sleep(0.001)
    log.info("the last one")
    listener.stop()
    lines = capfd.readouterr().err.splitlines()
    assert "lines were dropped" in lines[-2]
    assert lines[-1].endswith("the last one")


def test_long_lines_are_cut_also_for_syslog(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Syslog's socket refuses a datagram that is too large, and the alert would not be logged at all."""
    address = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        server.settimeout(10)
        listener = set_up_logging(syslog_facility="daemon", syslog=str(address))
        logging.getLogger("pymon").log(ALERT, "calling %s", "x" * (1 << 20))
        listener.stop()
        assert ": calling xxx" in server.recv(1 << 20).decode()
        for handler in listener.handlers:
            handler.close()
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("x… (1040392 characters more)")


def test_a_syslog_daemon_that_is_away_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = tmp_path / "log"
    log = logging.getLogger("pymon")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        listener = set_up_logging(stderr=False, syslog_facility="daemon", syslog=str(address))
    address.unlink()
    for number in range(3):
        log.warning("lost %d", number)
    while lines_waiting(listener):  # one of them may still be at work
        time.sleep(0.001)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        server.settimeout(10)
        log.warning("taken again")
        while not server.recv(4096).endswith(b": taken again"):
            pass
        listener.stop()
        for handler in listener.handlers:
            handler.close()
    assert capsys.readouterr().err.count("syslog takes nothing") == 1
