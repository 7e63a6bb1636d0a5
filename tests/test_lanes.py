"""Every test has a lane, the quick one is most of them, and each kind of the others stands in ``make test`` too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import COLLECTED
from tests.lanes import HOMES, LANES, LEAST_QUICK_SHARE, REPRESENTATIVES, Case, chosen, home_of, misplaced

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
        Case("a.py::test_a", frozenset(), frozenset({"uml"})),
        Case("a.py::test_b", frozenset({"uml"}), frozenset({"uml", "tmp_path"})),
        case("a.py::test_c", "slow", "sample"),
        case("a.py::test_d", "uml", "sample"),
        case("a.py::test_e", "slow"),
    ]
    assert [sentence.split()[0] for sentence in misplaced(cases)] == ["a.py::test_a", "a.py::test_c"]


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
        assert commands == ["$(BIN)/pytest --lane $@ $(ARGS)"], lane
    assert re.search(r"^all: test rest$", makefile, re.MULTILINE)
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [command for command in commands if command in {"make test", "make rest"}] == ["make test", "make rest"]
