"""What works next to an engine as long as it watches, such as the server for its clients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from pymon.engine.api import EngineAPI
from pymon.errors import PymonError

log = logging.getLogger("pymon")


class Attached(Protocol):
    """One of them. ``name`` is for the log; of one that ``is_vital`` a daemon does not begin without it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def is_vital(self) -> bool:
        """Whether the daemon ends when this cannot begin; else the log says so, and the others go on."""

    async def bind(self) -> None:
        """Take what it needs, before the engine begins. Raises PymonError if it cannot, and has let go of all then."""

    async def start(self) -> None:
        """Begin, when the engine has begun. Raises PymonError if it cannot; it is stopped then."""

    async def stop(self) -> None:
        """End, before the engine does."""


Attach = Callable[[EngineAPI], Attached]
"""makes what is attached to an engine"""


class Attachments:
    """All that is attached to one engine: begins in its order, and ends in the reverse order."""

    def __init__(self, attached: Sequence[Attached]) -> None:
        """Nothing of it has begun."""
        self._waiting = tuple(attached)
        self._begun: list[Attached] = []

    async def bind(self) -> None:
        """Let each take what it needs. If a vital one cannot, the others let go again, and its error is raised."""
        for each in self._waiting:
            try:
                await each.bind()
            except BaseException as error:
                if each.is_vital or not isinstance(error, Exception):
                    await self.stop()
                    raise
                _report(each, "cannot begin", error)
            else:
                self._begun.append(each)

    async def start(self) -> None:
        """Let each begin that has what it needs. If a vital one cannot, its error is raised; ``stop`` is then due."""
        for each in tuple(self._begun):
            try:
                await each.start()
            except Exception as error:
                if each.is_vital:
                    raise
                _report(each, "cannot begin", error)
                self._begun.remove(each)
                await _end(each)

    async def stop(self) -> None:
        """End each that has begun; one that fails at it keeps no other from its end."""
        while self._begun:
            await _end(self._begun.pop())


async def _end(attached: Attached) -> None:
    try:
        await attached.stop()
    except Exception as error:
        _report(attached, "failed to end", error)


def _report(attached: Attached, what: str, error: Exception) -> None:
    if isinstance(error, PymonError):
        log.error("the %s %s: %s", attached.name, what, error)
    else:
        log.error("the %s %s (a bug in pymon)", attached.name, what, exc_info=error)
