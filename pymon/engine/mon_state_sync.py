"""mon's state files of a running daemon: brought up to date after each switch, written and read when asked for.

pymon itself does not rely on them (it has its record), so what goes wrong with them is logged, as in mon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from pymon.core.time_shift import bound_times
from pymon.engine import mon_state_format
from pymon.engine.limits import EngineLimits
from pymon.engine.state_owner import StateOwner
from pymon.engine.timers import Timers
from pymon.model.change import ChangeCause
from pymon.model.request import SavedKind
from pymon.model.timer import Timer
from pymon.store.disk_worker import DiskWorker

log = logging.getLogger("pymon.engine")

T = TypeVar("T")


def parse_kinds(name: str | None) -> tuple[SavedKind, ...]:
    """What ``-l`` names: ``disabled``, ``opstatus`` or ``all``; None is nothing. Raises ValueError for other names."""
    if not name:
        return ()
    return tuple(SavedKind) if name == "all" else (SavedKind(name),)


class MonStateFiles:
    """Writes and reads ``disabled`` and ``opstatus`` in statedir, one after the other."""

    def __init__(self, owner: StateOwner, timers: Timers, worker: DiskWorker, limits: EngineLimits) -> None:
        """``worker`` does the work, and may have other work to do."""
        self._owner = owner
        self._timers = timers
        self._worker = worker
        self._limits = limits

    async def save(self, *kinds: SavedKind) -> tuple[SavedKind, ...]:
        """Write files as things are now; gives those that could not be written, and the log says why."""
        failed = []
        for kind in kinds:
            directory = self._owner.site.settings.statedir
            text = self._text(kind)
            if not await self._on_disk(f"write {directory}/{kind}", partial(_write, directory, kind, text)):
                failed.append(kind)
        return tuple(failed)

    async def load(self, kinds: Iterable[SavedKind]) -> None:
        """Take over what the files say: what they disable is added to what is, the states replace those there are."""
        for kind in kinds:
            directory = self._owner.site.settings.statedir
            text = await self._on_disk(f"read {directory}/{kind}", lambda: mon_state_format.read(directory, kind))  # noqa: B023  # awaited
            if text is not None:
                self.take_over(kind, text)

    def take_over(self, kind: SavedKind, text: str) -> None:
        """Take over one file's text."""
        owner = self._owner
        if kind is SavedKind.DISABLED:
            disabled = mon_state_format.parse_disabled(text, owner.site)
            owner.switch_hosts(disabled.hosts, disabled=True)
            owner.disable(disabled.watches, disabled.services)
            notes = disabled.notes
        else:
            saved = mon_state_format.parse_opstatus(text, owner.site, owner.states)
            for key, state in saved.states.items():
                owner.commit(key, bound_times(state, owner.clock()), ChangeCause.STATE_FILE)
            for key, left in saved.trap_timers.items():
                self._timers.put_off(Timer.TRAP_TIMEOUT, key, left)
            notes = saved.notes
        for note in notes:
            log.warning("the state file %r: %s", kind.value, note)
        log.info("loaded the state file %r", kind.value)

    def _text(self, kind: SavedKind) -> str:
        owner = self._owner
        if kind is SavedKind.DISABLED:
            return mon_state_format.format_disabled(
                owner.site, owner.state.disabled_watches, owner.state.disabled_services
            )
        due = {key: self._timers.next_time(Timer.TRAP_TIMEOUT, key) for key in owner.site.services}
        now = owner.clock()
        left = {key: when - now for key, when in due.items() if when is not None}
        return mon_state_format.format_opstatus(owner.site, owner.states, left)

    async def _on_disk(self, what: str, work: Callable[[], T]) -> T | None:
        doing = self._worker.submit(partial(_try, work))
        await asyncio.wait([doing], timeout=self._limits.state_file_wait)
        if not doing.done():
            log.error("cannot %s: the disk takes longer than %g seconds", what, self._limits.state_file_wait)
            return None
        result = doing.result()
        if isinstance(result, OSError):
            log.error("cannot %s: %s", what, result.strerror)
            return None
        return result


def _try(work: Callable[[], T]) -> T | OSError:
    try:
        return work()
    except OSError as error:
        return error


def _write(directory: str, kind: SavedKind, text: str) -> bool:
    mon_state_format.write(directory, kind, text)
    return True
