"""M-outcomes: what each host is, from monitors of all kinds, carried out by the executor of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymon.contract.check_json import result_from_json, result_to_json
from pymon.contract.check_order import CheckOrder
from pymon.model.depend import ServiceKey
from pymon.model.result import CheckOutcome, CheckResult, HostOutcome
from pymon.runner.executor import LocalExecutor
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.peers import require_peer
from tests.runner.scripts import script
from tests.tools import require_tool

UP, DOWN, UNKNOWN = HostOutcome.UP, HostOutcome.DOWN, HostOutcome.UNKNOWN

PROBED = """
from dataclasses import dataclass
from pymon.plugin import Broken, Down, Host, Monitor, Outcome, Up

@dataclass(frozen=True)
class Options:
    pass

async def probe(host: Host, options: Options) -> Outcome:
    if "down" in host.name:
        return Down("it is", exitval=3)
    return Broken("no permission") if host.name.startswith("broken") else Up()

monitor = Monitor(Options, probe, look_up=False, summary=lambda outcomes, options: "all of up1 down1 odd")

if __name__ == "__main__":
    monitor.main()
"""
SET = """
from dataclasses import dataclass
from pymon.plugin import Call, Down, Report, SetMonitor, Up

@dataclass(frozen=True)
class Options:
    pass

async def check(call: Call) -> Report:
    return Report(1, "some are not", hosts={host: Down("") if "down" in host else Up() for host in call.hosts})

monitor = SetMonitor(Options, check)

if __name__ == "__main__":
    monitor.main()
