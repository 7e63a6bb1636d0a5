"""``pymon why``: of a running daemon, and of its record when it is down."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pymon.cli.main import app
from pymon.cli.why import NO_ANSWER, UNKNOWN, Where, parse_since, why
from pymon.client.sync import Client
from pymon.errors import ClientError, TimevalError
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.measurement import Measurement
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.store.store import FILE, Store
from tests.ports import free_port
from tests.programs import write_program

T0 = 1_795_458_000.0
WEB = ServiceKey("web", "http")


def write_record(folder: Path) -> Path:
    """A record with one outage; its folder."""

    async def write() -> None:
        record = Store(folder / FILE)
        await record.open()
        down = ServiceState(OpStatus.FAIL, first_failure=T0, consec_failures=2, last_summary="down")
        measured = (Measurement("web1", "time", 0.5, "s"),)
        record.state(WEB, replace(down, measured=T0, measurements=measured))
        record.state(ServiceKey("web", "dns"), ServiceState())
        record.add(TimelineEvent(T0 - 7200, TimelineKind.OPERATOR, "acknowledged", *WEB, asker="bob@::1"))
        record.add(TimelineEvent(T0, TimelineKind.CHECK, "failed (exit 1): down", *WEB, facts={"exitval": 1}))
        record.add(TimelineEvent(T0 + 60, TimelineKind.CHECK, "failed (exit 1): down", *WEB, facts={"exitval": 1}))
        await record.close()

    asyncio.run(write())
    return folder


def test_a_record_is_read_while_no_daemon_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = Where(statedir=str(write_record(tmp_path)))
    assert why("web", "http", where=where) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert re.fullmatch(
        r"web http has been failing for \S+ \(2 failures in a row\): down; 0 alerts sent in this outage", lines[0]
    )
    assert re.fullmatch(r"  measured \S+ ago: web1 time 500 ms", lines[1])
    assert [line.split(None, 1)[1] for line in lines[2:] if line.startswith("  ")] == [
        "operator   bob@::1 acknowledged",
        f"check      failed (exit 1): down  [2 times until {datetime.fromtimestamp(T0 + 60):%H:%M:%S}]",
    ]
    assert "which was written last at" in told.err
    assert not list(tmp_path.glob("*-wal")), "looking leaves nothing behind"


def test_since_leaves_out_what_is_older(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = Where(statedir=str(write_record(tmp_path)))
    assert why("web", "http", since=str(int(T0) - 60), where=where) == 0
    assert "acknowledged" not in capsys.readouterr().out
    assert why("web", "http", since="1s", where=where) == 0
    assert "nothing is recorded in this time" in capsys.readouterr().out


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert why("web", "http", as_json=True, where=Where(statedir=str(write_record(tmp_path)))) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["group"], document["service"], document["status"]) == ("web", "http", "fail")
    assert [event["kind"] for event in document["events"]] == ["operator", "check"]
    assert (document["measured"], document["measurements"]) == (T0, [["web1", "time", 0.5, "s"]])
    assert document["events"][1]["count"] == 2
    assert document["events"][1]["facts"]["exitval"] == 1


def test_reasons_of_alerts_are_in_the_record_as_far_as_they_were_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-why: with the figures for programs; what an older pymon recorded has its words alone."""
    reason = {"rule": "count reached", "number": 1, "count": 3, "wanted": 3}
    old: dict[str, object] = {"event": "failure", "period": "p", "alert": "a.alert", "why": "the first of this outage"}
    new = {**old, "why": "failure 3 in a row, alertafter 3", "reason": reason}

    async def write() -> None:
        record = Store(tmp_path / FILE)
        await record.open()
        record.state(WEB, ServiceState())
        for number, facts in enumerate((old, new)):
            record.add(TimelineEvent(T0 + number, TimelineKind.ALERT, f"alert ({facts['why']})", *WEB, facts=facts))
        await record.close()

    asyncio.run(write())
    where = Where(statedir=str(tmp_path))
    assert why("web", "http", as_json=True, where=where) == 0
    assert [each["facts"] for each in json.loads(capsys.readouterr().out)["events"]] == [old, new]
    assert why("web", "http", where=where) == 0
    assert [line.split(None, 1)[1] for line in capsys.readouterr().out.splitlines()[-2:]] == [
        "alert      alert (the first of this outage)",
        "alert      alert (failure 3 in a row, alertafter 3)",
    ]


