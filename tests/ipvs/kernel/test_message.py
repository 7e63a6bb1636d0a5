"""What is sent to the kernel and read from it, judged by captured messages of ipvsadm and the kernel (samples.py)."""

from __future__ import annotations

import contextlib
import struct
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.errors import IpvsError
from pymon.ipvs.kernel.message import NetlinkCommand, message, read_info, read_server, read_service, speaks_of
from pymon.ipvs.model import (
    Address,
    Connections,
    Forwarding,
    Info,
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
from tests.ipvs import attributes
from tests.ipvs.attributes import DEST, SERVICE, coded
from tests.ipvs.samples import INFO, SENT, SERVERS, SERVICES

VIRTUAL = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
VIRTUAL6 = Listening(Protocol.TCP, ip_address("2001:db8::100"), 80)
SIP = Listening(Protocol.UDP, ip_address("1.2.3.4"), 5060)
SERVER = RealServer(ip_address("10.0.0.2"), 8080, Forwarding.NAT, 100, upper=9, lower=3)
MARK6 = Marked(5, AF_INET6)

FLAGS, FLAG_MASK = 7, b"\x3d\0\0\0"
"""IPVS_SVC_ATTR_FLAGS; ipvsadm sends all ones as the mask, pymon only what can be set"""
AF, NETMASK = 1, 9
ADDR, PORT, FWD_METHOD, WEIGHT, ADDR_FAMILY, TUN_TYPE, ACTIVE, INACTIVE, PERSISTENT = 1, 2, 3, 4, 11, 13, 7, 8, 9


def _whole(service: VirtualService) -> dict[int, bytes]:
    return attributes.part(message(NetlinkCommand.NEW_SERVICE, service=service), SERVICE)


def _sent(words: str) -> bytes:
    return bytes.fromhex(SENT[words])


@pytest.mark.parametrize(
    ("words", "service"),
    [
        ("-A -t 10.0.0.100:80 -s wlc", VirtualService(VIRTUAL)),
        (
            "-A -t [2001:db8::100]:80 -s sh -p 60 -M 64 -b sh-port",
            VirtualService(VIRTUAL6, "sh", 60, 64, scheduler_flags=ServiceFlag.SCHED2),
        ),
        (
            "-A -u 1.2.3.4:5060 -s wlc -p 10 -M 255.255.240.0 --pe sip -o",
            VirtualService(SIP, "wlc", 10, 20, "sip", onepacket=True),
        ),
        ("-A -f 5 -6 -s lblc", VirtualService(MARK6, "lblc")),
    ],
)
def test_a_service_is_sent_as_ipvsadm_sends_it(words: str, service: VirtualService) -> None:
    theirs = attributes.part(_sent(words), SERVICE)
    assert theirs[FLAGS].endswith(b"\xff\xff\xff\xff")
    theirs[FLAGS] = theirs[FLAGS][:4] + FLAG_MASK
    ours = message(NetlinkCommand.NEW_SERVICE, service=service)
    assert attributes.part(ours, SERVICE) == theirs
    assert ours[16:20] == _sent(words)[16:20]


@pytest.mark.parametrize(
    ("words", "command", "virtual", "server"),
    [
        ("-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 100 -x 9 -y 3", NetlinkCommand.NEW_DEST, VIRTUAL, SERVER),
        (
            "-e -t 10.0.0.100:80 -r 10.0.0.2:8080 -i -w 7 --tun-type gue --tun-port 6080 --tun-nocsum",
            NetlinkCommand.SET_DEST,
            VIRTUAL,
            RealServer(SERVER.address, 80, Forwarding.TUN, 7, tunnel=Tunnel(TunnelKind.GUE, 6080)),
        ),
        ("-d -t 10.0.0.100:80 -r 10.0.0.2:8080", NetlinkCommand.DEL_DEST, VIRTUAL, RealServer(SERVER.address, 8080)),
        (
            "-a -t [2001:db8::100]:80 -r [2001:db8::1]:80 -g -w 3",
            NetlinkCommand.NEW_DEST,
            VIRTUAL6,
            RealServer(ip_address("2001:db8::1"), 80, Forwarding.DR, 3),
        ),
    ],
)
def test_a_real_server_is_sent_as_ipvsadm_sends_it(
    words: str, command: NetlinkCommand, virtual: Virtual, server: RealServer
) -> None:
    ours = message(command, virtual=virtual, server=server)
    dest = 4 + len(coded(attributes.part(ours, DEST)))
    assert ours[16:20] == _sent(words)[16:20]
    assert ours[-dest:] == _sent(words)[-dest:]
    named = attributes.part(ours, SERVICE)
    assert len(named) == 4
    assert named.items() <= attributes.part(_sent(words), SERVICE).items()


def test_a_service_is_named_as_ipvsadm_names_it_and_a_flush_is_its() -> None:
    ours = message(NetlinkCommand.DEL_SERVICE, virtual=MARK6)
    assert ours[16:20] == _sent("-D -f 5 -6")[16:20]
    assert attributes.part(ours, SERVICE) == {AF: b"\x0a\0", 5: b"\x05\0\0\0"}
    assert message(NetlinkCommand.FLUSH)[16:] == _sent("-C")[16:]


@pytest.mark.parametrize(
    ("words", "service"),
    [
        (
            "-A -t 10.0.0.100:0 -s mh -p 300 -M 255.255.255.0 -b mh-fallback",
            VirtualService(
                Listening(Protocol.TCP, VIRTUAL.address, 0), "mh", 300, 24, scheduler_flags=ServiceFlag.SCHED1
            ),
        ),
        ("-A -u 1.2.3.4:5060 -s wlc -p 10 --pe sip -o", VirtualService(SIP, "wlc", 10, engine="sip", onepacket=True)),
        ("-A -t [2001:db8::100]:80 -s wrr -p 60 -M 64", VirtualService(VIRTUAL6, "wrr", 60, 64)),
        (
            "-A -f 5 -6 -s lblc -b flag-1,flag-3",
            VirtualService(MARK6, "lblc", scheduler_flags=ServiceFlag.SCHED1 | ServiceFlag.SCHED3),
        ),
    ],
)
def test_a_service_is_read_as_the_kernel_tells_it(words: str, service: VirtualService) -> None:
    assert read_service(bytes.fromhex(SERVICES[words])) == service


@pytest.mark.parametrize(
    ("words", "server"),
    [
        ("-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 100 -x 9 -y 3", SERVER),
        (
            "-a -t 10.0.0.100:80 -r 10.0.0.4:80 -i -w 5 --tun-type gue --tun-port 6080 --tun-nocsum",
            RealServer(ip_address("10.0.0.4"), 80, Forwarding.TUN, 5, tunnel=Tunnel(TunnelKind.GUE, 6080)),
        ),
        (
            "-a -t 10.0.0.100:80 -r [2001:db8::9]:80 -i -w 1 --tun-type gre --tun-csum",
            RealServer(ip_address("2001:db8::9"), 80, Forwarding.TUN, 1, tunnel=Tunnel(TunnelKind.GRE, flags=1)),
        ),
        (
            "-a -t [2001:db8::100]:80 -r [2001:db8::1]:80 -g -w 3",
            RealServer(ip_address("2001:db8::1"), 80, Forwarding.DR, 3),
        ),
    ],
)
def test_a_real_server_is_read_as_the_kernel_tells_it(words: str, server: RealServer) -> None:
    told = read_server(bytes.fromhex(SERVERS[words]), AF_INET)
    assert told == server
    assert told.connections == Connections()


def test_the_info_is_read_as_the_kernel_tells_it() -> None:
    assert read_info(bytes.fromhex(INFO)) == Info((1, 2, 1), 4096)


TOLD = bytes.fromhex(SERVERS["-a -t 10.0.0.100:80 -r 10.0.0.2:8080 -m -w 100 -x 9 -y 3"])
TOLD_SERVICE = bytes.fromhex(SERVICES["-A -t [2001:db8::100]:80 -s wrr -p 60 -M 64"])


def _answer(parts: dict[int, bytes], kind: int = DEST) -> bytes:
    return attributes.message(coded({kind: coded(parts)}))


def test_connections_are_counted_and_unknown_attributes_passed_over() -> None:
    counted = {ACTIVE: b"\1\1\0\0", INACTIVE: b"\2\0\0\0", PERSISTENT: b"\3\0\0\0", 99: b"new"}
    told = read_server(_answer(attributes.part(TOLD, DEST) | counted), AF_INET)
    assert told.connections == Connections(257, 2, 3)
    assert told == SERVER


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
    st.sampled_from(["", "sip", "\udcff"]),
    st.booleans(),
)
def test_services_are_read_as_they_were_written(
    identity: Virtual, scheduler: str, persistence: int | None, prefix: int | None, engine: str, onepacket: bool
) -> None:
    service = VirtualService(identity, scheduler, persistence, prefix, engine, onepacket, ServiceFlag.SCHED2)
    assert read_service(message(NetlinkCommand.NEW_SERVICE, service=service)) == service


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
    data = message(NetlinkCommand.NEW_DEST, virtual=VIRTUAL, server=server)
    assert read_server(data, family) == server
    assert speaks_of(data, {server.address})


