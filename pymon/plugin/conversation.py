"""A conversation in lines, as of FTP, SMTP, IMAP and their kin: bounded, written down as it goes, TLS at any time."""

from __future__ import annotations

import asyncio
import re
import ssl

LINE_LIMIT = 64 * 1024
"""bytes of one line that are waited for"""

REPLY_LIMIT = 200
"""lines of one reply that are waited for"""

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
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._server_name = server_name
        self._transcript = transcript

    async def line(self) -> str:
        """The next line without its end; empty when the other side has hung up (an empty line is ``\\n``).

        Raises ProtocolProblem for one longer than LINE_LIMIT. Bytes that are no UTF-8 come as surrogate escapes.
        """
        try:
            data = await self._reader.readline()
        except ValueError as error:
            raise ProtocolProblem(f"a line is longer than {LINE_LIMIT} bytes") from error
        text = data.decode("utf-8", "surrogateescape")
        if text:
            self._transcript.append("    < " + text.removesuffix("\n") + "\n")
        return text.rstrip("\r\n") or text.lstrip("\r")

    async def reply(self) -> str:
        """The last line of a reply with a three-digit code (FTP, SMTP); empty when the other side hangs up before."""
        for _ in range(REPLY_LIMIT):
            line = await self.line()
            if not line or _FINAL.match(line):
                return line
        raise ProtocolProblem(f"no reply within {REPLY_LIMIT} lines")

    async def say(self, command: str, *, shown: str | None = None) -> None:
        """Send a line. ``shown`` stands in the transcript in its place, where it holds a secret."""
        self._transcript.append(f"    > {command if shown is None else shown}\n")
        self._writer.write(f"{command}\r\n".encode("utf-8", "surrogateescape"))
        await self._writer.drain()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go on in TLS; raises ssl.SSLError or OSError. What came in the clear is no part of it."""
        if getattr(self._reader, "_buffer", b""):
            raise ProtocolProblem("more was said in the clear than the answer to STARTTLS")
        await self._writer.start_tls(context, server_hostname=self._server_name)

    @property
    def certificate(self) -> bytes | None:
        """The other side's certificate (DER), None without TLS."""
        tls = self._writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls is not None else None

    def abort(self) -> None:
        """Hang up, without waiting for anything."""
        self._writer.transport.abort()
