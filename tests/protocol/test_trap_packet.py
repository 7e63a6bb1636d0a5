"""The datagrams of traps, as Debian's mon was seen to read them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.errors import PacketError
from pymon.protocol.trap_packet import MAX_PACKET, MOST_NOTES, TrapPacket, format_packet, parse_packet

SENT = (
    b"pro='0.3807'\nusr='u'\npas='p\\20q'\nspc='0'\nseq='0'\ntyp='trap'\ngrp='g\\27x'\nsvc='s'\nsta='1'\nspc='0'\n"
    b"tsp='1795477132'\nsum='su\\\\m\\20\\c3\\a9\\22'\ndtl='a\\0ab\\20c\\0a'\n"
)
"""what Mon::Client's send_trap sent: group ``g'x``, summary ``su\\m é"``"""

PACKET = TrapPacket(
    usr="u", pas="p q", spc="0", grp="g'x", svc="s", sta="1", tsp="1795477132", sum='su\\\\m é"', dtl="a\nb c\n"
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\")) | st.binary().map(
    lambda data: data.replace(b"\\", b"").decode("utf-8", "surrogateescape")
)


def test_packet_of_mon_client_is_read() -> None:
    packet = parse_packet(SENT)
    assert packet == PACKET
    assert packet.notes == ()


def test_packet_is_made_as_mon_client_makes_it() -> None:
    assert format_packet(replace(PACKET, sum='su\\m é"')) == SENT


def test_password_goes_along_with_a_user_only() -> None:
    data = format_packet(TrapPacket(pas="secret", grp="g", svc="s", sta="0"))
    assert data.startswith(b"pro='0.3807'\nusr=''\nspc=")
    assert b"secret" not in data


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"plain", "plain"),
        (b"'q\\20q'", "q q"),
        (b"'q' ", "'q' "),
        (b"'open", "'open"),
        (b"'", "'"),
        (b"''", ""),
        (b"'it's'", "it's"),
        (b" lead", " lead"),
        (b"a=b", "a=b"),
        (b"\\5cx\\5C\\", "\\x\\5C\\"),
        (b"nul\0", "nul\0"),
        (b"\xff\xfe", "\udcff\udcfe"),
        (b"x\nsum=again", "again"),
        (b"crlf\r", "crlf\r"),
    ],
)
def test_value_is_read_as_mon_reads_it(value: bytes, read: str) -> None:
    assert parse_packet(b"pro=1\nsum=" + value).sum == read


def test_what_is_missing_is_empty_and_sta_none() -> None:
    packet = parse_packet(b"grp=g")
    assert (packet.pro, packet.typ, packet.usr, packet.sta) == ("", "", "", None)
    assert parse_packet(b"sta=").sta == ""


@pytest.mark.parametrize("line", [b" sum=x", b"sum =x", b"s-um=x", b"=x", b"rubbish"])
def test_line_of_another_form_is_noted(line: bytes) -> None:
    packet = parse_packet(b"pro=1\n" + line + b"\n\n")
    assert packet.notes == (line.decode(),)
    assert packet.sum == ""


def test_notes_are_few() -> None:
    assert len(parse_packet(b"pro=1\n" + b"x\n" * 1000).notes) == MOST_NOTES


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0" * 100, b"GET / HTTP/1.0\r\n\r\n", b"grp=" + b"x" * MAX_PACKET])
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        parse_packet(data)


def test_password_is_in_no_text_of_a_packet() -> None:
    packet = parse_packet(b"usr=u\npas=secret1")
    assert packet.pas == "secret1"
    assert "secret1" not in repr(packet) + str(packet)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        packet = parse_packet(data)
    except PacketError:
        return
    assert len(packet.notes) <= MOST_NOTES


@given(TEXTS, TEXTS, TEXTS)
def test_what_is_sent_is_what_arrives(usr: str, sta: str, text: str) -> None:
    sent = TrapPacket(usr=usr, pas=text, sta=sta, sum=text, dtl=text)
    assert parse_packet(format_packet(sent)) == replace(sent, pas=text if usr else "")


def test_backslash_arrives_doubled_as_from_mon_client() -> None:
    assert parse_packet(format_packet(TrapPacket(sum="C:\\new"))).sum == "C:\\\\new"
