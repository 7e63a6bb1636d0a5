"""A conversation in lines, as of FTP, SMTP, IMAP and their kin: bounded, written down as it goes, TLS at any time."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable

from pymon.text import bounded, decode, encode, printable

LINE_LIMIT = 64 * 1024
"""bytes of one line that are waited for"""

REPLY_LIMIT = 200
"""lines of one reply that are waited for"""

SHOWN_LIMIT = 128 * 1024
"""characters of a conversation that are kept for people"""

QUOTED_LIMIT = 200
"""characters of what a server said that are quoted in a reason"""

_FINAL = re.compile(r"\d\d\d(?: |$)")
"""the last line of a reply (RFC 959, 4.2; RFC 5321, 4.2): the others have a hyphen after the code, or no code"""


class ProtocolProblem(OSError):
    """What came is not what the protocol has; the text is for the user."""


class Conversation:
    """What is said and heard, line by line; ``transcript`` is given it as it is shown: ``    < 220 …``."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        server_name: str,
        transcript: list[str],
        measure: Callable[[str, float, str], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._server_name = server_name
        self._transcript = transcript
        self._measure = measure
        self._room = SHOWN_LIMIT
        self._secrets: tuple[str, ...] = ()

    async def line(self) -> str:
        """The next line without its end; empty when the other side has hung up (an empty line is ``\\n``).

        Raises ProtocolProblem for one longer than LINE_LIMIT. Bytes that are no UTF-8 come as surrogate escapes.
        """
        try:
            data = await self._reader.readline()
        except ValueError as error:
            raise ProtocolProblem(f"a line is longer than {LINE_LIMIT} bytes") from error
        text = decode(data)
        if text:
            self._note("    < " + text.removesuffix("\n") + "\n")
        return text.rstrip("\r\n") or text.lstrip("\r")

    async def reply(self) -> str:
        """The last line of a reply with a three-digit code (FTP, SMTP); empty when the other side hangs up before."""
        return (await self.reply_lines())[-1]

    async def reply_lines(self) -> list[str]:
        """All lines of such a reply; the last one is empty when the other side hangs up before."""
        lines: list[str] = []
        while len(lines) < REPLY_LIMIT:
            lines.append(await self.line())
            if not lines[-1] or _FINAL.match(lines[-1]):
                return lines
        raise ProtocolProblem(f"no reply within {REPLY_LIMIT} lines")

    async def exactly(self, count: int) -> bytes:
        """The next bytes, which are no lines, and not shown; ProtocolProblem when the other side hangs up before."""
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError as error:
            raise ProtocolProblem(f"hung up after {len(error.partial)} of {count} bytes") from error

    async def say(self, command: str, *, shown: str | None = None) -> None:
        """Send a line. ``shown`` stands in the transcript in its place, where it holds a secret."""
        self._note(f"    > {command if shown is None else shown}\n")
        await self.send(encode(f"{command}\r\n"))

    async def send(self, data: bytes) -> None:
        """Send bytes that are no line; they are not shown."""
        self._writer.write(data)
        await self._writer.drain()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on in TLS; raises ssl.SSLError or OSError. What came in the clear is no part of it.

        How long the handshake took (``tls``) and how long the certificate is valid (``expiry``, days) is measured.
        """
        if getattr(self._reader, "_buffer", b""):
            raise ProtocolProblem("more was said in the clear than the answer to STARTTLS")
        began = time.perf_counter()
        await self._writer.start_tls(context, server_hostname=self._server_name)
        self._measure("tls", time.perf_counter() - began, "s")
        from pymon.plugin.tls import days_left  # noqa: PLC0415  # few speak TLS, and it takes a millisecond

        left = days_left(self._writer.get_extra_info("ssl_object"), time.time())
        if left is not None:
            self._measure("expiry", left, "d")

    def conceal(self, secret: str) -> None:
        """From now on show ``***`` where the other side repeats this."""
        self._secrets += (secret,) if secret else ()

    def quote(self, said: str) -> str:
        """What the other side said, fit for a reason: short, printable, one line, and without secrets."""
        return bounded(printable(self._without_secrets(said.strip()), mark="?"), QUOTED_LIMIT)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _note(self, text: str) -> None:
        """Keep what is shown to people, as long as there is room for it."""
        if self._room > 0:
            text = self._without_secrets(text)
            cut = text if len(text) <= self._room else text[: self._room] + "…\n"
            self._transcript.append(cut)
            self._room -= len(text)

    @property
    def peer(self) -> str:
        """The other side's address, as text; empty where it is not known any more."""
        name = self._writer.get_extra_info("peername")
        return str(name[0]) if name else ""

    @property
    def certificate(self) -> bytes | None:
        """The other side's certificate (DER), None without TLS."""
        tls = self._writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls is not None else None

    def abort(self) -> None:
        """Hang up, without waiting for anything."""
        self._writer.transport.abort()
