"""Plugins that installed packages offer: found, run both ways, hidden and hiding."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.config.loader import PluginFinder
from pymon.contract.invocation import Invocation
from pymon.installed import ALERTS, MONITORS, offers
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, everything, scan
from pymon.share import share_path
from tests.ports import free_port
from tests.runner.packages import install
from tests.runner.scripts import BASE, script
from tests.waiting import wait_until

ORIGIN = "pymon-test-plugins 1.5 (pymon_test_plugins:monitor)"
OWN = str(share_path("monitors"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("package"))


@pytest.fixture
def _installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed in this Python."""
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


async def both_ways(package: Path, file: PluginFile, *arguments: str, stdin: str = "") -> list[CheckResult]:
    """Inside the daemon, and as a process."""
    runner = PluginRunner()
    runner.start()
    try:
        environ = BASE | {"PYTHONPATH": str(package)}
        call = Invocation(file.path, arguments, environ, stdin)
        return [
            await runner.run(file, call, time_limit=30, inprocess=inprocess, measures=True)
            for inprocess in (True, False)
        ]
    finally:
        runner.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
async def test_a_monitor_gives_the_same_both_ways(package: Path) -> None:
    """M-entry."""
    file = scan([], {"packaged.monitor"}, group=MONITORS)["packaged.monitor"]
    assert (file.origin, file.problem) == (ORIGIN, "")
    within, outside = await both_ways(package, file, "-b", "web2", "web1", "web2")
    assert (within.exitval, within.output, within.cause) == (1, "web2\nweb2: bad\n", Cause.EXITED)
    assert (outside.exitval, outside.output, outside.cause) == (1, "web2\nweb2: bad\n", Cause.EXITED)
    for result in (within, outside):
        assert Measurement("web2", "length", 4.0) in result.measurements
    for result in await both_ways(package, file, "--nonsense", "web1"):
        assert (result.cause, result.output.splitlines()[0]) == (
            Cause.BROKEN,
            "packaged.monitor: unknown option --nonsense",
        )
    for result in await both_ways(package, file, "--help"):
        assert result.output.startswith("usage: packaged.monitor ")


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
async def test_an_alert_too(package: Path, tmp_path: Path) -> None:
    """A-entry."""
    file = scan([], {"packaged.alert"}, group=ALERTS)["packaged.alert"]
    words = ("-g", "web", "-s", "http", "-h", "h", "-t", "1", "-f", str(tmp_path / "out"))
    for result in await both_ways(package, file, *words, stdin="down\n"):
        assert (result.exitval, result.output) == (0, "written\n")
    assert (tmp_path / "out").read_text() == "packaged.alert web http down\n" * 2


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken.monitor", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("absent.monitor", "pymon_test_plugins:nothing: there is no 'nothing'"),
        ("text.monitor", "pymon_test_plugins:__name__ is no Monitor or Alert, but 'pymon_test_plugins'"),
    ],
)
async def test_a_broken_one_is_said_and_is_broken_as_a_process(
    package: Path, caplog: pytest.LogCaptureFixture, name: str, reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        file = scan([], {name}, group=MONITORS)[name]
    assert (file.plugin, file.problem) == (None, reason)
    assert f"{name} of {file.origin} cannot run inside the daemon: {reason}" in caplog.text
    _, result = await both_ways(package, file, "web1")
    assert (result.exitval, result.cause) == (126, Cause.BROKEN)
    assert reason in result.output.splitlines()[0]


@pytest.mark.usefixtures("_installed")
def test_a_users_file_beats_a_package_which_beats_pymons_own(tmp_path: Path) -> None:
    """M-order."""
    mine = tmp_path / "mine"
    mine.mkdir()
    names = {"http.monitor", "tcp.monitor", "packaged.monitor"}
    found = scan([str(mine), OWN], names, group=MONITORS)
    assert {name: (file.origin, file.hides) for name, file in found.items()} == {
        "http.monitor": (ORIGIN, (f"{OWN}/http.monitor",)),
        "tcp.monitor": (f"{OWN}/tcp.monitor", ()),
        "packaged.monitor": (ORIGIN, ()),
    }
    path = script(mine, "true", "http.monitor")
    script(mine, "true", "packaged.monitor")
    found = scan([str(mine), OWN], names, group=MONITORS)
    assert found["http.monitor"].origin == str(path)
    assert found["http.monitor"].hides == (ORIGIN, f"{OWN}/http.monitor")
    assert found["packaged.monitor"].hides == (ORIGIN,)
    finder = PluginFinder()
    for name, file in found.items():  # 'pymon check' agrees
        assert finder(name, [str(mine), OWN], MONITORS) == file.origin
        assert (finder(name, [OWN], MONITORS) == ORIGIN) == (name != "tcp.monitor")
    assert finder("nosuch.monitor", [str(mine), OWN], MONITORS) is None


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_everything_tells_who_shadows_whom(tmp_path: Path) -> None:
    path = str(script(tmp_path, "true", "http.monitor"))
    found = [each for each in everything([str(tmp_path), OWN], MONITORS) if "ttp" in each.name or "bro" in each.name]
    assert [(each.name, each.origin, each.kind, each.shadowed_by) for each in found] == [
        ("broken.monitor", "pymon-test-plugins 1.5 (pymon_test_plugins.broken:monitor)", "program", ""),
        ("http.monitor", path, "program", ""),
        ("http.monitor", ORIGIN, "in process", path),
        ("http.monitor", f"{OWN}/http.monitor", "in process", path),
    ]
    assert found[0].problem.startswith("ModuleNotFoundError")


def test_a_package_that_is_broken_itself_is_passed_over(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "bad-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_bytes(b"Name: bad\nVersion: 1\n")
    (broken / "entry_points.txt").write_text("[pymon.monitors]\nno equals sign\n")
    other = tmp_path / "a_first-2.dist-info"
    other.mkdir()
    (other / "METADATA").write_bytes(b"Name: a-first\nVersion: 2\n")
    (other / "entry_points.txt").write_text("[pymon.monitors]\npackaged.monitor = a.b:c [extra]\n")
    for path in (package, tmp_path):
        monkeypatch.syspath_prepend(str(path))
    found = offers(MONITORS)["packaged.monitor"]
    assert [each.origin for each in found] == ["a-first 2 (a.b:c)", ORIGIN]
    assert "passed over an installed package whose metadata cannot be read" in caplog.text


@pytest.mark.parametrize("words", [[], ["only.one:word"]])
def test_the_way_to_run_one_by_hand_is_said(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pymon.plugin", *words], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("usage: python -P -m pymon.plugin FILE [ARGUMENT …], or MODULE:OBJECT NAME")


CONFIG = """
mondir = {folder}/mine
alertdir = {folder}/mine
statedir = {folder}/state
logdir = {folder}
authfile = {folder}/auth.cf
serverport = {port}
trapport = {port}

hostgroup web web1 web2

watch web
    service inside
        interval 1s
        monitor packaged.monitor -b web2
        period
            alert packaged.alert -f {folder}/out
    service outside
        interval 1s
        inprocess no
        monitor packaged.monitor -b web1
        period
            alert packaged.alert -f {folder}/out
    service mine
        interval 1s
        monitor http.monitor
"""


@pytest.mark.slow
def test_a_daemon_uses_them_and_tells_once_what_hides_what(package: Path, tmp_path: Path) -> None:
    """M-entry, M-order: with SIGHUP in between, which tells nothing again."""
    for folder in ("mine", "state"):
        (tmp_path / folder).mkdir()
    script(tmp_path / "mine", "true", "http.monitor")
    (tmp_path / "auth.cf").write_text("")
    (tmp_path / "mon.cf").write_text(CONFIG.format(folder=tmp_path, port=free_port()))
    log = tmp_path / "log"
    environ = BASE | {"PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "pymon.cli.main"]
    checked = subprocess.run(
        [*command, "check", str(tmp_path / "mon.cf")], env=environ, capture_output=True, text=True, check=False
    )
    assert "in no directory" not in checked.stdout + checked.stderr
    with log.open("w") as stderr, subprocess.Popen(
        [*command, "run", "-c", str(tmp_path / "mon.cf")], env=environ, stderr=stderr
    ) as daemon:  # fmt: skip
        try:
            wait_for(log, "mon server started")
            daemon.send_signal(signal.SIGHUP)
            wait_for(log, "configuration read again")
            wait_for(tmp_path / "out", "packaged.alert web inside web2\n")
            wait_for(tmp_path / "out", "packaged.alert web outside web1\n")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
    told = log.read_text()
    own = str(share_path("monitors") / "http.monitor")
    assert told.count(f"http.monitor is {tmp_path}/mine/http.monitor, which hides {ORIGIN} and {own}") == 1


def wait_for(path: Path, text: str) -> None:
    """Wait until a file has a text."""

    def content() -> str:
        return path.read_text() if path.exists() else f"{path} is missing"

    wait_until(lambda: text in content(), why=content)
