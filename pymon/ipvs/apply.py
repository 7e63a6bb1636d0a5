"""Wishes carried out on a table: read what they speak of in the one virtual service, plan, apply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pymon.errors import IpvsBusy, IpvsNoServer, IpvsServerExists
from pymon.ipvs.model import Listed, Virtual
from pymon.ipvs.plan import Add, Edit, Operation, Plan, Remove, Wish, plan
from pymon.ipvs.table import Table

_ATTEMPTS = 5

NODEST = (
    "net.ipv4.vs.expire_nodest_conn is 0: packets of connections that a removed real server still has are dropped in"
    " silence until those expire; set it to 1 on the director to end them at once"
)
QUIESCENT = (
    "net.ipv4.vs.expire_quiescent_template is 0: clients that persistence binds to a quiesced real server still come to"
    " it; set it to 1 on the director to have them sent elsewhere"
)


@dataclass(frozen=True, slots=True)
class TableChange:
    """The applied plan, and ``cautions``: notes on settings of the kernel that change its effect (NODEST …)."""

    plan: Plan
    cautions: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the table is another than before."""
        return bool(self.plan.operations)


def carry_out(table: Table, virtual: Virtual, wishes: Sequence[Wish]) -> TableChange:
    """Make the wishes true in a virtual service.

    Somebody else may change the same real server between reading and writing: then it is read and planned again.
    Raises IpvsNoService, IpvsBusy (also when that never ends), and whatever else the table raises.
    """
    addresses = {wish.address for wish in wishes}
    for _ in range(_ATTEMPTS):
        listed = table.find_service(virtual, addresses)
        planned = plan(listed, wishes)
        try:
            for operation in planned.operations:
                perform(table, virtual, operation)
        except (IpvsNoServer, IpvsServerExists):
            continue
        return TableChange(planned, tuple(_cautions(table, listed, planned)))
    raise IpvsBusy(f"the real servers of {virtual} were changed by somebody else each time that they were read")


def perform(table: Table, virtual: Virtual, operation: Operation) -> None:
    """Do one operation."""
    match operation:
        case Add():
            table.add_server(virtual, operation.server)
        case Edit():
            table.edit_server(virtual, operation.server)
        case Remove():
            table.remove_server(virtual, operation.server)


def _cautions(table: Table, listed: Listed, planned: Plan) -> Iterator[str]:
    """What the user should know of the settings under which this was done.

    With direct routing and tunnels a director does not see the resets of a real server, so its connections stay.
    """
    removed = [done.server for done in planned.operations if isinstance(done, Remove)]
    if any(server.forwarding.keeps_port for server in removed) and table.setting("expire_nodest_conn") == 0:
        yield NODEST
    is_quiesced = any(isinstance(done, Edit) and done.server.weight == 0 for done in planned.operations)
    is_persistent = listed.service.persistence is not None
    if is_quiesced and is_persistent and table.setting("expire_quiescent_template") == 0:
        yield QUIESCENT
