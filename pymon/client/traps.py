"""Sending traps: results reported to a server by a datagram, to which there is no answer."""

from __future__ import annotations

import os
import socket
import time
from bisect import bisect_left
from dataclasses import replace

from pymon.client.address import address
from pymon.errors import ConnectionFailed, HostNotFound
from pymon.model.status import OpStatus
from pymon.protocol.trap_packet import TrapPacket, format_packet

MAX_PACKET = 65507
"""bytes; no larger datagram can be sent over IPv4"""
CUT = "\n(cut)\n"
"""stands at the end of a detail that was too long"""


def trap_packet(
    group: str,
    service: str,
    status: int | str,
    summary: str,
    detail: str = "",
    *,
    opstatus: OpStatus | None = None,
    username: str = "",
    password: str = "",
    now: float,
) -> bytes:
    """The datagram of a trap. A detail that does not fit into one is cut, with CUT at its end.

    ``status`` is the exit value: 0 is success, everything else failure. ``opstatus`` defaults to what it implies.
    Raises ValueError if even without the detail it does not fit.
    """
    if opstatus is None:
        opstatus = OpStatus.OK if str(status) == "0" else OpStatus.FAIL
    packet = TrapPacket(
        usr=username,
        pas=password,
        grp=group,
        svc=service,
        sta=str(status),
        spc=str(int(opstatus)),
        tsp=str(int(now)),
        sum=summary,
        dtl=detail,
    )
    data = format_packet(packet)
    if len(data) <= MAX_PACKET:
        return data

    def is_too_long(length: int) -> bool:
        return len(format_packet(replace(packet, dtl=detail[:length] + CUT))) > MAX_PACKET

    first_too_long = bisect_left(range(len(detail) + 1), True, key=is_too_long)
    if first_too_long == 0:
        raise ValueError(f"a summary of {len(summary)} characters is too long for a trap")
    return format_packet(replace(packet, dtl=detail[: first_too_long - 1] + CUT))


def send_trap(
    group: str,
    service: str,
    status: int | str,
    summary: str,
    detail: str = "",
    *,
    opstatus: OpStatus | None = None,
    host: str | None = None,
    port: int | str | None = None,
    username: str = "",
    password: str = "",
) -> None:
    """Send a trap. A server does not answer it. That nobody listens is noticed only on the same machine.

    ``host`` and ``port`` default to MONHOST or ``localhost``, and to the service ``mon`` or 2583; the rest is as in
    ``trap_packet``. Raises ConnectionFailed.
    """
    place = address(host, port)
    data = trap_packet(
        group,
        service,
        status,
        summary,
        detail,
        opstatus=opstatus,
        username=username,
        password=password,
        now=time.time(),
    )
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise HostNotFound(f"cannot find {place.host}: {getattr(error, 'strerror', None) or error}") from error
    failure: OSError | None = None
    for family, _, _, _, target in found:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                _send(sender, target, data)
        except OSError as error:
            failure = error
        else:
            return
    reason = getattr(failure, "strerror", None) or failure
    raise ConnectionFailed(f"cannot send to {place}: {reason}", getattr(failure, "errno", 0) or 0) from failure


def _send(sender: socket.socket, target: tuple[str | int | bytes, ...], data: bytes) -> None:
    """Send a datagram. The kernel tells at once if nobody listens on this machine, and never if elsewhere."""
    sender.connect(target)
    sender.send(data)
    errno = sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if errno:
        raise OSError(errno, os.strerror(errno))
