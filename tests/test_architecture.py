"""The house stays as drawn: which room may import which, read from the syntax tree."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pymon"

ROOMS = {
    room: set(known.split())
    for room, known in {
        "model": "",
        "text": "",
        "clock": "",
        "observers": "",
        "local_time": "",
        "errors": "model",
        "suggestions": "",
        "getopt_long": "",
        "options": "errors suggestions getopt_long",
        "hostname": "",
        "redaction": "text",
        "lockfile": "",
        "share": "",
        "installed": "",
        "executable": "",
        "scarcity": "clock",
        "contract": "model text",
        "plugin_object": "errors contract",
        "process": "model text clock errors scarcity contract",
        "protocol": "model text errors",
        "config": "model text errors suggestions redaction share installed executable",
        "core": "model errors",
        "timeline": "model text redaction core.outages",
        "store": "model clock text lockfile errors timeline",
        "access": "model text errors",
        "runner": "model text clock observers share installed executable scarcity plugin_object contract process",
        "plugin": "model text errors options hostname redaction.known_secrets scarcity plugin_object contract "
        "process.execution",
        "alert": "model clock redaction scarcity.waiting contract process.start_queue runner",
        "ipvs": "model text lockfile errors options hostname",
        "engine": "model text local_time clock observers lockfile errors redaction installed executable "
        "scarcity contract process config core timeline store runner alert",
        "workbench": "model text errors installed executable contract process config runner "
        "plugin.alert plugin.monitor",
        "server": "model text local_time errors redaction protocol config "
        "core.state core.timing core.traps timeline access engine.api",
        "live": "model errors installed executable plugin.icmp plugin.net ipvs server.listen.addresses",
        "client": "model text errors getopt_long protocol access.crypt",
        "demo": "model text errors share config.loader ipvs engine.engine",
        "cli": "model text local_time errors getopt_long share installed executable contract config core "
        "timeline store access runner ipvs engine protocol server client demo workbench live",
    }.items()
}
"""room → what of pymon it may import, itself aside; of a room that is none of its neighbours, single modules"""

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

PURE = (
    *("model", "text", "errors", "suggestions", "hostname", "getopt_long", "options", "redaction"),
    *("contract", "protocol", "core", "timeline", "ipvs/model.py", "ipvs/plan.py", "client/protocol.py"),
    *("access/login_backoff.py", "access/log_limit.py", "store/codec.py", "engine/api.py"),
)
"""rooms and modules that touch nothing of the world, nor does anything of pymon that they import"""
WORLDLY = {
    *("apscheduler", "asyncio", "concurrent", "datetime", "fcntl", "io", "locale", "logging", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess"),
    *("tempfile", "threading", "time", "zoneinfo"),
}
SPARED = {
    "model/instant.py": ("datetime", "the type of local time; what tells it is handed in"),
    "core/context.py": ("datetime", "as above"),
    "core/period.py": ("datetime", "compares the local time that it is given"),
    "core/traps.py": ("datetime", "in UTC, which is the same everywhere"),
    "timeline/text.py": ("datetime", "writes the local time that it is given"),
    "model/log_level.py": ("logging", "the numbers of the levels"),
    "ipvs/model.py": ("socket", "the numbers of protocols and address families"),
    "text.py": ("os", "knows in what encoding Python decoded arguments"),
    "contract/environ.py": ("os", "the environment that programs inherit"),
}
"""module → the part of the world that it may import all the same, and why"""

NEVER = {
    "config": {"asyncio", "socket", "ssl", "threading"},
    "access": {"http", "socket", "ssl"},
    "store": {"socket", "subprocess"},
    "cli": {"apscheduler", "lark", "pyroute2", "sqlite3"},
}
"""room → libraries that stay outside of it"""


CLOCKED = ("engine", "runner", "alert", "process", "scarcity", "store")
"""rooms that tell the time by the clock that is handed in (``pymon.clock``)"""
CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"),
    *("time.clock_gettime", "time.clock_gettime_ns", "datetime.now", "datetime.utcnow", "date.today"),
}
"""the names by which Python tells the time; an event loop's ``time()`` is another"""
LOOP_TIMES = ("loop.time()", "loop().time()", "super().time()")
OWN_CLOCK = {
    "runner/event_loop.py": "is itself the clock of the event loop, which stands still in a hold-up",
    "runner/watchdog.py": "measures in a signal handler whether this loop runs; the machine's sleep must not count",
    "scarcity/waiting.py": "waits in threads of plugins, which run in programs of their own too",
    "store/claim.py": "waits in the record's thread for another process's end",
    "runner/validation.py": "waits in a thread for the lines of a program",
}
"""modules of these rooms that read a clock of the system's all the same, and why"""


