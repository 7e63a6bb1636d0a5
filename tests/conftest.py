"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import tools
from tests.uml.guest import Guest, missing_for_uml


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
def uml(_uml_guests: _Guests) -> Guest:
    """A booted guest with a real IPVS kernel: ``uml.run(program, args, timeout=...) -> UmlResult``.

    One boot serves the whole run, each program gets namespaces of its own. Skips, with the way to get it, where
    user-mode-linux is not installed (fails where CI=true). Mark such tests ``@pytest.mark.uml``.
    """
    lacking = missing_for_uml()
    if lacking:
        tools.missing(lacking)
    return _uml_guests.alive()
