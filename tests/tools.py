"""Programs of the system that some tests need: found, or a reason that says how to get them.

On a developer's machine a missing program skips the test, loudly. Where ``CI=true`` is set it fails the test instead,
so that a run that proves less than it claims never looks green.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

RequireTool = Callable[..., Path]
"""The type of the fixture ``require_tool``: ``require_tool("mon", package="mon") -> Path``."""

_SEARCH_BESIDE_PATH = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def in_ci() -> bool:
    """True where a missing tool is a failure: the environment has ``CI=true``."""
    return os.environ.get("CI", "").lower() == "true"


def missing(reason: str) -> NoReturn:
    """Skip the running test with this reason, or fail it where ``CI=true``."""
    if in_ci():
        pytest.fail(f"CI=true, and {reason}", pytrace=False)
    pytest.skip(reason)


def find_tool(name: str) -> Path | None:
    """The path of a program: an absolute path, or a name looked for in PATH and in the sbin folders; None if absent."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SEARCH_BESIDE_PATH])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def ends_with_the_tests(command: Sequence[str]) -> list[str]:
    """The command that runs this one so that it is killed when the thread that starts it ends, however that comes.

    Without util-linux it may outlive tests that were killed.
    """
    setpriv = find_tool("setpriv")
    return [str(setpriv), "--pdeathsig", "KILL", "--", *command] if setpriv else [*command]


def require_tool(name: str, *, package: str | None = None, why: str = "") -> Path:
    """The path of a program the test needs; without it the test is skipped, or fails where ``CI=true``.

    ``name`` is a program's name or absolute path, ``package`` the Debian package that brings it (default: the same
    name), ``why`` a few words on what the test uses it for.
    """
    found = find_tool(name)
    if found is None:
        purpose = f" ({why})" if why else ""
        missing(f"{name} is not installed{purpose}: apt-get install {package or Path(name).name}")
    return found
