"""The log: text and JSON lines, levels of their own, and a real syslog socket."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.engine import log as engine_log
from pymon.engine.log import JsonFormatter, TextFormatter, set_up_logging
from pymon.model.loglevel import ALERT, SUPPRESSED, register_levels


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


def test_text_lines() -> None:
    line = TextFormatter(colour=False).format(record(ALERT, "calling alert"))
    assert line.endswith(".250 alert    calling alert")
    assert "\x1b[" not in line
    assert "\x1b[1;35m" in TextFormatter(colour=True).format(record(ALERT, "calling alert"))


def test_what_a_monitor_printed_cannot_forge_a_terminal() -> None:
    line = TextFormatter(colour=False).format(record(logging.INFO, "up \x1b[2J \udcff 한글"))
    assert line.endswith("up \\x1b[2J \\xff 한글")


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


def test_syslog_gets_alerts_and_held_back_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        server.settimeout(10)
        monkeypatch.setattr(engine_log, "SYSLOG_SOCKET", str(address))
        listener = set_up_logging(level=SUPPRESSED, stderr=False, syslog_facility="local3")
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


def test_a_machine_without_syslog_is_said_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_log, "SYSLOG_SOCKET", str(tmp_path / "nothing"))
    set_up_logging(syslog_facility="daemon").stop()
    assert "no syslog (daemon)" in capsys.readouterr().err
    set_up_logging(syslog_facility="no-such-facility").stop()
    assert "no syslog (no-such-facility)" in capsys.readouterr().err
