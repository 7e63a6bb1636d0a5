"""What somebody asks about the daemon as a whole: its scheduler, configuration, histories, state files and record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pymon.engine.downtime import read_pages
from pymon.engine.history import History
from pymon.engine.line_writer import LineWriter
from pymon.engine.mon_state_sync import MonStateFiles
from pymon.engine.monitoring import SiteMonitor
from pymon.engine.requests.configuration import Configuration
from pymon.engine.requests.handler import Handler
from pymon.engine.state_owner import StateOwner
from pymon.errors import PymonError
from pymon.model import request as asked
from pymon.model.request import Asker, Outcome
from pymon.store.store import Store

log = logging.getLogger("pymon.engine")


class DaemonRequests:
    """Performs what is about no single service."""

    def __init__(
        self,
        owner: StateOwner,
        monitor: SiteMonitor,
        history: History,
        line_writer: LineWriter,
        record: Store,
        configuration: Configuration,
        saving: MonStateFiles,
    ) -> None:
        self._owner = owner
        self._monitor = monitor
        self._history = history
        self._line_writer = line_writer
        self._record = record
        self._configuration = configuration
        self._saving = saving

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Request → what performs it."""
        return {
            asked.LoadState: self._load_state,
            asked.ReadDowntimeLog: self._read_downtime_log,
            asked.ReadTimeline: self._read_timeline,
            asked.ReloadAuth: self._reload_auth,
            asked.Reset: self._reset,
            asked.SaveState: self._save_state,
            asked.SetMaxkeep: self._set_maxkeep,
            asked.StartScheduler: self._start_scheduler,
            asked.StopScheduler: self._stop_scheduler,
            asked.Terminate: self._terminate,
            asked.TestConfig: self._test_config,
        }

    async def _stop_scheduler(self, _request: asked.StopScheduler, _asker: Asker) -> Outcome:
        self._monitor.stop_scheduler()
        return Outcome()

    async def _start_scheduler(self, _request: asked.StartScheduler, _asker: Asker) -> Outcome:
        self._monitor.start_scheduler()
        return Outcome()

    async def _terminate(self, _request: asked.Terminate, _asker: Asker) -> Outcome:
        """The engine says so to those who wait for it, once all is on file."""
        return Outcome()

    async def _set_maxkeep(self, request: asked.SetMaxkeep, _asker: Asker) -> Outcome:
        self._history.set_length(request.count)
        return Outcome()

    async def _reset(self, request: asked.Reset, _asker: Asker) -> Outcome:
        if request.stopped:
            self._monitor.stop_scheduler()

        async def reset() -> None:
            await self._configuration.reset(keepstate=request.keepstate)

        return await _attempt(reset)

    async def _read_downtime_log(self, _request: asked.ReadDowntimeLog, _asker: Asker) -> Outcome:
        """The records of the downtime log; the first page is read here, so that a file that cannot be is refused."""
        settings = self._owner.site.settings
        await self._line_writer.written()
        pages = read_pages(Path(settings.dtlogfile))
        try:
            first = await anext(pages)
        except OSError as error:
            return Outcome(False, f"{settings.dtlogfile}: {error.strerror}")
        return Outcome(lines=first, pages=pages)

    async def _reload_auth(self, _request: asked.ReloadAuth, _asker: Asker) -> Outcome:
        return await _attempt(self._configuration.reload_auth)

    async def _test_config(self, _request: asked.TestConfig, _asker: Asker) -> Outcome:
        return await _attempt(self._configuration.test)

    async def _read_timeline(self, request: asked.ReadTimeline, _asker: Asker) -> Outcome:
        return Outcome(events=tuple(await self._record.events(request.key, request.since, request.limit)))

    async def _load_state(self, request: asked.LoadState, _asker: Asker) -> Outcome:
        await self._saving.load(request.kinds)
        return Outcome()

    async def _save_state(self, request: asked.SaveState, _asker: Asker) -> Outcome:
        failed = await self._saving.save(*request.kinds)
        return Outcome(not failed, f"cannot write {', '.join(failed)}, see the log" if failed else "")


async def _attempt(work: Callable[[], Any]) -> Outcome:
    """Do what reads files; what is wrong with them is the outcome, line by line."""
    try:
        await work()
    except PymonError as error:
        log.error("refused, and all goes on as before:\n%s", error)
        lines = str(error).splitlines()
        return Outcome(False, lines[0] if lines else "", tuple(lines))
    return Outcome()
