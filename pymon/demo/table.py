"""The IPVS table of the demo: the kernel's where that works, else one in memory, and the virtual service in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from pymon.demo.servers import DemoError, WebServer
from pymon.errors import IpvsError, IpvsNoService
from pymon.ipvs.model import Forwarding, Listed, Listening, Protocol, RealServer, VirtualService
from pymon.ipvs.table import VARIABLE, Table, kernel_table, memory_table, table_name, why_no_kernel_table

VIRTUAL = Listening(Protocol.TCP, ip_address("127.0.0.1"), 18080)
"""the virtual service that etc/demo.cf speaks of"""
WEIGHT = 1


@dataclass(slots=True)
class DemoTable:
    """The table in use. ``why_memory`` is the reason why it is not the kernel's, empty if it is. Methods block."""

    table: Table
    servers: Sequence[WebServer]
    why_memory: str = ""
    _made: bool = field(default=False)

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which lvs.alert uses the same table."""
        return {VARIABLE: self.table.name}

    def prepare(self) -> None:
        """Make the virtual service, with every web server in it. Raises DemoError, IpvsError."""
        self._clear_leftover()
        self.table.add_service(VirtualService(VIRTUAL))
        self._made = True
        for server in self.servers:
            self.table.add_server(VIRTUAL, _real_server(server))

    def _clear_leftover(self) -> None:
        """An earlier demo that was killed left its virtual service; another's is not touched."""
        try:
            standing = self.table.find_service(VIRTUAL)
        except IpvsNoService:
            return
        ours = {_real_server(server).endpoint for server in self.servers}
        if not {server.endpoint for server in standing.servers} <= ours:
            raise DemoError(
                f"the IPVS table has a virtual service {VIRTUAL} already, with other real servers than the demo's;"
                f" PYMON_IPVS=memory shows the demo without touching it"
            )
        self.table.remove_service(VIRTUAL)

    def remove(self) -> None:
        """Take the virtual service out again, if it was made. Raises IpvsError."""
        if self._made:
            self._made = False
            self.table.remove_service(VIRTUAL)

    def find_service(self) -> Listed:
        """The virtual service as it stands; without real servers if somebody removed it."""
        try:
            return self.table.find_service(VIRTUAL)
        except IpvsNoService:
            return Listed(VirtualService(VIRTUAL))

    def find_standing(self, listed: Listed) -> frozenset[str]:
        """The names of the web servers that stand in it with a weight."""
        endpoints = {server.endpoint for server in listed.servers if server.weight > 0}
        return frozenset(server.name for server in self.servers if _real_server(server).endpoint in endpoints)


def open_table(environ: Mapping[str, str], servers: Sequence[WebServer]) -> DemoTable:
    """The table that the demo uses, with its virtual service made. Raises DemoError and IpvsError."""
    if table_name(environ) == "memory":
        return _make_memory_table(servers, f"{VARIABLE}=memory is set")
    reason = why_no_kernel_table()
    if reason is not None:
        return _make_memory_table(servers, reason)
    kernel = DemoTable(kernel_table(), servers)
    try:
        kernel.prepare()
    except IpvsError as problem:
        kernel.remove()
        return _make_memory_table(servers, str(problem))
    return kernel


def _make_memory_table(servers: Sequence[WebServer], reason: str) -> DemoTable:
    table = DemoTable(memory_table(), servers, reason)
    table.prepare()
    return table


def _real_server(server: WebServer) -> RealServer:
    return RealServer(ip_address(server.address), server.port, Forwarding.NAT, WEIGHT)
