"""Fixtures that every test may use."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import settings

from pymon.model.log_level import register_levels
from tests import lanes, tools
from tests.ahead import Queues, Work
from tests.clocks import VirtualClock, VirtualLoop
from tests.lanes import Case
from tests.uml import xstate
from tests.uml.guest import Guest, missing_for_uml

_QUEUES = pytest.StashKey[Queues]()
QUICK_EXAMPLES = 25
"""Of a property, in the quick lane; elsewhere hypothesis tries 100."""
MOST_WORKERS = 8
COLLECTED = pytest.StashKey[list[Case]]()
"""All tests that were collected, those of other lanes too."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--lane quick``: see ``tests.lanes``."""
    parser.addoption("--lane", choices=lanes.LANES, help="the tests of one lane (tests/lanes.py); default: all")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark that ``tests.ahead`` is about; no property is judged by a clock, and quickly by fewer examples."""
    config.addinivalue_line("markers", "ahead(work): looks at a work that is begun before the first test runs")
    config.addinivalue_line("markers", "virtual_time: runs on an event loop whose time the test owns (tests/clocks.py)")
    settings.register_profile("patient", deadline=None)
    settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)
    settings.load_profile("quick" if config.option.lane == "quick" else "patient")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop of a test and its fixtures: a virtual one for those that are marked so."""
    if item.get_closest_marker("virtual_time") is not None:
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as most tests wait; and no more than that many kernels and servers at once."""
    return min(len(os.sched_getaffinity(0)) + 1, MOST_WORKERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file, or all that looks at works done ahead, goes to one process; in the order of ``lanes.parallel_order``."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  # in a parallel run only

    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = lanes.group_of  # what subclasses replace
    return scheduler


def _is_worker(config: pytest.Config) -> bool:
    """True in a process that a parallel run has started."""
    return hasattr(config, "workerinput")


def _works(item: pytest.Item) -> list[Work[Any]]:
    return [mark.args[0] for mark in item.iter_markers("ahead")]


def _case(item: pytest.Item) -> Case:
    marks = frozenset(mark.name for mark in item.iter_markers())
    return Case(item.nodeid, marks, frozenset(getattr(item, "fixturenames", ())))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep those of the lane, and put the tests that look at works behind all others, which need not wait.

    In a parallel run they come first: one process waits for the works, while others do the rest.
    """
    cases = config.stash[COLLECTED] = [_case(item) for item in items]
    for item, case in zip(items, cases, strict=True):
        item.user_properties.append(("home", lanes.home_of(case)))
    lane = config.option.lane
    if lane:
        answers = lanes.chosen(lane, cases)
        config.hook.pytest_deselected(items=[item for item, yes in zip(items, answers, strict=True) if not yes])
        items[:] = [item for item, yes in zip(items, answers, strict=True) if yes]
    if _is_worker(config):
        items[:] = [items[number] for number in lanes.parallel_order([_case(item) for item in items])]
    else:
        items.sort(key=lambda item: bool(_works(item)))


def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin the works that the tests of this run look at."""
    if not session.config.option.collectonly and not _is_worker(session.config):
        _begin_works(session)


def _begin_works(session: pytest.Session) -> None:
    _queues(session.config).start(work for item in session.items for work in _works(item))


def _queues(config: pytest.Config) -> Queues:
    if _QUEUES not in config.stash:
        config.stash[_QUEUES] = Queues()
    return config.stash[_QUEUES]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In a parallel run begin the works in the process that has the tests which look at them."""
    if _works(item) and _is_worker(item.config):
        _begin_works(item.session)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what nobody waited for."""
    queues = config.stash.get(_QUEUES, None)
    if queues is not None:
        queues.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which of its two ways the guest's kernel goes on this machine, and which quick tests are not quick."""
    terminalreporter.write_line(f"uml: {xstate.describe_way(xstate.has_amx())}")
    took: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and ("home", "quick") in report.user_properties:
                took[report.nodeid] += report.duration
    late = [(seconds, node) for node, seconds in took.items() if seconds > lanes.TOO_SLOW]
    for seconds, node in sorted(late, reverse=True)[:20]:
        terminalreporter.write_line(f"took {seconds:.1f} s in the quick lane, mark it slow: {node}")


@pytest.fixture
async def clock() -> VirtualClock:
    """The clock of a test that is marked ``virtual_time``."""
    return VirtualClock(asyncio.get_running_loop().time)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged so far, from level debug on."""
    register_levels()
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(record.getMessage() for record in caplog.records)


@pytest.fixture
def queues(request: pytest.FixtureRequest) -> Queues:
    """The works under way beside the tests: ``queues.result(work)``."""
    return _queues(request.config)


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
