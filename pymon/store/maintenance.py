"""When the record's file is looked after: synced, thinned out, and read through for damage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pymon.clock import awake
from pymon.store.database import Database, Written
from pymon.store.disk_worker import DiskWorker
from pymon.store.health import LogGrowth, checkpoint, find_damage
from pymon.store.limits import StoreLimits


class Maintenance:
    """Of one database, on one event loop. Times are those of the event loop's clock."""

    def __init__(
        self,
        database: Database,
        worker: DiskWorker,
        set_aside: Callable[[Written], None],
        limits: StoreLimits,
    ) -> None:
        """``worker`` does the database's work. ``set_aside`` is told when a damaged file made way for a new one."""
        self._database = database
        self._worker = worker
        self._set_aside = set_aside
        self._inspector = DiskWorker("pymon-record-check")  # so that no write waits for it
        self._limits = limits
        self._maintain_at = 0.0
        self._inspect_at: float | None = None
        self._sync_at: float | None = None
        self._inspecting: asyncio.Future[str] | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._growth: LogGrowth | None = None

    def look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin what is due; returns at once. To be called after each write."""
        now = awake()
        if self._inspect_at is None:  # the file was read through when it was opened
            self._inspect_at = now + self._limits.inspect_every
        if self._sync_at is None:
            self._sync_at = now + self._limits.maintain_every
        if now >= self._maintain_at:
            self._maintain(loop)
        path, identity = self._database.path, self._database.identity
        if now >= self._sync_at and identity is not None and (self._syncing is None or self._syncing.done()):
            self._sync_at = now + self._limits.maintain_every
            self._syncing = self._inspector.submit(partial(self._sync, path, identity))
        if now >= self._inspect_at and (self._inspecting is None or self._inspecting.done()):
            self._inspect_at = now + self._limits.inspect_every
            self._inspecting = self._inspector.submit(partial(find_damage, path))
            self._inspecting.add_done_callback(partial(self._inspect, loop))

    async def stop(self, limit: float) -> None:
        """Begin nothing more, and let what reads the file end, for ``limit`` seconds at most.

        Who closes the file last leaves no log next to it.
        """
        self._maintain_at = self._inspect_at = self._sync_at = float("inf")
        under_way = [each for each in (self._syncing, self._inspecting) if each is not None and not each.done()]
        if under_way:
            await asyncio.wait(under_way, timeout=limit)
        self._inspector.stop()

    def _maintain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the database looked after; while there is more to drop, again after what came meanwhile."""
        self._maintain_at = max(self._maintain_at, awake() + self._limits.maintain_every)

        def maintained(done: asyncio.Future[bool]) -> None:
            if not done.cancelled() and done.exception() is None and done.result() and self._maintain_at < float("inf"):
                self._maintain(loop)

        self._worker.submit(self._database.maintain).add_done_callback(maintained)

    def _sync(self, path: Path, identity: tuple[int, int]) -> None:
        """To be done by the inspector's thread, which alone knows how the log grows."""
        if (pages := checkpoint(path, identity)) is not None:
            if self._growth is None or self._growth.path != path:
                self._growth = LogGrowth(path)
            self._growth.look(*pages)

    def _inspect(self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[str]) -> None:
        damage = "" if done.cancelled() or done.exception() else done.result()
        if damage:
            condemning = self._worker.submit(partial(self._database.condemn, damage))
            condemning.add_done_callback(self._condemn)

    def _condemn(self, done: asyncio.Future[Written]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._set_aside(done.result())
