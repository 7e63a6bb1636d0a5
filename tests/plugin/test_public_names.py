"""The face of the kit: what an author imports."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pymon.plugin

FACE = Path(pymon.plugin.__file__)


def declared() -> dict[str, str]:
    """Names that type checkers see, and where from."""
    tree = ast.parse(FACE.read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: node.module or "" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_type_checkers_and_python_see_the_same_names() -> None:
    assert declared() == pymon.plugin._HOME
    assert sorted(pymon.plugin.__all__) == sorted(pymon.plugin._HOME)


@pytest.mark.parametrize("name", sorted(pymon.plugin._HOME))
def test_each_name_can_be_imported(name: str) -> None:
    value = getattr(pymon.plugin, name)
    assert value is not None
    assert pymon.plugin.__dict__[name] is value, "looked up once"


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match=r"pymon\.plugin has no nonsense"):
        _ = pymon.plugin.nonsense
    with pytest.raises(ImportError, match="nonsense"):
        exec("from pymon.plugin import nonsense")


@pytest.mark.parametrize("names", ["Monitor, option, port", "Alert, Done, option, words"])
def test_the_kit_loads_nothing_heavy(names: str) -> None:
    """A plugin run as a program pays for what it uses: no pathlib, no difflib, no library of another plugin."""
    code = (
        "import asyncio, sys; before = set(sys.modules); "
        f"from pymon.plugin import {names}; print(*set(sys.modules) - before)"
    )
    environ = os.environ | {"PYTHONPATH": str(FACE.parents[2])}
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    loaded = set(done.stdout.split())
    assert "pymon.options" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {
        *("pathlib", "difflib", "urllib", "httpx", "jinja2", "cryptography", "dns", "icmplib", "secrets", "email"),
        *("tempfile", "json", "sqlite3", "typer", "rich", "lark", "pyroute2"),
    }
    assert not [name for name in loaded if name.startswith(("pymon.runner.", "pymon.process."))]


@pytest.mark.parametrize(("before", "frozen"), [("sys", True), ("asyncio", False)])
def test_garbage_is_collected_once_the_kit_is_there(before: str, frozen: bool) -> None:
    """What a program starts with is left out of that; in a program that goes on to use pymon, nothing is."""
    code = f"import gc, {before}; from pymon.plugin import Monitor; print(gc.isenabled(), gc.get_freeze_count() > 0)"
    environ = os.environ | {"PYTHONPATH": str(FACE.parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout == f"True {frozen}\n"
