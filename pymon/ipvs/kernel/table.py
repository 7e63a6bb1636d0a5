"""The verbs on the kernel's IPVS table.

Each verb is one or two messages, and one virtual service is read without the others, so that its cost does not grow
with the table. The socket belongs to the network namespace in which the table was opened, and stays open.
"""

from __future__ import annotations

import errno
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pymon.errors import (
    IpvsBusy,
    IpvsError,
    IpvsNoServer,
    IpvsNoService,
    IpvsPermission,
    IpvsServerExists,
    IpvsUnavailable,
)
from pymon.ipvs.kernel.message import FAMILY, NetlinkCommand, message, read_info, read_server, read_service, speaks_of
from pymon.ipvs.kernel.netlink import GenericNetlink
from pymon.ipvs.model import Address, Info, Listed, RealServer, TableSnapshot, Virtual, VirtualService

NO_IPVS = "this kernel has no IPVS: load its module with `modprobe ip_vs` (for a container, on its host)"
NO_PERMISSION = (
    "the IPVS table may only be read and changed with CAP_NET_ADMIN: run as root, or give the program that capability"
)
_SETTINGS = Path("/proc/sys/net/ipv4/vs")
_UNAVAILABLE = {errno.ENOPROTOOPT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP}
_PERMISSION = {errno.EPERM, errno.EACCES}
_BUSY = {errno.EBUSY, errno.ENOBUFS, errno.ENOMEM, errno.EINTR, errno.EAGAIN, errno.ETIMEDOUT}

T = TypeVar("T")


