"""Reading files that somebody may be writing at the same time: what is half-written is read again.

An editor, a tool or an operator writes mon.cf, and sends SIGHUP before the end of it, or long before. So a file that
changes while it is read, is missing, or has no newline at its end is read again a little later; and one that was
written just before it was read is looked at for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from pymon.config.files import find_changed, find_missing, find_unended
from pymon.config.loader import Loaded
from pymon.engine.clock import EngineClock
from pymon.engine.limits import EngineLimits
from pymon.errors import PymonError
from pymon.model.seen import FileSeen

log = logging.getLogger("pymon")

Load = Callable[[], Loaded]
"""reads the configuration again, and blocks meanwhile; raises PymonError if it cannot be used"""


class ConfigurationReader:
    """Reads the files of a configuration, and has them read again when they change shortly afterwards."""

    def __init__(
        self,
        load: Load | None,
        clock: EngineClock,
        limits: EngineLimits,
        *,
        reread: Callable[[], Awaitable[None]],
        on_rest: Callable[[], None],
    ) -> None:
        """``load`` None: there is nothing to read, and each attempt is refused.

        ``reread`` is called when a file has changed since it was read, ``on_rest`` when none has for long enough.
        """
        self._load = load
        self._clock = clock
        self._limits = limits
        self._reread = reread
        self._on_rest = on_rest
        self._later: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_looking(self) -> bool:
        """Whether the files that were read last are looked at again: somebody may still be writing them."""
        return self._later is not None

    def close(self) -> None:
        """Stop looking at files."""
        if self._later is not None:
            self._later.cancel()
        if self._looking is not None:
            self._looking.cancel()

    async def read(self) -> Loaded:
        """Read the configuration once, as it is. Raises PymonError if it is refused."""
        if self._load is None:
            raise PymonError("there is no configuration to read")
        return await asyncio.to_thread(self._load)

    async def read_steadily(self) -> Loaded:
        """Read the configuration; again a second later, while a file changes, is not there, or ends without a newline.

        What still has no newline then is judged as it is. Raises PymonError if the last reading is refused.
        """
        before: tuple[FileSeen, ...] = ()
        for attempt in range(1, self._limits.readings + 1):
            refused: PymonError | None = None
            try:
                loaded = await self.read()
                seen = loaded.files
            except PymonError as error:
                refused, seen = error, getattr(error, "files", ())
            doubt = await asyncio.to_thread(_find_doubt, seen, before)
            if not doubt or attempt == self._limits.readings:
                break
            log.info("%s: read again in %g s", doubt, self._limits.read_again)
            await asyncio.sleep(self._limits.read_again)
            before = seen
        absent = find_missing(seen)
        for name in (each for each in find_unended(seen) if each not in absent):
            log.warning("%s ends without a newline: it is taken as it is, though it may be half-written", name)
        self._look_later(seen)
        if refused is not None:
            raise refused
        return loaded

    def _look_later(self, seen: tuple[FileSeen, ...]) -> None:
        """Read files again if somebody goes on writing them, or puts back one that was not there.

        Of one that is new it may have been a beginning that was read.
        """
        if self._later is not None:
            self._later.cancel()
            self._later = None
        now, fresh = self._clock.wall(), self._limits.file_is_fresh
        if find_missing(seen) or any(now - each.changed / 1e9 < fresh for each in seen):
            self._plan_look(seen, self._limits.looks_at_fresh_file)

    def _plan_look(self, seen: tuple[FileSeen, ...], looks: int) -> None:
        when = self._clock.steady() + self._limits.read_again
        self._later = self._clock.call_at(when, partial(self._look_again, seen, looks))

    def _look_again(self, seen: tuple[FileSeen, ...], looks: int) -> None:
        self._later = None
        self._looking = asyncio.create_task(self._reread_if_changed(seen, looks), name="look at mon.cf again")

    async def _reread_if_changed(self, seen: tuple[FileSeen, ...], looks: int) -> None:
        names = await asyncio.to_thread(find_changed, seen)
        if self._later is not None:  # it has been read meanwhile
            return
        if names:
            log.info("%s has changed since it was read: read again", ", ".join(names))
            await self._reread()
        elif looks > 1:
            self._plan_look(seen, looks - 1)
        else:
            self._on_rest()


def _find_doubt(seen: tuple[FileSeen, ...], before: tuple[FileSeen, ...]) -> str:
    """Why files may not be what they are to be; empty if there is no reason, or nothing has changed for a while."""
    if names := find_changed(seen):
        return f"{', '.join(names)} changes while it is read"
    if seen != before and (names := find_missing(seen)):
        return f"{', '.join(names)} cannot be read"
    if seen != before and (names := find_unended(seen)):
        return f"{', '.join(names)} ends without a newline"
    return ""
