"""The commands load little, so that they start quickly (``python -m bench clientstart`` has the times)."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
