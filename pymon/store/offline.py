"""The record read from outside, whether a daemon runs or not; nothing is changed. Blocking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymon.errors import RecordError
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.state import ServiceState
from pymon.store import reading
from pymon.store.schema import NotARecord, Unusable
from pymon.store.versions import find_own_file


@dataclass(frozen=True, slots=True)
class StoredService:
    """What a record has of one service. ``state`` is None if it knows no such service.

    ``services`` are all that it knows, ``last_write`` is when it was written last (seconds since the epoch).
    ``is_watch_disabled`` and ``is_disabled`` tell what clients have disabled, ``stopped_since`` since when the
    scheduler is stopped (None: it is not).
    """

    events: tuple[TimelineEvent, ...]
    state: ServiceState | None
    services: tuple[ServiceKey, ...]
    last_write: float
    is_watch_disabled: bool = False
    is_disabled: bool = False
    stopped_since: float | None = None


def look_up(path: Path, key: ServiceKey, since: float = 0.0, limit: int = 200) -> StoredService:
    """Read what is on file of a service; raises RecordError if there is no record that can be read."""
    path = find_own_file(path).path
    with _explain(path), reading.opened(path) as connection:
        connection.execute("BEGIN")  # one moment for all that is read
        is_watch_disabled, is_disabled, stopped_since = reading.muted(connection, key)
        return StoredService(
            events=tuple(event for _, event in reading.events(connection, key, since, limit)),
            state=reading.state(connection, key),
            services=tuple(reading.services(connection)),
            last_write=reading.last_write(connection),
            is_watch_disabled=is_watch_disabled,
            is_disabled=is_disabled,
            stopped_since=stopped_since,
        )


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    try:
        yield
    except (NotARecord, Unusable) as problem:
        raise RecordError(f"cannot read the record {path}: {problem}") from problem