def modules() -> list[Path]:
    """All of the package's files."""
    return sorted(PACKAGE.rglob("*.py"))


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, also inside functions; ``from a import b`` gives ``a`` and ``a.b``."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            found += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return tuple(found)


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
        # "from pymon.core import timing" names pymon.core, and pymon.core.timing
        assert any(f"{inside}.".startswith(f"{known}.") or known.startswith(f"{inside}.") for known in allowed), (
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


def modules_of(room: str) -> list[Path]:
    """The files of a room, which is a folder or a module."""
    return [path for path in modules() if str(path.relative_to(PACKAGE)) == room or room_of(path) == room]


@functools.cache
def imported_modules(path: Path) -> set[Path]:
    """The files of pymon that a file imports, and the packages that are imported with them."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        for length in range(2, len(parts) + 1) if parts[0] == "pymon" else ():
            place = ROOT.joinpath(*parts[:length])
            found |= {each for each in (place.with_suffix(".py"), place / "__init__.py") if each.exists()}
    return found


def reached_modules(path: Path) -> set[Path]:
    """The file itself, and all of pymon that is imported by it, directly or not."""
    reached, left = {path}, [path]
    while left:
        new = imported_modules(left.pop()) - reached
        reached |= new
        left += new
    return reached


def parts_of_the_world(path: Path) -> set[str]:
    """What a file imports of the world, but for what it may."""
    spared = SPARED.get(str(path.relative_to(PACKAGE)), ("",))[0]
    return {name.partition(".")[0] for name in imports(path)} & WORLDLY - {spared}


@pytest.mark.parametrize("room", PURE)
def test_decisions_do_not_touch_the_world(room: str) -> None:
    """Neither do they by way of what they import."""
    assert modules_of(room)
    for path in modules_of(room):
        for each in sorted(reached_modules(path)):
            way = f"{path.relative_to(PACKAGE)} reaches {each.relative_to(PACKAGE)}"
            assert not (found := parts_of_the_world(each)), f"{way}, which imports {found}"


def test_a_way_into_the_world_is_found_behind_other_modules() -> None:
    way = reached_modules(PACKAGE / "timeline" / "decision_events.py")
    assert PACKAGE / "model" / "whole_seconds.py" in way
    assert PACKAGE / "core" / "outages.py" in way
    assert any(parts_of_the_world(each) for each in reached_modules(PACKAGE / "engine" / "engine.py"))


@pytest.mark.parametrize("room", NEVER)
def test_a_room_keeps_away_from_what_is_not_its_own(room: str) -> None:
    for path in modules_of(room):
        found = {name.partition(".")[0] for name in imports(path)} & NEVER[room]
        assert not found, f"{path.relative_to(PACKAGE)} imports {found}"


@pytest.mark.parametrize("place", SPARED)
def test_no_module_is_spared_for_nothing(place: str) -> None:
    library, _ = SPARED[place]
    known = {name.partition(".")[0] for name in imports(PACKAGE / place)}
    assert library in known, f"{place} imports {library} no more: take it from SPARED"


@pytest.mark.parametrize("room", ROOMS)
def test_every_right_is_used(room: str) -> None:
    used = {name.removeprefix("pymon.") for path in modules_of(room) for name in imports(path)}
    unused = {known for known in ROOMS[room] if not any(name == known or name.startswith(f"{known}.") for name in used)}
    assert not unused, f"{room} may know {unused}, and does not: take that from ROOMS"


ZONELESS = ("model", "core", "timeline")
"""rooms that are handed what tells local time (``pymon.local_time``)"""
ZONES = ("localtime", "mktime", "strftime", "asctime", "astimezone", "timestamp", "now", "today", "tzset")
"""methods and functions that may look up this machine's time zone, whatever they are called on"""


def zone_lookups(path: Path) -> Iterator[str]:
    """Every place where a file may read the machine's time zone: ``call line N``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name in ZONES or (name == "fromtimestamp" and len(node.args) + len(node.keywords) < 2):
                yield f"{ast.unparse(node)} line {node.lineno}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("datetime.fromtimestamp(at)", ["datetime.fromtimestamp(at) line 1"]),
        ("datetime.fromtimestamp(at, UTC)", []),
        ("time.localtime(at)", ["time.localtime(at) line 1"]),
        ("x = local_time(at).date()", []),
    ],
)
def test_every_lookup_of_a_time_zone_is_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "x.py").write_text(code)
    assert list(zone_lookups(tmp_path / "x.py")) == found


@pytest.mark.parametrize("room", ZONELESS)
def test_local_time_is_handed_in(room: str) -> None:
    """So decisions and their words are the same on every machine."""
    found = [(path.name, each) for path in sorted((PACKAGE / room).rglob("*.py")) for each in zone_lookups(path)]
    assert not found


def test_importing_core_loads_no_parser_and_nothing_of_the_world() -> None:
    """Also by way of what its modules import: the rules stand on records and on the standard library's data types."""
    names = sorted(f"pymon.core.{path.stem}" for path in (PACKAGE / "core").glob("[!_]*.py"))
    code = f"import sys, {', '.join(names)}; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert set(names) <= loaded
    assert not {"lark", "zoneinfo", "tzlocal", "asyncio", "logging", "socket", "subprocess"} & loaded
    assert {name.split(".")[1] for name in loaded if name.startswith("pymon.")} == {"core", "errors", "model"}


def clock_readings(path: Path) -> Iterator[str]:
    """Every place where a file asks Python for the time: ``name line N``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "datetime"}:
            yield from (
                f"{node.module}.{alias.name} line {node.lineno}"
                for alias in node.names
                if f"{node.module}.{alias.name}" in CLOCKS
            )
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if any(name == clock or name.endswith(f".{clock}") for clock in CLOCKS):
                yield f"{name} line {node.lineno}"
        elif isinstance(node, ast.Call) and ast.unparse(node).endswith(
            ("loop.time()", "loop().time()", "super().time()")
        ):
            yield f"{ast.unparse(node)} line {node.lineno}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import time\nnow = time.time()", ["time.time line 2"]),
        ("def late(clock=time.monotonic): ...", ["time.monotonic line 1"]),
        ("from time import monotonic, sleep", ["time.monotonic line 1"]),
        ("datetime.datetime.now(UTC)", ["datetime.datetime.now line 1"]),
        ("asyncio.get_running_loop().time()", ["asyncio.get_running_loop().time() line 1"]),
        ("self._loop.time() + 1", ["self._loop.time() line 1"]),
        ("time.sleep(1)\nclock.steady()\ntime.strftime('%H', time.localtime(now))", []),
    ],
)
def test_every_way_to_ask_for_the_time_is_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "x.py").write_text(code)
    assert list(clock_readings(tmp_path / "x.py")) == found


@pytest.mark.parametrize("room", CLOCKED)
def test_the_time_comes_from_the_clock_that_is_handed_in(room: str) -> None:
    """So a test in virtual time owns all of it."""
    for path in sorted((PACKAGE / room).rglob("*.py")):
        place = str(path.relative_to(PACKAGE))
        found = list(clock_readings(path))
        if place in OWN_CLOCK:
            assert found, f"{place} reads no clock of the system's any more: take it from OWN_CLOCK"
        else:
            assert not found, f"{place} reads a clock of the system's: {', '.join(found)}"


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


CHANGING = {
    *("append", "extend", "insert", "add", "remove", "discard", "pop", "popitem", "clear", "update", "setdefault"),
    *("appendleft", "extendleft", "popleft"),
}
"""methods by which Python's collections change"""


def reaching_changes(path: Path) -> Iterator[str]:
    """Every place where a file changes what another object has: ``code line N``.

    That is an assignment to an attribute of anything but ``self`` and ``cls``, one to an element of such an attribute,
    and a call that changes a collection which is one. What a function has made itself it may change: local names.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            changed: ast.expr = node
            while isinstance(changed, ast.Subscript):
                changed = changed.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            changed = node.func.value
        else:
            continue
        if isinstance(changed, ast.Attribute) and not (
            isinstance(changed.value, ast.Name) and changed.value.id in {"self", "cls"}
        ):
            yield f"{ast.unparse(node)} line {node.lineno}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("self._owner.site = site", ["self._owner.site line 1"]),
        ("watcher.count += 1", ["watcher.count line 1"]),
        ("del owner.site", ["owner.site line 1"]),
        ("for owner.site in sites: ...", ["owner.site line 1"]),
        ("self._owner.states[key] = state", ["self._owner.states[key] line 1"]),
        ("engine.observers.append(told)", ["engine.observers.append(told) line 1"]),
        ("self.site, cls.known, self._states[key], found[key] = values\nself._queue.append(1)\nfound.append(1)", []),
    ],
)
def test_every_way_to_reach_into_another_object_is_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "x.py").write_text(code)
    assert list(reaching_changes(tmp_path / "x.py")) == found


@pytest.mark.parametrize("path", sorted((PACKAGE / "engine").rglob("*.py")), ids=lambda path: path.stem)
def test_nobody_in_the_engine_changes_what_another_has(path: Path) -> None:
    """An object's attributes are its own: others ask it, by a method."""
    found = list(reaching_changes(path))
    assert not found, f"{path.relative_to(PACKAGE)}: {', '.join(found)}"


OF_AUTHORS = {"Alert", "Event", "Call", "Outcome"}
"""names that authors of plugins know, which mean something of the same kind elsewhere"""


def test_a_public_class_name_stands_for_one_thing() -> None:
    """Who reads a name must not have to look where it comes from."""
    homes: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in homes.items() if len(found) > 1 and name not in OF_AUTHORS} == {}