@pytest.mark.parametrize(
    ("group", "service", "guess"), [("web", "htp", "web http"), ("WEB", "HTTP", "web http"), ("web", "x", "web dns")]
)
def test_an_unknown_service_gets_a_suggestion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], group: str, service: str, guess: str
) -> None:
    assert why(group, service, where=Where(statedir=str(write_record(tmp_path)))) == UNKNOWN
    told = capsys.readouterr()
    assert f"there is no service {group} {service}" in told.err
    assert f"did you mean {guess}?" in told.err
    assert told.out == ""


def test_what_is_disabled_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the commonest reason for no alert, and no event repeats it."""

    async def write() -> None:
        record = Store(tmp_path / FILE)
        await record.open()
        record.state(WEB, ServiceState())
        record.disabled(["web"], [WEB], [])
        record.scheduler(T0)
        await record.close()

    asyncio.run(write())
    assert why("web", "http", where=Where(statedir=str(tmp_path))) == 0
    line = capsys.readouterr().out.splitlines()[0]
    since = f"{datetime.fromtimestamp(T0):%Y-%m-%d %H:%M}"
    assert line.endswith(
        "; no checks, no alerts: the watch is disabled, the service is disabled, "
        f"the scheduler is stopped since {since}"
    )


def test_nobody_to_ask_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert why("web", "http", where=Where(port=str(free_port()), server="127.0.0.1")) == NO_ANSWER
    assert "cannot connect to 127.0.0.1:" in capsys.readouterr().err
    assert why("web", "http", where=Where(statedir=str(tmp_path))) == NO_ANSWER
    assert f"cannot read the record {tmp_path / FILE}: there is none" in capsys.readouterr().err
    both = Where(server="127.0.0.1", port=str(free_port()), statedir=str(tmp_path))
    assert why("web", "http", where=both) == NO_ANSWER
    said = capsys.readouterr().err
    assert "cannot connect" in said
    assert "there is none" in said


def test_a_record_that_may_not_be_looked_at_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``pymon why`` is for operators, who need not be root; what keeps them out is said in a line."""
    real = Path.stat

    def stat(path: Path, **arguments: bool) -> os.stat_result:
        if path.name.startswith(FILE):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **arguments)

    monkeypatch.setattr(Path, "stat", stat)
    assert why("web", "http", where=Where(statedir=str(tmp_path))) == NO_ANSWER
    assert capsys.readouterr().err == f"pymon why: cannot read the record {tmp_path / FILE}: Permission denied\n"
    (tmp_path / "file").touch()
    assert why("web", "http", where=Where(statedir=str(tmp_path / "file"))) == NO_ANSWER


@pytest.mark.slow
def test_a_terminal_that_knows_few_letters_gets_escapes(tmp_path: Path) -> None:
    async def write() -> None:
        record = Store(tmp_path / FILE)
        await record.open()
        record.state(WEB, ServiceState(OpStatus.FAIL, last_summary="설명…"))
        await record.close()

    asyncio.run(write())
    done = subprocess.run(
        [sys.executable, "-m", "pymon.cli.main", "why", "web", "http", "--statedir", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert "\\uc124\\uba85\\u2026" in done.stdout


def test_no_record_is_left_by_looking_for_it(tmp_path: Path) -> None:
    assert why("web", "http", where=Where(statedir=str(tmp_path))) == NO_ANSWER
    assert list(tmp_path.iterdir()) == []


def test_rubbish_is_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    assert why("web", "http", where=Where(statedir=str(tmp_path))) == NO_ANSWER
    assert "cannot read the record" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


NOW = datetime(2026, 11, 23, 18, 20).timestamp()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", NOW - 7200),
        ("1.5d", NOW - 1.5 * 86400),
        ("18:00", datetime(2026, 11, 23, 18).timestamp()),
        ("8:05:30", datetime(2026, 11, 23, 8, 5, 30).timestamp()),
        ("2026-11-01", datetime(2026, 11, 1).timestamp()),
        (" 2026-11-01 12:30 ", datetime(2026, 11, 1, 12, 30).timestamp()),
        ("2026-11-01T12:30:05", datetime(2026, 11, 1, 12, 30, 5).timestamp()),
        ("1795458000", 1795458000.0),
        ("1795458000.5", 1795458000.5),
    ],
)
def test_times(text: str, at: float) -> None:
    assert parse_since(text, NOW) == at


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "2026-13-01", "2", "-2h", "2h30m"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(TimevalError, match="not a time"):
        parse_since(text, NOW)


def test_the_command_line(tmp_path: Path) -> None:
    runner, folder = CliRunner(), str(write_record(tmp_path))
    told = runner.invoke(app, ["why", "web", "http", "--statedir", folder, "--since", "2026-01-01"])
    assert (told.exit_code, "acknowledged" in told.stdout) == (0, True)
    assert runner.invoke(app, ["why", "web", "gone", "--statedir", folder]).exit_code == UNKNOWN
    assert runner.invoke(app, ["why", "web"]).exit_code == 2


