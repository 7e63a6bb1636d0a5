"""What is sent to the kernel and read from it, with pyroute2 as an independent judge of the coding."""

from __future__ import annotations

from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.generic.ipvs import ipvsmsg

from pymon.errors import IpvsError
from pymon.ipvs.kernel.attribute import coded, decoded
from pymon.ipvs.kernel.message import Command, Dest, Part, message, read_info, read_server, read_service
from pymon.ipvs.model import (
    Forwarding,
    Listening,
    Marked,
    Protocol,
    RealServer,
    ServiceFlag,
    Tunnel,
    TunnelKind,
    Virtual,
    VirtualService,
)

VIRTUAL = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
SERVER = RealServer(ip_address("10.0.0.1"), 8080, Forwarding.NAT, 100, upper=9, lower=3)


def _judged(data: bytes, part: str) -> dict[str, Any]:
    """The attributes that pyroute2 sees in a message. The length in the header is what the socket fills in."""
    told = ipvsmsg(len(data).to_bytes(4, "little") + data[4:])
    told.decode()
    return dict(told.get_attr(f"IPVS_CMD_ATTR_{part}")["attrs"])


def test_a_request_is_what_pyroute2_would_read() -> None:
    data = message(Command.NEW_DEST, virtual=VIRTUAL, server=SERVER)
    assert data[16] == 5
    assert _judged(data, "SERVICE") == {
        "IPVS_SVC_ATTR_AF": AF_INET,
        "IPVS_SVC_ATTR_PROTOCOL": 6,
        "IPVS_SVC_ATTR_ADDR": "10.0.0.100",
        "IPVS_SVC_ATTR_PORT": 80,
    }
    told = _judged(data, "DEST")
    assert told["IPVS_DEST_ATTR_ADDR"] == "10.0.0.1"
    assert told["IPVS_DEST_ATTR_PORT"] == 8080
    assert told["IPVS_DEST_ATTR_FWD_METHOD"] == 0
    assert told["IPVS_DEST_ATTR_WEIGHT"] == 100
    assert (told["IPVS_DEST_ATTR_U_THRESH"], told["IPVS_DEST_ATTR_L_THRESH"]) == (9, 3)
    assert told["IPVS_DEST_ATTR_ADDR_FAMILY"] == AF_INET


def test_a_whole_service_is_what_pyroute2_would_read() -> None:
    service = VirtualService(VIRTUAL, "sh", 300, 24, "sip", scheduler_flags=ServiceFlag.SCHED1)
    told = _judged(message(Command.NEW_SERVICE, service=service), "SERVICE")
    assert told["IPVS_SVC_ATTR_SCHED_NAME"] == "sh"
    assert told["IPVS_SVC_ATTR_TIMEOUT"] == 300
    assert told["IPVS_SVC_ATTR_NETMASK"] == "255.255.255.0"
    assert told["IPVS_SVC_ATTR_PE_NAME"] == "sip"
    assert told["IPVS_SVC_ATTR_FLAGS"]["flags"] == ServiceFlag.SCHED1 | ServiceFlag.PERSISTENT


FAMILIES = st.sampled_from([AF_INET, AF_INET6])
IDENTITIES = st.one_of(
    st.builds(Listening, st.sampled_from(Protocol), st.ip_addresses(), st.integers(0, 65535)),
    st.builds(Marked, st.integers(1, 2**32 - 1), FAMILIES),
)
NUMBERS = st.integers(0, 2**31 - 1)


@given(
    IDENTITIES,
    st.sampled_from(["rr", "wlc", "mh"]),
    st.none() | NUMBERS,
    st.none() | st.integers(1, 31),
    st.sampled_from(["", "sip"]),
    st.booleans(),
)
def test_services_are_read_as_they_were_written(
    identity: Virtual, scheduler: str, persistence: int | None, prefix: int | None, engine: str, onepacket: bool
) -> None:
    service = VirtualService(identity, scheduler, persistence, prefix, engine, onepacket, ServiceFlag.SCHED2)
    assert read_service(message(Command.NEW_SERVICE, service=service)) == service


@given(
    st.builds(
        RealServer,
        st.ip_addresses(),
        st.integers(0, 65535),
        st.sampled_from(Forwarding),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        st.builds(Tunnel, st.sampled_from(TunnelKind), st.integers(0, 65535), st.integers(0, 65535)),
    ),
    FAMILIES,
)
def test_real_servers_are_read_as_they_were_written(server: RealServer, family: AddressFamily) -> None:
    assert read_server(message(Command.NEW_DEST, virtual=VIRTUAL, server=server), family) == server


def test_a_kernel_that_does_not_tell_the_family_of_a_server_means_that_of_its_service() -> None:
    whole = decoded(message(Command.NEW_DEST, server=SERVER)[20:])
    parts = decoded(whole[Part.DEST])
    del parts[Dest.ADDR_FAMILY]
    old = bytes(20) + coded([(Part.DEST, coded(parts.items()))])
    assert read_server(old, AF_INET) == SERVER
    assert read_server(old, AF_INET6).address == ip_address("a00:1::")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Dest.ADDR_FAMILY, b"\x07\0", "address family 7"),
        (Dest.FWD_METHOD, b"\x07\0\0\0", "Forwarding 7"),
        (Dest.TUN_TYPE, b"\x63", "TunnelKind 99"),
        (Dest.ADDR, b"\x0a\0", "address of 2 bytes"),
    ],
)
def test_an_answer_with_something_unknown_is_an_error_that_says_so(kind: Dest, value: bytes, text: str) -> None:
    parts = decoded(decoded(message(Command.NEW_DEST, server=SERVER)[20:])[Part.DEST]) | {int(kind): value}
    with pytest.raises(IpvsError, match=text):
        read_server(bytes(20) + coded([(Part.DEST, coded(parts.items()))]), AF_INET)


def test_an_answer_that_lacks_something_is_an_error_that_says_so() -> None:
    with pytest.raises(IpvsError, match=r"lacks Part\.SERVICE"):
        read_service(bytes(20))
    with pytest.raises(IpvsError, match=r"lacks InfoPart\.VERSION"):
        read_info(bytes(20))


@given(st.lists(st.tuples(st.integers(1, 100), st.binary(max_size=40)), unique_by=lambda pair: pair[0]))
def test_attributes_are_read_as_they_were_coded(attributes: list[tuple[int, bytes]]) -> None:
    data = coded(attributes)
    assert len(data) % 4 == 0
    assert decoded(data) == dict(attributes)


@given(st.binary(max_size=36))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(IpvsError):  # there is no room for a whole one
        read_server(bytes(20) + data, AF_INET)
