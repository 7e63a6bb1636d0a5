"""Echo requests (ping) to many addresses over one socket of each family.

One socket and not one for each address: every raw socket is handed every reply that reaches the machine. What belongs
to others is kept out by a filter in the kernel (the identifier), and what passes it is ours only if it carries the
token of this run, and tells by itself which address and when. icmplib builds and reads the packets; where raw sockets
are not allowed it opens unprivileged ones (Linux: net.ipv4.ping_group_range).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import icmplib

from pymon.errors import PluginError
from pymon.plugin.net import Address
from pymon.scarcity.lack import note_lack
from pymon.scarcity.symptoms import shortage_in
from pymon.scarcity.waiting import retry_until_possible

BACKOFF = 1.5
"""factor by which each wait is longer than the one before, as fping has it"""

_BATCH = 64
_PAUSE = 0.002
"""seconds between two batches of requests, so that replies find room in the socket's buffer"""

_BUFFER = 1 << 20
_PAYLOAD = struct.Struct("!8sIQ")  # the run's token, which address, when (ns since the epoch)
_PAYLOAD_SIZE = 56
_SO_TIMESTAMPNS = 35
_SO_ATTACH_FILTER = 26


class NoPermission(PluginError):
    """Neither raw nor unprivileged ICMP sockets are allowed."""


class Echo(NamedTuple):
    """What came of one address: the round-trip time in seconds, or None and, if the system said so, why.

    ``sent`` counts the requests that went out to it; no more do once it has answered.
    """

    rtt: float | None
    error: str = ""
    sent: int = 0

    @property
    def loss(self) -> float:
        """How many of the requests were not answered, in percent; 0 if there were none."""
        answered = 0 if self.rtt is None else 1
        return 100.0 * (self.sent - answered) / self.sent if self.sent else 0.0


async def ping(targets: Sequence[Address], *, attempts: int, wait: float, backoff: float = BACKOFF) -> list[Echo]:
    """Ask each address up to ``attempts`` times; answers are in the order of ``targets``, which may repeat.

    ``wait`` is how many seconds to wait for the answer to the first request; each further one is waited for
    ``backoff`` times as long. An address that requests cannot be sent to is not asked again. Raises NoPermission.
    """
    async with _Run(targets) as run:
        patience = wait
        for number in range(attempts):
            await run.ask(number)
            await run.answered_within(patience)
            if run.is_complete:
                break
            patience *= backoff
    return run.echoes()