class KernelTable:
    """The kernel's table of this network namespace. Safe for several threads; calls take turns.

    Opening it asks for the family, which loads the module where the kernel may do that. Every method raises
    IpvsUnavailable, IpvsPermission, IpvsBusy, or IpvsError for what the kernel refuses otherwise.
    """

    name = "kernel"

    def __init__(self, *, time_limit: float = 5.0) -> None:
        self._time_limit = time_limit
        self._lock = threading.Lock()
        self._netlink: GenericNetlink | None = None
        with self._lock, _errors("IPVS cannot be reached"):
            self._netlink = GenericNetlink(FAMILY, time_limit=time_limit)

    def close(self) -> None:
        """Close the socket; the table opens another one if it is used again."""
        with self._lock:
            self._reset()

    def info(self) -> Info:
        """The version of IPVS and the size of its connection table."""
        with _errors("IPVS cannot be asked for its version"):
            return read_info(self._call(lambda netlink: netlink.get(message(NetlinkCommand.GET_INFO))))

    def snapshot(self) -> TableSnapshot:
        """The whole table, in the kernel's order. The services are not read at one instant, but one by one."""
        info = self.info()
        with _errors("the virtual services cannot be read"):
            found = self._call(lambda netlink: netlink.dump(message(NetlinkCommand.GET_SERVICE)))
        services = [read_service(data) for data in found]
        return TableSnapshot(info, tuple(Listed(service, self._servers(service.identity)) for service in services))

    def find_service(self, virtual: Virtual, at: Collection[Address] | None = None) -> Listed:
        """One virtual service with its real servers, all or those at some addresses. Raises IpvsNoService too.

        A tenth of a millisecond for each one decoded: naming the addresses keeps large services as quick as small.
        """
        request = message(NetlinkCommand.GET_SERVICE, virtual=virtual)
        with _errors(f"{virtual} cannot be read", virtual):
            service = read_service(self._call(lambda netlink: netlink.get(request)))
        servers = self._servers(virtual, at)
        return Listed(service, servers if at is None else tuple(server for server in servers if server.address in at))

    def _servers(self, virtual: Virtual, at: Collection[Address] | None = None) -> tuple[RealServer, ...]:
        request = message(NetlinkCommand.GET_DEST, virtual=virtual)
        with _errors(f"the real servers of {virtual} cannot be read", virtual):
            found = self._call(lambda netlink: netlink.dump(request))
        return tuple(read_server(data, virtual.family) for data in found if at is None or speaks_of(data, at))

    def add_server(self, virtual: Virtual, server: RealServer) -> None:
        """Put a real server in. Raises IpvsNoService and IpvsServerExists too."""
        with _errors(f"{server} cannot be added to {virtual}", virtual, server):
            self._command(NetlinkCommand.NEW_DEST, virtual, server)

    def edit_server(self, virtual: Virtual, server: RealServer) -> None:
        """Give a real server another weight, method or thresholds. Raises IpvsNoService and IpvsNoServer too."""
        with _errors(f"{server} cannot be changed in {virtual}", virtual, server):
            self._command(NetlinkCommand.SET_DEST, virtual, server)

    def remove_server(self, virtual: Virtual, server: RealServer) -> None:
        """Take a real server out. Raises IpvsNoService and IpvsNoServer too."""
        with _errors(f"{server} cannot be removed from {virtual}", virtual, server):
            self._command(NetlinkCommand.DEL_DEST, virtual, server)

    def add_service(self, service: VirtualService) -> None:
        """Put a virtual service in, without real servers."""
        with _errors(f"{service} cannot be added"):
            self._call(lambda netlink: netlink.command(message(NetlinkCommand.NEW_SERVICE, service=service)))

    def edit_service(self, service: VirtualService) -> None:
        """Change a virtual service; its real servers stay. Raises IpvsNoService too."""
        with _errors(f"{service} cannot be changed", service.identity):
            self._call(lambda netlink: netlink.command(message(NetlinkCommand.SET_SERVICE, service=service)))

    def remove_service(self, virtual: Virtual) -> None:
        """Take a virtual service out with its real servers. Raises IpvsNoService too."""
        with _errors(f"{virtual} cannot be removed", virtual):
            self._call(lambda netlink: netlink.command(message(NetlinkCommand.DEL_SERVICE, virtual=virtual)))

    def flush(self) -> None:
        """Empty the table."""
        with _errors("the table cannot be emptied"):
            self._call(lambda netlink: netlink.command(message(NetlinkCommand.FLUSH)))

    def setting(self, name: str) -> int | None:
        """The number in net.ipv4.vs.NAME of this network namespace; None if it cannot be read."""
        try:
            return int((_SETTINGS / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _command(self, command: NetlinkCommand, virtual: Virtual, server: RealServer) -> None:
        self._call(lambda netlink: netlink.command(message(command, virtual=virtual, server=server)))

    def _call(self, request: Callable[[GenericNetlink], T]) -> T:
        """Make one request; once more on a new socket when the family has another number (the module was reloaded)."""
        with self._lock:
            fresh = self._netlink is None
            try:
                return request(self._open())
            except FileNotFoundError:
                if fresh or not self._reopen_if_moved():
                    raise
                return request(self._open())
            except TimeoutError:
                self._reset()
                raise

    def _open(self) -> GenericNetlink:
        if self._netlink is None:
            self._netlink = GenericNetlink(FAMILY, time_limit=self._time_limit)
        return self._netlink

    def _reopen_if_moved(self) -> bool:
        """Whether ENOENT was for the family itself; then a new socket is opened. It also says "no such server"."""
        before = self._netlink
        self._netlink = None
        opened = self._open()
        if before is not None:
            before.close()
            return opened.family != before.family
        return False

    def _reset(self) -> None:
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None


@contextmanager
def _errors(what: str, virtual: Virtual | None = None, server: RealServer | None = None) -> Iterator[None]:
    """Turn the kernel's errno into pymon's errors. ENOENT and EEXIST speak of the real server, if there is one."""
    try:
        yield
    except OSError as problem:
        raise _translate_error(problem, what, virtual, server) from problem
    except struct.error as problem:  # the message has no room for it
        raise IpvsError(f"{what}: a number is out of range") from problem


def _translate_error(problem: OSError, what: str, virtual: Virtual | None, server: RealServer | None) -> IpvsError:
    number = errno.ETIMEDOUT if isinstance(problem, TimeoutError) else problem.errno
    if number in _UNAVAILABLE:
        return IpvsUnavailable(NO_IPVS)
    if number in _PERMISSION:
        return IpvsPermission(NO_PERMISSION)
    if number in _BUSY:
        return IpvsBusy(f"{what} for now: {problem.strerror or problem}")
    if number == errno.ESRCH and virtual is not None:
        return IpvsNoService(f"there is no virtual service {virtual} in the IPVS table")
    if number == errno.ENOENT and server is not None:
        return IpvsNoServer(f"{server} is not in {virtual}")
    if number == errno.EEXIST and server is not None:
        return IpvsServerExists(f"{server} is in {virtual} already")
    if number == errno.ENOENT:
        return IpvsError(f"{what}: no such scheduler or persistence engine (a module ip_vs_… is missing)")
    if number == errno.EEXIST:
        return IpvsError(f"{what}: it is in the table already")
    return IpvsError(f"{what}: {problem.strerror or problem}")
