"""The engine gives orders to the executor that it was given, and judges what comes back, wherever it was run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pymon.config.loader import load
from pymon.contract.check_json import order_from_json, order_to_json, result_from_json, result_to_json
from pymon.contract.check_order import CheckOrder
from pymon.engine.engine import Engine
from pymon.model.change import StateChange
from pymon.model.depend import ServiceKey
from pymon.model.result import Cause, CheckResult, HostOutcome
from pymon.model.status import OpStatus
from tests.clocks import BEGIN, VirtualClock, run_in_virtual_time
from tests.executors import ScriptedExecutor

KEY = ServiceKey("web", "http")


class Tried(NamedTuple):
    """An engine on a virtual loop, its executor, and the results that it judged, with the time of each since BEGIN."""

    engine: Engine
    executor: ScriptedExecutor
    judged: list[tuple[float, CheckResult, StateChange]]
    config: Path


def watch(
    folder: Path,
    body: Callable[[Tried], Awaitable[None]],
    script: Callable[[CheckOrder], CheckResult],
    service: str = "interval 60s\n        X=y\n        monitor far.monitor -p 80",
) -> Tried:
    """Watch ``web/http`` in virtual time, by an executor that answers as ``script`` does."""
    config = folder / "mon.cf"
    config.write_text(
        f"mondir = {folder}\nstatedir = {folder}\nlogdir = {folder}\n\n"
        f"hostgroup web web1 web2\n\nwatch web\n    service http\n        {service}\n"
    )
    tried: list[Tried] = []

    async def run(clock: VirtualClock) -> None:
        loaded = load(config)
        executor = ScriptedExecutor(script)
        engine = Engine(
            loaded.site, environ={"HOME": "/root"}, clock=clock, executor=executor, load=lambda: load(config)
        )
        tried.append(Tried(engine, executor, [], config))

        def observe(change: StateChange) -> None:
            if isinstance(change.source, CheckResult):
                tried[0].judged.append((clock.wall() - BEGIN, change.source, change))

        engine.observe(observe)
        await engine.start()
        await body(tried[0])
        await engine.stop()

    run_in_virtual_time(run)
    return tried[0]


def test_an_order_says_all_that_a_check_needs_and_nothing_of_the_daemons_own_environment(tmp_path: Path) -> None:
    async def body(_tried: Tried) -> None:
        await asyncio.sleep(130)

    answers = [CheckResult(1, "web1\n", 5.0), CheckResult(0, "")]
    tried = watch(tmp_path, body, lambda _order: answers.pop(0))
    first, second = tried.executor.orders
    assert (first.key, first.monitor, first.arguments) == (KEY, "far.monitor", ("-p", "80", "web1", "web2"))
    assert (first.hosts, first.inprocess, first.time_limit) == (("web1", "web2"), True, 600.0)
    assert (first.environment["X"], first.environment["MON_GROUP"]) == ("y", "web")
    assert "HOME" not in first.environment
    assert "MON_LAST_SUMMARY" not in first.environment
    assert second.environment["MON_LAST_SUMMARY"] == "web1"


def test_a_result_from_another_machine_is_judged_as_one_of_this(tmp_path: Path) -> None:
    """Whole through JSON both ways; outcomes of hosts and the source reach the observers."""
    hosts = {"web1": HostOutcome.DOWN, "web2": HostOutcome.UP}

    def script(order: CheckOrder) -> CheckResult:
        assert order_from_json(order_to_json(order)) == order
        return result_from_json(result_to_json(CheckResult(1, "web1\n", 2.5, hosts=hosts, source="berlin")))

    async def body(tried: Tried) -> None:
        await asyncio.sleep(70)
        state = tried.engine.snapshot().states[KEY]
        assert (state.op_status, state.last_summary) == (OpStatus.FAIL, "web1")
        assert state.last_check - BEGIN == pytest.approx(60, abs=0.1)
        assert state.monitor_duration == 2.5
        assert state.last_failure - state.last_check == pytest.approx(2.5)

    tried = watch(tmp_path, body, script)
    ((at, result, change),) = tried.judged
    assert (round(at), result.source, dict(result.hosts)) == (63, "berlin", hosts)
    assert change.after.op_status is OpStatus.FAIL


def test_a_check_elsewhere_occupies_no_process_here(tmp_path: Path) -> None:
    """With maxprocs 1, a second service need not wait; ``list pids`` has them without a process."""
    slow = "interval 60s\n        monitor far.monitor\n    service ssh\n        interval 60s\n        monitor x.monitor"

    async def body(tried: Tried) -> None:
        tried.engine._monitor.set_maxprocs(1)
        await asyncio.sleep(61)
        assert dict(tried.engine.snapshot().running) == {KEY: 0, ServiceKey("web", "ssh"): 0}

    watch(tmp_path, body, lambda _order: CheckResult(0, "", 50.0), slow)


def test_a_stop_ends_what_is_under_way(tmp_path: Path) -> None:
    async def body(tried: Tried) -> None:
        await asyncio.sleep(65)
        assert len(tried.executor.orders) == 1

    tried = watch(tmp_path, body, lambda _order: CheckResult(0, "", 100.0))
    assert tried.executor.cancelled == tried.executor.orders
    assert not tried.judged


def test_a_reload_ends_the_check_of_a_service_that_is_gone(tmp_path: Path) -> None:
    async def body(tried: Tried) -> None:
        await asyncio.sleep(65)
        tried.config.write_text(tried.config.read_text().replace("service http", "service other"))
        await tried.engine.reload()
        await asyncio.sleep(120)
        assert [order.key.service for order in tried.executor.cancelled] == ["http"]

    watch(tmp_path, body, lambda order: CheckResult(0, "", 100.0 if order.key == KEY else 0.0))


def test_a_run_that_the_executor_was_told_to_end_says_nothing(tmp_path: Path) -> None:
    async def body(tried: Tried) -> None:
        await asyncio.sleep(70)
        assert tried.engine.snapshot().states[KEY].op_status is OpStatus.UNTESTED

    watch(tmp_path, body, lambda _order: CheckResult(143, "", cause=Cause.CANCELLED))


def test_an_executor_with_a_defect_is_told_of_and_asked_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def script(_order: CheckOrder) -> CheckResult:
        raise RuntimeError("defect")

    async def body(tried: Tried) -> None:
        await asyncio.sleep(130)
        assert not tried.engine.snapshot().running

    tried = watch(tmp_path, body, script)
    assert (len(tried.executor.orders), tried.judged) == (2, [])
    assert "the check of web:http crashed (a bug in pymon): RuntimeError('defect')" in caplog.text