CONFIG = """
statedir = {folder}/state
mondir = {folder}
alertdir = {folder}
logdir = {folder}
authfile = {folder}/auth.cf
serverport = {port}
trapport = {port}
serverbind = 127.0.0.1
trapbind = 127.0.0.1

hostgroup web h1

watch web
    service http
        interval 1s
        monitor down.monitor
        period
            alert done.alert ops
            alertevery 1h
"""


DOWN = """echo "$1 time 0.0125 s" >> "$PYMON_MEASUREMENTS"; echo gone; exit 3"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a daemon whose only service fails."""
    number = free_port()
    for name, text in {"down.monitor": DOWN, "done.alert": "echo told ops"}.items():
        write_program(tmp_path / name, f"#!/bin/sh\n{text}\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "auth.cf").write_text("command section\nlist: all\nack: all\ndisable: all\n")
    (tmp_path / "mon.cf").write_text(CONFIG.format(folder=tmp_path, port=number))
    command = [sys.executable, "-m", "pymon.cli.main", "run", "-c", str(tmp_path / "mon.cf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
        try:
            yield number
        finally:
            if daemon.poll() is None:
                os.kill(daemon.pid, signal.SIGKILL)


def wait_for(port: int, text: str, seconds: float = 20) -> None:
    """Wait until the daemon tells of something."""
    deadline = time.monotonic() + seconds
    told = ""
    while text not in told:
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
        try:
            with Client("127.0.0.1", port) as client:
                told = "\n".join(client.why(*WEB))
        except ClientError as error:
            told = str(error)


STANDING = r"^web http .* \(\d+ failures in a row\): gone; 1 alert sent in this outage; acknowledged: on it;"


@pytest.mark.slow
def test_the_daemon_tells_and_after_its_end_the_record(
    port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-why: what the check said, who was told and how that ended, what was held back, and what an operator did."""
    wait_for(port, "held back")
    wait_for(port, "done.alert ops done in")
    with Client("127.0.0.1", port) as client:
        client.ack("web", "http", "on it")
        client.disable_service("web", "http")
    where = Where(server="127.0.0.1", port=str(port), statedir=str(tmp_path / "state"))
    assert why("web", "http", where=where) == 0
    living = capsys.readouterr()
    assert living.err == ""
    assert living.out.startswith("web http has been failing for ")
    assert living.out.splitlines()[0].endswith("; no checks, no alerts: the service is disabled")
    assert re.search(STANDING, living.out)
    for said in (
        r"daemon     pymon \S+ started with 1 service on 1 watch",
        r"check      failed \(exit 3\): gone",
        r"            measured   h1 time 12.5 ms\n",
        r"^  measured \ds ago: h1 time 12.5 ms\n",
        r"alert      alert done.alert ops \(.*the first of this outage\): gone",
        r"outcome    done.alert ops done in \S+: told ops",
        r"held back  alert done.alert ops not sent \(period\): alertevery 1h: last alert \d+s ago, summary unchanged",
        r"operator   somebody@127.0.0.1 acknowledged: on it",
    ):
        assert re.search(said, living.out, re.MULTILINE), living.out
    assert why("web", "http", as_json=True, where=where) == 0
    living_events = json.loads(capsys.readouterr().out)["events"]
    assert [each["facts"]["reason"] for each in living_events if each["kind"] == "alert"] == [
        {"rule": "first", "number": 1}
    ]
    assert why("web", "htp", where=where) == UNKNOWN
    assert "did you mean web http?" in capsys.readouterr().err
    with Client("127.0.0.1", port) as client:
        os.kill(client.list_pids().server, signal.SIGKILL)
    assert why("web", "http", where=where) == 0
    dead = capsys.readouterr()
    assert dead.out.splitlines()[0].endswith("; no checks, no alerts: the service is disabled")
    assert re.search(STANDING, dead.out), "the record tells the same as the daemon"
    assert "read from" in dead.err
    assert "somebody@127.0.0.1 acknowledged: on it" in dead.out
    assert re.search(r"^  measured \d+s ago: h1 time 12.5 ms$", dead.out.splitlines()[1])


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--json", "--since=2020-01-01"])
def test_what_cannot_be_written_is_said_in_a_line(tmp_path: Path, option: str) -> None:
    statedir = str(write_record(tmp_path))
    command = [sys.executable, "-m", "pymon.cli.main", "why", "web", "http", f"--statedir={statedir}", option]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["pymon why: No space left on device"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    os.close(writing)
    assert done.returncode == 1
    assert not done.stderr.splitlines()[1:], "who went away wants to hear nothing"
