"""The tables of the record, and whether a file is one of ours.

Names and texts may hold bytes that are not UTF-8; they stand in their columns as they are, so that ``sqlite3`` shows
them. Booleans and JSON are text. Times are seconds since the epoch.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x70796D6F
"""``pymo``: marks a SQLite file as a record of pymon's"""
VERSION = 3
"""of the tables: 2 has the measurements, 3 the results. An older file is brought up to it, a newer one left alone"""

TABLES = {
    "meta": ("name", "value"),
    "services": ("grp", "service", "state"),
    "disabled": ("kind", "grp", "name"),
    "measurements": ("grp", "service", "at", "figures"),
    "alerts": ("token", "started", "pending"),
    "history": ("id", "name", "line"),
    "results": ("id", "grp", "service", "outcome", "exitval", "summary", "count", "first", "last"),
    "events": ("id", "at", "until", "count", "kind", "grp", "service", "asker", "text", "facts"),
}

_SINCE = {"measurements": 2, "results": 3}
"""table → the version that it came with, if not the first"""

_MEASUREMENTS = (
    "CREATE TABLE measurements (grp TEXT, service TEXT, at REAL NOT NULL, figures TEXT NOT NULL, "
    "PRIMARY KEY (grp, service))"
)
_RESULTS = (
    "CREATE TABLE results (id INTEGER PRIMARY KEY, grp TEXT NOT NULL, service TEXT NOT NULL, outcome TEXT NOT NULL, "
    "exitval INTEGER, summary TEXT NOT NULL, count INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL)",
    "CREATE INDEX results_of_service ON results (grp, service, id)",
)
_UPGRADES = {1: (_MEASUREMENTS, *_RESULTS), 2: _RESULTS}
"""version → what brings its tables up to this one"""
_STATEMENTS = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE services (grp TEXT, service TEXT, state TEXT NOT NULL, PRIMARY KEY (grp, service))",
    _MEASUREMENTS,
    "CREATE TABLE disabled (kind TEXT, grp TEXT, name TEXT, PRIMARY KEY (kind, grp, name)) WITHOUT ROWID",
    "CREATE TABLE alerts (token TEXT PRIMARY KEY, started REAL NOT NULL, pending TEXT NOT NULL)",
    "CREATE TABLE history (id INTEGER PRIMARY KEY, name TEXT NOT NULL, line TEXT NOT NULL)",
    "CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, until REAL NOT NULL, count INTEGER NOT NULL, "
    "kind TEXT NOT NULL, grp TEXT NOT NULL, service TEXT NOT NULL, asker TEXT NOT NULL, text TEXT NOT NULL, "
    "facts TEXT NOT NULL)",
    *_RESULTS,
    "CREATE INDEX history_by_name ON history (name, id)",
    "CREATE INDEX events_of_service ON events (grp, service, id)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


class NotARecord(Exception):
    """The file is damaged, or another program wrote it: it is to be set aside. The text says what is wrong with it."""


class Unusable(Exception):
    """There can be no record now, for a reason that is not the file's fault. The text says why."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _STATEMENTS:
        connection.execute(statement)
    connection.execute("COMMIT")


def upgrade(connection: sqlite3.Connection) -> int:
    """Bring the tables of a verified record up to this version; the version they had. Nothing in them changes."""
    found = version(connection)
    if found < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _UPGRADES[found]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    return found


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a record has a table; one of an older pymon that is only looked into has not all."""
    return version(connection) >= _SINCE.get(name, 1)


def version(connection: sqlite3.Connection) -> int:
    """The version of the tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether there is nothing in the database at all."""
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def verify(connection: sqlite3.Connection, *, thoroughly: bool = True) -> None:
    """Raise NotARecord or Unusable unless the database is a record, of this version or an older one.

    ``thoroughly`` reads the whole file, and finds damage in any page.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found_version = version(connection)
    if application != APPLICATION_ID:
        raise NotARecord("it is a database of something else")
    if found_version > VERSION:  # and that is not in its header yet (``versions``)
        raise Unusable(f"it was written by a newer pymon (its tables are of version {found_version}, not {VERSION})")
    if found_version < 1:
        raise NotARecord(f"its tables are of version {found_version}, which never was")
    for table, columns in TABLES.items():
        if _SINCE.get(table, 1) > found_version:
            continue
        found = tuple(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
        if found != columns:
            raise NotARecord(f"its table {table} has other columns" if found else f"it has no table {table}")
    if thoroughly:
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise NotARecord(f"it is damaged: {' '.join(str(problem).split())}")
