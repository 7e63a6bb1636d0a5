"""The options of lvs.alert: what each value means, and what is refused with which advice."""

from __future__ import annotations

import shlex

import pytest

from pymon.errors import PluginUsageError
from pymon.ipvs.model import Forwarding, Protocol
from pymon.ipvs.options import Options, direction_of
from pymon.model.status import EventKind
from pymon.options import OptionParser

PARSER = OptionParser(Options)


def read(line: str) -> Options:
    return PARSER.parse(shlex.split(line)).of(Options)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("", "protocol", Protocol.TCP),
        ("-P udp", "protocol", Protocol.UDP),
        ("-P SCTP", "protocol", Protocol.SCTP),
        ("-V ' 10.0.0.100:80 '", "virtual", "10.0.0.100:80"),
        ("-V fwm:5", "virtual", "fwm:5"),
        ("-V [2001:db8::1]:http", "virtual", "[2001:db8::1]:http"),
        ("-R ' www1:http '", "real", "www1:http"),
        ("", "weight", 1),
        ("-W 0", "weight", 0),
        ("-W 65535", "weight", 65535),
        ("", "forwarding", Forwarding.DR),
        ("-F gatewaying", "forwarding", Forwarding.DR),
        ("-F MASQ", "forwarding", Forwarding.NAT),
        ("-F ipip", "forwarding", Forwarding.TUN),
        ("", "wanted", ""),
        ("-X down", "wanted", "down"),
        ("-X up", "wanted", "up"),
        ("", "is_gentle", False),
        ("-Q", "is_gentle", True),
        ("one two", "others", ("one", "two")),
    ],
)
def test_value_of_an_option(line: str, field: str, value: object) -> None:
    assert getattr(read(line), field) == value


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("-P icmp", "'icmp' is no protocol of IPVS: tcp, udp or sctp"),
        ("-V :80", "':80' names no address"),
        ("-V fwm:0", "'fwm:0' is not a firewall mark"),
        ("-R 10.0.0.1:", "has a colon but no port after it"),
        ("-R 10.0.0.256:80", "write all four numbers"),
        ("-R fwm:x:y", "is no IPv6 address"),
        ("-W -1", "a number from 0 to "),
        ("-W 2147483648", "a number from 0 to "),
        ("-W \u0663", "a number from 0 to "),
        ("-F local", "must be dr, nat or tun"),
        ("-X away", "must be one of"),
        *((f"-{letter} 1", "the options of lvs.alert are capital letters") for letter in "pvrwfxq"),
    ],
)
def test_refused_value_says_what_would_be_right(line: str, advice: str) -> None:
    with pytest.raises(PluginUsageError) as refused:
        read(line)
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "is_told", "direction"),
    [
        (EventKind.FAILURE, True, "down"),
        (EventKind.TRAP, True, "down"),
        (EventKind.TRAPTIMEOUT, True, "down"),
        (EventKind.FAILURE, False, ""),
        (EventKind.UP, True, "up"),
        (EventKind.UP, False, "up"),
        (EventKind.ACK, True, ""),
        (EventKind.STARTUP, True, ""),
        (EventKind.TEST, True, ""),
        (EventKind.DISABLE, True, ""),
    ],
)
def test_direction_of_an_event(kind: EventKind, is_told: bool, direction: str) -> None:
    assert direction_of(kind, is_told=is_told) == direction
