"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import tools
from tests.ahead import Lanes, Work
from tests.uml import xstate
from tests.uml.guest import Guest, missing_for_uml

_LANES = pytest.StashKey[Lanes]()


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark that ``tests.ahead`` is about."""
    config.addinivalue_line("markers", "ahead(work): looks at a work that is begun before the first test runs")


def _works(item: pytest.Item) -> list[Work[Any]]:
    return [mark.args[0] for mark in item.iter_markers("ahead")]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that look at such works behind all others, which need not wait."""
    items.sort(key=lambda item: bool(_works(item)))


def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin the works that the tests of this run look at."""
    lanes = session.config.stash[_LANES] = Lanes()
    if not session.config.option.collectonly:
        lanes.start(work for item in session.items for work in _works(item))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what nobody waited for."""
    lanes = config.stash.get(_LANES, None)
    if lanes is not None:
        lanes.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which of its two ways the guest's kernel goes on this machine."""
    del config
    terminalreporter.write_line(f"uml: {xstate.describe_way(xstate.has_amx())}")


@pytest.fixture
def lanes(request: pytest.FixtureRequest) -> Lanes:
    """The works under way beside the tests: ``lanes.result(work)``."""
    return request.config.stash[_LANES]


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
    tests ``@pytest.mark.uml``. What takes a minute is better done ahead: ``tests.uml.lane``.
    """
    return _uml_guests.alive()
