"""Lanes: which tests a run is about, by how much of the world they need and how long they take.

Every test has one home, which its marks name:

* ``quick``: no mark. Answers within a fifth of a second or so, of itself or with a small program;
* ``slow``: the mark ``slow`` or ``ahead``. Daemons under way, time limits that run out, Debian's mon beside pymon;
* ``lab``: the mark ``uml``. In the guest with the IPVS kernel;
* ``e2e``: the mark ``e2e``. What a user does: packages, the walks of the documents, the demo.

``pytest --lane NAME`` (``make NAME``) runs a lane:

* ``quick``, ``lab``, ``e2e``: those at home there;
* ``test``: ``quick``, and of each other kind its representatives: the first cases of each slow test, all that is done
  ahead outside of the guest, and what has the mark ``sample``;
* ``rest``: all that ``test`` leaves out.

``make all``, as continuous integration does, runs ``test`` and ``rest``: everything, once. So does ``pytest`` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HOMES = ("quick", "slow", "lab", "e2e")
LANES = ("quick", "test", "lab", "e2e", "rest")
REPRESENTATIVES = 2
"""Cases of a slow test with parameters that ``test`` runs."""
LEAST_QUICK_SHARE = 0.7
TOO_SLOW = 1.0
"""Seconds from which on a test of the quick lane is named at the end of a run."""


GROUPS = {
    "ahead": ("tests/differential/", "tests/e2e/", "tests/ipvs/test_kernel.py", "tests/workbench/test_examples.py"),
    "guest": ("tests/uml/", "tests/cli/test_demo.py"),
}
"""What one process of a parallel run has: all that looks at works done ahead, and all that the booted guest runs."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test as lanes see it: its node id, and the names of its marks and fixtures."""

    node: str
    marks: frozenset[str]
    fixtures: frozenset[str] = frozenset()

    @property
    def function(self) -> str:
        """The node id without parameters."""
        return self.node.partition("[")[0]

    @property
    def module(self) -> str:
        """The file."""
        return self.node.partition("::")[0]


def home_of(case: Case) -> str:
    """The one of ``HOMES`` where a test belongs."""
    if "uml" in case.marks:
        return "lab"
    if "e2e" in case.marks:
        return "e2e"
    return "slow" if case.marks & {"slow", "ahead"} else "quick"


def chosen(lane: str, cases: Sequence[Case]) -> list[bool]:
    """Whether each of these cases, in their order, is run in this lane."""
    if lane in HOMES:
        return [home_of(case) == lane for case in cases]
    seen: Counter[str] = Counter()
    answers = []
    for case in cases:
        seen[case.function] += 1
        answers.append(_is_in_test(case, seen[case.function]) == (lane == "test"))
    return answers


def _is_in_test(case: Case, number: int) -> bool:
    home = home_of(case)
    if home == "quick" or "sample" in case.marks:
        return True
    return home == "slow" and ("ahead" in case.marks or number <= REPRESENTATIVES)


def group_of(node: str) -> str:
    """What is run by one process of a parallel run: one of ``GROUPS``, or a file."""
    file = node.partition("::")[0]
    return next((group for group, places in GROUPS.items() if file.startswith(places)), file)


def parallel_order(cases: Sequence[Case]) -> list[int]:
    """The numbers of these cases in the order of a parallel run: groups whole, those that take long first."""
    waits: Counter[str] = Counter()
    for case in cases:
        waits[group_of(case.node)] += home_of(case) != "quick"
    groups = list(dict.fromkeys(group_of(case.node) for case in cases))
    groups.sort(key=lambda group: (group not in GROUPS, -waits[group]))
    place = {group: number for number, group in enumerate(groups)}
    return sorted(range(len(cases)), key=lambda number: place[group_of(cases[number].node)])


def misplaced(cases: Iterable[Case]) -> list[str]:
    """What is wrong with the marks of these tests: one sentence each."""
    found = []
    for case in cases:
        if case.fixtures & {"uml", "uml_possible"} and "uml" not in case.marks:
            found.append(f"{case.node} uses the guest: mark it uml")
        if "ahead" in case.marks and group_of(case.node) != "ahead":
            found.append(f"{case.node} looks at a work done ahead: name its place in GROUPS")
        if "uml" in case.fixtures and group_of(case.node) != "guest":
            found.append(f"{case.node} runs in the booted guest: name its place in GROUPS")
        if "sample" in case.marks and home_of(case) in {"quick", "slow"}:
            found.append(f"{case.node} is marked sample, which is for tests of the lanes lab and e2e")
    return found