@given(IDENTITIES, st.integers(0, 65535), st.integers(0, 65535))
def test_what_is_sent_once_more_is_what_was_sent_before(virtual: Virtual, port: int, weight: int) -> None:
    server = RealServer(SERVER.address, port, Forwarding.DR, weight)
    for _ in range(2):
        sent = attributes.part(message(NetlinkCommand.NEW_DEST, virtual=virtual, server=server), DEST)
        assert (sent[PORT], sent[WEIGHT]) == (struct.pack(">H", port), struct.pack("<I", weight))


@pytest.mark.parametrize(("address", "expected"), [("10.0.0.2", True), ("10.0.0.3", False), ("2001:db8::9", False)])
def test_an_answer_that_cannot_be_about_an_address_is_told_apart(address: str, expected: bool) -> None:
    others: list[Address] = [ip_address("172.16.31.41"), ip_address(address)]
    assert speaks_of(TOLD, others) is expected


def test_a_kernel_that_does_not_tell_the_family_of_a_server_means_that_of_its_service() -> None:
    parts = attributes.part(TOLD, DEST)
    del parts[ADDR_FAMILY]
    assert read_server(_answer(parts), AF_INET) == SERVER
    assert read_server(_answer(parts), AF_INET6).address == ip_address("a00:2::")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (ADDR_FAMILY, b"\x07\0", "address family 7"),
        (FWD_METHOD, b"\x07\0\0\0", "Forwarding 7"),
        (TUN_TYPE, b"\x63", "TunnelKind 99"),
        (ADDR, b"\x0a\0", "address of 2 bytes"),
        (ADDR, b"", "malformed in IPVS_DEST_ATTR_ADDR"),
        (WEIGHT, b"\1\0", "malformed in IPVS_DEST_ATTR_WEIGHT: it claims 6 bytes"),
        (PORT, b"", "malformed in IPVS_DEST_ATTR_PORT"),
    ],
)
def test_an_answer_with_something_unknown_is_an_error_that_says_so(kind: int, value: bytes, text: str) -> None:
    with pytest.raises(IpvsError, match=text):
        read_server(_answer(attributes.part(TOLD, DEST) | {kind: value}), AF_INET)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (AF, b"\x07\0", "address family 7"),
        (2, b"\x63\0", "Protocol 99"),
        (FLAGS, b"\0\0", "malformed in IPVS_SVC_ATTR_FLAGS"),
        (NETMASK, b"", "malformed in IPVS_SVC_ATTR_NETMASK"),
    ],
)
def test_a_service_with_something_unknown_is_an_error_that_says_so(kind: int, value: bytes, text: str) -> None:
    parts = attributes.part(TOLD_SERVICE, SERVICE)
    assert read_service(_answer(parts, SERVICE)).identity == VIRTUAL6
    with pytest.raises(IpvsError, match=text):
        read_service(_answer(parts | {kind: value}, SERVICE))


