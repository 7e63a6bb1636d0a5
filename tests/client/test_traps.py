"""Sending traps: the datagram, and where it goes."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.cli.trap_send import send
from pymon.client import send_trap
from pymon.client.traps import CUT, MAX_PACKET, trap_packet
from pymon.errors import ConnectionFailed, HostNotFound
from pymon.model.status import OpStatus
from pymon.protocol.trap_packet import parse_packet

TEXT = st.binary(max_size=50).map(lambda data: data.decode("utf-8", "surrogateescape"))


@pytest.fixture
def receiver() -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(10)
    return receiver


@given(summary=TEXT.filter(lambda text: "\\" not in text), detail=TEXT.filter(lambda text: "\\" not in text))
def test_what_is_sent_is_what_is_read(summary: str, detail: str) -> None:
    packet = parse_packet(trap_packet("g", "s", 3, summary, detail, username="joe", password="p w", now=1.9))
    assert (packet.grp, packet.svc, packet.sta, packet.sum, packet.dtl) == ("g", "s", "3", summary, detail)
    assert (packet.usr, packet.pas, packet.tsp, packet.spc) == ("joe", "p w", "1", "0")


@pytest.mark.parametrize(
    ("status", "opstatus", "said"), [(0, None, "1"), ("0", None, "1"), ("abc", None, "0"), (1, OpStatus.TIMEOUT, "6")]
)
def test_operational_status(status: int | str, opstatus: OpStatus | None, said: str) -> None:
    packet = parse_packet(trap_packet("g", "s", status, "x", opstatus=opstatus, now=0))
    assert (packet.sta, packet.spc, packet.usr) == (str(status), said, "")


@pytest.mark.parametrize("letter", ["x", "설", "\n"])
def test_a_detail_that_is_too_long_is_cut(letter: str) -> None:
    """K-longtrap: mon's trap.alert cannot send it. As much as there is room for is kept."""
    data = trap_packet("g", "s", 1, "sum", letter * 100_000, now=0)
    assert MAX_PACKET - 10 < len(data) <= MAX_PACKET
    packet = parse_packet(data)
    assert packet.dtl.endswith(CUT)
    assert set(packet.dtl.removesuffix(CUT)) == {letter}
    with pytest.raises(ValueError, match="too long for a trap"):
        trap_packet("g", "s", 1, letter * 100_000, now=0)


def test_sending(receiver: socket.socket) -> None:
    with receiver:
        send_trap("g", "s", 1, "sum", "detail", host="127.0.0.1", port=receiver.getsockname()[1])
        packet = parse_packet(receiver.recv(70000))
    assert (packet.grp, packet.svc, packet.sta, packet.sum, packet.dtl, packet.typ) == (
        "g",
        "s",
        "1",
        "sum",
        "detail",
        "trap",
    )


def test_nobody_listens(receiver: socket.socket) -> None:
    port = receiver.getsockname()[1]
    receiver.close()
    with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}: Connection refused") as caught:
        send_trap("g", "s", 1, "sum", host="127.0.0.1", port=port)
    assert caught.value.errno == errno.ECONNREFUSED
    with pytest.raises(HostNotFound):
        send_trap("g", "s", 1, "sum", host="no-such-host.invalid", port=port)


@pytest.mark.parametrize(
    ("status", "value", "opstatus"), [("ok", "0", "1"), ("FAIL", "1", "0"), ("3", "3", "0"), ("timeout", "1", "6")]
)
def test_from_a_shell(receiver: socket.socket, tmp_path: Path, status: str, value: str, opstatus: str) -> None:
    (tmp_path / "secret").write_bytes(b"pw d\r\nsecond line\n")
    with receiver:
        port = str(receiver.getsockname()[1])
        sent = send(
            *("g", "s", status, "sum", "detail\n"),
            host="127.0.0.1",
            port=port,
            user="joe",
            password_file=tmp_path / "secret",
        )
        packet = parse_packet(receiver.recv(70000))
    assert sent == 0
    assert (packet.sta, packet.spc, packet.dtl, packet.usr, packet.pas) == (value, opstatus, "detail", "joe", "pw d")


def test_from_a_shell_to_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file, port in ((None, "no-such-port"), (tmp_path / "none", "1")):
        assert send("g", "s", "0", "sum", "", host="127.0.0.1", port=port, user="", password_file=file) == 1
    error = capsys.readouterr().err
    assert "pymon: there is no port 'no-such-port'" in error
    assert "No such file" in error
