"""C-LIVE: what a configuration needs of the machine is tried on demand, bounded in time, and told clearly."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymon.cli.check import check
from pymon.config.loader import load
from pymon.live import attempt
from pymon.live.finding import State, Trouble, Try
from pymon.live.run import run_tries
from pymon.live.tries import list_tries
from pymon.server.listen.addresses import ListenAddress, ListenerKind

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def held(says: bytes | None = None) -> Iterator[int]:
    """A TCP port that somebody has, who answers each client with this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    talk, _ = server.accept()
                except OSError:
                    return
                with talk:
                    talk.recv(100)
                    talk.sendall(says or b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def site(folder: Path, text: str = "") -> Path:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = folder / "mon.cf"
    path.write_text(
        f"mondir = {folder}\nalertdir = {folder}\nstatedir = {folder}\nlogdir = {folder}\nplugins = own\n"
        f"serverport = {port}\ntrapport = {port}\nserverbind = 127.0.0.1\ntrapbind = 127.0.0.1\n{text}\n"
        "hostgroup g 127.0.0.1 nosuch.invalid *disabled.invalid\n\nwatch g\n service s\n  interval 1m\n"
        "  monitor tcp.monitor -p 80\n"
    )
    return path


def test_all_is_told_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C-LIVE."""
    path = site(tmp_path, f"pidfile = {tmp_path}/none/mon.pid")
    assert check(path, as_json=False, explain=None) == 0
    assert "nosuch" not in capsys.readouterr().out
    assert check(path, as_json=False, explain=None, live=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("failed: name nosuch.invalid: ") for line in lines)
    assert f"failed: pidfile {tmp_path}/none/mon.pid: there is no directory {tmp_path}/none" in lines
    assert any(line.startswith(f"ok: statedir {tmp_path}: ") for line in lines)
    assert sum(line.startswith("ok: port 127.0.0.1 port ") and line.endswith("): free") for line in lines) == 2
    assert not any("disabled.invalid" in line or "127.0.0.1:" in line for line in lines)
    assert lines[-1].startswith(f"{path}: 2 of ")


def test_json_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C-LIVE."""
    path = site(tmp_path)
    assert check(path, as_json=True, explain=None, live=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["status"], document["problems"]) == (1, [])
    by_subject = {(each["what"], each["subject"]): each for each in document["live"]}
    assert by_subject["name", "nosuch.invalid"]["state"] == "failed"
    assert by_subject["logdir", str(tmp_path)]["state"] == "ok"
    check(path, as_json=True, explain=None)
    assert "live" not in json.loads(capsys.readouterr().out)


def test_a_file_with_errors_is_not_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = site(tmp_path, "nonsense = 1")
    assert check(path, as_json=True, explain=None, live=True) == 2
    assert "live" not in json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_what_hangs_is_not_waited_for() -> None:
    """C-LIVE: the limit is for all together."""
    forever = threading.Event()

    def hang() -> str:
        forever.wait()
        return "never"

    def fail() -> str:
        raise Trouble("no")

    tries = [
        Try("x", "quick", lambda: "yes"),
        *(Try("x", f"{number}", hang) for number in range(3)),
        Try("x", "f", fail),
    ]
    found = run_tries(tries, limit=1.0, at_once=8)
    forever.set()
    assert [each.state for each in found] == [State.OK, State.UNKNOWN, State.UNKNOWN, State.UNKNOWN, State.FAILED]
    assert found[1].text == "no answer within 1 seconds"


def test_more_than_run_at_once_are_all_tried() -> None:
    found = run_tries([Try("x", str(number), lambda: "") for number in range(500)], at_once=4)
    assert [each.subject for each in found] == [str(number) for number in range(500)]
    assert {each.state for each in found} == {State.OK}
    assert run_tries([]) == ()


def test_a_bug_of_ours_is_a_failed_try() -> None:
    (found,) = run_tries([Try("x", "y", lambda: str(1 // 0))])
    assert found.state is State.FAILED
    assert "ZeroDivisionError" in found.text


def test_a_port_that_somebody_has() -> None:
    with held(b"nothing that mon says\n") as port, pytest.raises(Exception, match="in use"):
        attempt.listen(ListenAddress(ListenerKind.CLIENTS, "127.0.0.1", port))


def test_a_port_that_mon_has_is_fine() -> None:
    with held(b"version 1.2.0\n220 command version completed\n") as port:
        assert attempt.listen(ListenAddress(ListenerKind.CLIENTS, "127.0.0.1", port)) == "a mon server has it already"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#!/bin/sh\ntouch ran\n", ""),
        ("#!/bin/sh\ntouch ran\nif true; then\n", "/bin/sh refuses it: .*a.monitor.*yntax error"),
        ("#!/usr/bin/env bash\ntouch ran\ndone\n", "bash refuses it: .*a.monitor.*yntax error"),
        ("#!/usr/bin/env python3\nopen('ran', 'w')\n", ""),
        ("#!/usr/bin/env python3\nopen('ran', 'w')\ndef f(:\n", r"refuses it: SyntaxError: .*a.monitor, line 3"),
        ("#!/usr/bin/env cat\nif (;\n", ""),
    ],
)
def test_scripts_are_read_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    """C-LIVE."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.monitor"
    path.write_text(text)
    if complaint:
        with pytest.raises(Trouble, match=complaint):
            attempt.read_script(str(path), "/usr/bin:/bin")
    else:
        attempt.read_script(str(path), "/usr/bin:/bin")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("first", "trouble"),
    [
        (b"#!/bin/sh\n", ""),
        (b"#!/bin/sh\r\n", "DOS"),
        (b"#!/usr/bin/nosuch -w\n", "no interpreter /usr/bin/nosuch"),
        (b"#!/usr/bin/env sh\n", ""),
        (b"#! /usr/bin/env -S A=1 nosuchperl -w\n", "no nosuchperl in PATH"),
        (b"#!/usr/bin/env\n", "program for env"),
        (b"#!\n", "names no interpreter"),
        (b"#!/tmp\n", "no interpreter /tmp"),
        (b"\x7fELF", ""),
        (b"", ""),
    ],
)
def test_interpreters(tmp_path: Path, first: bytes, trouble: str) -> None:
    path = tmp_path / "x.monitor"
    path.write_bytes(first)
    if not trouble:
        attempt.find_interpreter(str(path), "/usr/bin:/bin")
        return
    with pytest.raises(Trouble, match=trouble):
        attempt.find_interpreter(str(path), "/usr/bin:/bin")


def test_directories_and_files(tmp_path: Path) -> None:
    assert attempt.write_into(str(tmp_path)).endswith("may write")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Trouble, match="No such file"):
        attempt.write_into(str(tmp_path / "none"))
    assert attempt.write_to(str(tmp_path / "new")).endswith("may make it")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").write_text("kept")
    assert attempt.write_to(str(tmp_path / "old")).endswith("may write")
    assert (tmp_path / "old").read_text() == "kept"
    with pytest.raises(Trouble, match="is a directory"):
        attempt.write_to(str(tmp_path))
    with pytest.raises(Trouble, match="no directory"):
        attempt.write_to(str(tmp_path / "none" / "x"))


@pytest.mark.parametrize("name", ["pymon.db", "pymon.db-wal", "pymon.db.lock"])
def test_what_an_earlier_daemon_left_in_statedir_is_tried(tmp_path: Path, name: str) -> None:
    """Left by another user, it keeps the daemon from its record though the directory can be written."""
    assert "may write" in attempt.write_state(str(tmp_path))
    (tmp_path / name).touch()
    assert "may write" in attempt.write_state(str(tmp_path))
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(Trouble, match=f"^{name} in it: is a directory$"):
        attempt.write_state(str(tmp_path))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_names(name: str) -> None:
    assert "127.0.0.1" in attempt.look_up(name) or "::1" in attempt.look_up(name)


@pytest.mark.parametrize("name", ["nosuch.invalid", "x" * 70, "a..b"])
def test_names_that_cannot_be_looked_up(name: str) -> None:
    with pytest.raises(Trouble):
        attempt.look_up(name)


def test_what_is_tried_follows_from_the_site(tmp_path: Path) -> None:
    path = site(
        tmp_path,
        "hostgroup l web1\n\nwatch l\n service p\n  interval 1m\n  monitor fping.monitor\n  period wd {Sun-Sat}\n"
        "   alert lvs.alert -V vip.example.org:80 -R 10.0.0.2 -X down\n"
        "   upalert lvs.alert -V vip.example.org:80 -R 10.0.0.2\n"
        "\nwatch here\n service d\n  interval 1m\n  monitor freespace.monitor / ;;\n\n",
    )
    loaded = load(path).site
    paths = {
        ("pymon.monitors", "fping.monitor"): str(ROOT / "monitors" / "fping.monitor"),
        ("pymon.alerts", "lvs.alert"): str(ROOT / "alerts" / "lvs.alert"),
        ("pymon.alerts", "page.alert"): "/bin/sh",
        ("pymon.alerts", "offered.alert"): "pymon-page 1.0 (pymon_page:alert)",
    }
    tries = {(each.what, each.subject) for each in list_tries(loaded, paths, {})}
    assert {("name", "web1"), ("name", "vip.example.org"), ("name", "nosuch.invalid")} <= tries
    assert {("ping", "fping.monitor"), ("ipvs", "lvs.alert"), ("interpreter", "page.alert")} <= tries
    assert not {subject for what, subject in tries if what == "name"} & {"here", "10.0.0.2", "127.0.0.1"}
    assert ("interpreter", "offered.alert") not in tries
    assert ("ipvs", "lvs.alert") not in {
        (each.what, each.subject) for each in list_tries(loaded, paths, {"PYMON_IPVS": "memory"})
    }