"""


async def check(path: Path, *hosts: str, options: tuple[str, ...] = (), inprocess: bool = True) -> CheckResult:
    """Have a monitor check these hosts; its result has been over a wire."""
    runner = PluginRunner()
    executor = LocalExecutor(runner, dict(os.environ))
    file = load(path.name, str(path))
    assert (file.plugin is not None) is file.is_python, file.problem
    executor.connect(lambda _name: file)
    order = CheckOrder(ServiceKey("g", "s"), path.name, (*options, *hosts), hosts, {}, 30.0, inprocess)
    result = await executor.execute(order)
    return result_from_json(result_to_json(result))


def python(folder: Path, text: str) -> Path:
    """A monitor in Python."""
    return script(folder, text, interpreter="/usr/bin/env python3")


BOTH_WAYS = pytest.mark.parametrize("inprocess", [True, pytest.param(False, marks=pytest.mark.slow)])
ODD = ("down-1.example.com", "fe80::1", "downcaf\udce9", "서버", "UP_1", "-down")


@BOTH_WAYS
@pytest.mark.asyncio
async def test_a_monitor_of_the_sdk_tells_what_its_probes_gave(tmp_path: Path, inprocess: bool) -> None:
    """Whatever its summary says, and of broken ones too; twice the same host is one."""
    path = python(tmp_path, PROBED)
    result = await check(path, "up1", "down1", "broken1", "up1", inprocess=inprocess)
    assert result.outcome is CheckOutcome.FAILED
    assert dict(result.hosts) == {"up1": UP, "down1": DOWN, "broken1": UNKNOWN}
    result = await check(path, "up1", "broken1", inprocess=inprocess)
    assert result.outcome is CheckOutcome.BROKEN
    assert dict(result.hosts) == {"up1": UP, "broken1": UNKNOWN}
    result = await check(path, "--", *ODD, inprocess=inprocess)
    assert dict(result.hosts) == {"--": UNKNOWN, **{host: DOWN if "down" in host else UP for host in ODD}}


@BOTH_WAYS
@pytest.mark.asyncio
async def test_wrong_options_say_nothing_of_hosts(tmp_path: Path, inprocess: bool) -> None:
    result = await check(python(tmp_path, PROBED), "up1", "down1", options=("--wrong",), inprocess=inprocess)
    assert result.outcome is CheckOutcome.BROKEN
    assert dict(result.hosts) == {"up1": UNKNOWN, "down1": UNKNOWN}


@BOTH_WAYS
@pytest.mark.asyncio
async def test_a_set_monitor_can_tell(tmp_path: Path, inprocess: bool) -> None:
    result = await check(python(tmp_path, SET), "up1", "down1", inprocess=inprocess)
    assert dict(result.hosts) == {"up1": UP, "down1": DOWN}


@BOTH_WAYS
@pytest.mark.asyncio
async def test_a_set_monitor_that_does_not_tell_is_read_by_its_summary(tmp_path: Path, inprocess: bool) -> None:
    text = SET.replace('"some are not", hosts=', '"down1", "", ()) or dict(x=')
    result = await check(python(tmp_path, text), "up1", "down1", inprocess=inprocess)
    assert dict(result.hosts) == {"up1": UP, "down1": DOWN}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exit 0", [UP, UP, UP]),
        ("echo web2; exit 1", [UP, DOWN, UP]),
        ("echo 'web1: no answer'; echo web2; exit 2", [DOWN, UP, UP]),
        ("echo web9; exit 1", [UNKNOWN] * 3),
        ("exit 1", [UNKNOWN] * 3),
        ("echo web1; exit 126", [UNKNOWN] * 3),
        ("echo web1; kill -KILL $$", [UNKNOWN] * 3),
        ('echo "!broken" >>"$PYMON_MEASUREMENTS"; echo web1; exit 1', [UNKNOWN] * 3),
        ('echo "!down web1" >>"$PYMON_MEASUREMENTS"; exit 1', [DOWN, UNKNOWN, UNKNOWN]),
        ('for h; do echo "!up $h"; done >>"$PYMON_MEASUREMENTS"; echo web1; exit 0', [UP, UP, UP]),
        ('for h; do echo "!up $h"; done >>"$PYMON_MEASUREMENTS"; echo web1; exit 1', [UNKNOWN] * 3),
        ('echo "!down web1" >>"$PYMON_MEASUREMENTS"; exit 0', [UNKNOWN] * 3),
        ('printf "!up web1\\n!down web1\\nweb1 time 1 s\\n" >>"$PYMON_MEASUREMENTS"; exit 1', [DOWN, UNKNOWN, UNKNOWN]),
    ],
)
@pytest.mark.asyncio
async def test_a_shell_script(tmp_path: Path, text: str, expected: list[HostOutcome]) -> None:
    result = await check(script(tmp_path, text), "web1", "web2", "web3")
    assert list(result.hosts.values()) == expected


@pytest.mark.slow
@pytest.mark.asyncio
async def test_what_was_told_before_the_time_limit_does_not_count(tmp_path: Path) -> None:
    runner = PluginRunner(limits=RunnerLimits(grace=0.1))
    path = script(tmp_path, 'echo "!up web1" >>"$PYMON_MEASUREMENTS"; sleep 60')
    executor = LocalExecutor(runner, dict(os.environ))
    executor.connect(lambda name: load(name, str(path)))
    hosts = ("web1", "web2")
    result = await executor.execute(CheckOrder(ServiceKey("g", "s"), "a.monitor", hosts, hosts, {}, 0.5))
    assert (result.exitval, dict(result.hosts)) == (124, dict.fromkeys(hosts, UNKNOWN))


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("127.0.0.1", "10.7.0.5", "127.0.0.2", "10.7.0.5"), [UP, DOWN, UP]),
        (("127.0.0.1", "127.0.0.2"), [UP, UP]),
    ],
)
@pytest.mark.asyncio
async def test_debians_fping_monitor_is_read_by_its_summary(
    tmp_path: Path, arguments: tuple[str, ...], expected: list[HostOutcome]
) -> None:
    """In a network of its own, where 10.7.0.5 cannot be reached."""
    require_tool("fping", why="Debian's fping.monitor runs it")
    theirs = require_peer("fping.monitor")
    network = "ip link set lo up && ip route add unreachable 10.7.0.0/24"
    path = script(tmp_path, f'exec unshare -n sh -c \'{network} && exec {theirs} "$@"\' sh "$@"')
    result = await check(path, *arguments)
    assert list(result.hosts.values()) == expected, result.output
