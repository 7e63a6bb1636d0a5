"""The guest's process 1 once ``init.sh`` is done: runs programs for the machine outside, one after the other.

It reads one JSON object a line from standard input, and answers with JSON lines on standard output:

* to ``{"argv": [...], "environ": {...}, "cwd": "/", "limit": seconds, "stdin": base64}`` any number of
  ``{"out": base64}`` and ``{"err": base64}``, then one
  ``{"end": {"exitval": int, "timed_out": bool, "elapsed": seconds}}``;
* to ``{"halt": true}`` nothing: the guest ends.

Its first line is ``{"ready": kernel version}``. Every program gets process, mount, network, IPC and UTS namespaces of
its own, with ``lo`` up and a fresh ``/run``; when it ends, so does all it started, and its network namespaces and IPVS
tables go with it. What one case leaves to the next is files (outside ``/run``) and loaded modules.

It imports the standard library only, and starts programs by fork: starting Python anew costs a third of a second here.
"""

from __future__ import annotations

import base64
import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import struct
import sys
import termios
import time
import tty
from pathlib import Path
from typing import NoReturn

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x20000000,
    0x40000000,
)
MS_REC, MS_PRIVATE = 16384, 1 << 18
RB_POWER_OFF = 0x4321FEDC
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
NO_PROGRAM = 127
"""Exit value where the program could not be started, as in a shell."""
FINAL_OUTPUT = 2.0
"""Seconds to wait, after a program's end, for its output pipes to close."""

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(what: str, outcome: int) -> None:
    if outcome != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(kind: str | None, target: str, flags: int = 0, data: str | None = None) -> None:
    source = (kind or "none").encode()
    _checked(
        f"mount {target}",
        _libc.mount(source, target.encode(), kind.encode() if kind else None, flags, data.encode() if data else None),
    )


def _lo_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = b"lo"
        answer = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sh14x", name, 0))
        flags = struct.unpack("16sh14x", answer)[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))


def _say(**message: object) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


class Case:
    """One program of a request, from its start to its end."""

    def __init__(self, request: dict[str, object]) -> None:
        self.argv = [str(word) for word in _list(request["argv"])]
        self.environ = {str(k): str(v) for k, v in _dict(request.get("environ", {})).items()}
        self.cwd = str(request.get("cwd", "/"))
        self.limit = float(str(request["limit"]))
        self.stdin = base64.b64decode(str(request.get("stdin", "")))

    def run(self) -> None:
        """Run the program, hand on what it writes, and say how it ended."""
        started = time.monotonic()
        pipes = {name: os.pipe() for name in ("out", "err", "status")}
        outer = os.fork()
        if outer == 0:
            self._in_child(lambda: self._outer({name: ends[1] for name, ends in pipes.items()}))
        for _, write_end in pipes.values():
            os.close(write_end)
        timed_out = self._relay(outer, {ends[0]: name for name, ends in pipes.items() if name != "status"}, started)
        os.waitpid(outer, 0)
        report = os.read(pipes["status"][0], 16)
        for read_end, _ in pipes.values():
            os.close(read_end)
        exitval = os.waitstatus_to_exitcode(int(report)) if report else -signal.SIGKILL
        _say(end={"exitval": exitval, "timed_out": timed_out, "elapsed": time.monotonic() - started})

    def _relay(self, outer: int, pipes: dict[int, str], started: float) -> bool:
        """Pass output on until all of it is closed; kill the program at its limit. True if that was needed."""
        timed_out = False
        deadline = started + self.limit
        with selectors.DefaultSelector() as selector:
            for pipe in pipes:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    if timed_out:
                        break
                    timed_out = True
                    os.kill(outer, signal.SIGKILL)  # its child, process 1 of the namespace, dies with it
                    deadline = time.monotonic() + FINAL_OUTPUT
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    if data:
                        _say(**{pipes[key.fd]: base64.b64encode(data).decode("ascii")})
                    else:
                        selector.unregister(key.fd)
        return timed_out

    @staticmethod
    def _in_child(work: object) -> NoReturn:
        """Do the work in a process just forked, which must never return into the parent's code."""
        try:
            assert callable(work)
            work()
        except BaseException as problem:
            os.write(2, f"agent: {type(problem).__name__}: {problem}\n".encode())
        os._exit(NO_PROGRAM)

    def _outer(self, ends: dict[str, int]) -> None:
        """New namespaces; then process 1 of them, which ends when this process does."""
        os.setsid()
        os.dup2(ends["err"], 2)
        flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
        _checked("unshare", _libc.unshare(flags))
        first = os.fork()
        if first == 0:
            self._in_child(lambda: self._first(ends))
        for end in ends.values():
            os.close(end)
        os.close(2)
        os.waitpid(first, 0)
        os._exit(0)

    def _first(self, ends: dict[str, int]) -> None:
        """Process 1 of the namespaces: starts the program, reaps whatever ends, ends itself when the program has."""
        _checked("prctl", _libc.prctl(1, signal.SIGKILL, 0, 0, 0))  # PR_SET_PDEATHSIG
        _mount(None, "/", MS_REC | MS_PRIVATE)
        _mount("proc", "/proc")
        _mount("sysfs", "/sys")
        _mount("tmpfs", "/run", data="mode=0755")
        _lo_up()
        feed_read, feed_write = os.pipe()
        program = os.fork()
        if program == 0:
            os.close(feed_write)
            self._in_child(lambda: self._program(ends, feed_read))
        os.close(feed_read)
        self._feed(feed_write)
        while True:
            pid, status = os.wait()
            if pid == program:
                os.write(ends["status"], str(status).encode())
                os._exit(0)

    def _feed(self, pipe: int) -> None:
        """Hand the program its standard input; from a process of its own, as it may be slow to read it."""
        if self.stdin and os.fork() == 0:
            data = self.stdin
            try:
                while data:
                    data = data[os.write(pipe, data) :]
            except BrokenPipeError:
                pass
            os._exit(0)
        os.close(pipe)

    def _program(self, ends: dict[str, int], stdin: int) -> None:
        os.setsid()
        os.dup2(stdin, 0)
        os.dup2(ends["out"], 1)
        os.dup2(ends["err"], 2)
        os.chdir(self.cwd)
        try:
            os.execvpe(self.argv[0], self.argv, self.environ)  # every other descriptor closes on exec
        except OSError as problem:
            raise OSError(problem.errno, f"cannot run {self.argv[0]}: {os.strerror(problem.errno or 0)}") from None


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _halt() -> NoReturn:
    """End the guest: as process 1 there is no other way out that is not a panic."""
    termios.tcdrain(1)
    os.sync()
    _libc.reboot(RB_POWER_OFF)
    raise SystemExit(1)


def main() -> NoReturn:
    """Serve requests until told to halt, or until the machine outside hangs up."""
    tty.setraw(0)
    # A program may bring down what it likes, process 1 stays; and it reaps what the cases leave to it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _say(ready=Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii").strip())
    buffer = b""
    while True:
        line, found, rest = buffer.partition(b"\n")
        if not found:
            data = os.read(0, 65536)
            if not data:
                _halt()
            buffer += data
            continue
        buffer = rest
        request = json.loads(line)
        if request.get("halt"):
            _halt()
        Case(request).run()
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    try:
        main()
    except Exception as problem:  # process 1 must not end by a traceback: that is a panic
        sys.stderr.write(f"agent: {type(problem).__name__}: {problem}\n")
        _halt()
