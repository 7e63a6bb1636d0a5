"""process.monitor: processes of this machine, by their names, and beside Debian's ps.monitor."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.runner.registry import load
from tests.monitors.servers import MONITORS, Check
from tests.peers import require_peer
from tests.programs import write_program
from tests.waiting import wait_until

PROCESS = MONITORS / "process.monitor"
LONG_NAME = f"{os.getpid()}-script-whose-name-is-long"
"""of this run alone: the monitor counts the processes of everybody, so every name here has this process's number"""


@contextmanager
def started(*command: str, count: int = 1) -> Iterator[list[int]]:
    """Processes that have become what they are to be: each writes a byte first, or is a plain program."""
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in processes:
            wait_until_executed(process.pid)
            if "script" in command[-1] or "script" in command[0]:
                assert process.stdout is not None
                assert process.stdout.read(1) == b"!"
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def wait_until_executed(pid: int) -> None:
    """A child of this process is Python until it has executed its program."""
    own = Path("/proc/self/cmdline").read_bytes()
    wait_until(lambda: Path(f"/proc/{pid}/cmdline").read_bytes() != own)


@pytest.fixture(name="scripts")
def scripts_fixture(tmp_path: Path) -> Path:
    """Scripts that say that they run, and then wait."""
    python = f"#!{sys.executable}\nimport os, time\nos.write(1, b'!')\ntime.sleep(60)\n"
    perl = "#!/usr/bin/perl\n$| = 1; print '!'; sleep 60;\n"
    shell = "#!/bin/sh\nprintf '!'\nread _ </dev/zero\n"
    for name, text in {
        "script.py": python,
        "script.pl": perl,
        "script": shell,
        LONG_NAME: shell,
    }.items():
        write_program(tmp_path / name, text)
    return tmp_path


def sleeper(folder: Path, name: str) -> str:
    """A program with a name of its own that sleeps."""
    shutil.copy("/bin/sleep", folder / name)
    return str(folder / name)


@pytest.mark.slow
async def test_counts(check: Check, tmp_path: Path) -> None:
    name = f"sl{os.getpid()}"
    with started(sleeper(tmp_path, name), "60", count=3):
        well = await check("process.monitor", f"{name}:1-", f"{name}:3-3", f"{name}:-3", f"{name}:-")
        assert (well.exitval, well.output) == (0, "")
        few = await check("process.monitor", "none-such:2-4", f"{name}:4-")
        assert (few.exitval, few.output) == (
            1,
            f"none-such:0 {name}:3\nnone-such:0 < 2 (2-4)\n{name}:3 < 4 (4-)\n",
        )
        many = await check("process.monitor", f"{name}:-2", f"{name}:0-1")
        assert (many.exitval, many.output) == (1, f"{name}:3\n{name}:3 > 1 (0-1)\n{name}:3 > 2 (-2)\n")
    assert (await check("process.monitor", f"{name}:0-0")).exitval == 0


async def test_measured(check_inside: Check) -> None:
    result = await check_inside("process.monitor", "none-such:1-", "kthreadd:-")
    assert [(each.host, each.name, each.unit) for each in result.measurements] == [
        ("none-such", "count", ""),
        ("kthreadd", "count", ""),
    ]
    assert result.measurements[0].value == 0


def inside(*arguments: str) -> Answer:
    """A run of the monitor in this process."""
    plugin = load("process.monitor", str(PROCESS)).plugin
    assert plugin is not None
    return asyncio.run(plugin.run(Invocation(str(PROCESS), arguments, {})))


def named(pid: int) -> str:
    """The name that a process counts under."""
    return inside("-x", str(pid)).output.strip().removeprefix(f'PID:{pid} has name "').removesuffix('"')


NAMES: list[tuple[list[str], str, str | None]] = [
    (["{0}/script.pl"], "script.pl", "script.pl"),
    (["perl", "{0}/script.pl"], "script.pl", "script.pl"),
    (["perl", "-w", "-I", "/lib", "{0}/script.pl"], "script.pl", "-w"),
    (["perl", "-we", "sleep 60"], "perl", "-we"),
    ([sys.executable, "{0}/script.py"], "script.py", None),
    ([sys.executable, "-u", "-X", "dev", "{0}/script.py"], "script.py", None),
    ([sys.executable, "-c", "import time; time.sleep(60)"], Path(sys.executable).name, None),
    ([sys.executable, "-m", "asyncio"], "asyncio", None),
    (["{0}/script"], "script", "script"),
    (["sh", "{0}/script"], "sh", "sh"),
    (["{0}/" + LONG_NAME], LONG_NAME, LONG_NAME[:15]),
]
"""a command, the name that it counts under, and the one under Debian's"""


def as_words(value: object) -> str:
    """The same in each run, which has names of its own."""
    return " ".join(value).replace(LONG_NAME, "LONG_NAME") if isinstance(value, list) else ""


