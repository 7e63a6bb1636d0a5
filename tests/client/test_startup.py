"""The commands start quickly: they load little, and spend little time before they do something."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIMIT = 0.08
"""seconds from the start of a command to its end"""
HEAVY = {
    *("asyncio", "ssl", "argparse", "dataclasses", "inspect", "json", "email", "pathlib", "tempfile", "subprocess"),
    *("logging", "typer", "rich", "lark", "httpx", "apscheduler", "jinja2", "pyroute2", "ctypes"),
}


def loaded_by(code: str) -> set[str]:
    """The modules that are loaded after some code was run."""
    program = [sys.executable, "-I", "-c", f"{code}; import sys; print(*sys.modules)"]
    return set(subprocess.run(program, capture_output=True, text=True, timeout=30, check=True).stdout.split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import pymon.client.moncmd", set()),
        ("from pymon.client import Client", {"dataclasses", "inspect", "json"}),
        ("import pymon.client.monfailures", {"dataclasses", "inspect", "json"}),
        ("import pymon.client.skymon", {"dataclasses", "inspect", "json", "subprocess"}),
    ],
)
def test_what_is_loaded(code: str, allowed: set[str]) -> None:
    bare = loaded_by("pass")
    assert (loaded_by(code) - bare) & HEAVY <= allowed


def test_asyncio_comes_with_its_client_only() -> None:
    assert "asyncio" not in loaded_by("import pymon.client; pymon.client.Client")
    assert "asyncio" in loaded_by("import pymon.client; pymon.client.AsyncClient")


def test_nothing_but_the_standard_library_is_needed() -> None:
    code = "import pymon.client as c; [getattr(c, name) for name in c.__all__]; import pymon.client.moncmd"
    foreign = {name.partition(".")[0] for name in loaded_by(code) - loaded_by("pass")}
    assert foreign - sys.stdlib_module_names == {"pymon"}


def test_what_the_library_does_not_have() -> None:
    import pymon.client  # noqa: PLC0415

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        pymon.client.nonsense  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("module", ["moncmd", "monfailures", "skymon"])
def test_time_to_start(module: str) -> None:
    """The least processor time of some runs, so that a busy machine does not count."""
    best = min(_processor_time("-m", f"pymon.client.{module}", "--help") for _ in range(5))
    assert best < LIMIT


def _processor_time(*arguments: str) -> float:
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        dict(os.environ),
        file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_CLOSE, null)],
    )
    os.close(null)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime
