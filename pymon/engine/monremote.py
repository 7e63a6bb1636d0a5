"""mon.cf's monremote: a program that is told of what clients switch and test, for a peer to do the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from pymon.config.shell_words import split_words
from pymon.contract.invocation import Invocation
from pymon.engine.limits import EngineLimits
from pymon.errors import WordSplitError
from pymon.process.execution import run_process

log = logging.getLogger("pymon.engine")


class Monremote:
    """Calls the program with ``disable watch W`` and the like: words as arguments, never through a shell.

    One call after the other, so that the peer sees changes in the order they were made. Nobody waits for them.
    """

    def __init__(self, environ: Mapping[str, str], limits: EngineLimits | None = None) -> None:
        self._limits = limits = limits or EngineLimits()
        self._environ = dict(environ)
        self._calls: asyncio.Queue[tuple[str, tuple[str, ...]]] = asyncio.Queue(limits.monremote_waiting)
        self._task: asyncio.Task[None] | None = None

    def tell(self, command: str, *words: str) -> None:
        """Call ``command`` (mon.cf's value: a program, and maybe arguments) with further words; empty: nobody."""
        if not command:
            return
        try:
            self._calls.put_nowait((command, words))
        except asyncio.QueueFull:
            log.error(
                "monremote is not told %r: %d calls wait already", " ".join(words), self._limits.monremote_waiting
            )
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="monremote")

    async def close(self) -> None:
        """Let what waits be done, for a few seconds at most."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._limits.monremote_at_stop)
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while not self._calls.empty():
            command, words = self._calls.get_nowait()
            try:
                program, *arguments = split_words(command)
            except (WordSplitError, ValueError) as error:
                log.error("monremote %r cannot be run: %s", command, error)
                continue
            call = Invocation(program, (*arguments, *words), self._environ)
            result = await run_process([program], call, time_limit=self._limits.monremote_call)
            if not result.is_success:
                said = next((line for line in result.output.splitlines() if line.strip()), "it said nothing")
                log.warning("monremote %s failed: exit status %d: %s", " ".join(words), result.exitval, said)
