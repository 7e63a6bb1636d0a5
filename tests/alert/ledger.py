"""A ledger in memory that writes down what it is told."""

from __future__ import annotations

import asyncio

from pymon.alert.delivery import About
from pymon.model.delivery import Pending
from pymon.model.result import CheckResult


class Book:
    """``open`` are the calls that are not done, by their tokens; ``on_file`` clear means that the disk is slow.

    ``asked`` is set once somebody waits for it.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self.open: dict[str, Pending] = {}
        self.on_file = asyncio.Event()
        self.on_file.set()
        self.asked = asyncio.Event()
        self.obstacle = ""

    def decided(self, token: str, pending: Pending) -> None:
        self.open[token] = pending
        self.said.append(f"decided {pending.key}".rstrip())

    def started(self, token: str, at: float) -> None:
        self.said.append("started")

    def attempted(self, about: About, result: CheckResult, retry: float | None, given_up: str) -> None:
        assert (about.group, about.service) == ("web", "http")
        what = f", again in {retry:g}" if retry is not None else f", given up: {given_up}" if given_up else ""
        self.said.append(f"ended {result.exitval}{what}")

    def dropped(self, about: About, why: str) -> None:
        self.said.append(f"dropped: {why}")

    def ended(self, token: str) -> None:
        self.open.pop(token, None)

    async def settled(self) -> None:
        self.said.append("settled")
        self.asked.set()
        await self.on_file.wait()
