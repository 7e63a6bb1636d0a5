"""What has to be done so that a real server stands as wished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.ipvs.model import (
    Connections,
    Forwarding,
    Listed,
    Listening,
    Marked,
    Protocol,
    RealServer,
    Tunnel,
    TunnelKind,
    VirtualService,
)
from pymon.ipvs.plan import Absent, Add, Edit, Plan, Present, Quiesced, Remove, Wish, apply, plan

WEB = VirtualService(Listening(Protocol.TCP, ip_address("10.0.0.100"), 80))
ONE = ip_address("10.0.0.1")
TWO = ip_address("10.0.0.2")


def _plan(servers: Sequence[RealServer], *wishes: Wish, service: VirtualService = WEB) -> Plan:
    return plan(Listed(service, tuple(servers)), wishes)


def test_a_missing_server_is_added() -> None:
    done = _plan([], Present(ONE, 80, Forwarding.DR, 100))
    assert done.operations == (Add(RealServer(ONE, 80, Forwarding.DR, 100)),)
    assert done.reasons == ("added 10.0.0.1:80 to TCP 10.0.0.100:80 wlc (dr, weight 100)",)


def test_a_server_that_stands_as_wished_is_left_alone() -> None:
    done = _plan([RealServer(ONE, 80, Forwarding.DR, 100)], Present(ONE, 80, Forwarding.DR, 100))
    assert done == Plan(reasons=("10.0.0.1:80 is already in TCP 10.0.0.100:80 wlc (dr, weight 100)",))


@pytest.mark.parametrize(
    ("weight", "forwarding", "terms"), [(7, Forwarding.DR, "dr, weight 7"), (100, Forwarding.NAT, "nat, weight 100")]
)
def test_another_weight_or_method_is_edited(weight: int, forwarding: Forwarding, terms: str) -> None:
    was = RealServer(ONE, 80, Forwarding.DR, 100, connections=Connections(active=3))
    done = _plan([was], Present(ONE, 80, forwarding, weight))
    assert done.operations == (Edit(RealServer(ONE, 80, forwarding, weight), was),)
    assert done.reasons == (f"changed 10.0.0.1:80 in TCP 10.0.0.100:80 wlc from dr, weight 100 to {terms}",)


def test_an_edit_keeps_thresholds_and_the_kind_of_tunnel() -> None:
    was = RealServer(ONE, 80, Forwarding.TUN, 1, upper=100, lower=50, tunnel=Tunnel(TunnelKind.GUE, 6080))
    (edit,) = _plan([was], Present(ONE, 80, Forwarding.TUN, 2)).operations
    assert edit == Edit(replace(was, weight=2), was)


def test_a_server_that_is_there_is_removed_whatever_its_weight_and_method() -> None:
    was = RealServer(ONE, 80, Forwarding.NAT, 3, connections=Connections(active=1))
    done = _plan([was, RealServer(TWO, 80)], Absent(ONE, 80))
    assert done.operations == (Remove(was),)
    assert done.reasons == ("removed 10.0.0.1:80 from TCP 10.0.0.100:80 wlc (1 active connection)",)


def test_removing_what_is_gone_does_nothing() -> None:
    done = _plan([RealServer(TWO, 80)], Absent(ONE, 80))
    assert done == Plan(reasons=("10.0.0.1:80 is already gone from TCP 10.0.0.100:80 wlc",))


def test_quiescing_sets_weight_0() -> None:
    was = RealServer(ONE, 80, Forwarding.NAT, 3, connections=Connections(active=2))
    done = _plan([was], Quiesced(ONE, 80))
    assert done.operations == (Edit(replace(was, weight=0), was),)
    assert done.reasons == ("quiesced 10.0.0.1:80 in TCP 10.0.0.100:80 wlc (weight 3 to 0) (2 active connections)",)


@pytest.mark.parametrize("servers", [[], [RealServer(ONE, 80, weight=0)]])
def test_quiescing_what_is_quiet_or_gone_does_nothing(servers: list[RealServer]) -> None:
    assert _plan(servers, Quiesced(ONE, 80)).operations == ()


@pytest.mark.parametrize("forwarding", [Forwarding.DR, Forwarding.TUN])
def test_without_nat_the_port_is_the_virtual_services(forwarding: Forwarding) -> None:
    """A-lvs-port: another port is corrected, and that is said."""
    done = _plan([], Present(ONE, 8080, forwarding, 1))
    assert done.operations == (Add(RealServer(ONE, 80, forwarding, 1)),)
    assert "at the port of the virtual service, 80, not 8080" in done.warnings[0]
    assert _plan([RealServer(ONE, 80, forwarding)], Absent(ONE, 8080, forwarding)).operations == (
        Remove(RealServer(ONE, 80, forwarding)),
    )


def test_with_nat_the_port_is_the_servers_own() -> None:
    done = _plan([], Present(ONE, 8080, Forwarding.NAT, 1))
    assert done == Plan((Add(RealServer(ONE, 8080, Forwarding.NAT, 1)),), done.reasons)


def test_a_nat_server_at_the_virtual_port_is_not_mistaken_for_one_at_another_port() -> None:
    standing = RealServer(ONE, 80, Forwarding.NAT)
    assert _plan([standing], Absent(ONE, 8080, Forwarding.NAT)).operations == ()
    assert _plan([standing], Absent(ONE, 8080, Forwarding.DR)).operations == ()


def test_a_service_of_a_mark_leaves_every_port_as_asked_for() -> None:
    marked = VirtualService(Marked(5))
    assert _plan([], Present(ONE, 8080, Forwarding.DR, 1), service=marked).operations == (Add(RealServer(ONE, 8080)),)
    assert _plan([RealServer(ONE, 0)], Absent(ONE, 80), service=marked).operations == ()


ADDRESSES = st.sampled_from([ONE, TWO])
PORTS = st.sampled_from([80, 8080])
METHODS = st.sampled_from([Forwarding.DR, Forwarding.NAT, Forwarding.TUN])
WEIGHTS = st.integers(0, 3)
WISHES = st.one_of(
    st.builds(Present, ADDRESSES, PORTS, METHODS, WEIGHTS),
    st.builds(Absent, ADDRESSES, PORTS, METHODS),
    st.builds(Quiesced, ADDRESSES, PORTS, METHODS),
)
SERVERS = st.lists(st.builds(RealServer, ADDRESSES, PORTS, METHODS, WEIGHTS), unique_by=lambda server: server.endpoint)
SERVICES = st.sampled_from([WEB, VirtualService(Marked(5))])


def _model(service: VirtualService, servers: Sequence[RealServer], wish: Wish) -> dict[tuple[object, int], RealServer]:
    """The rules once more, as plainly as can be: what the table holds after one wish."""
    table: dict[tuple[object, int], RealServer] = {(server.address, server.port): server for server in servers}
    is_moved = service is WEB and wish.forwarding is not Forwarding.NAT
    key = (wish.address, 80 if is_moved else wish.port)
    if isinstance(wish, Present):
        table[key] = RealServer(wish.address, key[1], wish.forwarding, wish.weight)
        return table
    meant = [(wish.address, wish.port)]
    if key != meant[0] and key in table and table[key].forwarding is not Forwarding.NAT:
        meant.append(key)
    for one in meant:
        if one in table and isinstance(wish, Absent):
            del table[one]
        elif one in table:
            table[one] = replace(table[one], weight=0)
    return table


@given(SERVICES, SERVERS, WISHES)
def test_applying_a_plan_makes_the_wish_true_and_touches_nothing_else(
    service: VirtualService, servers: list[RealServer], wish: Wish
) -> None:
    done = _plan(servers, wish, service=service)
    after = apply(servers, done.operations)
    assert {server.endpoint: server for server in after} == _model(service, servers, wish)
    assert len(done.reasons) >= max(1, len(done.operations))


@given(SERVICES, SERVERS, st.lists(WISHES, max_size=4))
def test_a_plan_for_several_wishes_is_that_of_one_after_the_other_and_each_is_idempotent(
    service: VirtualService, servers: list[RealServer], wishes: list[Wish]
) -> None:
    standing = tuple(servers)
    for wish in wishes:
        standing = apply(standing, _plan(standing, wish, service=service).operations)
        assert _plan(standing, wish, service=service).operations == ()
    assert apply(servers, _plan(servers, *wishes, service=service).operations) == standing
