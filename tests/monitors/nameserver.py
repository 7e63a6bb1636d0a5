"""A name server that answers as a test wants, over UDP and TCP, on the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.ports import free_port

Answers = Callable[[dns.message.Message, bool], dns.message.Message | bytes | None]
"""A query, and whether it came over TCP → the answer; None: nothing (over TCP: the end)."""


@dataclass
class NameServer:
    """Where it is, and what it was asked: ``udp www.test. IN A RD``."""

    host: str
    port: int
    asked: list[str] = field(default_factory=list)


def answer(
    query: dns.message.Message,
    *records: tuple[str, str, str],
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    authority: bool = True,
    truncated: bool = False,
) -> dns.message.Message:
    """An answer with these records (name, type, value)."""
    made = dns.message.make_response(query)
    made.flags |= (dns.flags.AA if authority else 0) | (dns.flags.TC if truncated else 0)
    made.set_rcode(rcode)
    for name, kind, value in records:
        made.answer.append(dns.rrset.from_text(name, 60, "IN", kind, value))
    return made


def soa(serial: int, zone: str = "example.test.") -> tuple[str, str, str]:
    """The record of a zone with this serial number."""
    return zone, "SOA", f"ns.{zone} hostmaster.{zone} {serial} 1 1 1 1"


@contextlib.asynccontextmanager
async def name_server(answers: Answers, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[NameServer]:
    """Serve on this host; ``port`` 0 takes one that is free, for UDP as well."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    def reply(wire: bytes, over_tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        flags = dns.flags.to_text(query.flags)
        here.asked.append(f"{'tcp' if over_tcp else 'udp'} {query.question[0]} {flags}".rstrip())
        made = answers(query, over_tcp)
        return made.to_wire() if isinstance(made, dns.message.Message) else made

    def meet() -> None:
        wire, client = datagrams.recvfrom(65536)
        made = reply(wire, False)
        if made is not None:
            datagrams.sendto(made, client)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            size = int.from_bytes(await reader.readexactly(2), "big")
            made = reply(await reader.readexactly(size), True)
            if made is not None:
                writer.write(len(made).to_bytes(2, "big") + made)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, host, port or free_port())
    here = NameServer(host, server.sockets[0].getsockname()[1])
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((host, here.port))
        loop.add_reader(datagrams, meet)
        try:
            yield here
        finally:
            loop.remove_reader(datagrams)
            await asyncio.sleep(0)
            server.close()
            await asyncio.sleep(0)
