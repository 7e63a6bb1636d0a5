"""E-starved: an attempt that had to do without a descriptor, thread or process says nothing of its host."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.plugin import Call, Down, Host, Monitor, NameNotFound, Outcome, Report, SetMonitor, Up, addresses, in_thread


@dataclass(frozen=True)
class Options:
    """None of its own."""


@contextmanager
def full() -> Iterator[None]:
    """Without a descriptor to be had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    held: list[int] = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def threadless() -> Iterator[None]:
    """Without a thread to be had."""
    start = threading.Thread.start

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse  # type: ignore[method-assign, assignment]  # root is under no limit of threads
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


async def connects(host: Host, _: Options) -> Outcome:
    (await host.connect(1)).close()
    return Up()


async def opens(_host: Host, _options: Options) -> Outcome:
    socket.socket().close()
    return Up()


async def starts_a_program(_host: Host, _options: Options) -> Outcome:
    process = await asyncio.create_subprocess_exec("/bin/true")
    await process.wait()
    return Up()


async def uses_a_thread(_host: Host, _options: Options) -> Outcome:
    await in_thread(lambda: None)
    return Up()


async def uses_a_thread_of_the_loop(_host: Host, _options: Options) -> Outcome:
    await asyncio.to_thread(lambda: None)
    return Up()


async def judges_late(host: Host, _: Options) -> Outcome:
    """Gets over the shortage, and then finds that all this took too long."""
    try:
        async with asyncio.timeout(0.2):
            (await host.connect(1)).close()
    except TimeoutError:
        return Down("too slow")
    return Up()


Probe = Callable[[Host, Options], Awaitable[Outcome]]
WITHOUT_DESCRIPTORS: list[Probe] = [connects, opens, starts_a_program, judges_late]
WITHOUT_THREADS: list[Probe] = [uses_a_thread, uses_a_thread_of_the_loop]


async def ask(monitor: Monitor[Options] | SetMonitor[Options], *arguments: str) -> Answer:
    return await monitor.run(Invocation("x.monitor", arguments, {}))


@pytest.mark.parametrize("probe", WITHOUT_DESCRIPTORS, ids=lambda probe: probe.__name__)
async def test_without_a_descriptor_a_check_is_broken(probe: Probe) -> None:
    monitor = Monitor(Options, probe, about="")
    with full():
        answer = await ask(monitor, "-t", "0.4", "127.0.0.1")
    assert answer.exitval == 126, answer.output
    assert "Too many open files" in answer.output


@pytest.mark.parametrize("probe", WITHOUT_THREADS, ids=lambda probe: probe.__name__)
async def test_without_a_thread_a_check_is_broken(probe: Probe) -> None:
    monitor = Monitor(Options, probe, about="")
    with threadless():
        answer = await ask(monitor, "-t", "0.4", "127.0.0.1")
    assert answer.exitval == 126, answer.output
    assert "can't start new thread" in answer.output or "no thread to be had" in answer.output


@pytest.mark.parametrize("lack", [full, threadless])
async def test_a_name_that_could_not_be_looked_up_is_not_one_that_is_not_found(
    lack: Callable[[], AbstractContextManager[None]],
) -> None:
    monitor = Monitor(Options, connects, about="")
    with lack():
        answer = await ask(monitor, "-t", "0.4", "localhost")
    assert answer.exitval == 126, answer.output
    with pytest.raises(NameNotFound):
        await addresses("no-such-host.invalid")


async def test_what_a_host_says_still_counts() -> None:
    """A refusal of one host is a failure, whatever others lacked."""

    async def probe(host: Host, options: Options) -> Outcome:
        return Down("really") if host.name == "127.0.0.2" else await connects(host, options)

    with full():
        answer = await ask(Monitor(Options, probe, about=""), "-t", "0.4", "127.0.0.1", "127.0.0.2")
    assert answer.exitval == 1
    assert answer.output.startswith("127.0.0.2\n")


async def test_a_check_of_all_hosts_together_is_broken_too() -> None:
    async def check(call: Call[Options]) -> Report:
        try:
            async with asyncio.timeout(0.3):
                (await Host(call.hosts[0]).connect(1)).close()
        except OSError:
            return Report(1, call.hosts[0])
        return Report(0)

    monitor = SetMonitor(Options, check, about="")
    with full():
        answer = await ask(monitor, "127.0.0.1")
    assert answer.exitval == 126
    assert "Too many open files" in answer.output.split("\n")[0]
    assert (await ask(monitor, "127.0.0.1")).exitval == 1, "refused"
