"""What every IPVS table does: one body of cases, for the table in memory and for the kernel's.

``test_tables.py`` runs them in memory, ``kernel_cases.py`` in a guest with the kernel's table. Each case gets an empty
table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymon.errors import IpvsError, IpvsNoServer, IpvsNoService, IpvsServerExists
from pymon.ipvs.apply import carry_out
from pymon.ipvs.model import MAX_WEIGHT, Forwarding, Listening, Marked, Protocol, RealServer, VirtualService
from pymon.ipvs.plan import Absent, Present, Quiesced
from pymon.ipvs.table import Table

WEB = VirtualService(Listening(Protocol.TCP, ip_address("10.0.0.100"), 80))
MARK = VirtualService(Marked(7), "rr")
ONE = RealServer(ip_address("10.0.0.1"), 80, Forwarding.DR, 100)
TWO = RealServer(ip_address("10.0.0.2"), 80)


def servers(table: Table, service: VirtualService = WEB) -> set[RealServer]:
    """The real servers of a virtual service; a table has them in an order of its own."""
    return set(table.find_service(service.identity).servers)


def case_an_empty_table_is_read(table: Table) -> None:
    assert table.snapshot().services == ()
    assert table.info().version


def case_servers_are_added_changed_and_removed(table: Table) -> None:
    table.add_service(WEB)
    table.add_server(WEB.identity, ONE)
    assert servers(table) == {ONE}
    changed = replace(ONE, forwarding=Forwarding.TUN, weight=200)
    table.edit_server(WEB.identity, changed)
    (now,) = servers(table)
    assert (now.forwarding, now.weight) == (Forwarding.TUN, 200)
    table.remove_server(WEB.identity, ONE)
    assert servers(table) == set()
    assert table.snapshot().services[0].servers == ()


def case_what_is_there_twice_or_not_there_is_an_error(table: Table) -> None:
    table.add_service(WEB)
    table.add_server(WEB.identity, ONE)
    with pytest.raises(IpvsServerExists, match=r"10\.0\.0\.1:80 is in TCP 10\.0\.0\.100:80 already"):
        table.add_server(WEB.identity, ONE)
    with pytest.raises(IpvsNoServer):
        table.edit_server(WEB.identity, TWO)
    with pytest.raises(IpvsNoServer):
        table.remove_server(WEB.identity, TWO)
    with pytest.raises(IpvsError, match="in the table already"):
        table.add_service(WEB)
    assert servers(table) == {ONE}


def case_a_service_that_is_not_there_is_an_error(table: Table) -> None:
    table.add_service(WEB)
    table.remove_service(WEB.identity)
    for attempt in (table.find_service, table.remove_service):
        with pytest.raises(IpvsNoService, match="no virtual service TCP"):
            attempt(WEB.identity)
    with pytest.raises(IpvsNoService):
        table.edit_service(WEB)
    for change in (table.add_server, table.edit_server, table.remove_server):
        with pytest.raises(IpvsNoService):
            change(WEB.identity, ONE)


def case_only_the_servers_asked_for_are_listed(table: Table) -> None:
    table.add_service(MARK)
    others = [RealServer(ONE.address, 81), TWO]
    for server in (ONE, *others):
        table.add_server(MARK.identity, server)
    assert set(table.find_service(MARK.identity, [ONE.address]).servers) == {ONE, others[0]}
    assert table.find_service(MARK.identity, []).servers == ()
    assert servers(table, MARK) == {ONE, *others}


def case_a_service_changes_and_keeps_its_servers(table: Table) -> None:
    table.add_service(WEB)
    table.add_server(WEB.identity, ONE)
    table.edit_service(VirtualService(WEB.identity, "rr"))
    listed = table.find_service(WEB.identity)
    assert (listed.service.scheduler, listed.servers) == ("rr", (ONE,))


def case_services_stand_apart(table: Table) -> None:
    table.add_service(WEB)
    table.add_service(MARK)
    table.add_server(WEB.identity, ONE)
    assert servers(table, MARK) == set()
    assert {listed.service.identity for listed in table.snapshot().services} == {WEB.identity, MARK.identity}
    table.remove_service(MARK.identity)
    assert servers(table) == {ONE}
    table.flush()
    assert table.snapshot().services == ()


def case_values_that_the_kernel_refuses_are_refused(table: Table) -> None:
    table.add_service(WEB)
    for server in (
        RealServer(ONE.address, 80, weight=-1),
        RealServer(ONE.address, 80, weight=MAX_WEIGHT + 1),
        RealServer(ONE.address, 80, upper=-1, lower=-2),
        RealServer(ONE.address, 80, upper=2**32),
        RealServer(ONE.address, 80, lower=2),
        RealServer(ip_address("2001:db8::1"), 80, Forwarding.NAT),
    ):
        with pytest.raises(IpvsError):
            table.add_server(WEB.identity, server)
    assert servers(table) == set()


def case_a_change_says_what_it_did_and_whether_it_did_something(table: Table) -> None:
    table.add_service(WEB)
    wish = Present(ONE.address, 80, Forwarding.DR, 100)
    first = carry_out(table, WEB.identity, [wish])
    assert (first.changed, servers(table)) == (True, {ONE})
    second = carry_out(table, WEB.identity, [wish])
    assert (second.changed, second.plan.reasons) == (
        False,
        ("10.0.0.1:80 is already in TCP 10.0.0.100:80 wlc (dr, weight 100)",),
    )
    assert carry_out(table, WEB.identity, [Quiesced(ONE.address, 80)]).changed
    assert servers(table) == {replace(ONE, weight=0)}
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80)]).changed
    assert not carry_out(table, WEB.identity, [Absent(ONE.address, 80)]).changed
    assert servers(table) == set()


def cases() -> dict[str, Callable[[Table], None]]:
    """Every case by its name."""
    return {name.removeprefix("case_"): case for name, case in globals().items() if name.startswith("case_")}
