"""What stands in the record, read from its tables. Blocking; knows nothing of writing."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from pymon.model.delivery import PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.result import CheckOutcome
from pymon.model.result_run import ResultRun
from pymon.model.state import ServiceState
from pymon.store import schema
from pymon.store.batch import LINES_KEPT, Saved
from pymon.store.codec import decode_facts, decode_measurements, decode_pending, decode_state
from pymon.store.moment import Moment
from pymon.store.schema import NotARecord, Unusable
from pymon.text import decode, encode

log = logging.getLogger("pymon.record")

_KINDS = frozenset(TimelineKind)
_OUTCOMES = frozenset(CheckOutcome)
_COLUMNS = "id, at, until, count, kind, grp, service, asker, text, facts"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Look into a record without changing it, whether a daemon writes it or not.

    Raises Unusable if there is no file, or it cannot be read, and NotARecord if another program wrote it.
    """
    try:
        path.stat()
        has_log = path.with_name(f"{path.name}-wal").exists()
    except FileNotFoundError:
        raise Unusable("there is none") from None
    except OSError as error:  # a folder on the way, or what is there instead of it
        raise Unusable(f"{error.strerror}") from error
    address = f"file:{quote(encode(str(path.absolute())))}"
    # A file in WAL mode has others next to it while it is in use, and SQLite makes them for readers too. After a clean
    # end nothing but the file itself counts; and where nothing may be written, nothing else can be had.
    ways = [f"{address}?mode=ro", f"{address}?immutable=1"]
    if not has_log:
        ways.reverse()
    connection: sqlite3.Connection | None = None
    try:
        try:
            connection = _connect(ways[0])
        except sqlite3.OperationalError:
            connection = _connect(ways[1])
        schema.verify(connection, thoroughly=False)
        yield connection
    except sqlite3.OperationalError as error:
        raise Unusable(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise NotARecord(str(error)) from error
    finally:
        if connection is not None:
            connection.close()


def _connect(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=2.0, isolation_level=None)
    try:
        connection.text_factory = decode
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def last_resort(path: Path) -> Saved:
    """What an earlier daemon left in a file that can be read but not written; empty if not even that."""
    try:
        with opened(path) as connection:
            return saved(connection)
    except (NotARecord, Unusable):
        return Saved()


def saved(connection: sqlite3.Connection) -> Saved:
    """All but the events. Rows that say nothing sensible are passed over, with a note."""
    notes: list[str] = []
    meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    disabled = connection.execute("SELECT kind, grp, name FROM disabled").fetchall()
    found = Saved(
        states=dict(_states(connection, notes)),
        disabled_watches=frozenset(group for kind, group, _ in disabled if kind == "watch"),
        disabled_services=frozenset(ServiceKey(group, name) for kind, group, name in disabled if kind == "service"),
        disabled_hosts=frozenset(name for kind, _, name in disabled if kind == "host"),
        enabled_hosts=frozenset(name for kind, _, name in disabled if kind == "enabled host"),
        stopped_since=_time(meta.get("stopped_since")),
        undone=tuple(sorted(_undone(connection, notes), key=lambda each: each.pending.at)),
        last_write=last_write(connection),
        written=_written(meta),
        notes=tuple(notes),
        histories=_histories(connection),
    )
    for note in notes:
        log.error("%s", note)
    return found


def events(
    connection: sqlite3.Connection, key: ServiceKey | None, since: float, limit: int
) -> list[tuple[int, TimelineEvent]]:
    """The newest ``limit`` events that go on to ``since`` or later, oldest first, each with its number.

    Those of a service include what concerns its watch and the whole daemon. ``key`` None: the events of everything.
    """
    rows: list[tuple[int, float, float, int, str, str, str, str, str, str]] = []
    if key is None:
        statement = f"SELECT {_COLUMNS} FROM events WHERE until >= ? ORDER BY id DESC LIMIT ?"  # noqa: S608  # of our own words
        rows += connection.execute(statement, (since, limit))
    else:
        statement = (
            f"SELECT {_COLUMNS} FROM events WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT) "  # noqa: S608  # of our own words
            "AND until >= ? ORDER BY id DESC LIMIT ?"
        )
        for group, service in {(key.group, key.service), (key.group, ""), ("", "")}:
            rows += connection.execute(statement, (encode(group), encode(service), since, limit))
    newest = sorted(rows, key=lambda row: (row[1], row[0]))[-limit:] if limit > 0 else []
    return [
        (
            number,
            TimelineEvent(
                *(at, TimelineKind(kind), text, group, service, asker, _facts(facts)),
                until=until if count > 1 else 0.0,
                count=count,
            ),
        )
        for number, at, until, count, kind, group, service, asker, text, facts in newest
        if kind in _KINDS
    ]


def results(connection: sqlite3.Connection, key: ServiceKey, since: float, until: float) -> list[tuple[int, ResultRun]]:
    """The runs of a service's results that reach into a time, in the order in which they came, with their numbers."""
    if not schema.has_table(connection, "results"):
        return []
    rows = connection.execute(
        "SELECT id, outcome, exitval, summary, count, first, last FROM results "
        "WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT) AND last >= ? AND first <= ? ORDER BY id",
        (encode(key.group), encode(key.service), since, until),
    )
    return [
        (number, ResultRun(CheckOutcome(outcome), summary, first, last, count, exitval))
        for number, outcome, exitval, summary, count, first, last in rows
        if outcome in _OUTCOMES
    ]


def state(connection: sqlite3.Connection, key: ServiceKey) -> ServiceState | None:
    """The state of one service; None if there is no state, or its text cannot be decoded."""
    names = encode(key.group), encode(key.service)
    statement = "SELECT state FROM services WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT)"
    row = connection.execute(statement, names).fetchone()
    if row is None:
        return None
    try:
        found = decode_state(row[0])
    except (ValueError, TypeError):
        return None
    if not schema.has_table(connection, "measurements"):
        return found
    statement = "SELECT at, figures FROM measurements WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT)"
    measured = connection.execute(statement, names).fetchone()
    return found if measured is None else _with_measurements(found, *measured)


def muted(connection: sqlite3.Connection, key: ServiceKey) -> tuple[bool, bool, float | None]:
    """Whether a service's watch and the service itself are disabled; since when the scheduler is stopped."""
    statement = "SELECT count(*) FROM disabled WHERE kind = ? AND grp = CAST(? AS TEXT) AND name = CAST(? AS TEXT)"
    watch, service = (
        bool(connection.execute(statement, (kind, encode(key.group), encode(name))).fetchone()[0])
        for kind, name in (("watch", ""), ("service", key.service))
    )
    row = connection.execute("SELECT value FROM meta WHERE name = 'stopped_since'").fetchone()
    return watch, service, _time(row[0]) if row else None


def _histories(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    lines: dict[str, list[str]] = {}
    for name, line in connection.execute("SELECT name, line FROM history ORDER BY id"):
        lines.setdefault(name, []).append(line)
    return {name: tuple(each[-LINES_KEPT:]) for name, each in lines.items()}


def _written(meta: Mapping[str, object]) -> Moment:
    """When the record was written last; of an older pymon only the wall clock is known."""
    boot, booted_for = meta.get("last_boot"), _time(meta.get("last_booted_for"))
    is_known = isinstance(boot, str) and booted_for is not None
    return Moment(_time(meta.get("last_write")) or 0.0, *((str(boot), booted_for or 0.0) if is_known else ()))


def newest(connection: sqlite3.Connection, table: str) -> int:
    """The highest number in a table of numbered rows; 0 if there are none."""
    return int(connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608  # our own


def last_write(connection: sqlite3.Connection) -> float:
    """When the record was written last, in seconds since the epoch; 0 for never."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'last_write'").fetchone()
    return (_time(row[0]) if row else None) or 0.0


def services(connection: sqlite3.Connection) -> list[ServiceKey]:
    """The services that the record knows, in the order of their names."""
    return sorted(ServiceKey(*row) for row in connection.execute("SELECT grp, service FROM services"))


def _states(connection: sqlite3.Connection, notes: list[str]) -> Iterator[tuple[ServiceKey, ServiceState]]:
    measured = _measured(connection)
    for group, service, text in connection.execute("SELECT grp, service, state FROM services"):
        key = ServiceKey(group, service)
        try:
            state = decode_state(text)
            yield key, _with_measurements(state, *measured[key]) if key in measured else state
        except (ValueError, TypeError) as problem:
            notes.append(f"the state of {group}/{service} cannot be taken up: {problem}")


def _measured(connection: sqlite3.Connection) -> dict[ServiceKey, tuple[object, str]]:
    if not schema.has_table(connection, "measurements"):
        return {}
    rows = connection.execute("SELECT grp, service, at, figures FROM measurements")
    return {ServiceKey(group, service): (at, figures) for group, service, at, figures in rows}


def _with_measurements(state: ServiceState, at: object, figures: str) -> ServiceState:
    """What cannot be read of them is as good as not measured: the next check brings others."""
    try:
        return replace(state, measured=_time(at) or 0.0, measurements=decode_measurements(figures))
    except (ValueError, TypeError):
        return state


def _undone(connection: sqlite3.Connection, notes: list[str]) -> Iterator[PendingDelivery]:
    for token, started, text in connection.execute("SELECT token, started, pending FROM alerts"):
        try:
            yield PendingDelivery(token, decode_pending(text), float(started))
        except (ValueError, TypeError) as problem:
            notes.append(f"an alert that was not done yet cannot be taken up: {problem}")


def _facts(text: str) -> dict[str, object]:
    try:
        return decode_facts(text)
    except ValueError:
        return {}


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
