"""Damaged files, full and read-only disks, locks, second daemons: said once, survived, and made up for."""

# ruff: noqa: ASYNC110, ASYNC220, ASYNC221, ASYNC240  # nothing else runs in these loops, and what is waited for is in a file
from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.lockfile import find_lock_holders
from pymon.model.depend import ServiceKey
from pymon.model.measurement import Measurement
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.store.health import LogGrowth, checkpoint, find_identity
from pymon.store.limits import StoreLimits
from pymon.store.offline import look_up
from pymon.store.store import Store
from tests import tools
from tests.store.samples import T0, WEB, act

DOWN = ServiceState(op_status=OpStatus.FAIL, ack=T0, ack_comment="bob: on it")
LIMITS = StoreLimits()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pymon.db"


async def fill(path: Path, services: int = 60) -> bytes:
    """A record with some pages; its bytes."""
    record = Store(path)
    await record.open()
    for number in range(services):
        record.state(ServiceKey(f"g{number}", "s"), ServiceState(last_output="x" * 300))
    record.add(*(act(T0 + second) for second in range(100)))
    await record.close()
    return path.read_bytes()


def aside(path: Path) -> list[Path]:
    """The files that were set aside."""
    return sorted(path.parent.glob("pymon.db.bad-*"))


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.ERROR]


async def works(path: Path) -> int:
    """Open it, write, and close; the number of states it had."""
    record = Store(path)
    saved = await record.open()
    record.add(act(T0 + 1000, "afterwards"))
    await record.settled()
    assert record.problem == ""
    assert (await record.events(WEB))[-1].text == "afterwards"
    await record.close()
    return len(saved.states)


@pytest.mark.slow
async def test_a_file_cut_at_any_page_is_set_aside_or_used(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-damage."""
    data = await fill(path)
    for size in {1, 99, 100, 512, *range(4096, len(data), 4096), *range(5000, len(data), 8192), len(data) - 1}:
        path.write_bytes(data[:size])
        caplog.clear()
        states = await works(path)
        if len(data) - size < 4096:  # only the end of the last page is missing, and that may be blank
            assert (states, len(aside(path))) in {(0, 1), (60, 0)}
        else:
            assert states == 0
            assert len(aside(path)) == (size > 1)
        for kept in aside(path):
            assert kept.read_bytes() == data[:size]
            (said,) = errors(caplog)
            assert "cannot be used" in said
            assert kept.name in said
            kept.unlink()
        path.unlink()


async def test_an_empty_file_is_begun_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says so, and it is no trouble."""
    caplog.set_level(logging.INFO, "pymon.record")
    path.touch()
    assert await works(path) == 0
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", f"{path} is empty: a new record is begun")
    ]
    assert aside(path) == []


@pytest.mark.parametrize("at", [0, 16, 100, 4096, 8192])
async def test_garbage_in_a_page_is_found(path: Path, at: int) -> None:
    """R-damage."""
    data = bytearray(await fill(path))
    data[at : at + 600] = b"\xa5" * 600
    path.write_bytes(data)
    await works(path)
    assert len(aside(path)) == 1


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE events",
        "ALTER TABLE services ADD COLUMN more TEXT",
        "ALTER TABLE alerts RENAME COLUMN token TO name",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
    ],
)
async def test_a_database_of_something_else_is_set_aside(path: Path, change: str) -> None:
    """R-damage."""
    await fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    assert await works(path) == 0
    assert len(aside(path)) == 1


