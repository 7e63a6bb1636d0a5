"""A batch brought into the tables, in one transaction. Blocking; the counterpart of ``reading``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pymon.model.delivery import PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.result_run import ResultRun
from pymon.store.batch import Batch
from pymon.store.codec import encode_facts, encode_measurements, encode_pending, encode_state
from pymon.store.disk_worker import breathe
from pymon.text import bounded, encode

CHUNK = 32
"""rows between two breaths, in which the event loop gets its turn"""
BREATH = 0.0003
"""seconds"""
TEXT_LIMIT = 4096
"""characters of an event's text that are kept"""
SUMMARY_LIMIT = 500
"""characters of a result's summary that are kept"""
FACTS_LIMIT = 16384
"""characters of an event's facts that are kept"""
_ALERT = "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Bases:
    """What a daemon's own numbers are added to in this file: the highest of each table before it."""

    events: int = 0
    results: int = 0


def write(connection: sqlite3.Connection, batch: Batch, bases: Bases) -> None:
    """Write a batch and commit it."""
    connection.execute("BEGIN IMMEDIATE")
    if batch.is_all:
        forget_state(connection)
    for statement, rows in _changes(batch, bases):
        for chunk in _chunks(rows):
            connection.executemany(statement, chunk)
            if len(chunk) == CHUNK:
                breathe(BREATH)
    if (moment := batch.moment) is not None:
        rows = [("last_write", moment.at), ("last_boot", moment.boot), ("last_booted_for", moment.booted_for)]
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
    connection.execute("COMMIT")


def forget_state(connection: sqlite3.Connection) -> None:
    """Remove all but the events, the results, and what tells their age; the caller commits."""
    for table in ("services", "measurements", "disabled", "alerts", "history"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  # of our own words
    connection.execute("DELETE FROM meta WHERE name <> 'ages'")


def _changes(batch: Batch, bases: Bases) -> Iterator[tuple[str, Iterable[Sequence[object]]]]:
    """Statements with the rows that each is done with. What is a batch's own is not touched while it is written."""
    gone = [(encode(key.group), encode(key.service)) for key, state in batch.states.items() if state is None]
    yield "DELETE FROM services WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT)", gone
    yield "DELETE FROM measurements WHERE grp = CAST(? AS TEXT) AND service = CAST(? AS TEXT)", gone
    yield (
        "INSERT OR REPLACE INTO services VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?)",
        (
            (encode(key.group), encode(key.service), encode_state(state))
            for key, state in batch.states.items()
            if state is not None
        ),
    )
    yield (
        "INSERT OR REPLACE INTO measurements VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)",
        (
            (encode(key.group), encode(key.service), state.measured, encode_measurements(state.measurements))
            for key, state in batch.measured.items()
        ),
    )
    if batch.disabled is not None:
        yield "DELETE FROM disabled WHERE ?", [(1,)]
        disabled = batch.disabled
        rows = [("watch", watch, "") for watch in disabled.watches]
        rows += [("service", key.group, key.service) for key in disabled.services]
        rows += [("host", "", host) for host in disabled.hosts]
        rows += [("enabled host", "", host) for host in disabled.enabled_hosts]
        yield (
            "INSERT INTO disabled VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT))",
            ((kind, encode(group), encode(name)) for kind, group, name in rows),
        )
    if batch.scheduler is not None:
        yield "INSERT OR REPLACE INTO meta VALUES ('stopped_since', ?)", [batch.scheduler]
    yield (
        "INSERT INTO history (name, line) VALUES (?, CAST(? AS TEXT))",
        ((name, encode(line)) for name, line in batch.lines),
    )
    yield "DELETE FROM alerts WHERE token = ?", [(token,) for token, undone in batch.alerts.items() if undone is None]
    yield _ALERT, (_alert_row(undone) for undone in batch.alerts.values() if undone is not None)
    yield (
        "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), "
        "CAST(? AS TEXT), ?)",
        (_event_row(bases.events + number, event) for number, event in batch.events.items()),
    )
    yield (
        "INSERT OR REPLACE INTO results VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?, ?, ?)",
        (_result_row(bases.results + number, *each) for number, each in batch.results.items()),
    )


def keep_alerts(connection: sqlite3.Connection, undone: Iterable[PendingDelivery]) -> None:
    """Put alerts that are not done into the record; the caller commits."""
    connection.executemany(_ALERT, map(_alert_row, undone))


def _alert_row(undone: PendingDelivery) -> tuple[object, ...]:
    return undone.token, undone.started, encode_pending(undone.pending)


def _event_row(number: int, event: TimelineEvent) -> tuple[object, ...]:
    text = bounded(event.text, TEXT_LIMIT)
    facts = encode_facts(event.facts)
    return (
        *(number, event.at, max(event.at, event.until), event.count, event.kind.value),
        *map(encode, (event.group, event.service, event.asker, text)),
        facts if len(facts) <= FACTS_LIMIT else encode_facts({"cut": len(facts)}),
    )


def _result_row(number: int, key: ServiceKey, run: ResultRun) -> tuple[object, ...]:
    summary = encode(bounded(run.summary, SUMMARY_LIMIT))
    names = encode(key.group), encode(key.service)
    return number, *names, run.outcome.value, run.exitval, summary, run.count, run.first, run.last


def _chunks(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
