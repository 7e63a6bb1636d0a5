"""What docs/client.md shows is what happens: its samples are run in order, against a pymon with its configuration."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pymon.client import Client, OpStatus
from pymon.errors import ClientError
from tests.differential.daemon import Rig, RiggedDaemon
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SITE, AUTH = (text for kind, text in BLOCKS if not kind)


class Sample(NamedTuple):
    """Code, and what it prints."""

    kind: str
    code: str
    output: str


def samples() -> Iterator[Sample]:
    for (kind, text), (next_kind, next_text) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind == "python":
            yield Sample(kind, text, next_text if next_kind == "text" else "")
        elif kind == "console":
            for one in text.split("\n$ ") if "\n$ " in text else [text]:
                command, _, output = one.removeprefix("$ ").partition("\n")
                yield Sample(kind, command, output if output.endswith("\n") or not output else f"{output}\n")


@pytest.fixture(scope="module", name="port")
def port_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a pymon that has checked both services; the samples are run in its folder."""
    folder = tmp_path_factory.mktemp("docs")
    port = free_port()
    (folder / "auth.cf").write_text(AUTH)
    own = f"trapbind = 127.0.0.1\ntrapport = {port}\nauthfile = auth.cf\ncfbasedir = {folder}\nstatedir = {folder}\n"
    (folder / "mon.cf").write_text(
        own + SITE.replace("2583", str(port)).replace("pymon.socket", f"{folder}/pymon.socket")
    )
    command = (sys.executable, "-m", "pymon.cli.main", "run", "-c", "mon.cf", "--logdir", str(folder))
    with RiggedDaemon(Path(command[0]), Rig(folder, port), os.environ, command=command) as daemon:
        daemon.wait_until(lambda: _lacking(port), 30)
        with contextlib.chdir(folder):
            yield port


def _lacking(port: int) -> str:
    """What the server cannot show yet."""
    try:
        with Client("127.0.0.1", port) as mon:
            statuses = mon.list_opstatus(["web"])
    except ClientError as error:
        return str(error)
    # last_check is when a check began: it may still run.
    return " ".join(status.service for status in statuses if status.opstatus is OpStatus.UNTESTED)


def normal(text: str) -> str:
    """Text without the bell, the time of day, and empty lines at its end."""
    return re.sub(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d", "DATE", text.replace("\a", "")).rstrip("\n")


@pytest.mark.e2e
def test_samples(port: int) -> None:
    found = list(samples())
    assert {sample.kind for sample in found} == {"python", "console"}
    assert len(found) > 8
    names: dict[str, object] = {}
    for sample in found:
        code = sample.code.replace("2583", str(port))
        expected = normal(sample.output)
        printed = normal(_python(code, names) if sample.kind == "python" else _shell(code))
        limit = time.monotonic() + 10
        while printed != expected and sample.kind == "console" and time.monotonic() < limit:  # a trap takes its time
            printed = normal(_shell(code))
        assert printed == expected, sample.code


def _python(code: str, names: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/client.md", "exec"), names)
    return printed.getvalue()


def _shell(command: str) -> str:
    """Run a line of the shell; commands are those of this Python, installed or not."""
    modules = {"pymon": "pymon.cli.main", "moncmd": "pymon.client.moncmd", "monfailures": "pymon.client.monfailures"}
    functions = "".join(f'{name}() {{ "{sys.executable}" -m {module} "$@"; }}\n' for name, module in modules.items())
    done = subprocess.run(
        ["/bin/sh", "-c", functions + command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    return done.stdout


def test_every_verb_is_on_the_page() -> None:
    verbs = {name for name in dir(Client) if not name.startswith("_")} - {
        "connect",
        "close",
        "quit",
        "perform",
        "connected",
    }
    page = set(re.findall(r"\w+", PAGE)) | {f"disable_{what}" for what in ("watch", "service", "host")}
    assert verbs - page == set()
