"""The datagrams that traps come in: text ↔ record, and nothing of whether they are believed.

A packet is lines ``tag=value``. A value in single quotes loses them; then ``\\`` and two lower-case hex digits are a
byte (``pymon.protocol.wire``). Unknown tags are ignored, other lines (also those with blanks before the tag or around
the ``=``) are noted; of a repeated tag the last counts. Text is str, decoded by ``pymon.text``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pymon.errors import PacketError
from pymon.protocol import wire
from pymon.text import decode, encode

MAX_PACKET = 65535
"""bytes of a datagram that are read; no UDP datagram is longer"""
PACKET_VERSION = "0.3807"
"""what is sent as ``pro``, and the least that is accepted"""
MOST_NOTES = 10
"""how many malformed lines of one packet are remembered"""

_LINE = re.compile(r"(\w+)=(.*)", re.ASCII | re.DOTALL)
_TAGS = frozenset({"pro", "usr", "pas", "grp", "svc", "sta", "typ", "spc", "seq", "tsp", "hst", "aut", "sum", "dtl"})


@dataclass(frozen=True, slots=True)
class TrapPacket:
    """What a trap's datagram says; the names are those of its tags.

    ``sta`` is the exit value (``0``: success, any other text: failure), None if it is missing. ``spc`` is an op status
    as a number, which nobody uses. ``tsp`` is when it was sent, in seconds since the epoch, by the sender's clock.
    ``pas`` is a password in plain text, and so in no text made of this record. ``notes`` are the lines that are not of
    the form ``tag=value``, at most MOST_NOTES; they are no part of what is sent.
    """

    pro: str = PACKET_VERSION
    usr: str = ""
    pas: str = field(default="", repr=False)
    grp: str = ""
    svc: str = ""
    sta: str | None = None
    typ: str = "trap"
    spc: str = ""
    seq: str = "0"
    tsp: str = ""
    sum: str = ""
    dtl: str = ""
    hst: str = ""
    aut: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)


def parse_packet(data: bytes) -> TrapPacket:
    """Read a datagram; what it does not say is empty (also ``pro`` and ``typ``).

    Raises PacketError, with a reason for people that holds nothing of the packet, if it is too long or no line of it
    is of the form ``tag=value``.
    """
    if len(data) > MAX_PACKET:
        raise PacketError(f"a packet of {len(data)} bytes is too long")
    values: dict[str, str] = {}
    notes: list[str] = []
    is_packet = False
    for line in decode(data).split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            if line.strip() and len(notes) < MOST_NOTES:
                notes.append(line)
            continue
        is_packet = True
        if match[1] in _TAGS:
            values[match[1]] = _value(match[2])
    if not is_packet:
        raise PacketError("no line of the packet is of the form tag=value")
    return TrapPacket(
        pro=values.get("pro", ""),
        usr=values.get("usr", ""),
        pas=values.get("pas", ""),
        grp=values.get("grp", ""),
        svc=values.get("svc", ""),
        sta=values.get("sta"),
        typ=values.get("typ", ""),
        spc=values.get("spc", ""),
        seq=values.get("seq", ""),
        tsp=values.get("tsp", ""),
        sum=values.get("sum", ""),
        dtl=values.get("dtl", ""),
        hst=values.get("hst", ""),
        aut=values.get("aut", ""),
        notes=tuple(notes),
    )


def format_packet(packet: TrapPacket) -> bytes:
    """The datagram that says it, as Mon::Client's send_trap makes it; the password goes along with a user only.

    A receiver that only unescapes, as mon and pymon do, gets a backslash doubled.
    """
    fields = [("pro", packet.pro), ("usr", packet.usr)]
    if packet.usr:
        fields.append(("pas", packet.pas))
    fields += [
        ("spc", packet.spc), ("seq", packet.seq), ("typ", packet.typ), ("grp", packet.grp), ("svc", packet.svc),
        ("sta", packet.sta or ""), ("spc", packet.spc), ("tsp", packet.tsp), ("sum", packet.sum), ("dtl", packet.dtl),
    ]  # fmt: skip
    text = "".join(f"{tag}={wire.quote(value)}\n" for tag, value in fields)
    return encode(text)


def _value(text: str) -> str:
    if len(text) >= 2 and text.startswith("'") and text.endswith("'"):
        text = text[1:-1]
    return wire.unescape(text)
