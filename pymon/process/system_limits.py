"""The system's limits for this process: descriptors and processes.

The daemon takes all the descriptors it may have, for each check inside it has connections. What it starts gets back
the limit that the daemon was started with: some programs close every descriptor they might have, and with a limit of
a million that takes seconds.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pymon.errors import PymonError

LEAST_DESCRIPTORS = 64
"""with fewer the daemon cannot do its work: half of them are its own"""

_MARGIN = 32
"""descriptors that other threads may open while a program starts"""

_CAP_SYS_ADMIN, _CAP_SYS_RESOURCE = 21, 24


def raise_descriptor_limit() -> None:
    """Raise the soft limit to the hard one. Raises PymonError where that is below LEAST_DESCRIPTORS."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < LEAST_DESCRIPTORS:
        raise PymonError(
            f"only {hard} open files are allowed to this process, and it needs {LEAST_DESCRIPTORS}: "
            "raise the hard limit (ulimit -Hn, or LimitNOFILE= of the systemd unit)"
        )
    _OF_PROGRAMS.setdefault("soft", soft)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


_OF_PROGRAMS: dict[str, int] = {}
"""the soft limit for programs, once it was raised for the daemon"""


def descriptor_limit() -> int:
    """How many descriptors this process may have open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft


@contextmanager
def limit_of_programs(highest: int) -> Iterator[None]:
    """A program that is started inside gets the soft limit of before ``raise_descriptor_limit``.

    ``highest`` is a descriptor that was opened just now, so that all below it are in use. Where the daemon itself
    needs more than the program may have, its limit stays: ``give_limit`` does it then.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _lower_limit(soft)
    if wanted is None or highest + _MARGIN >= wanted:
        yield
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):  # somebody has lowered the hard limit meanwhile
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def give_limit(pid: int, highest: int) -> None:
    """Give a program that has just started what ``limit_of_programs`` could not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _lower_limit(soft)
    if wanted is not None and highest + _MARGIN >= wanted:
        with suppress(OSError, ValueError):  # it has ended, or become another user's
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (wanted, hard))


def _lower_limit(soft: int) -> int | None:
    """The soft limit of programs, if it is another than the daemon's."""
    wanted = _OF_PROGRAMS.get("soft", soft)
    return wanted if wanted != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or wanted < soft) else None


def process_room() -> int | None:
    """How many processes and threads may be started yet (RLIMIT_NPROC, cgroups); None: there is no limit to them."""
    rooms = [room for room in (_room_of_user(), _room_of_cgroup()) if room is not None]
    return max(0, min(rooms)) if rooms else None


def _room_of_user() -> int | None:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if allowed == resource.RLIM_INFINITY or _ignores_user_limit():
        return None
    user, used = os.getuid(), 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):  # it has just ended
                if entry.stat().st_uid == user:
                    used += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208  # pathlib starts slowly
    return allowed - used


def _ignores_user_limit() -> bool:
    """Whether RLIMIT_NPROC does not count: for root, and with CAP_SYS_RESOURCE or CAP_SYS_ADMIN."""
    if os.getuid() == 0:
        return True
    for line in _lines("/proc/self/status"):
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & (1 << _CAP_SYS_RESOURCE | 1 << _CAP_SYS_ADMIN))
    return False


def _room_of_cgroup() -> int | None:
    rooms = []
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and "pids" not in controllers.split(","):
            continue
        root = "/sys/fs/cgroup/pids" if controllers else "/sys/fs/cgroup"
        while True:
            allowed, used = _number(f"{root}{path}/pids.max"), _number(f"{root}{path}/pids.current")
            if allowed is not None and used is not None:
                rooms.append(allowed - used)
            if path in ("", "/"):
                break
            path = path.rpartition("/")[0]
    return min(rooms) if rooms else None


def _number(path: str) -> int | None:
    """Read a number from a file; None for ``max``, or if the file has no number."""
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123  # as above
            return file.read().splitlines()
    except OSError:
        return []