async def test_a_state_that_says_nothing_costs_that_service_only(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE services SET state = '{\"ack\": \"no\"}' WHERE grp = 'g7'")
        connection.execute("UPDATE services SET state = x'ff00' WHERE grp = 'g8'")
    connection.close()
    assert await works(path) == 58
    assert "the state of g7/s cannot be taken up" in caplog.text


VERSION_1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE services (grp TEXT, service TEXT, state TEXT NOT NULL, PRIMARY KEY (grp, service));
CREATE TABLE disabled (kind TEXT, grp TEXT, name TEXT, PRIMARY KEY (kind, grp, name)) WITHOUT ROWID;
CREATE TABLE alerts (token TEXT PRIMARY KEY, started REAL NOT NULL, pending TEXT NOT NULL);
CREATE TABLE history (id INTEGER PRIMARY KEY, name TEXT NOT NULL, line TEXT NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, until REAL NOT NULL, count INTEGER NOT NULL,
    kind TEXT NOT NULL, grp TEXT NOT NULL, service TEXT NOT NULL, asker TEXT NOT NULL, text TEXT NOT NULL,
    facts TEXT NOT NULL);
CREATE INDEX history_by_name ON history (name, id);
CREATE INDEX events_of_service ON events (grp, service, id);
PRAGMA application_id = 1887006063;
PRAGMA user_version = 1;
"""


async def fill_version_1(path: Path) -> None:
    """A record with all that the first version kept."""
    current = path.with_name("current.db")
    await fill(current)
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1)
        connection.execute("ATTACH ? AS current", (str(current),))
        for table in ("meta", "services", "disabled", "alerts", "history", "events"):
            connection.execute(f"INSERT INTO {table} SELECT * FROM current.{table}")
    connection.close()
    current.unlink()


async def test_a_file_of_the_first_version_is_read_as_it_is_and_then_brought_up(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R-version: nothing of it is lost, and looking at it changes nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    await fill_version_1(path)
    caplog.set_level(logging.INFO, "pymon.record")
    before = path.read_bytes()
    found = look_up(path, ServiceKey("g7", "s"))
    assert found.state is not None
    assert path.read_bytes() == before
    record = Store(path)
    saved = await record.open()
    assert (len(saved.states), saved.states[ServiceKey("g7", "s")]) == (60, found.state)
    assert f"{path}: its tables are of version 3 now (before: 1)" in caplog.text
    measured = replace(found.state, measured=5.0, measurements=(Measurement("h", "n", 1.0),))
    record.state(ServiceKey("g7", "s"), measured)
    await record.close()
    assert aside(path) == []
    after = look_up(path, ServiceKey("g7", "s"))
    assert (after.state, after.events[: len(found.events)]) == (measured, found.events)


async def test_measurements_that_say_nothing_cost_no_state(path: Path) -> None:
    await fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO measurements VALUES ('g7', 's', 'x', 'no'), ('g8', 's', 1.0, '{}')")
        connection.execute("INSERT INTO measurements VALUES ('gone', 's', 1.0, '{}')")
    connection.close()
    assert await works(path) == 60
    assert (await asyncio.to_thread(look_up, path, ServiceKey("g7", "s"))).state is not None


async def test_damage_while_it_runs_begins_a_new_file_with_everything(path: Path) -> None:
    """R-damage."""
    record = Store(path)
    await record.open()
    keys = [ServiceKey(f"g{number}", "s") for number in range(1500)]
    for key in keys:
        record.state(key, ServiceState(last_output="x" * 3000))  # more than SQLite keeps in memory
    record.state(WEB, DOWN)
    record.disabled({"web"}, (), ())
    record.scheduler(T0)
    await record.settled()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        for offset in range(8192, path.stat().st_size, 8192):
            file.seek(offset)
            file.write(b"\xa5" * 4096)
    for key in keys:
        record.state(key, ServiceState())
    record.add(act(T0, "afterwards"))
    await record.settled()
    assert record.problem == ""
    await record.close()
    assert len([each for each in aside(path) if not each.name.endswith(("-wal", "-shm"))]) == 1
    other = Store(path)
    saved = await other.open()
    assert saved.states == {WEB: DOWN, **dict.fromkeys(keys, ServiceState())}
    assert saved.disabled_watches == frozenset({"web"})
    assert saved.stopped_since == T0
    assert "afterwards" in {event.text for event in await other.events(WEB)}
    await other.close()


async def test_a_lost_table_while_it_runs_too(path: Path) -> None:
    record = Store(path)
    await record.open()
    record.state(WEB, DOWN)
    await record.settled()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE services")
    connection.close()
    record.state(WEB, DOWN)
    await record.settled()
    await record.close()
    other = Store(path)
    assert (await other.open()).states == {WEB: DOWN}
    await other.close()


async def test_a_file_that_somebody_removes_is_written_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record = Store(path)
    await record.open()
    record.state(WEB, DOWN)
    await record.settled()
    path.unlink()
    record.add(act(T0))
    await record.settled()
    assert "was removed or replaced" in caplog.text
    await record.close()
    other = Store(path)
    assert (await other.open()).states == {WEB: DOWN}
    await other.close()


async def test_a_disk_that_breaks_each_file_does_not_fill_up_with_them(path: Path) -> None:
    record = Store(path)
    await record.open()
    for number in range(3):
        record.state(WEB, ServiceState(ack=float(number)))
        await record.settled()
        if path.exists():
            with sqlite3.connect(path) as connection:
                connection.execute("DROP TABLE IF EXISTS services")
            connection.close()
    assert "neither could the one before" in record.problem
    assert len([each for each in aside(path) if not each.name.endswith(("-wal", "-shm"))]) == 1
    await record.close()


@pytest.mark.slow
async def test_another_process_that_locks_the_file_is_waited_for(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record = Store(path, StoreLimits(retry_after=0.05))
    await record.open()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    record.state(WEB, DOWN)
    record.add(act(T0))
    await record.settled()  # in bounded time
    assert "locked" in record.problem
    await record.settled()
    assert len(errors(caplog)) == 1
    other.execute("ROLLBACK")
    other.close()
    async with asyncio.timeout(10):
        while record.problem:
            await asyncio.sleep(0.01)
    assert "is kept again" in caplog.text
    await record.close()
    again = Store(path)
    assert (await again.open()).states == {WEB: DOWN}
    assert len(await again.events(WEB)) == 1
    await again.close()


@pytest.mark.slow
async def test_a_second_daemon_is_told_so_and_takes_over_later(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-second."""
    first, second = Store(path), Store(path, StoreLimits(retry_after=0.05))
    await first.open()
    first.state(WEB, DOWN)
    assert not (await second.open()).states
    second.state(WEB, ServiceState())
    await second.settled()
    assert "another daemon keeps it (pid" in second.problem
    assert len(errors(caplog)) == 1
    await first.settled()
    assert first.problem == ""
    await first.close()
    async with asyncio.timeout(10):
        while second.problem:
            await asyncio.sleep(0.01)
    await second.close()
    third = Store(path)
    assert (await third.open()).states == {WEB: ServiceState()}
    await third.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["under a file", "in /proc", "a directory in its place"])
