"""The web servers of the demo: started, stopped, and looked after."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass, field

from pymon.demo.webserver import READY
from pymon.errors import PymonError

START_LIMIT = 15.0
"""seconds that a web server has to say that it listens"""
STOP_LIMIT = 5.0


class DemoError(PymonError):
    """The demo cannot go on; its text says what to do."""


@dataclass(slots=True)
class WebServer:
    """One web server, a process of its own while it runs."""

    name: str
    address: str
    port: int
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """``127.0.0.2:18080``."""
        return f"{self.address}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The number of the process that serves, or None while no process runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Serve; returns when it listens. Raises DemoError if it cannot."""
        await self.spawn()
        await self.wait_until_listening()

    async def spawn(self) -> None:
        """Start its process, which will listen soon."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pymon.demo.webserver",
            self.name,
            self.address,
            str(self.port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def wait_until_listening(self) -> None:
        """Return when it listens. Raises DemoError if it cannot."""
        said = "" if self._process is None else await _first_words(self._process.stdout)
        if said != READY:
            await self.stop()
            raise DemoError(
                f"the web server {self.name} cannot listen on {self.endpoint}: {said or 'it did not start'}\n"
                f"etc/demo.cf names this address: end what uses it ('ss -ltnp' shows it), then try again"
            )

    async def stop(self) -> None:
        """End it at once, as a crash would; nothing happens if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # A killed process ends; the limit is for a kernel that does not let it.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), STOP_LIMIT)


async def _first_words(stream: asyncio.StreamReader | None) -> str:
    if stream is None:
        return ""
    try:
        line = await asyncio.wait_for(stream.readline(), START_LIMIT)
    except TimeoutError:
        return f"it said nothing for {START_LIMIT:.0f} s"
    return line.decode(errors="replace").strip()
