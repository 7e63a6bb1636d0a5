"""Every test has a lane, the quick one is most of them, and each kind of the others stands in ``make test`` too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import COLLECTED
from tests.lanes import (
    HOMES,
    LANES,
    LEAST_QUICK_SHARE,
    REPRESENTATIVES,
    Case,
    chosen,
    group_of,
    home_of,
    misplaced,
    parallel_order,
)

ROOT = Path(__file__).resolve().parents[1]


def case(node: str, *marks: str) -> Case:
    return Case(node, frozenset(marks))


@pytest.fixture
def collected(request: pytest.FixtureRequest) -> list[Case]:
    """All tests that this run found, whatever it runs of them."""
    return request.config.stash[COLLECTED]


@pytest.mark.parametrize(
    ("marks", "home"),
    [
        ((), "quick"),
        (("parametrize", "asyncio"), "quick"),
        (("peer",), "quick"),
        (("net",), "quick"),
        (("slow",), "slow"),
        (("ahead",), "slow"),
        (("peer", "ahead"), "slow"),
        (("slow", "ahead"), "slow"),
        (("uml",), "lab"),
        (("uml", "ahead"), "lab"),
        (("uml", "slow", "sample"), "lab"),
        (("uml", "e2e"), "lab"),
        (("e2e",), "e2e"),
        (("e2e", "slow"), "e2e"),
        (("e2e", "sample"), "e2e"),
    ],
)
def test_marks_name_the_home(marks: tuple[str, ...], home: str) -> None:
    assert home_of(case("a.py::test_a", *marks)) == home


def test_representatives_of_each_kind_are_in_test() -> None:
    cases = {
        case("a.py::test_quick[1]"): True,
        case("a.py::test_quick[2]"): True,
        case("a.py::test_quick[3]"): True,
        case("a.py::test_slow[1]", "slow"): True,
        case("a.py::test_one", "slow"): True,
        case("a.py::test_slow[2]", "slow"): True,
        case("a.py::test_slow[3]", "slow"): False,
        case("b.py::test_slow[3]", "slow"): True,
        case("b.py::test_recorded[1]", "ahead"): True,
        case("b.py::test_recorded[2]", "ahead"): True,
        case("b.py::test_recorded[3]", "ahead"): True,
        case("c.py::test_guest", "uml"): False,
        case("c.py::test_guest[dr]", "uml", "ahead", "sample"): True,
        case("d.py::test_wheel", "e2e"): False,
        case("d.py::test_demo", "e2e", "sample"): True,
    }
    assert REPRESENTATIVES == 2
    assert dict(zip(cases, chosen("test", list(cases)), strict=True)) == cases


def test_what_is_marked_wrongly_is_named() -> None:
    cases = [
        Case("tests/uml/a.py::test_a", frozenset(), frozenset({"uml"})),
        Case("tests/uml/a.py::test_b", frozenset({"uml"}), frozenset({"uml", "tmp_path"})),
        Case("a.py::test_c", frozenset({"uml"}), frozenset({"uml"})),
        Case("a.py::test_d", frozenset({"uml"}), frozenset({"uml_possible"})),
        case("a.py::test_e", "slow", "sample"),
        case("a.py::test_f", "uml", "sample"),
        case("a.py::test_g", "slow"),
        case("a.py::test_h", "ahead"),
        case("tests/differential/a.py::test_i", "ahead"),
    ]
    assert [sentence.split()[0].partition("test_")[2] for sentence in misplaced(cases)] == ["a", "c", "e", "h"]


def test_one_process_has_all_that_one_kernel_or_one_recording_serves() -> None:
    assert group_of("tests/differential/test_scenarios.py::test_a[x]") == "ahead"
    assert group_of("tests/differential/talk/test_talk.py::test_a") == "ahead"
    assert group_of("tests/e2e/test_failover.py::test_a[dr]") == "ahead"
    assert group_of("tests/uml/test_guest.py::test_a") == "guest"
    assert group_of("tests/core/test_admission.py::test_a[tests/uml/]") == "tests/core/test_admission.py"


def test_a_parallel_run_begins_with_what_takes_long_and_keeps_groups_whole() -> None:
    cases = [
        case("a.py::test_1"),
        case("b.py::test_1", "slow"),
        case("c.py::test_1"),
        case("b.py::test_2"),
        case("d.py::test_1", "slow"),
        case("d.py::test_2", "e2e"),
        case("tests/differential/a.py::test_1", "ahead"),
        case("a.py::test_2"),
        case("tests/differential/b.py::test_1"),
    ]
    assert parallel_order(cases) == [6, 8, 4, 5, 1, 3, 0, 7, 2]
    assert parallel_order([]) == []


def test_no_test_is_marked_wrongly(collected: list[Case]) -> None:
    assert misplaced(collected) == []


def test_test_and_rest_are_everything_once_and_the_other_lanes_are_parts_of_them(collected: list[Case]) -> None:
    in_lane = {lane: [c for c, yes in zip(collected, chosen(lane, collected), strict=True) if yes] for lane in LANES}
    assert Counter(in_lane["test"] + in_lane["rest"]) == Counter(collected)
    assert set(in_lane["quick"]) <= set(in_lane["test"])
    slow = {each for each in collected if home_of(each) == "slow"}
    assert {each.function for each in slow} <= {each.function for each in in_lane["test"]}
    assert set(collected) - slow == {each for lane in ("quick", "lab", "e2e") for each in in_lane[lane]}


def test_most_tests_are_quick_and_each_other_kind_has_samples(
    collected: list[Case], request: pytest.FixtureRequest
) -> None:
    config = request.config
    if set(config.args) != set(config.getini("testpaths")) or config.option.keyword or config.option.markexpr:
        pytest.skip("this run looks at a part of the tests only")
    homes = [home_of(each) for each in collected]
    assert homes.count("quick") >= LEAST_QUICK_SHARE * len(collected)
    of_test = {home_of(each) for each, yes in zip(collected, chosen("test", collected), strict=True) if yes}
    assert of_test == set(HOMES)


def test_each_lane_is_a_target_and_ci_runs_everything() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = dict(re.findall(r"^([a-z0-9]+(?: [a-z0-9]+)*):.*\n\t(.*)$", makefile, re.MULTILINE))
    for lane in LANES:
        commands = [command for names, command in targets.items() if lane in names.split()]
        assert commands == ["$(BIN)/pytest --lane $@ -n $(WORKERS) $(ARGS)"], lane
    assert re.search(r"^all: test rest$", makefile, re.MULTILINE)
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [command for command in commands if command.startswith("make ")] == [
        "make lint types",
        "make coverage",
        "make test",
        "make rest",
    ]