class _Run:
    """One run of ping: its sockets, and what it knows of each target."""

    def __init__(self, targets: Sequence[Address]) -> None:
        self._targets = targets
        self._token = secrets.token_bytes(8)
        self._id = secrets.randbelow(0xFFFF) + 1
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[socket.AddressFamily, _Socket] = {}
        self._missing = set(range(len(targets)))
        self._sent = [0] * len(targets)
        self._rtts: dict[int, float] = {}
        self._errors: dict[int, str] = {}
        self._complete = asyncio.Event()

    async def __aenter__(self) -> _Run:
        try:
            for family in dict.fromkeys(family for family, _ in self._targets):
                opened = await retry_until_possible(partial(_Socket, family, self._id), "open an ICMP socket")
                self._sockets[family] = opened
                self._loop.add_reader(opened.fileno, self._read, opened)
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        for opened in self._sockets.values():
            self._loop.remove_reader(opened.fileno)
            opened.close()

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to wait for."""
        return not self._missing

    async def ask(self, number: int) -> None:
        """Send a request to each address that has not answered; ``number`` counts the attempts."""
        for position, index in enumerate(sorted(self._missing)):
            if position and position % _BATCH == 0:
                await asyncio.sleep(_PAUSE)
            if index not in self._missing:
                continue
            family, address = self._targets[index]
            payload = _PAYLOAD.pack(self._token, index, time.time_ns()).ljust(_PAYLOAD_SIZE, b"\0")
            try:
                self._sockets[family].send(address, number * len(self._targets) + index, payload)
            except (BlockingIOError, InterruptedError):
                continue  # no room just now: the next attempt may find some
            except OSError as error:
                if (lack := shortage_in(error)) and family == socket.AF_INET:
                    note_lack(f"could not send a request: {lack}")
                    continue
                self._errors[index] = error.strerror or str(error)
                self._settle(index)
                continue
            self._sent[index] += 1

    async def answered_within(self, patience: float) -> None:
        """Wait until all have answered, at most so many seconds."""
        if self._missing:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._complete.wait()

    def _read(self, source: _Socket) -> None:
        for payload, received in source.replies():
            if len(payload) < _PAYLOAD.size:
                continue
            token, index, sent = _PAYLOAD.unpack_from(payload)
            if token == self._token and index in self._missing:
                self._rtts[index] = max(0, received - sent) / 1e9
                self._settle(index)

    def _settle(self, index: int) -> None:
        self._missing.discard(index)
        if not self._missing:
            self._complete.set()

    def echoes(self) -> list[Echo]:
        """What is known of each target."""
        return [Echo(self._rtts.get(index), self._errors.get(index, ""), sent) for index, sent in enumerate(self._sent)]


class _Socket:
    """An ICMP socket of one family, raw if that is allowed."""

    def __init__(self, family: socket.AddressFamily, identifier: int) -> None:
        self._is_v6 = family == socket.AF_INET6
        self._id = identifier
        self._icmp = _open(icmplib.ICMPv6Socket if self._is_v6 else icmplib.ICMPv4Socket)
        self._socket: socket.socket = self._icmp.sock
        self.fileno = self._socket.fileno()
        self._is_raw = bool(self._icmp.is_privileged)
        self._socket.setblocking(False)
        for option, value in ((socket.SO_RCVBUF, _BUFFER), (_SO_TIMESTAMPNS, 1)):
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, option, value)
        if self._is_raw:
            _attach_filter(self._socket, self._is_v6, identifier)

    def send(self, address: tuple[Any, ...], sequence: int, payload: bytes) -> None:
        """Send one request; raises OSError."""
        packet: bytes = self._icmp._create_packet(self._id, sequence & 0xFFFF, payload)
        self._socket.sendto(packet, (address[0], 0, *address[2:]))

    def replies(self) -> Iterable[tuple[bytes, int]]:
        """The payloads of the replies that have come, and when each did, in nanoseconds since the epoch."""
        for _ in range(4 * _BATCH):  # then others have their turn
            try:
                packet, ancillary, _, source = self._socket.recvmsg(2048, 64)
            except OSError:
                return
            received = _timestamp(ancillary)
            reply = self._icmp._parse_reply(packet, source[0], received)
            if reply is None or reply.type != self._icmp._ICMP_ECHO_REPLY:
                continue
            if self._is_raw and reply.id != self._id:
                continue
            header = (packet[0] & 0x0F) * 4 if self._is_raw and not self._is_v6 else 0
            yield packet[header + 8 :], received

    def close(self) -> None:
        """Close it."""
        self._icmp.close()


def _open(kind: Any) -> Any:
    try:
        return kind(privileged=True)
    except icmplib.SocketPermissionError:
        pass
    except icmplib.ICMPSocketError as error:
        _raise_shortage(error)
        raise PluginError(f"no ICMP socket: {error}") from error
    try:
        return kind(privileged=False)
    except icmplib.ICMPLibError as error:
        _raise_shortage(error)
        raise NoPermission(
            "may not send ICMP: it needs CAP_NET_RAW, or a group within the range of net.ipv4.ping_group_range "
            f"(its group is {os.getegid()})"
        ) from error


def _raise_shortage(error: BaseException) -> None:
    """Raise the system's own error, which icmplib has wrapped, if it tells of a shortage."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and shortage_in(cause):
        raise cause


def _timestamp(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """When the kernel received the packet; the event loop may have been busy since."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= 16:
            whole, rest = struct.unpack_from("=qq", data)
            return int(whole * 1_000_000_000 + rest)
    return time.time_ns()


def _attach_filter(raw: socket.socket, is_v6: bool, identifier: int) -> None:
    """Have the kernel hand over echo replies with our identifier only (a classic BPF program)."""
    drop = (0x06, 0, 0, 0)
    accept = (0x06, 0, 0, 0xFFFF)
    if is_v6:  # the packet begins with the ICMPv6 header
        program = [(0x30, 0, 0, 0), (0x15, 0, 3, 129), (0x28, 0, 0, 4), (0x15, 0, 1, identifier), accept, drop]
    else:  # it begins with the IP header, whose length goes to X
        program = [
            (0xB1, 0, 0, 0),
            (0x50, 0, 0, 0),
            (0x15, 0, 3, 0),
            (0x48, 0, 0, 4),
            (0x15, 0, 1, identifier),
            accept,
            drop,
        ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    description = struct.pack("@HP", len(program), ctypes.addressof(code))
    with suppress(OSError):  # without it more packets are looked at in vain, that is all
        raw.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, description)
