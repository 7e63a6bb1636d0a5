"""A generic netlink socket: one request, its answers, errors as OSError.

The kernel carries a netlink command out inside the call that sends it, so its answer is there when that call returns:
a blocking socket waits for nothing but the kernel's own locks, and mostly for well under a millisecond. pyroute2's
sockets (0.9.7) run an event loop for each call, which costs more than the calls themselves; its messages are used, and
this socket.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator

from pyroute2.netlink import (
    CTRL_CMD_GETFAMILY,
    GENL_ID_CTRL,
    NETLINK_GENERIC,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    ctrlmsg,
)
from pyroute2.netlink.exceptions import NetlinkDecodeError

_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")
_RECEIVE_SIZE = 1 << 17
"""more than the kernel puts into one datagram (32 KiB)"""
_DUMP_ATTEMPTS = 5


class GenericNetlink:
    """One socket for one family of generic netlink. Not for several threads at a time.

    ``time_limit`` (seconds) bounds each wait for the kernel. Every method raises OSError with the kernel's errno;
    ENOPROTOOPT stands for a family that this kernel does not have.
    """

    def __init__(self, family: str, *, time_limit: float = 5.0) -> None:
        self._name = family
        self._sequence = 0
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_GENERIC)
        try:
            self._socket.settimeout(time_limit)
            self._socket.bind((0, 0))
            self.family = self._find_family()
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def command(self, message: bytes) -> None:
        """Send a command that is only acknowledged."""
        self._exchange(message, self.family, NLM_F_REQUEST | NLM_F_ACK)

    def get(self, message: bytes) -> bytes:
        """Send a request with one answer."""
        return self._single(message, self.family)

    def dump(self, message: bytes) -> list[bytes]:
        """Send a request with any number of answers; again if what it lists changed meanwhile."""
        for _ in range(_DUMP_ATTEMPTS):
            with contextlib.suppress(InterruptedError):
                return self._exchange(message, self.family, NLM_F_REQUEST | NLM_F_DUMP)
        raise InterruptedError(errno.EINTR, "the table changed each time that it was read")

    def _find_family(self) -> int:
        """The family's number. Asking makes the kernel load the module, where it can."""
        request = ctrlmsg()
        request["cmd"] = CTRL_CMD_GETFAMILY
        request["version"] = 1
        request["attrs"] = [("CTRL_ATTR_FAMILY_NAME", self._name)]
        request.encode()
        try:
            answer = ctrlmsg(self._single(bytes(request.data), GENL_ID_CTRL))
        except FileNotFoundError:
            raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT)) from None
        with contextlib.suppress(struct.error, NetlinkDecodeError):
            answer.decode()
        number = answer.get_attr("CTRL_ATTR_FAMILY_ID")
        if not isinstance(number, int):  # missing, or left undecoded
            raise OSError(errno.EBADMSG, f"the kernel does not tell the number of the netlink family {self._name}")
        return number

    def _single(self, message: bytes, family: int) -> bytes:
        """The one answer to a request."""
        answers = self._exchange(message, family, NLM_F_REQUEST | NLM_F_ACK)
        if len(answers) != 1:
            raise OSError(errno.EBADMSG, f"{len(answers)} answers from the kernel where one was due")
        return answers[0]

    def _exchange(self, message: bytes, family: int, flags: int) -> list[bytes]:
        """Send one message and collect its answers up to the acknowledgement or the end of the dump."""
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        request = bytearray(message)
        _HEADER.pack_into(request, 0, len(request), family, flags, self._sequence, 0)
        self._socket.send(request)
        answers: list[bytes] = []
        interrupted = False
        while True:
            for kind, part_flags, body in self._datagram():
                interrupted |= bool(part_flags & NLM_F_DUMP_INTR)
                if kind not in (NLMSG_ERROR, NLMSG_DONE):
                    answers.append(body)
                    continue
                _raise_error(body)
                if interrupted:
                    raise InterruptedError(errno.EINTR, "the table changed while it was read")
                return answers

    def _datagram(self) -> Iterator[tuple[int, int, bytes]]:
        """Receive once: (type, flags, whole message) of each part. Late answers to earlier requests are dropped."""
        data = self._socket.recv(_RECEIVE_SIZE)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
            if length < _HEADER.size or offset + length > len(data):
                raise OSError(errno.EBADMSG, "a netlink message of the kernel is cut off")
            if sequence == self._sequence:
                yield kind, flags, data[offset : offset + length]
            offset += (length + 3) & ~3


def _raise_error(body: bytes) -> None:
    """Raise the error that a final message carries, if it carries one."""
    code = _ERROR.unpack_from(body, _HEADER.size)[0] if len(body) >= _HEADER.size + _ERROR.size else 0
    if code:
        raise OSError(-code, os.strerror(-code))
