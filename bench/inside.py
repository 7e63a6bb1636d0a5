"""A plugin run as the daemon runs it, in this process, and another program beside it: what each of them costs."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers import DEBIAN_PLUGINS, OWN_PLUGINS
from pymon.contract.invocation import Invocation
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load

LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of so many runs: seconds by the clock that the quickest took (a busy machine only adds), seconds of processor
    time on the average, and of the last the exit value and how many hosts its summary names."""

    wall: float
    processor: float
    exitval: int
    failed: int


def inside(name: str, arguments: Sequence[str], times: int = 1, warm_up: int = 1) -> Cost:
    """Runs of a monitor of pymon's in this process, one after the other."""
    return asyncio.run(_inside(name, tuple(arguments), times, warm_up))


async def _inside(name: str, arguments: tuple[str, ...], times: int, warm_up: int) -> Cost:
    path = OWN_PLUGINS[0] / name
    file = load(name, str(path))
    invocation = Invocation(str(path), arguments, dict(os.environ))
    runner = PluginRunner()
    runner.start()
    try:
        for _ in range(warm_up):
            await runner.run(file, invocation, time_limit=LIMIT, inprocess=True)
        walls, spent = [], time.process_time()
        for _ in range(times):
            began = time.perf_counter()
            result = await runner.run(file, invocation, time_limit=LIMIT, inprocess=True)
            walls.append(time.perf_counter() - began)
        processor = time.process_time() - spent
    finally:
        runner.stop()
    return Cost(min(walls), processor / times, result.exitval, len(result.output.partition("\n")[0].split()))


def debians(name: str, arguments: Sequence[str], times: int = 1) -> Cost:
    """The same of Debian's monitor of that name, which is a program."""
    return program([str(DEBIAN_PLUGINS[0] / name), *arguments], times)


def own_program(name: str, arguments: Sequence[str], times: int = 1) -> Cost:
    """The same of pymon's monitor as a program."""
    command = [sys.executable, str(OWN_PLUGINS[0] / name), *arguments]
    program(command)  # Python keeps what it has compiled
    return program(command, times)


def program(command: Sequence[str], times: int = 1) -> Cost:
    """Runs of a program, one after the other; what its own children cost is counted."""
    environ = as_installed()
    walls, spent = [], _of_children()
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False, env=environ
        )
        walls.append(time.perf_counter() - began)
    processor = _of_children() - spent
    return Cost(min(walls), processor / times, done.returncode, len(done.stdout.partition("\n")[0].split()))


def as_installed() -> dict[str, str]:
    """The environment of programs: without the developer's wish that Python should keep nothing compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def in_namespace(module: str) -> str:
    """What a module of this folder prints when it runs in a network namespace of its own, loopback up in it.

    Raises RuntimeError where such namespaces are not allowed.
    """
    script = f"ip link set lo up && exec {sys.executable} -m {module} inside"
    root = Path(__file__).parents[1]
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, timeout=600, check=False, cwd=root
    )
    if done.returncode != 0:
        raise RuntimeError(f"in a network namespace: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
