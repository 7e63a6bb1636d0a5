"""The record's file: opened, set aside if it is damaged, written and read. Everything here blocks: for one thread.

Durability: what a write has returned from outlives the end of the process by whatever means, as the kernel has it. It
is synced to the disk by checkpoints (``maintain_every``), so a power failure may lose that much, but not damage
what is older.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pymon.clock import Clock
from pymon.model.delivery import Pending, PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.result_run import ResultRun
from pymon.store import reading, schema, writing
from pymon.store.batch import Batch, Saved
from pymon.store.claim import Claim
from pymon.store.health import find_identity
from pymon.store.limits import StoreLimits
from pymon.store.pending_files import FOLDER, newer_than, read_pending, remove_pending
from pymon.store.retention import STEP, STEPS, count_time, prune, prune_crowded, prune_histories
from pymon.store.schema import NotARecord, Unusable
from pymon.store.versions import find_later_files, find_own_file
from pymon.store.writing import Bases
from pymon.text import decode

log = logging.getLogger("pymon.record")

T = TypeVar("T")

BUSY_LIMIT = 2.0
"""seconds a write waits while another process (a backup, somebody's sqlite3) locks the file"""
LOG_PAGES = 8192
"""pages of 4 KiB (32 MiB) of the ``-wal`` from which on a write syncs them itself: the checkpoints do not keep up"""
ASIDE_KEPT = 5
"""files set aside that are kept"""
ASIDE_QUIET = 60.0
"""seconds in which not a second file is set aside: the disk is broken, not the file"""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""primary result codes that speak of the file itself; our statements being fixed, SQLITE_ERROR is a missing table"""


@dataclass(frozen=True, slots=True)
class Written:
    """How a write ended: ``problem`` says why nothing was written; ``needs_all``: the file is another, write it all."""

    problem: str = ""
    needs_all: bool = False


class Database:
    """One file; to be used by one thread."""

    def __init__(self, path: Path, limits: StoreLimits, clock: Clock) -> None:
        """Nothing is touched yet. ``path`` is the record; the file in use may be one next to it (``versions``)."""
        self._clock = clock
        self._record = path
        self.path = path
        self._limits = limits
        self._connection: sqlite3.Connection | None = None
        self._claim = Claim(path)
        self._file: tuple[int, int] | None = None
        self._bases = Bases()
        self._needs_all = True
        self._is_outdated = False
        self._set_aside_at: float | None = None
        self._prune_due = self._count_results_due = self._clock.steady()

    def start(self, *, fresh: bool) -> tuple[Saved, Written]:
        """Open the file, or begin one, and give what an earlier daemon left in it.

        ``fresh``: the alerts with an order that it had not done, and all else is forgotten but for the events. On a
        file system that cannot be written, what is there is read all the same. Files of an older pymon with alerts
        that it had not done (``pending_files``) are taken into the record.
        """
        folder = self.path.with_name(FOLDER)
        pending = read_pending(folder)
        try:
            self._open(thoroughly=True)
            if self._is_outdated:
                self._guard(_forget_state)
            saved = self._take_up(fresh, pending)
        except Unusable as problem:
            saved = Saved() if fresh or self._claim.is_held else reading.last_resort(self.path)
            return _with_undone(saved, newer_than(saved.undone, pending)), Written(str(problem))
        remove_pending(folder)
        self._needs_all = False
        return saved, Written()

    def save(self, batch: Batch) -> Written:
        """Write a batch in one transaction."""
        try:
            self._open(thoroughly=False)
            if self._needs_all and not batch.is_all:
                return Written(needs_all=True)
            self._guard(lambda connection: writing.write(connection, batch, self._bases))
        except NotARecord as damage:
            return self._recover(str(damage))
        except Unusable as problem:
            self._disconnect()
            return Written(str(problem))
        self._needs_all = False
        return Written()

    def events(self, key: ServiceKey | None, since: float, limit: int) -> list[tuple[int, TimelineEvent]]:
        """What is on file of a service (None: of everything), the newest ``limit`` events; empty if it cannot be read.

        Each comes with its number as ``EventCoalescer`` gave it (those of earlier daemons have numbers below 1).
        """
        if self._connection is None:
            return []
        try:
            found = self._guard(lambda connection: reading.events(connection, key, since, limit))
        except (NotARecord, Unusable) as problem:
            log.error("cannot read events in %s: %s", self.path, problem)
            return []
        return [(number - self._bases.events, event) for number, event in found]

    def results(self, key: ServiceKey, since: float, until: float) -> list[tuple[int, ResultRun]]:
        """The runs of a service's results on file, with their numbers as ``events`` has them."""
        if self._connection is None:
            return []
        try:
            found = self._guard(lambda connection: reading.results(connection, key, since, until))
        except (NotARecord, Unusable) as problem:
            log.error("cannot read results in %s: %s", self.path, problem)
            return []
        return [(number - self._bases.results, run) for number, run in found]

    def maintain(self) -> bool:
        """Sync what was written, and drop what is too old, if it is time for that. True: there is more to drop.

        It takes some hundredths of a second at most; the caller lets other work have its turn in between.
        """
        now = self._clock.steady()
        try:
            if self._connection is not None and now >= self._prune_due:
                is_more = self._guard(self._drop_old)
                self._prune_due = now + (0.0 if is_more else self._limits.maintain_every)
                return is_more
        except (NotARecord, Unusable) as problem:  # the next write meets it too, and reports it
            log.debug("%s: %s", self.path, problem)
        return False

    @property
    def identity(self) -> tuple[int, int] | None:
        """Which file was opened last; None if none is."""
        return self._file

    def condemn(self, damage: str) -> Written:
        """Damage was found in the file: set it aside, so that everything is written to a new one."""
        return self._recover(damage) if self._connection is not None else Written()

    def close(self) -> None:
        """Sync and close; the file is complete without its ``-wal`` then."""
        self._disconnect()
        self._claim.release()

    def _drop_old(self, connection: sqlite3.Connection) -> bool:
        """Drop some of what is too old, or too much; whether there is more."""
        removed = prune(connection, count_time(connection, self._clock, self._limits), self._limits)
        removed += prune_histories(connection)
        now = self._clock.steady()
        if now >= self._count_results_due:
            crowded = prune_crowded(connection, self._limits)
            self._count_results_due = now + (0.0 if crowded else self._limits.count_results_every)
            removed += crowded
        return removed >= STEP * STEPS

    # Opening

    def _open(self, *, thoroughly: bool) -> None:
        """Be connected to the file that has the path now; raises Unusable."""
        self._claim.assert_held()
        if self._connection is not None and find_identity(self.path) == self._file:
            return
        if self._connection is not None:
            log.error("%s was removed or replaced: another is begun", self.path)
            self._disconnect()
            self._file = None
        self._choose_file()
        try:
            self._connect(thoroughly)
        except NotARecord as damage:
            self._put_aside(str(damage))
            try:
                self._connect(thoroughly)
            except NotARecord as again:
                raise Unusable(f"a new one cannot be read either: {again}") from again

    def _choose_file(self) -> None:
        """See which file is to be used, and whether what it says of services is out of date."""
        own = find_own_file(self._record)
        if own.path != self.path:
            self.path = own.path
            if own.newer:
                log.warning(
                    "%s was written by a newer pymon (its tables are of version %d, not %d): it is left alone, "
                    "and this one keeps its record in %s",
                    *(self._record, own.newer, schema.VERSION, own.path.name),
                )
        for other in find_later_files(self._record) if not own.newer and self._file is None else ():
            log.warning("%s was kept by another version after %s: what it knows is not taken up", other, self._record)
        self._is_outdated = own.is_outdated

    def _connect(self, thoroughly: bool) -> None:
        """Open the file and see that it is ours; raises NotARecord or Unusable, and is not connected then."""
        existed = self.path.exists()
        try:
            # It holds what alerts get, which can be passwords: nobody else reads it.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise Unusable(f"{error.strerror} ({error.filename})") from error
        try:
            with _translated():
                # One job after the other uses it, but where the system has no thread to spare, the event loop does.
                self._connection = sqlite3.connect(
                    self.path, timeout=BUSY_LIMIT, isolation_level=None, check_same_thread=False
                )
                bases = self._prepare(self._connection, thoroughly, existed)
        except (NotARecord, Unusable):
            self._disconnect()
            raise
        if self._file != (found := find_identity(self.path)):
            self._file, self._bases, self._needs_all = found, bases, True

    def _prepare(self, connection: sqlite3.Connection, thoroughly: bool, existed: bool) -> Bases:
        """Make the tables, or see that they are ours."""
        connection.text_factory = decode
        connection.execute("PRAGMA trusted_schema = OFF")
        if schema.is_empty(connection):
            schema.create(connection)
            self._file = None  # even if the system gives it the number of one that was removed
            if existed:
                log.info("%s is empty: a new record is begun", self.path)
        else:
            schema.verify(connection, thoroughly=thoroughly)
            if (before := schema.upgrade(connection)) != schema.VERSION:
                log.info("%s: its tables are of version %d now (before: %d)", self.path, schema.VERSION, before)
                # An older pymon looks at the version in the file's header (``versions``), not into the log.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        return Bases(*(reading.newest(connection, table) for table in ("events", "results")))

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _recover(self, damage: str) -> Written:
        """Damage was met while writing: have the file set aside, and a new one begun with everything."""
        self._disconnect()
        try:
            self._put_aside(damage)
        except Unusable as problem:
            return Written(str(problem))
        return Written(needs_all=True)

    def _put_aside(self, damage: str) -> None:
        """Rename the file, with what SQLite keeps next to it; raises Unusable if that cannot be done."""
        now = self._clock.steady()
        if self._set_aside_at is not None and now - self._set_aside_at < ASIDE_QUIET:
            raise Unusable(f"it cannot be used ({damage}), and neither could the one before it")
        stamp = time.strftime("%Y%m%dT%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.bad-{stamp}")
        count = 0
        while aside.exists():
            count += 1
            aside = self.path.with_name(f"{self.path.name}.bad-{stamp}.{count}")
        try:
            self.path.rename(aside)
            for ending in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(f"{self.path.name}{ending}").rename(f"{aside}{ending}")
        except OSError as error:
            raise Unusable(f"it cannot be used ({damage}), nor set aside: {error.strerror}") from error
        self._set_aside_at, self._file = now, None
        log.error("%s cannot be used: %s; set aside as %s, and a new one is begun", self.path, damage, aside.name)
        _forget_old_ones(self.path)

    # Reading and writing

    def _guard(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work on the connection in one transaction; raises NotARecord or Unusable, nothing is written then."""
        connection = self._connection
        if connection is None:
            raise Unusable("it is not open")
        with _translated():
            try:
                return work(connection)
            except BaseException:
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    def _take_up(self, fresh: bool, pending: Sequence[Pending]) -> Saved:
        def work(connection: sqlite3.Connection) -> Saved:
            saved = reading.saved(connection)
            if fresh:
                owed = {key: state for key, state in saved.states.items() if state.debts}
                saved = Saved(forgotten=owed, undone=tuple(each for each in saved.undone if each.pending.key))
            found = newer_than(saved.undone, pending)
            saved = _with_undone(saved, found)
            if fresh or found:
                connection.execute("BEGIN IMMEDIATE")
                if fresh:
                    writing.forget_state(connection)
                writing.keep_alerts(connection, saved.undone)
                connection.execute("COMMIT")
            return saved

        try:
            return self._guard(work)
        except NotARecord as damage:
            answer = self._recover(str(damage))
            if answer.problem:
                raise Unusable(answer.problem) from damage
            self._open(thoroughly=False)
            return self._guard(work)


def _with_undone(saved: Saved, more: Iterable[PendingDelivery]) -> Saved:
    undone = sorted((*saved.undone, *more), key=lambda each: each.pending.at)
    return replace(saved, undone=tuple(undone))


def _forget_state(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    writing.forget_state(connection)
    connection.execute("COMMIT")


def _forget_old_ones(path: Path) -> None:
    """Remove the oldest of the files that were set aside, so that a bad disk does not fill up with them."""
    mine = [each for each in path.parent.glob(f"{path.name}.bad-*") if not each.name.endswith(("-wal", "-shm"))]
    for old in sorted(mine)[:-ASIDE_KEPT]:
        for each in (old, Path(f"{old}-wal"), Path(f"{old}-shm")):
            with contextlib.suppress(OSError):
                each.unlink(missing_ok=True)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLite's errors into ours: damage of the file, or a reason that is not its fault."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)  # errors of the driver itself have none
        if code is not None and code & 0xFF in _DAMAGE:
            raise NotARecord(str(error)) from error
        raise Unusable(str(error)) from error
