"""Clients of the virtual service: they ask for a page ten times a second, and count who answered.

Only the kernel's table forwards packets, so a table in memory gets no visitors.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PAUSE = 0.1
"""seconds between two requests"""
PATIENCE = 1.0
"""seconds after which a request is given up"""


class Visitors:
    """Requests to one address: how many each web server answered, and how many nobody did."""

    def __init__(self, address: str, port: int) -> None:
        self.answered: Counter[str] = Counter()
        self.lost = 0
        self._address = address
        self._port = port

    def __str__(self) -> str:
        """``web1 answered 12, web2 answered 13, 1 lost``."""
        return ", ".join(
            [*(f"{name} answered {self.answered[name]}" for name in sorted(self.answered)), self._format_losses()]
        )

    def _format_losses(self) -> str:
        return f"{self.lost} lost" if self.lost else "none lost"

    @asynccontextmanager
    async def keep_coming(self) -> AsyncIterator[None]:
        """Ask again and again for as long as the context lasts."""
        crowd = asyncio.create_task(self._come())
        try:
            yield
        finally:
            crowd.cancel()
            await asyncio.gather(crowd, return_exceptions=True)

    async def _come(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._visit())
                await asyncio.sleep(PAUSE)

    async def _visit(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._ask()
        except (OSError, TimeoutError):
            answer = b""
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.0 200") and body:
            self.answered[body.split()[0].decode("ascii", "replace")] += 1
        else:
            self.lost += 1

    async def _ask(self) -> bytes:
        reader, writer = await asyncio.open_connection(self._address, self._port)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            return await reader.read()
        finally:
            writer.close()
