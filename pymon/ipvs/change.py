"""Wishes carried out on a table: read the one virtual service, plan, apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymon.errors import IpvsBusy, IpvsNoServer, IpvsServerExists
from pymon.ipvs.model import Virtual
from pymon.ipvs.plan import Add, Edit, Operation, Plan, Remove, Wish, plan
from pymon.ipvs.table import Table

_ATTEMPTS = 5

NODEST_WARNING = (
    "net.ipv4.vs.expire_nodest_conn is 0: packets of connections that this real server still had are dropped in"
    " silence until those expire; set it to 1 on the director to end them at once"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done: the plan that went through, and whether clients with a connection may notice a removal."""

    plan: Plan
    leaves_connections: bool = False

    @property
    def changed(self) -> bool:
        """Whether the table is another than before."""
        return bool(self.plan.operations)


def carry_out(table: Table, virtual: Virtual, wishes: Sequence[Wish]) -> Outcome:
    """Make the wishes true in a virtual service.

    Somebody else may change the same real server between reading and writing: then it is read and planned anew.
    Raises IpvsNoService, IpvsBusy (also when that never ends), and whatever else the table raises.
    """
    for _ in range(_ATTEMPTS):
        planned = plan(table.listed(virtual), wishes)
        try:
            for operation in planned.operations:
                perform(table, virtual, operation)
        except (IpvsNoServer, IpvsServerExists):
            continue
        return Outcome(planned, _leaves_connections(table, planned))
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


def _leaves_connections(table: Table, planned: Plan) -> bool:
    """Whether a removed real server was one whose resets the director never saw, and its connections stay."""
    removed = any(isinstance(done, Remove) and done.server.forwarding.keeps_port for done in planned.operations)
    return removed and table.expires_nodest() is False
