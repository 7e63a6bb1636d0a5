"""Runs a monitor against a server that misbehaves, as a process and inside the daemon: what it must hold to.

    @pytest.mark.parametrize("adversities", rows_together("tcp", "tls", without=("no chain",)))
    async def test_adversities(adversities: Sequence[Adversity]) -> None:
        await check_adversity("smtp.monitor", arguments, *adversities, speech=Speech(b"220 mail.test ESMTP\\r\\n"))

where ``arguments`` is, say, ``lambda enemy: ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pymon.contract.invocation import Invocation
from pymon.model.result import Cause, CheckResult
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.addresses import own_address
from tests.servers.adversity import Adversity, Facing, Speech, facing

MONITORS = Path(__file__).parents[2] / "monitors"

Arguments = Callable[[Facing], Sequence[str]]
"""The options and the host for a run against this enemy; the time limit, ``enemy.limit``, is among them."""

KILLED_AFTER = 60.0
"""Seconds after which a run is ended from outside, which no run may come to."""
MARGIN = 30.0
"""Seconds until a connection that a monitor leaves behind is a failure, on a machine however busy."""


async def check_adversity(
    monitor: str | Path,
    arguments: Arguments,
    *adversities: Adversity,
    speech: Speech | None = None,
    host: str | None = None,
    summary: Callable[[Facing], str] | None = None,
    environ: Mapping[str, str] | None = None,
    inspects: bool = False,
) -> CheckResult:
    """Assert that a monitor (a name in ``monitors/``, or a path) fails as it should, both ways; returns a run inside.

    It exits with 1 and its summary is the host (or what ``summary`` makes of the enemy); it met the server, ended in
    its time limit, and at once where it could know; said the same both ways but for figures; trusted no wrong
    certificate (unless it ``inspects`` them: goes through the handshake to look); blocked nothing; and left no
    connection, socket, task or process. ``host="::1"`` does it by IPv6. The runs, one for each adversity and way, are
    at the same time: where they are long they but wait for their limits.
    """
    path = MONITORS / monitor
    meetings = [_Meeting(adversity, inside) for adversity in adversities for inside in (False, True)]
    results: list[CheckResult] = []
    said: list[str] = []
    for together in [[each] for each in meetings] if any(row.busy for row in adversities) else [meetings]:
        async with contextlib.AsyncExitStack() as stack:
            own = host or own_address()
            enemies = [await stack.enter_async_context(facing(each.adversity, speech, host=own)) for each in together]
            before = _Held.now()
            given = [(*arguments(enemy),) for enemy in enemies]
            calls = [Invocation(str(path), each, {**os.environ, **(environ or {})}) for each in given]
            results += await _run(path, calls, [each.inside for each in together])
            for each, enemy, result in zip(together, enemies, results[-len(together) :], strict=True):
                with _naming(each):
                    _assert_failed(result, summary(enemy) if summary else enemy.host)
                    await _assert_left(enemy)
                    assert each.adversity.is_closed or enemy.connections, "the monitor never came"
                    assert inspects or not enemy.handshakes, "the monitor was content with a wrong certificate"
                    _assert_prompt(enemy, result)
                said.append(_without_figures(result.output.replace(str(enemy.trusted), "TRUSTED")))
            await _assert_nothing_more_than(before)
    for row, outside, inside in zip(adversities, said[::2], said[1::2], strict=True):
        assert outside == inside or not row.exact, (
            f"{row.name}: a process does not say what a run inside says: {outside!r}, {inside!r}"
        )
    return results[1]


class _Meeting(NamedTuple):
    adversity: Adversity
    inside: bool


@contextlib.contextmanager
def _naming(meeting: _Meeting) -> Iterator[None]:
    """Have what fails say where it did."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"{meeting.adversity.name}, {'inside' if meeting.inside else 'as a process'}")
        raise


async def _run(path: Path, calls: Sequence[Invocation], inside: Sequence[bool]) -> Sequence[CheckResult]:
    file = load(path.name, str(path))
    assert file.plugin is not None, file.problem
    runner = PluginRunner()
    runner.start()
    try:
        return await asyncio.gather(
            *(
                runner.run(file, call, time_limit=KILLED_AFTER, inprocess=way)
                for call, way in zip(calls, inside, strict=True)
            )
        )
    finally:
        runner.stop()


def _assert_failed(result: CheckResult, summary: str) -> None:
    assert result.cause is Cause.EXITED, f"the run {result.cause}:\n{result.output}"
    assert result.exitval == 1, f"it exits with {result.exitval}:\n{result.output}"
    assert result.output.partition("\n")[0] == summary, f"its summary is not {summary}:\n{result.output}"
    assert "Traceback" not in result.output, result.output


async def _assert_left(enemy: Facing) -> None:
    """What came last may not have been seen yet: it gets a few turns of the loop for that."""
    for _ in range(5):
        await asyncio.sleep(0)
    try:
        await asyncio.wait_for(enemy.left(), MARGIN)
    except TimeoutError:
        raise AssertionError("the monitor ended and left a connection behind") from None


def _assert_prompt(enemy: Facing, result: CheckResult) -> None:
    """The limit of those that can know at once is so long that no busy machine reaches it."""
    whole = result.duration
    if enemy.prompt:
        assert whole < enemy.limit, f"it could know at once, and took {whole:.1f} of {enemy.limit} seconds"


def _without_figures(text: str) -> str:
    """Ports and times are figures."""
    return re.sub(r"\d+(\.\d+)?", "N", text)


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process holds at a moment."""

    tasks: frozenset[asyncio.Task[object]]
    sockets: frozenset[str]
    children: frozenset[int]

    @classmethod
    def now(cls) -> _Held:
        return cls(frozenset(asyncio.all_tasks()), frozenset(_sockets()), frozenset(_children()))

    def less(self, other: _Held) -> _Held:
        return _Held(self.tasks - other.tasks, self.sockets - other.sockets, self.children - other.children)

    def __bool__(self) -> bool:
        return bool(self.tasks or self.sockets or self.children)


async def _assert_nothing_more_than(before: _Held) -> None:
    """What is being closed gets a few turns of the loop for that."""
    for _ in range(10):
        if not (left := _Held.now().less(before)):
            return
        await asyncio.sleep(0)
    raise AssertionError(f"left behind: {left}")


def _sockets() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith("socket:"):
                found.append(target)
    return found


def _children() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found
