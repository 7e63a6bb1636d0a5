"""The interface of every IPVS table, and the choice of one: PYMON_IPVS=kernel (the default) or memory."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Mapping
from typing import Protocol

from pymon.errors import IpvsError
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import Address, Info, Listed, RealServer, TableSnapshot, Virtual, VirtualService

VARIABLE = "PYMON_IPVS"
_KERNEL = "pymon.ipvs.kernel"


class Table(Protocol):
    """An IPVS table. Its methods block for as long as the kernel takes, mostly well under a millisecond.

    All raise IpvsUnavailable, IpvsPermission, IpvsBusy or a plain IpvsError where the kernel refuses; those that
    name a virtual service raise IpvsNoService when it is not there.
    """

    @property
    def name(self) -> str:
        """``kernel`` or ``memory``."""

    def close(self) -> None:
        """Give back what is open."""

    def info(self) -> Info:
        """Version and size of IPVS."""

    def snapshot(self) -> TableSnapshot:
        """The whole table."""

    def find_service(self, virtual: Virtual, at: Collection[Address] | None = None) -> Listed:
        """One virtual service with its real servers, read without the rest of the table; ``at``: only those there."""

    def add_server(self, virtual: Virtual, server: RealServer) -> None:
        """Put a real server in; IpvsServerExists when it is there."""

    def edit_server(self, virtual: Virtual, server: RealServer) -> None:
        """Change a real server; IpvsNoServer when it is not there."""

    def remove_server(self, virtual: Virtual, server: RealServer) -> None:
        """Take a real server out; IpvsNoServer when it is not there."""

    def add_service(self, service: VirtualService) -> None:
        """Put a virtual service in."""

    def edit_service(self, service: VirtualService) -> None:
        """Change a virtual service."""

    def remove_service(self, virtual: Virtual) -> None:
        """Take a virtual service out."""

    def flush(self) -> None:
        """Empty the table."""

    def setting(self, name: str) -> int | None:
        """The number in ``net.ipv4.vs.NAME``; None: unknown, or there is no such thing."""


def open_table(environ: Mapping[str, str]) -> Table:
    """The table that the environment names; one for the whole process, opened at the first call.

    Raises IpvsUnavailable and IpvsPermission (the kernel's), and IpvsError for an unknown name.
    """
    name = table_name(environ)
    if name == "memory":
        return memory_table()
    return kernel_table()


def prepare(environ: Mapping[str, str]) -> None:
    """Import now what opening the kernel's table needs (0.2 s), unless the environment names the table in memory."""
    if environ.get(VARIABLE) != "memory":
        importlib.import_module(_KERNEL)


def table_name(environ: Mapping[str, str]) -> str:
    """``kernel`` or ``memory``. Raises IpvsError for another name."""
    name = environ.get(VARIABLE) or "kernel"
    if name not in ("kernel", "memory"):
        raise IpvsError(f"{VARIABLE}={name}: there are two tables, kernel and memory")
    return name


@functools.cache
def memory_table() -> MemoryTable:
    """The one table in memory of this process."""
    return MemoryTable()


@functools.cache
def kernel_table() -> Table:
    """The kernel's table of the network namespace in which this process first asked for it.

    A failure is not kept: the next call tries again.
    """
    from pymon.ipvs.kernel import KernelTable  # noqa: PLC0415  # 0.2 s, for those who use the kernel's table

    return KernelTable()


def why_no_kernel_table() -> str | None:
    """None if the kernel's table can be read and changed by this process, else the reason why not, for the user."""
    try:
        kernel_table().info()
    except IpvsError as problem:
        return str(problem)
    return None
