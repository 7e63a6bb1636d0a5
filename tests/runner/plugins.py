"""Plugins for running inside the daemon, made of a coroutine function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.runner.registry import PluginFile

Body = Callable[[Invocation], Awaitable[Answer]]


class Made:
    """A plugin that does what a coroutine function does."""

    ordered = False
    retry_on: frozenset[int] = frozenset()

    def __init__(self, body: Body) -> None:
        self._body = body

    def order_key(self, invocation: Invocation) -> Hashable:
        """One for all."""
        return invocation.path

    async def run(self, invocation: Invocation) -> Answer:
        """Do it."""
        return await self._body(invocation)

    def main(self) -> None:
        """Only as part of the face; these plugins are no programs."""
        raise NotImplementedError


def made(body: Body, path: str | Path) -> PluginFile:
    """A plugin file whose form for running inside the daemon is ``body``."""
    return PluginFile(Path(path).name, str(path), Made(body))
