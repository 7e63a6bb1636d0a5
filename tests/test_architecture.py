"""The house stays as drawn: which room may import which, read from the syntax tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pymon"

ROOMS: dict[str, set[str]] = {
    "model": set(),
    "clock": set(),
    "errors": {"model"},
    "suggestions": set(),
    "getopt_long": set(),
    "redaction": set(),
    "share": set(),
    "installed": set(),
    "executable": set(),
    "contract": {"model"},
    "protocol": {"model", "errors", "core", "server"},
    "config": {"model", "errors", "suggestions", "redaction", "share", "installed", "executable"},
    "core": {"model", "errors", "config.periods"},
    "timeline": {"model", "core", "redaction"},
    "store": {"model", "errors", "timeline", "engine.lockfile"},
    "access": {"model", "errors", "server"},
    "runner": {"model", "clock", "errors", "contract", "share", "installed", "executable"},
    "plugin": {"model", "errors", "contract", "suggestions", "getopt_long", "runner"},
    "alert": {"model", "clock", "contract", "redaction", "runner"},
    "ipvs": {"model", "errors", "plugin"},
    "engine": {
        *(
            "model",
            "clock",
            "errors",
            "redaction",
            "installed",
            "executable",
            "contract",
            "config",
            "core",
            "timeline",
            "store",
        ),
        *("runner", "alert"),
    },
    "workbench": {
        *("model", "errors", "installed", "executable", "contract", "config", "runner"),
        *("plugin.alert", "plugin.monitor"),
    },
    "server": {"model", "errors", "redaction", "config", "core", "timeline", "protocol", "access", "engine.api"},
    "live": {"model", "errors", "installed", "executable", "plugin", "ipvs", "server.listen.addresses"},
    "client": {"model", "errors", "getopt_long", "protocol", "access.crypt"},
    "demo": {"model", "errors", "share", "config", "ipvs", "engine"},
    "cli": {
        *("model", "errors", "share", "installed", "executable", "contract", "config", "core", "timeline", "store"),
        *("getopt_long", "runner", "ipvs", "engine", "demo", "workbench", "live", "server", "access", "client"),
    },
}
"""room → what of pymon it may import, itself aside"""

OF_ANOTHER_ROOM = {"plugin/testing.py": "workbench"}
"""modules whose place is the face that authors know, and whose room is another: only who knows that may import them"""

ONLY_IN = {
    "apscheduler": {"engine/schedule.py"},
    "pyroute2": {"ipvs/kernel/message.py", "ipvs/kernel/netlink.py"},
    "typer": {"cli/main.py"},
    "httpx": {"plugin/http/transport.py"},
    "h2": {"plugin/http/http2.py"},
    "jsonpath": {"plugin/json_path.py"},
    "regex": {"plugin/matching.py"},
}
"""third-party package → the only modules that may know it (a trailing ``*`` matches any ending)"""

PURE = ("model", "core")
WORLDLY = {"asyncio", "os", "time", "logging", "subprocess", "socket", "threading", "apscheduler", "random"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, absolute; ``from a import b`` gives ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    place = path.relative_to(PACKAGE)
    return OF_ANOTHER_ROOM.get(str(place), place.with_suffix("").parts[0])


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_room_knows_only_its_neighbours(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert not [name for name in imports(path) if name.startswith("pymon")]
        return
    allowed = ROOMS[room] | {room}
    for name in imports(path):
        if name == "pymon" or not name.startswith("pymon."):
            continue
        inside = name.removeprefix("pymon.")
        elsewhere = OF_ANOTHER_ROOM.get(inside.replace(".", "/") + ".py")
        assert elsewhere is None or elsewhere in allowed, f"{path.relative_to(ROOT)} imports {name}"
        if inside == "__version__":
            continue
        assert any(inside == known or inside.startswith(f"{known}.") for known in allowed), (
            f"{path.relative_to(ROOT)} imports {name}, which {room} may not know"
        )


@pytest.mark.slow
@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_library_stays_in_its_place(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    for name in imports(path):
        library = name.partition(".")[0]
        if library in ONLY_IN:
            assert place in ONLY_IN[library], f"{place} imports {library}"


@pytest.mark.parametrize("room", PURE)
def test_decisions_do_not_touch_the_world(room: str) -> None:
    allowed = {"pymon/model/log_level.py": {"logging"}, "pymon/core/whole_seconds.py": {"time"}}
    for path in sorted((PACKAGE / room).rglob("*.py")):
        known = {name.partition(".")[0] for name in imports(path)}
        spared = allowed.get(str(path.relative_to(ROOT)), set())
        assert not known & (WORLDLY - spared), f"{path.relative_to(ROOT)} imports {known & WORLDLY}"


def test_importing_the_plugin_kit_stays_cheap() -> None:
    """A monitor run as an executable must not pay for the daemon's libraries."""
    code = "import sys, pymon.plugin.monitor, pymon.plugin.alert; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "lark",
        "httpx",
        "apscheduler",
        "typer",
        "pyroute2",
        "rich",
        "jinja2",
        "pydantic",
        "h11",
        "h2",
        "jsonpath",
        "cryptography",
    }
    assert not heavy & set(loaded)
