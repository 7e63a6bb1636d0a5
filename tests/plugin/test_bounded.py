"""Judging with a bound: at once, else in a thread, and what takes too long does not get in the way of the rest."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

import pytest

from pymon.plugin import bounded
from pymon.plugin.bounded import Budget, JudgingLimits, TooMuchWork, budget, judge, watched
from pymon.plugin.matching import Regex
from pymon.scarcity.lack import LackScope

ENDLESS = Regex("(a|a)*$"), "a" * 40 + "b"


async def test_what_is_short_is_done_at_once() -> None:
    assert await judge("k", threading.get_ident) == threading.get_ident()
    assert await judge("k", threading.get_ident, at_once=False) != threading.get_ident()


async def test_what_is_long_is_done_in_a_thread_and_the_loop_goes_on() -> None:
    where: list[int] = []

    def work() -> str:
        where.append(threading.get_ident())
        if not budget().is_aside:
            ENDLESS[0].search(ENDLESS[1])
        return "done"

    assert await judge("k", work) == "done"
    assert where[0] == threading.get_ident() != where[1]


@pytest.mark.slow
async def test_the_loop_goes_on_while_an_expression_takes_for_ever() -> None:
    judging = asyncio.create_task(judge("k", *_bound()))
    turns = 0
    while not judging.done():
        await asyncio.sleep(0.001)
        turns += 1
    with pytest.raises(TooMuchWork, match=r"in 41 characters was given up after 2 s of processor time"):
        await judging
    assert turns > 50


async def test_all_of_one_judgement_shares_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=0.1))
    tried: list[int] = []

    def work() -> None:
        for number in range(1000):
            try:
                ENDLESS[0].search(ENDLESS[1])
            except TooMuchWork:
                tried.append(number)
        budget().left()

    with pytest.raises(TooMuchWork):
        await judge("k", work)
    assert tried == [*range(1000), *range(1000)], "at once, and again in the thread; none of them began to look"


@pytest.mark.slow
async def test_python_code_is_cut_off_too() -> None:
    def spin() -> None:
        with watched("spinning"):
            while True:
                str.upper("x")
                _step()

    with pytest.raises(TooMuchWork, match="spinning was given up"):
        await judge("k", spin)
    assert sys.getprofile() is None


async def test_an_exception_of_what_judges_is_passed_on() -> None:
    def work() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        await judge("k", work)


async def test_too_little_memory_is_no_verdict() -> None:
    def work() -> None:
        raise MemoryError

    with pytest.raises(TooMuchWork, match="memory"):
        await judge("k", work)


async def test_what_took_too_long_does_not_get_in_the_way_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=0.3))
    with pytest.raises(TooMuchWork):
        await judge("sinner", *_bound())
    sinners = [asyncio.create_task(judge("sinner", *_bound())) for _ in range(20)]
    await asyncio.sleep(0)
    assert await judge("good", threading.get_ident, at_once=False)
    assert not any(task.done() for task in sinners[5:]), "they stand in line behind each other"
    for task in sinners:
        task.cancel()
    await asyncio.gather(*sinners, return_exceptions=True)


@pytest.mark.slow
async def test_the_hosts_limit_stands_still_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=0.3))
    with LackScope() as lack:
        async with asyncio.timeout(0.1) as limit:
            lack.limit_by(limit)
            for _ in range(2):
                with pytest.raises(TooMuchWork):
                    await judge("k", *_bound())
                assert limit.when() is not None, "and goes on afterwards"
    assert not limit.expired()


async def test_what_has_no_processor_time_has_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(longest=0.05))
    released = threading.Event()
    with pytest.raises(TooMuchWork, match=r"given up after 0\.05 s: the machine is busy"):
        await judge("k", released.wait, 60.0, at_once=False)
    released.set()


@pytest.mark.slow
async def test_who_finds_no_place_in_time_has_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMITS", JudgingLimits(bound=0.2, patience=0.05))
    with pytest.raises(TooMuchWork):
        await judge("sinner", *_bound())
    verdicts = await asyncio.gather(*(judge("sinner", *_bound()) for _ in range(3)), return_exceptions=True)
    assert sum("waited 0.05 s for others" in str(verdict) for verdict in verdicts) >= 1


def test_a_budget_is_spent_by_work_only() -> None:
    granted = Budget(5.0, is_aside=True)
    threading.Event().wait(0.2)
    assert granted.left() > 4.9


def _bound() -> tuple[Callable[[str], bool], str]:
    return ENDLESS[0].search, ENDLESS[1]


def _step() -> None:
    """A call, which is where it is looked."""
