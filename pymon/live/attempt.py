"""The tries. All of them block, change nothing that stays, and raise Trouble or OSError."""

from __future__ import annotations

import asyncio
import errno
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping

from pymon.errors import ServerError
from pymon.live.finding import Trouble
from pymon.server.listen.addresses import ListenAddress, ListenerKind, open_sockets

MON_WAIT = 2.0
"""seconds in which a server that has our port may show that it is mon's or pymon's"""

READ_LIMIT = 5.0
"""seconds in which an interpreter is to have read a script"""

_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"})
_COMPILE = """\
import sys
try:
    compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec", dont_inherit=True)
except (SyntaxError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


_RECORD = tuple(f"pymon.db{ending}" for ending in ("", "-wal", "-shm", ".lock"))
"""what the daemon keeps in statedir"""


def look_up(name: str) -> str:
    """Look a host's name up."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Trouble(error.strerror or str(error)) from error
    except UnicodeError as error:
        raise Trouble(f"is no host name: {error}") from error
    return " ".join(dict.fromkeys(str(each[4][0]) for each in found))


def write_into(directory: str) -> str:
    """Make a file in a directory, which is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            return f"{_describe_user()} may write"
    except OSError as error:
        raise Trouble(f"{_describe_user()} cannot write: {error.strerror}") from error


def write_state(directory: str) -> str:
    """The same in the directory of the record, and whether what an earlier daemon left of that could be written."""
    found = write_into(directory)
    for name in _RECORD:
        try:
            write_to(os.path.join(directory, name))  # noqa: PTH118  # next to other calls of os
        except Trouble as trouble:
            raise Trouble(f"{name} in it: {trouble}") from trouble
    return found


def write_to(path: str) -> str:
    """Whether a file could be written, or made where it is not there yet. It is neither made nor changed."""
    folder, name = os.path.split(path)
    if os.path.isdir(path):  # noqa: PTH112  # next to other calls of os
        raise Trouble("is a directory")
    if os.path.lexists(path):
        if not os.access(path, os.W_OK):
            raise Trouble(f"{_describe_user()} cannot write into it")
        return f"{_describe_user()} may write"
    if not os.path.isdir(folder):  # noqa: PTH112  # as above
        raise Trouble(f"there is no directory {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Trouble(f"{_describe_user()} cannot make {name} there")
    return f"{_describe_user()} may make it"


def find_interpreter(path: str, search_path: str) -> str:
    """Find the interpreter that the first line of a program names."""
    with open(path, "rb") as file:  # noqa: PTH123  # next to other calls of os
        first = file.readline(4096)
    if not first.startswith(b"#!"):
        return "is no script"
    line = first[2:].rstrip(b"\n").decode("utf-8", "backslashreplace").strip(" \t")
    if line.endswith("\r"):
        raise Trouble("its lines end as in DOS files, so that no interpreter is found: dos2unix mends it")
    words = line.split()
    if not words:
        raise Trouble("its first line names no interpreter")
    if not os.access(words[0], os.X_OK) or os.path.isdir(words[0]):  # noqa: PTH112  # as above
        raise Trouble(f"there is no interpreter {words[0]}")
    if words[0].rpartition("/")[2] != "env":
        return words[0]
    name = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
    found = shutil.which(name, path=search_path) if name else None
    if found is None:
        raise Trouble(f"there is no {name or 'program for env'} in PATH")
    return found


def read_script(path: str, search_path: str) -> str:
    """Whether a program's interpreter is there, and takes the script: shells and Python can tell without running it.

    A monitor that its interpreter refuses ends with 1 or 2, as one does that found its host dead.
    """
    found = find_interpreter(path, search_path)
    kind = found.rpartition("/")[2]
    if kind in _SHELLS:
        command = [found, "-n", path]
    elif kind.startswith("python"):
        command = [found, "-I", "-c", _COMPILE, path]
    else:
        return found
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=READ_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return found
    if done.returncode == 0:
        return found
    said = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines() or [f"exit code {done.returncode}"]
    raise Trouble(f"{found} refuses it: {said[0]}")


def listen(place: ListenAddress) -> str:
    """Listen there for a moment."""
    if place.kind is ListenerKind.LOCAL:
        return write_to(place.host)
    try:
        sockets = list(open_sockets(place))
    except ServerError as error:
        cause = error.__cause__
        if getattr(cause, "errno", None) == errno.EADDRINUSE and _is_mon(place):
            return "a mon server has it already"
        raise
    for each in sockets:
        each.close()
    return "free"


def _is_mon(place: ListenAddress) -> bool:
    """Whether who has a port speaks mon's protocol, or (traps) has the port of the same number for clients."""
    host = "127.0.0.1" if place.host in ("*", "", "0.0.0.0") else place.host  # noqa: S104  # nothing is bound
    try:
        with socket.create_connection((host, place.port), timeout=MON_WAIT) as talk:
            talk.settimeout(MON_WAIT)
            talk.sendall(b"version\n")
            return talk.recv(200).startswith(b"version")
    except OSError:
        return False


def open_ping_socket() -> str:
    """Send one echo request to this machine."""
    from pymon.plugin.icmp import ping  # noqa: PLC0415  # only where it is asked for
    from pymon.plugin.net import addresses  # noqa: PLC0415  # as above

    async def once() -> None:
        await ping(list(await addresses("127.0.0.1")), attempts=1, wait=1.0)

    asyncio.run(once())
    return f"{_describe_user()} may send echo requests"


def read_ipvs(environ: Mapping[str, str]) -> str:
    """Read the IPVS table."""
    from pymon.ipvs.table import open_table  # noqa: PLC0415  # as above

    count = len(open_table(environ).snapshot().services)
    return f"{count} virtual service{'' if count == 1 else 's'}"


def _describe_user() -> str:
    """Name the user who tries, as the daemon may run as another one."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