def test_an_answer_that_lacks_something_is_an_error_that_says_so() -> None:
    empty = attributes.message(b"")
    with pytest.raises(IpvsError, match="lacks IPVS_CMD_ATTR_SERVICE"):
        read_service(empty)
    with pytest.raises(IpvsError, match="lacks IPVS_CMD_ATTR_DEST"):
        read_server(empty, AF_INET)
    with pytest.raises(IpvsError, match="lacks IPVS_INFO_ATTR_VERSION"):
        read_info(empty)
    for kind, name in ((ADDR, "ADDR"), (PORT, "PORT"), (WEIGHT, "WEIGHT")):
        parts = attributes.part(TOLD, DEST)
        del parts[kind]
        with pytest.raises(IpvsError, match=f"lacks IPVS_DEST_ATTR_{name}"):
            read_server(_answer(parts), AF_INET)


@pytest.mark.parametrize("claimed", [0, 3, 4, 7, 400, 0xFFFF])
def test_an_attribute_that_claims_a_wrong_length_is_an_error(claimed: int) -> None:
    place = TOLD.index(struct.pack("<HH", 8, WEIGHT))
    with pytest.raises(IpvsError, match="malformed in IPVS_DEST_ATTR_"):
        read_server(TOLD[:place] + struct.pack("<H", claimed) + TOLD[place + 2 :], AF_INET)


@given(st.binary(max_size=36))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(IpvsError):  # there is no room for a whole one
        read_server(attributes.message(data), AF_INET)


@given(st.integers(0, len(TOLD) - 1), st.booleans())
def test_an_answer_that_ends_early_is_refused_or_has_all_that_was_read(end: int, fits: bool) -> None:
    """Also where its header claims the whole length."""
    cut = TOLD[:end]
    data = struct.pack("<I", end) + cut[4:] if fits and end >= 4 else cut
    try:
        told = read_server(data, AF_INET)
    except IpvsError:
        return
    assert told == SERVER


@given(st.integers(0, len(TOLD) - 1), st.integers(0, 255))
def test_an_answer_with_a_wrong_byte_is_read_or_refused(place: int, value: int) -> None:
    told = TOLD[:place] + bytes([value]) + TOLD[place + 1 :]
    with contextlib.suppress(IpvsError):
        assert isinstance(read_server(told, AF_INET), RealServer)