@pytest.mark.parametrize(("command", "name"), [row[:2] for row in NAMES], ids=as_words)
def test_names_m_process_2(scripts: Path, command: list[str], name: str) -> None:
    """M-process-2."""
    with started(*(word.format(scripts) for word in command)) as (pid,):
        assert named(pid) == name


@pytest.mark.peer
@pytest.mark.parametrize(("command", "debians"), [(row[0], row[2]) for row in NAMES if row[2]], ids=as_words)
def test_names_of_debians_m_process_2(scripts: Path, command: list[str], debians: str) -> None:
    """M-process-2: an interpreter's option may pass for the script, and long names are cut."""
    program = require_peer("ps.monitor")
    with started(*(word.format(scripts) for word in command)) as (pid,):
        theirs = subprocess.run([program, "-x", str(pid)], capture_output=True, text=True, check=False).stdout
    assert theirs == f'PID:{pid} has name "{debians}"\n'


def test_a_long_name_counts_by_what_the_kernel_keeps_of_it_too(scripts: Path) -> None:
    with started(str(scripts / LONG_NAME)):
        for name in (LONG_NAME, LONG_NAME[:15]):
            assert inside(f"{name}:1-1").exitval == 0


def test_names_with_blanks_and_colons(tmp_path: Path) -> None:
    name = f"a {os.getpid()}:c) d"
    with started(sleeper(tmp_path, name), "60") as (pid,):
        assert named(pid) == name
        assert inside(f"{name}:1-1").exitval == 0


def test_what_has_ended_does_not_count_m_process_3(tmp_path: Path) -> None:
    """M-process-3."""
    name = f"zo{os.getpid()}"
    process = subprocess.Popen([sleeper(tmp_path, name), "0"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert inside(f"{name}:0-0").exitval == 0
    process.wait()


async def test_numbers_that_are_not_there(check: Check) -> None:
    result = await check("process.monitor", "-x", "1", "999999999")
    assert result.exitval == 1
    assert result.output.startswith('PID:1 has name "')
    assert result.output.rstrip("\n").endswith("\nPID:999999999 does not run")


@pytest.mark.peer
@pytest.mark.parametrize("limits", ["1-", "1-3", "2-2", "-1", "0-1", "3-", "4-5", "-"])
def test_as_debians_ps_monitor_m_process_1(tmp_path: Path, limits: str) -> None:
    """M-process-1: but for the blank at the end of the summary, and an empty side of the limits, which stays empty."""
    program = require_peer("ps.monitor")
    name = f"dp{os.getpid()}"
    with started(sleeper(tmp_path, name), "60", count=2):
        theirs = subprocess.run([program, f"{name}:{limits}"], capture_output=True, text=True, check=False)
        ours = inside(f"{name}:{limits}")
    assert ours.exitval == theirs.returncode
    summary, _, detail = theirs.stdout.partition("\n")
    summary_ours, _, detail_ours = ours.output.partition("\n")
    assert summary_ours == summary.rstrip()
    assert detail_ours.partition(" (")[0] == detail.partition(" (")[0]
    assert not detail_ours or detail_ours.endswith(f" ({limits})\n")


@pytest.mark.parametrize("argument", ["bash:2", "bash:x-y", "bash:1-2-3", ":1-", "bash:5-2", "bash:-1-", "bash:1 -"])
async def test_what_is_no_limit(check_inside: Check, argument: str) -> None:
    result = await check_inside("process.monitor", "--", argument)
    assert result.exitval == 126
    assert result.output.startswith(f"process.monitor: {argument!r}")


@pytest.mark.parametrize("arguments", [("-c", "public", "router1"), ("router1",)])
async def test_snmp_is_not_asked_m_process_4(check: Check, arguments: tuple[str, ...]) -> None:
    """M-process-4."""
    result = await check("process.monitor", *arguments)
    assert result.exitval == 126
    assert "it does not ask an SNMP agent" in result.output
    assert "NAME:MIN-MAX" in result.output


async def test_a_look_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments of a process cannot be read while it hangs in certain places of the kernel."""
    import threading  # noqa: PLC0415

    released = threading.Event()
    monkeypatch.setattr(os, "listdir", lambda _path: released.wait(10) and [])
    plugin = load("process.monitor", str(PROCESS)).plugin
    assert plugin is not None
    answer = await plugin.run(Invocation(str(PROCESS), ("-t", "0.1", "bash:1-"), {}))
    released.set()
    assert (answer.exitval, answer.output) == (1, "/proc could not be read within 0.1 seconds\n")


async def test_it_is_mons_ps_monitor_too(check: Check) -> None:
    """One file under two names: a configuration with ps.monitor goes on to work."""
    assert (MONITORS / "ps.monitor").resolve() == PROCESS.resolve()
    result = await check("ps.monitor", "none-such:1-")
    assert (result.exitval, result.output) == (1, "none-such:0\nnone-such:0 < 1 (1-)\n")
    assert (await check("ps.monitor", "x")).output.startswith("ps.monitor: 'x' must be NAME:MIN-MAX")