async def test_no_place_for_it_is_said_and_memory_stays_bounded(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R-nowhere."""
    (tmp_path / "file").touch()
    (tmp_path / "pymon.db").mkdir()
    places = {
        "under a file": tmp_path / "file",
        "in /proc": Path("/proc/nowhere"),
        "a directory in its place": tmp_path,
    }
    record = Store(places[kind] / "pymon.db", StoreLimits(retry_after=0.01))
    assert not (await record.open()).states
    for number in range(LIMITS.events_waiting + 500):
        record.add(act(T0 + number))
        if number % 500 == 0:
            await record.settled()
            await asyncio.sleep(0.02)
    assert len(errors(caplog)) == 1
    assert "monitoring goes on" in errors(caplog)[0]
    assert len(await record.events(WEB, limit=10**6)) == LIMITS.events_waiting
    await record.close()


async def test_a_trouble_whose_text_changes_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As "disk is full" and then "disk I/O error" are one trouble; after its end the next one is said again."""
    state = tmp_path / "state"
    state.touch()
    record = Store(state / "pymon.db", StoreLimits(retry_after=0.01))
    await record.open()
    first = record.problem
    state.unlink()
    (state / "pymon.db").mkdir(parents=True)
    async with asyncio.timeout(10):
        while record.problem == first:
            await asyncio.sleep(0.01)
    assert "Is a directory" in record.problem
    assert [first in said for said in errors(caplog)] == [True]
    assert "is kept again" not in caplog.text
    (state / "pymon.db").rmdir()
    record.add(act(T0))
    async with asyncio.timeout(10):
        while record.problem:
            await asyncio.sleep(0.01)
    assert caplog.text.count("is kept again") == 1
    (state / "pymon.db").unlink()
    (state / "pymon.db").mkdir()
    caplog.clear()
    record.add(act(T0 + 1))
    await record.settled()
    assert len([said for said in errors(caplog) if "cannot keep the record" in said]) == 1
    await record.close()


FULL = """
import asyncio, logging, resource, signal, sys
from pathlib import Path
from pymon.store.limits import StoreLimits
from pymon.store.store import Store
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.state import ServiceState

logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def allow(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def main():
    record = Store(Path(sys.argv[1]), StoreLimits(retry_after=0.05))
    await record.open()
    record.state(ServiceKey("before", "s"), ServiceState(ack=1.0))
    await record.settled()
    allow(150_000)
    for number in range(300):
        record.state(ServiceKey(f"g{number}", "s"), ServiceState(last_output="x" * 2000))
        record.add(TimelineEvent(float(number), TimelineKind.OPERATOR, f"did {number}", "g", "s"))
        await asyncio.wait_for(record.settled(), 5)
    assert record.problem, "the disk was not full"
    allow(resource.RLIM_INFINITY)
    while record.problem:
        await asyncio.sleep(0.01)
    await record.close()
    other = Store(Path(sys.argv[1]))
    saved = await other.open()
    print(len(saved.states), len(await other.events(ServiceKey("g", "s"), limit=1000)))
    await other.close()


asyncio.run(main())
"""


def test_a_full_disk_is_said_once_survived_and_made_up_for(path: Path) -> None:
    """R-full."""
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.split() == ["301", "300"], ended.stderr
    said = ended.stderr.splitlines()
    assert len([line for line in said if "monitoring goes on" in line]) == 1, said
    assert len([line for line in said if "is kept again" in line]) == 1, said


READ_ONLY = """
import asyncio, logging, sys
from pathlib import Path
from pymon.store.store import Store
from pymon.model.event import TimelineEvent, TimelineKind

logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")


async def main():
    record = Store(Path(sys.argv[1]))
    saved = await record.open()
    record.add(TimelineEvent(1.0, TimelineKind.OPERATOR, "did"))
    await record.settled()
    print(len(saved.states), len(await record.events(None, limit=1000)), record.problem)
    await record.close()


asyncio.run(main())
"""
REMOUNT = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


async def test_a_read_only_disk_is_still_read(path: Path) -> None:
    """R-readonly: as after an error of the file system, what is acknowledged and disabled is resumed all the same."""
    tools.require_tool("unshare", package="util-linux")
    state = path.parent / "state"
    await fill(state / "pymon.db")
    own = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        tools.missing("this user may not make namespaces")
    command = [*own, REMOUNT, "sh", str(state), sys.executable, "-c", READ_ONLY, str(state / "pymon.db")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.startswith("60 1 "), ended.stdout + ended.stderr
    assert "Read-only file system" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


async def test_damage_that_comes_while_the_record_is_used_loses_no_state(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R-damage. The file is read through on a schedule; what the daemon knows is written to a new one at once."""
    await fill(path, services=200)
    record = Store(path, StoreLimits(inspect_every=0.0))
    saved = await record.open()
    assert len(saved.states) == 200
    with path.open("r+b") as file:  # a page of the table of services that no write of now touches
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096)
    record.add(act(T0 + 500))
    async with asyncio.timeout(20):
        while not aside(path):
            record.state(WEB, DOWN)
            await record.settled()
            await asyncio.sleep(0.01)
    assert "set aside" in caplog.text
    await record.settled()
    async with asyncio.timeout(20):
        while len(await asyncio.to_thread(look_up_states, path)) < 201:
            await asyncio.sleep(0.01)
    await record.close()
    again = Store(path)
    after = await again.open()
    await again.close()
    assert after.states == {**saved.states, WEB: DOWN}


def look_up_states(path: Path) -> list[str]:
    """The services that are committed, read by another process's means."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return [name for (name,) in connection.execute("SELECT grp FROM services")]
        finally:
            connection.close()
    except sqlite3.Error:
        return []


async def test_readers_that_take_turns_let_the_log_grow_too(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-reader. All of the log can be moved, but it never begins again, as somebody always reads."""
    await fill(path)
    record = Store(path)
    await record.open()
    writer = sqlite3.connect(path, isolation_level=None)
    readers = [sqlite3.connect(path, isolation_level=None) for _ in range(2)]
    growth = LogGrowth(path, limit=20)
    for turn in range(60):
        reader, other = readers[turn % 2], readers[(turn + 1) % 2]
        writer.execute("INSERT OR REPLACE INTO meta VALUES ('x', ?)", ("y" * 9000,))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM meta").fetchone()
        if other.in_transaction:
            other.execute("COMMIT")
        _, pages, moved = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert pages - moved < 20
        growth.look(pages, moved)
    (said,) = [each.message for each in caplog.records]
    assert "pymon.db-wal grows" in said
    for connection in (*readers, writer):
        connection.close()
    await record.close()


def test_a_process_that_locks_a_file_of_the_same_number_elsewhere_is_not_named(tmp_path: Path) -> None:
    """R-reader. An operator would end it."""
    file, locks = tmp_path / "x-shm", tmp_path / "locks"
    file.write_bytes(b"x")
    locks.write_text(f"1: POSIX  ADVISORY  READ {os.getppid()} ff:ff:{file.stat().st_ino} 128 128\n")
    assert find_lock_holders(file, locks) == []


async def test_a_forgotten_reader_that_lets_the_log_grow_is_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R-reader. Said once, with the process that reads, and said again when it is over."""
    await fill(path)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN');"
        " c.execute('SELECT count(*) FROM events').fetchone(); print('reading', flush=True); sys.stdin.read()"
    )
    record = Store(path)
    await record.open()
    record.add(act(T0 + 600))
    await record.settled()
    reader = subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert await asyncio.to_thread(reader.stdout.readline) == "reading\n"
    for number in range(50):
        record.state(ServiceKey(f"g{number}", "s"), ServiceState(last_output="y" * 3000))
    await record.settled()
    growth = LogGrowth(path, limit=5)
    connection = sqlite3.connect(path, isolation_level=None)
    for _ in range(2):
        growth.look(*connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1:])
    (said,) = [each.message for each in caplog.records]
    assert f"pymon.db-wal grows (0 MiB): process {reader.pid} has been reading the record" in said
    await asyncio.to_thread(reader.communicate)
    growth.look(*connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1:])
    connection.close()
    assert "can be moved into the file again" in caplog.records[-1].message
    await record.close()


async def test_what_was_written_is_in_the_file_itself_after_a_checkpoint(path: Path) -> None:
    """It is synced then. A file that came into its place is left alone."""
    record = Store(path)
    await record.open()
    record.state(WEB, DOWN)
    record.add(act(T0, "to be synced"))
    await record.settled()
    assert b"to be synced" not in path.read_bytes()
    identity = find_identity(path)
    assert identity is not None
    assert checkpoint(path, (identity[0], identity[1] + 1)) is None
    assert b"to be synced" not in path.read_bytes()
    pages = checkpoint(path, identity)
    assert pages is not None
    assert pages[0] == pages[1] > 0
    assert b"to be synced" in path.read_bytes()
    await record.close()
    assert checkpoint(path.with_name("missing.db"), identity) is None
