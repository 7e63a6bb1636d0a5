"""Reads and writes the vector state of a traced child by ``ptrace()`` as this process has it, and by the system call.

Started with ``xstate.so`` preloaded it prints one JSON object that compares the two, for buffers of many lengths.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys

PTRACE_TRACEME, PTRACE_PEEKUSER = 0, 3
PTRACE_GETREGSET, PTRACE_SETREGSET = 0x4204, 0x4205
NT_PRSTATUS, NT_X86_XSTATE = 1, 0x202
SYS_PTRACE, RIP = 101, 16 * 8
"""On x86-64: the number of the system call, and where the general registers hold the instruction pointer."""
ROOM = 1 << 17
XMM, XSTATE_BV, YMM_HIGH, LEGACY = 160, 512, 576, 576
"""Where these lie in the area, and how long its legacy part is with the header, in bytes."""
SSE, AVX = 2, 4
"""Their bits in XSTATE_BV, which says what parts of the area are in use."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = _libc.syscall.restype = ctypes.c_long


class Span(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def call(wrapped: bool, request: int, pid: int, address: int = 0, data: object = None) -> tuple[int, int]:
    """What one ptrace call returned, and errno."""
    ctypes.set_errno(0)
    words = (ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(address), data)
    outcome = _libc.ptrace(*words) if wrapped else _libc.syscall(ctypes.c_long(SYS_PTRACE), *words)
    return int(outcome), ctypes.get_errno()


def read(wrapped: bool, pid: int, length: int, kind: int = NT_X86_XSTATE) -> tuple[bytes, int]:
    """The first ``length`` bytes of a register set, as many as were given, and errno. No byte beyond is touched."""
    room = ctypes.create_string_buffer(b"\xaa" * ROOM, ROOM)
    span = Span(ctypes.addressof(room), length)
    _, problem = call(wrapped, PTRACE_GETREGSET, pid, kind, ctypes.byref(span))
    assert room.raw[length:] == b"\xaa" * (ROOM - length), f"more than {length} bytes were written"
    return room.raw[: span.length], problem


def write(wrapped: bool, pid: int, data: bytes) -> int:
    """Write the beginning of the vector state; errno."""
    room = ctypes.create_string_buffer(data, len(data))
    span = Span(ctypes.addressof(room), len(data))
    return call(wrapped, PTRACE_SETREGSET, pid, NT_X86_XSTATE, ctypes.byref(span))[1]


def with_xmm(area: bytes, value: bytes) -> bytes:
    """The area with another xmm0 and xmm1."""
    header = int.from_bytes(area[XSTATE_BV : XSTATE_BV + 8], "little") | SSE
    changed = bytearray(area)
    changed[XMM : XMM + 32] = value * 2
    changed[XSTATE_BV : XSTATE_BV + 8] = header.to_bytes(8, "little")
    return bytes(changed)


def with_ymm(area: bytes, value: bytes) -> bytes:
    """The area with other upper halves of ymm0 and ymm1."""
    header = int.from_bytes(area[XSTATE_BV : XSTATE_BV + 8], "little") | AVX
    changed = bytearray(area)
    changed[YMM_HIGH : YMM_HIGH + 32] = value * 2
    changed[XSTATE_BV : XSTATE_BV + 8] = header.to_bytes(8, "little")
    return bytes(changed)


def compare(pid: int) -> dict[str, object]:
    """All that is compared, for a stopped child."""
    area, _ = read(False, pid, ROOM)
    assert write(False, pid, with_ymm(area, bytes(range(200, 216)))) == 0
    whole, _ = read(False, pid, ROOM)
    reads, writes = {}, {}
    lengths = [8, XSTATE_BV, LEGACY, LEGACY + 256, len(whole) - 8, len(whole), len(whole) + 8, ROOM // 2]
    for number, length in enumerate(lengths):
        begun, problem = read(True, pid, length)
        reads[length] = [len(begun), begun == whole[:length], problem]
        before, _ = read(False, pid, ROOM)
        wanted = with_xmm(before, bytes(range(number, number + 16)))
        problem = write(True, pid, wanted[:length])
        after, _ = read(False, pid, ROOM)
        writes[length] = [after == wanted[:length] + before[length:], problem]
        assert write(False, pid, whole) == 0
    nobody = 1 << 22
    refused = (read(True, nobody, 64)[1], write(True, nobody, whole))
    registers, _ = read(False, pid, ROOM // 2, NT_PRSTATUS)
    peeked, _ = call(True, PTRACE_PEEKUSER, pid, RIP)
    return {
        "whole": len(whole),
        "reads": reads,
        "writes": writes,
        "short write without the wrap": errno.errorcode.get(write(False, pid, whole[:-8]), "done"),
        "other register sets": read(True, pid, ROOM // 2, NT_PRSTATUS) == (registers, 0),
        "no such process": [errno.errorcode.get(problem) for problem in refused],
        "peeked": peeked == int.from_bytes(registers[RIP : RIP + 8], "little"),
    }


def main() -> None:
    """Trace a child, print what was seen, and end it."""
    child = os.fork()
    if child == 0:
        call(True, PTRACE_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(1)
    try:
        os.waitpid(child, 0)
        json.dump(compare(child), sys.stdout)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
