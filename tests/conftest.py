"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests import tools


@pytest.fixture(scope="session", name="require_tool")
def require_tool_fixture() -> tools.RequireTool:
    """``require_tool("fping", package="fping")``: the program's path, else a loud skip (a failure where CI=true)."""
    return tools.require_tool
