"""Wishes carried out on a table that others change too."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymon.errors import (
    IpvsBusy,
    IpvsNoServer,
)
from pymon.ipvs.apply import NODEST, QUIESCENT, carry_out
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import Forwarding, Listening, Protocol, RealServer, Virtual, VirtualService
from pymon.ipvs.plan import Absent, Present, Quiesced

WEB = VirtualService(Listening(Protocol.TCP, ip_address("10.0.0.100"), 80))
ONE = RealServer(ip_address("10.0.0.1"), 80, Forwarding.DR, 100)


@pytest.fixture
def table() -> MemoryTable:
    table = MemoryTable()
    table.add_service(WEB)
    return table


class Meddled(MemoryTable):
    """A table in which somebody else removes the real server right before each of the first ``times`` removals."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.add_service(WEB)
        self.add_server(WEB.identity, ONE)

    def remove_server(self, virtual: Virtual, server: RealServer) -> None:
        if self.times:
            self.times -= 1
            raise IpvsNoServer("somebody else was faster")
        super().remove_server(virtual, server)


def test_a_change_that_somebody_else_crosses_is_planned_anew() -> None:
    table = Meddled(2)
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80)]).changed
    assert table.find_service(WEB.identity).servers == ()


def test_a_change_that_is_crossed_for_ever_gives_up() -> None:
    with pytest.raises(IpvsBusy, match="changed by somebody else"):
        carry_out(Meddled(1000), WEB.identity, [Absent(ONE.address, 80)])


class Set(MemoryTable):
    """A table of a kernel whose settings are all the same."""

    def __init__(self, value: int | None) -> None:
        super().__init__()
        self.value = value

    def setting(self, name: str) -> int | None:
        del name
        return self.value


@pytest.mark.parametrize(
    ("forwarding", "value", "expected"),
    [
        (Forwarding.DR, 0, (NODEST,)),
        (Forwarding.TUN, 0, (NODEST,)),
        (Forwarding.NAT, 0, ()),
        (Forwarding.DR, 1, ()),
        (Forwarding.DR, None, ()),
    ],
)
def test_it_is_said_when_connections_of_a_removed_server_stay(
    forwarding: Forwarding, value: int | None, expected: tuple[str, ...]
) -> None:
    table = Set(value)
    table.add_service(WEB)
    assert carry_out(table, WEB.identity, [Present(ONE.address, 80, forwarding)]).cautions == ()
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80, forwarding)]).cautions == expected
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80, forwarding)]).cautions == ()


@pytest.mark.parametrize(("persistence", "value", "expected"), [(300, 0, (QUIESCENT,)), (300, 1, ()), (None, 0, ())])
def test_it_is_said_when_persistence_still_leads_to_a_quiesced_server(
    persistence: int | None, value: int, expected: tuple[str, ...]
) -> None:
    table = Set(value)
    table.add_service(VirtualService(WEB.identity, persistence=persistence))
    assert carry_out(table, WEB.identity, [Present(ONE.address, 80)]).cautions == ()
    assert carry_out(table, WEB.identity, [Quiesced(ONE.address, 80)]).cautions == expected
