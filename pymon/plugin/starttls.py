"""How each protocol is asked to go on in TLS: the dialogue in plain text that comes before the handshake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pymon.plugin.conversation import REPLY_LIMIT, Conversation, ProtocolProblem

_LDAP_OID = b"1.3.6.1.4.1.1466.20037"


async def ask_for_tls(talk: Conversation, protocol: str) -> None:
    """Have the server agree to TLS in a protocol of ``DIALOGUES``; raises ProtocolProblem where it does not."""
    await DIALOGUES[protocol](talk)


async def _reply(talk: Conversation, code: str) -> None:
    """A reply of SMTP, FTP or NNTP."""
    _expect(talk, await talk.reply(), code)


def _expect(talk: Conversation, line: str, *begins: str) -> None:
    if not line:
        raise ProtocolProblem("hung up")
    if not line.upper().startswith(begins):
        raise ProtocolProblem(f"said {talk.quote(line)}")


async def _smtp(talk: Conversation) -> None:
    """RFC 3207."""
    await _reply(talk, "220")
    await talk.say("EHLO localhost")
    await _reply(talk, "250")
    await talk.say("STARTTLS")
    await _reply(talk, "220")


async def _imap(talk: Conversation) -> None:
    """RFC 9051, 6.2.1."""
    _expect(talk, await talk.line(), "* OK")
    await talk.say("a STARTTLS")
    for _ in range(REPLY_LIMIT):
        line = await talk.line()
        if not line.startswith("* "):
            _expect(talk, line, "A OK")
            return
    raise ProtocolProblem(f"no answer to STARTTLS within {REPLY_LIMIT} lines")


async def _pop3(talk: Conversation) -> None:
    """RFC 2595, 4."""
    _expect(talk, await talk.line(), "+OK")
    await talk.say("STLS")
    _expect(talk, await talk.line(), "+OK")


async def _ftp(talk: Conversation) -> None:
    """RFC 4217."""
    await _reply(talk, "220")
    await talk.say("AUTH TLS")
    await _reply(talk, "234")


async def _nntp(talk: Conversation) -> None:
    """RFC 4642."""
    _expect(talk, await talk.line(), "200", "201")
    await talk.say("STARTTLS")
    _expect(talk, await talk.line(), "382")


async def _sieve(talk: Conversation) -> None:
    """RFC 5804, 2.2."""
    await _sieve_ok(talk)
    await talk.say("STARTTLS")
    await _sieve_ok(talk)


async def _sieve_ok(talk: Conversation) -> None:
    for _ in range(REPLY_LIMIT):
        line = await talk.line()
        if not line.startswith('"'):  # a capability
            _expect(talk, line, "OK")
            return
    raise ProtocolProblem(f"no OK within {REPLY_LIMIT} lines")


async def _ldap(talk: Conversation) -> None:
    """RFC 4511, 4.14: an extended request, message 1."""
    request = b"\x02\x01\x01\x77" + bytes([len(_LDAP_OID) + 2]) + b"\x80" + bytes([len(_LDAP_OID)]) + _LDAP_OID
    await talk.send(b"\x30" + bytes([len(request)]) + request)
    head = await talk.exactly(2)
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(await talk.exactly(min(length & 0x7F, 2)))
    answer = await talk.exactly(length)
    at = answer.find(b"\x0a\x01")  # the result code, the first of its kind
    if head[0] != 0x30 or answer[:4] != b"\x02\x01\x01\x78" or at < 0 or len(answer) < at + 3:
        raise ProtocolProblem("no LDAP answer")
    if answer[at + 2]:
        raise ProtocolProblem(f"LDAP result {answer[at + 2]}")


async def _postgres(talk: Conversation) -> None:
    """SSLRequest of the PostgreSQL frontend/backend protocol."""
    await talk.send(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
    if await talk.exactly(1) != b"S":
        raise ProtocolProblem("PostgreSQL does not offer TLS")


DIALOGUES: Mapping[str, Callable[[Conversation], Awaitable[None]]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "nntp": _nntp,
    "sieve": _sieve,
    "ldap": _ldap,
    "postgres": _postgres,
}
"""Protocol → its dialogue."""

USUAL_PORTS: Mapping[int, str] = {
    21: "ftp",
    25: "smtp",
    110: "pop3",
    119: "nntp",
    143: "imap",
    389: "ldap",
    587: "smtp",
    4190: "sieve",
    5432: "postgres",
}
"""Ports where a protocol begins in plain text, and which one."""
