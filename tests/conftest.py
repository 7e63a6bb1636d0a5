"""Fixtures that every test may use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests import lanes, tools
from tests.ahead import Queues, Work
from tests.lanes import Case
from tests.uml import xstate
from tests.uml.guest import Guest, missing_for_uml

_QUEUES = pytest.StashKey[Queues]()
QUICK_EXAMPLES = 25
"""Of a property, in the quick lane; elsewhere hypothesis tries 100."""
COLLECTED = pytest.StashKey[list[Case]]()
"""All tests that were collected, those of other lanes too."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--lane quick``: see ``tests.lanes``."""
    parser.addoption("--lane", choices=lanes.LANES, help="the tests of one lane (tests/lanes.py); default: all")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark that ``tests.ahead`` is about; no property is judged by a clock, and quickly by fewer examples."""
    config.addinivalue_line("markers", "ahead(work): looks at a work that is begun before the first test runs")
    settings.register_profile("patient", deadline=None)
    settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)
    settings.load_profile("quick" if config.option.lane == "quick" else "patient")


def _works(item: pytest.Item) -> list[Work[Any]]:
    return [mark.args[0] for mark in item.iter_markers("ahead")]


def _case(item: pytest.Item) -> Case:
    marks = frozenset(mark.name for mark in item.iter_markers())
    return Case(item.nodeid, marks, frozenset(getattr(item, "fixturenames", ())))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep those of the lane, and put the tests that look at works behind all others, which need not wait."""
    cases = config.stash[COLLECTED] = [_case(item) for item in items]
    lane = config.option.lane
    if lane:
        answers = lanes.chosen(lane, cases)
        config.hook.pytest_deselected(items=[item for item, yes in zip(items, answers, strict=True) if not yes])
        items[:] = [item for item, yes in zip(items, answers, strict=True) if yes]
    items.sort(key=lambda item: bool(_works(item)))


def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin the works that the tests of this run look at."""
    queues = session.config.stash[_QUEUES] = Queues()
    if not session.config.option.collectonly:
        queues.start(work for item in session.items for work in _works(item))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what nobody waited for."""
    queues = config.stash.get(_QUEUES, None)
    if queues is not None:
        queues.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which of its two ways the guest's kernel goes on this machine, and which quick tests are not quick."""
    terminalreporter.write_line(f"uml: {xstate.describe_way(xstate.has_amx())}")
    homes = {case.node: lanes.home_of(case) for case in config.stash.get(COLLECTED, [])}
    took: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                took[report.nodeid] += report.duration
    late = [
        (seconds, node) for node, seconds in took.items() if seconds > lanes.TOO_SLOW and homes.get(node) == "quick"
    ]
    for seconds, node in sorted(late, reverse=True)[:20]:
        terminalreporter.write_line(f"took {seconds:.1f} s in the quick lane, mark it slow: {node}")


@pytest.fixture
def queues(request: pytest.FixtureRequest) -> Queues:
    """The works under way beside the tests: ``queues.result(work)``."""
    return request.config.stash[_QUEUES]


@pytest.fixture(scope="session", name="require_tool")
def require_tool_fixture() -> tools.RequireTool:
    """``require_tool("fping", package="fping")``: the program's path, else a loud skip (a failure where CI=true)."""
    return tools.require_tool


class _Guests:
    """The guest that the tests of one run share; a new one is booted if a test broke it."""

    def __init__(self) -> None:
        self.current: Guest | None = None

    def alive(self) -> Guest:
        if self.current is None or not self.current.alive:
            self.current = Guest()
        return self.current


@pytest.fixture(scope="session", name="_uml_guests")
def _uml_guests_fixture() -> Iterator[_Guests]:
    guests = _Guests()
    yield guests
    if guests.current is not None:
        guests.current.close()


@pytest.fixture
def uml_possible() -> None:
    """Skips where user-mode-linux is not installed, with the way to get it (fails where CI=true)."""
    lacking = missing_for_uml()
    if lacking:
        tools.missing(lacking)


@pytest.fixture
def uml(uml_possible: None, _uml_guests: _Guests) -> Guest:
    """A booted guest with a real IPVS kernel: ``uml.run(program, args, timeout=...) -> UmlResult``.

    One boot serves the whole run, each program gets namespaces of its own. Skips as ``uml_possible`` does. Mark such
    tests ``@pytest.mark.uml``. What takes a minute is better done ahead: ``tests.uml.ahead``.
    """
    return _uml_guests.alive()
