"""Results kept as runs: nothing that was said is lost, and nothing but what says the same is joined."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.change import ChangeCause, StateChange
from pymon.model.depend import ServiceKey
from pymon.model.result import CheckOutcome, CheckResult
from pymon.model.result_run import ResultRun
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.timeline.result_runs import ResultCoalescer, continues, result_of

OK, FAILED, BROKEN = CheckOutcome
WEB, DNS, MAIL = ServiceKey("web", "http"), ServiceKey("web", "dns"), ServiceKey("mail", "smtp")
T0 = 1_700_000_000.0


def result(outcome: CheckOutcome = OK, summary: str = "", at: float = T0, exitval: int | None = 0) -> ResultRun:
    return ResultRun(outcome, summary, at, at, exitval=exitval)


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        (result(OK, "rtt 3.41 ms"), result(OK, "rtt 3.5 ms"), True),
        (result(OK, "rtt 3.41 ms"), result(OK, "3.5 ms rtt"), False),
        (result(OK, "port 80"), result(OK, "port 81"), False),
        (result(FAILED, "timeout after 3.4s", exitval=1), result(FAILED, "timeout after 3.5s", exitval=1), False),
        (result(FAILED, "www1", exitval=1), result(FAILED, "www1", exitval=1), True),
        (result(FAILED, "www1", exitval=1), result(FAILED, "www1", exitval=2), False),
        (result(FAILED, "www1", exitval=1), result(BROKEN, "www1", exitval=1), False),
        (result(BROKEN, "x", exitval=None), result(BROKEN, "x", exitval=None), True),
        (result(OK, at=T0), result(OK, at=T0 - 1), False),
    ],
)
def test_what_says_the_same_is_one_run(one: ResultRun, other: ResultRun, is_one: bool) -> None:
    assert continues(one, other) is is_one


keys = st.sampled_from([WEB, DNS, MAIL])
summaries = st.sampled_from(["", "www1", "www2", "rtt 1.5 ms", "rtt 2.5 ms"])
results = st.builds(
    ResultRun,
    outcome=st.sampled_from(CheckOutcome),
    summary=summaries,
    first=st.just(0.0),
    last=st.just(0.0),
    exitval=st.sampled_from([0, 1, None]),
)
steps = st.floats(-100, 1000, allow_nan=False)


@given(st.lists(st.tuples(keys, results, steps)))
def test_the_runs_say_what_the_plain_list_says(said: list[tuple[ServiceKey, ResultRun, float]]) -> None:
    """Each service's results, one by one, are a partition into runs; numbers never change or go back."""
    coalescer, now = ResultCoalescer(), T0
    plain: dict[ServiceKey, list[ResultRun]] = {WEB: [], DNS: [], MAIL: []}
    rows: dict[int, tuple[ServiceKey, ResultRun]] = {}
    for key, each, step in said:
        now += step
        one = replace(each, first=now, last=now)
        plain[key].append(one)
        grown, ended = coalescer.add(key, one)
        if ended is not None:
            assert rows[ended.number] == (key, ended.run), "nothing is left to write of it"
        rows[grown.number] = key, grown.run
    assert list(rows) == sorted(rows)
    for key, listed in plain.items():
        left = list(listed)
        for run in [run for of_key, run in rows.values() if of_key == key]:
            mine, left = left[: run.count], left[run.count :]
            assert (run.first, run.last, run.summary) == (mine[0].first, mine[-1].last, mine[-1].summary)
            assert {(each.outcome, each.exitval) for each in mine} == {(run.outcome, run.exitval)}
            texts = {re.sub(r"\d\.\d", "#", each.summary) if run.outcome is OK else each.summary for each in mine}
            assert len(texts) == 1
            assert [each.first for each in mine] == sorted(each.first for each in mine)
        assert not left, "counts add up"
        assert coalescer.open_runs().get(key) is None or listed


def test_the_runs_are_as_long_as_they_can_be() -> None:
    coalescer = ResultCoalescer()
    numbers = [coalescer.add(WEB, result(OK, at=T0 + second))[0].number for second in range(100)]
    assert set(numbers) == {1}
    assert coalescer.open_runs()[WEB].run == ResultRun(OK, "", T0, T0 + 99, 100, 0)


@pytest.mark.parametrize(
    ("names", "ended"),
    [(("web", "http"), {WEB}), (("web", ""), {WEB, DNS}), (("", ""), {WEB, DNS, MAIL}), (("x", "y"), set())],
)
def test_what_comes_in_between_ends_runs(names: tuple[str, str], ended: set[ServiceKey]) -> None:
    coalescer = ResultCoalescer()
    for key in (WEB, DNS, MAIL):
        coalescer.add(key, result())
    assert {key for key, _ in coalescer.end(*names)} == ended
    for key in (WEB, DNS, MAIL):
        _, before = coalescer.add(key, result(FAILED, at=T0 + 1))
        assert (before is None) is (key in ended)


def test_a_service_that_is_forgotten_begins_again() -> None:
    coalescer = ResultCoalescer()
    for key in (WEB, MAIL):
        coalescer.add(key, result())
    coalescer.retain([MAIL])
    assert coalescer.open_runs().keys() == {MAIL}
    assert [coalescer.add(key, result())[0].number for key in (WEB, MAIL)] == [3, 2]


def change(cause: ChangeCause, after: ServiceState, source: CheckResult | Trap | None = None) -> StateChange:
    return StateChange(WEB, ServiceState(), after, cause, (), source)


WELL = ServiceState(op_status=OpStatus.OK, last_summary="fine")
ILL = ServiceState(op_status=OpStatus.FAIL, last_summary="www1")


@pytest.mark.parametrize(
    ("cause", "after", "source", "expected"),
    [
        (ChangeCause.CHECK, WELL, CheckResult(0, ""), result(OK, "fine")),
        (ChangeCause.CHECK, ILL, CheckResult(3, ""), result(FAILED, "www1", exitval=3)),
        (ChangeCause.CHECK, replace(ILL, broken=True), CheckResult(126, ""), result(BROKEN, "www1", exitval=126)),
        (ChangeCause.TRAP, WELL, None, result(OK, "fine", exitval=None)),
        (ChangeCause.TRAP_TIMEOUT, ILL, None, result(FAILED, "www1", exitval=None)),
        (ChangeCause.TRAP, replace(WELL, op_status=OpStatus.COLDSTART), None, None),
        (ChangeCause.OPERATOR, ILL, None, None),
        (ChangeCause.RESTORE, WELL, None, None),
    ],
)
def test_what_a_change_tells_as_a_result(
    cause: ChangeCause, after: ServiceState, source: CheckResult | None, expected: ResultRun | None
) -> None:
    assert result_of(change(cause, after, source), T0) == expected
