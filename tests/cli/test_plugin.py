"""``pymon plugin``: the commands as their users meet them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pymon.cli.main import app
from pymon.cli.plugin import list_plugins
from pymon.errors import PymonError
from pymon.plugin.testing import listening, nobody
from pymon.runner.limits import RunnerLimits
from pymon.workbench.scaffold import write_draft
from tests.differential.examples import greet
from tests.programs import write_program

ROOT = Path(__file__).resolve().parents[2]


Pymon = Callable[..., tuple[int, str]]


@pytest.fixture(name="pymon")
def pymon_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pymon:
    """Runs ``pymon plugin`` in the test's folder: exit status and output, that of errors too."""
    monkeypatch.chdir(tmp_path)

    def pymon(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["plugin", *words])
        if isinstance(result.exception, PymonError):
            return 2, f"pymon: {result.exception}\n"
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return pymon


@pytest.mark.slow
def test_what_the_user_can_mend_is_said_in_a_line(tmp_path: Path) -> None:
    """The whole command, as a process."""
    done = process("new", "redis", cwd=tmp_path)
    assert done == (2, "pymon: 'redis' is neither a monitor nor an alert: call it redis.monitor or redis.alert\n")


def process(*words: str, cwd: Path, environ: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pymon.cli.main", "plugin", *words],
        cwd=cwd,
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(name="site")
def site_fixture(tmp_path: Path) -> Path:
    """A folder with own plugins in ``mon.d`` and ``alert.d``, and a mon.cf that names them."""
    (tmp_path / "mon.cf").write_text(
        f"mondir = {tmp_path}/mon.d:{tmp_path}/absent\nalertdir = {tmp_path}/alert.d\nstatedir = {tmp_path}\n"
    )
    for folder, name in (("mon.d", "own.monitor"), ("alert.d", "own.alert")):
        write_draft(name, tmp_path / folder)
    shell = tmp_path / "mon.d/tcp.monitor"
    shell.write_text("#!/bin/sh\nexit 0\n")
    broken = tmp_path / "mon.d/broken.monitor"
    broken.write_text("#!/usr/bin/env python3\nimport pymon.plugin\nraise RuntimeError('no')\n")
    for path in (shell, broken):
        path.chmod(0o755)
    return tmp_path


def test_new_says_what_to_do_next(pymon: Pymon) -> None:
    status, said = pymon("new", "redis.monitor")
    assert (status, said) == (
        0,
        "redis.monitor written\ntest_redis_monitor.py written\n\nTry it:\n"
        "  pymon plugin test redis.monitor 127.0.0.1\n  pytest test_redis_monitor.py\n",
    )
    status, said = pymon("new", "redis.monitor")
    assert (status, said) == (
        2,
        "pymon: redis.monitor and test_redis_monitor.py exist already: nothing was written\n",
    )
    status, said = pymon("new", "redis")
    assert (status, said) == (
        2,
        "pymon: 'redis' is neither a monitor nor an alert: call it redis.monitor or redis.alert\n",
    )


def test_a_monitor_is_tried_both_ways(site: Path, pymon: Pymon) -> None:
    with listening(greet) as port:
        status, said = pymon("test", "mon.d/own.monitor", "-p", str(port), "127.0.0.1")
    assert status == 0
    lines = said.splitlines()
    assert lines[0] == "own.monitor"
    assert f"  argv         {site}/mon.d/own.monitor -p {port} 127.0.0.1" in lines
    assert "  environment  MON_CFBASEDIR=/etc/mon" in lines
    assert re.search(r"^as a process: exit code 0, [\d.]+ s, [\d.]+ s of processor time$", said, re.MULTILINE)
    assert re.search(r"^in process: exit code 0, [\d.]+ s, [\d.]+ s of processor time$", said, re.MULTILINE)
    assert len(re.findall(r"^  measured     127.0.0.1 greeting \S+ s$", said, re.MULTILINE)) == 2
    assert lines[-1] == "It did the same both ways, held nothing up, and left nothing behind."


def test_a_failed_check_is_no_misbehaviour(site: Path, pymon: Pymon) -> None:
    with nobody() as port:
        status, said = pymon("test", "./mon.d/own.monitor", "--", "-p", str(port), "127.0.0.1")
    assert status == 0
    assert "as a process: exit code 1," in said
    assert "  | 127.0.0.1\n  | 127.0.0.1: Connection refused\n" in said
    assert "it printed the same" in said


@pytest.mark.slow
def test_a_plugin_by_its_name(site: Path, pymon: Pymon) -> None:
    status, said = pymon("test", "-c", "mon.cf", "--env", "COLOUR=blue sky", "own.monitor", "--help")
    assert status == 0
    assert f"argv         {site}/mon.d/own.monitor --help" in said
    assert "COLOUR=blue sky" in said
    assert "  | usage: own.monitor [options] host ..." in said
    status, said = pymon("test", "-c", "mon.cf", "mail.alert", "--help")
    assert status == 0
    assert "/alerts/mail.alert -s plugin -g trial" in said


@pytest.mark.slow
def test_one_that_misbehaves(site: Path, pymon: Pymon) -> None:
    path = site / "mon.d/own.monitor"
    path.write_text(
        path.read_text()
        .replace("import annotations\n", "import annotations\nimport time\n", 1)
        .replace("    async with", "    time.sleep(0.12)\n    async with")
    )
    with listening(greet) as port:
        status, said = pymon("test", str(path), "-p", str(port), "127.0.0.1")
    assert status == 1
    assert re.search(
        rf"^problem: held up the event loop for 0\.\d\d s: {path} line \d+ in probe: time.sleep", said, re.M
    )


@pytest.mark.slow
def test_one_that_ends_the_program(site: Path) -> None:
    """What it did as a process is told before."""
    path = site / "mon.d/own.monitor"
    path.write_text(
        path.read_text()
        .replace("import annotations\n", "import annotations\nimport os\n", 1)
        .replace("    async with", '    if __name__ != "__main__":\n        os.kill(os.getpid(), 9)\n    async with')
    )
    with listening(greet) as port:
        status, said = process("test", str(path), "-p", str(port), "127.0.0.1", cwd=site)
    assert status == -9
    assert "as a process: exit code 0," in said


@pytest.mark.slow
def test_only_what_is_so_is_said_for_it(site: Path, pymon: Pymon) -> None:
    path = site / "mon.d/own.monitor"
    path.write_text(
        path.read_text()
        .replace("import annotations\n", "import annotations\nimport time\n", 1)
        .replace("    async with", "    if not once:\n        once.append(time.sleep(0.12))\n    async with")
        .replace("async def probe", "once: list[None] = []\n\n\nasync def probe")
    )
    with listening(greet) as port:
        status, said = pymon("test", str(path), "-p", str(port), "127.0.0.1")
    assert status == 0, said
    assert said.endswith("at the first call only\nIt did the same both ways, and left nothing behind.\n")


def test_a_call_without_hosts(site: Path, pymon: Pymon) -> None:
    status, said = pymon("test", "mon.d/own.monitor", "-p", "80")
    assert status == 0
    assert "note: it was given no hosts, so that it checked nothing\n" in said


def test_an_alert_is_told_of_what_the_options_say(site: Path, pymon: Pymon) -> None:
    with listening(lambda connection: connection.recv(1000)) as port:
        words = ("--group", "web", "--service", "http", "--kind", "up", "--summary", "www1", "--host", "www1")
        status, said = pymon("test", *words, "alert.d/own.alert", "-p", str(port), "127.0.0.1")
    assert status == 0, said
    assert re.search(rf"/own.alert -s http -g web -h www1 -t \d+ -u -p {port} 127.0.0.1$", said, re.MULTILINE)
    assert "MON_ALERTTYPE=up" in said
    assert "  input        www1\n               host1: connection refused\n" in said
    assert "  | told 127.0.0.1" in said


def test_an_option_that_went_to_the_plugin(site: Path, pymon: Pymon) -> None:
    status, said = pymon("test", "alert.d/own.alert", "--group", "web", "127.0.0.1")
    assert status == 0
    assert "  | own.alert: unknown option --group" in said
    assert said.endswith("note: --group stands behind alert.d/own.alert, so that it went to the plugin\n")


def test_what_is_no_plugin(site: Path, pymon: Pymon) -> None:
    assert pymon("test", "no.monitor")[1].startswith("pymon: there is no file no.monitor, and no plugin of that")
    assert pymon("test", "./no.monitor") == (2, f"pymon: there is no file {site}/no.monitor\n")
    status, said = pymon("test", "--kind", "sad", "alert.d/own.alert")
    assert (status, said) == (
        2,
        "pymon: sad is no kind of event: failure, trap, traptimeout, up, startup, ack, disable, test\n",
    )
    assert pymon("test", "--env", "x", "alert.d/own.alert")[1] == "pymon: x is not of the form NAME=value\n"


def test_a_program_is_run_as_a_process_only(site: Path, pymon: Pymon) -> None:
    status, said = pymon("test", "mon.d/tcp.monitor", "127.0.0.1")
    assert status == 0
    assert "not in process: it is not written against pymon's SDK" in said
    assert said.endswith("It ran as a process, as it should.\n")


@pytest.mark.slow
def test_all_that_the_daemon_would_find(site: Path, pymon: Pymon) -> None:
    status, said = pymon("list", "-c", "mon.cf")
    assert status == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines[0] == "configuration: mon.cf"
    assert f"own.monitor in process {site}/mon.d/own.monitor" in lines
    assert f"own.alert in process {site}/alert.d/own.alert" in lines
    assert f"tcp.monitor program {site}/mon.d/tcp.monitor" in lines
    assert f"tcp.monitor in process {ROOT}/monitors/tcp.monitor (hidden by {site}/mon.d/tcp.monitor)" in lines
    assert f"broken.monitor broken {site}/mon.d/broken.monitor (runs as a program: RuntimeError: no)" in lines
    assert f"not there: {site}/absent" in lines
    assert any(line.startswith("lvs.alert in process ") for line in lines)


def test_what_cannot_be_run_is_listed_with_the_reason(site: Path, pymon: Pymon) -> None:
    path = site / "mon.d/nox.monitor"
    path.write_text("#!/bin/sh\n")
    (site / "mon.d/README").write_text("no plugin")
    (site / "mon.d/dir.monitor").mkdir()
    (site / "mon.d/gone.monitor").symlink_to("nowhere")
    lines = [" ".join(line.split()) for line in pymon("list", "-c", "mon.cf", "--monitors")[1].splitlines()]
    assert f"nox.monitor broken {path} (is not executable: chmod +x {path})" in lines
    assert f"dir.monitor broken {site}/mon.d/dir.monitor (is a directory)" in lines
    assert f"gone.monitor broken {site}/mon.d/gone.monitor (No such file or directory)" in lines
    assert not [line for line in lines if "README" in line]
    said = f"{path} is not executable: chmod +x {path}\n"
    assert pymon("test", "-c", "mon.cf", "nox.monitor") == (2, f"pymon: nox.monitor cannot be run: {said}")
    assert pymon("test", "mon.d/nox.monitor") == (2, f"pymon: {said}")


def test_an_alert_among_the_monitors_is_marked(site: Path, pymon: Pymon) -> None:
    write_draft("lost.alert", site / "mon.d")
    lines = [" ".join(line.split()) for line in pymon("list", "-c", "mon.cf", "--monitors")[1].splitlines()]
    assert f"lost.alert in process {site}/mon.d/lost.alert (an alert, none of the monitors)" in lines


def test_a_link_to_a_directory_above_is_not_followed(site: Path, pymon: Pymon) -> None:
    (site / "mon.d/loop").symlink_to(site / "mon.d")
    (site / "mon.d/sub").mkdir()
    (site / "mon.d/sub/back").symlink_to(site / "mon.d")
    status, said = pymon("list", "-c", "mon.cf", "--monitors")
    assert status == 0
    assert len(re.findall(r"own\.monitor  ", said)) == 1


@pytest.mark.slow
def test_what_is_printed_at_import_stays_out_of_the_table(site: Path) -> None:
    own = site / "mon.d/own.monitor"
    noise = "import os, subprocess, sys\nprint('NOISE')\nprint('NOISE', file=sys.stderr)\nos.write(1, b'NOISE')\n"
    child = "subprocess.run(['echo', 'NOISE'])\n"
    own.write_text(own.read_text().replace("import annotations\n", f"import annotations\n{noise}{child}", 1))
    status, said = process("list", "-c", "mon.cf", "--monitors", cwd=site)
    assert status == 0, said
    assert "own.monitor" in said
    assert "NOISE" not in said


@pytest.mark.slow
def test_a_slow_import_is_told_of_and_given_up(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The daemon would wait; the list says that it does."""
    limits = RunnerLimits(import_slow=0.05, import_time=0.3)
    slow = site / "mon.d/slow.monitor"
    write_program(slow, "#!/usr/bin/env python3\nimport pymon.plugin\nimport time\ntime.sleep(5)\n")
    assert list_plugins(site / "mon.cf", site / "mon.cf", monitors=True, alerts=False, limits=limits) == 0
    said = "".join(capsys.readouterr())
    assert f"{slow} is being imported (for 0.3 s at most) …" in said
    assert f"{slow}  (runs as a program: its import is not done after 0.3 s; the daemon waits for it)" in said


def test_only_one_kind(site: Path, pymon: Pymon) -> None:
    monitors, alerts = (pymon("list", "-c", "mon.cf", option)[1] for option in ("--monitors", "--alerts"))
    assert "own.monitor" in monitors
    assert "own.alert" not in monitors
    assert "own.alert" in alerts
    assert "own.monitor" not in alerts


@pytest.mark.slow
def test_a_plugin_of_a_package(site: Path) -> None:
    """Found by its entry point, tried under its name, and hidden by a file of the user's."""
    packages = site / "packages"
    information = packages / "pymon_redis-1.2.dist-info"
    information.mkdir(parents=True)
    (packages / "pymon_redis.py").write_bytes((site / "mon.d/own.monitor").read_bytes())
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: pymon-redis\nVersion: 1.2\n")
    (information / "entry_points.txt").write_text(
        "[pymon.monitors]\nredis.monitor = pymon_redis:monitor\nown.monitor = pymon_redis:monitor\n"
    )
    environ = {"PYTHONPATH": str(packages)}
    _, said = process("list", "--monitors", "-c", "mon.cf", cwd=site, environ=environ)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "redis.monitor in process pymon-redis 1.2 (pymon_redis:monitor)" in lines
    assert f"own.monitor in process pymon-redis 1.2 (pymon_redis:monitor) (hidden by {site}/mon.d/own.monitor)" in lines
    with nobody() as port:
        words = ("redis.monitor", "-p", str(port), "127.0.0.1")
        status, said = process("test", "-c", "mon.cf", *words, cwd=site, environ=environ)
    assert status == 0, said
    assert "  from         pymon-redis 1.2 (pymon_redis:monitor)" in said
    assert "Connection refused" in said
    status, said = process("test", "pymon_redis:monitor", "--help", cwd=site, environ=environ)
    assert status == 0, said


def test_a_configuration_that_is_not_there(site: Path, pymon: Pymon) -> None:
    status, said = pymon("list", "-c", "no.cf")
    assert status == 2
    assert "no.cf" in said
