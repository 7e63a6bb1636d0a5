"""The options of lvs.alert: what its lines in a mon.cf say. Read by the alert, and by who looks over the lines."""

from __future__ import annotations

from dataclasses import dataclass

from pymon.errors import IpvsAddressError
from pymon.ipvs.address import check_endpoint, parse_mark, parse_protocol
from pymon.ipvs.model import MAX_WEIGHT, Forwarding, Protocol
from pymon.model.status import EventKind
from pymon.options import choice, flag, many, option, words

_METHODS = {
    **dict.fromkeys(("dr", "route", "gatewaying", "g"), Forwarding.DR),
    **dict.fromkeys(("nat", "masq", "masquerading", "m"), Forwarding.NAT),
    **dict.fromkeys(("tun", "tunnel", "ipip", "i"), Forwarding.TUN),
}
UP = "up"
DOWN = "down"


def _protocol(text: str) -> Protocol:
    try:
        return parse_protocol(text)
    except IpvsAddressError as problem:
        raise ValueError(str(problem)) from problem


def _method(text: str) -> Forwarding:
    if text.lower() not in _METHODS:
        raise ValueError("must be dr, nat or tun (or ipvsadm's names for them)")
    return _METHODS[text.lower()]


def _weight(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_WEIGHT:
        raise ValueError(f"must be a number from 0 to {MAX_WEIGHT}")
    return int(text)


def _virtual(text: str) -> str:
    try:
        if parse_mark(text) is None:
            check_endpoint(text)
    except IpvsAddressError as problem:
        raise ValueError(str(problem)) from problem
    return text.strip()


def _real(text: str) -> str:
    try:
        check_endpoint(text)
    except IpvsAddressError as problem:
        raise ValueError(str(problem)) from problem
    return text.strip()


def _not_an_option(text: str) -> str:
    raise ValueError("the options of lvs.alert are capital letters: -P -V -R -W -F -X -Q")


@dataclass(frozen=True)
class Options:
    """The options, as director sites have used them since 2004; -Q is new."""

    protocol: Protocol = option(  # it declares a field
        "-P", default=Protocol.TCP, metavar="tcp|udp|sctp", about="protocol", convert=_protocol
    )
    virtual: str = option(
        "-V", default="", metavar="VIRTUAL", about="virtual service: 10.0.0.100:80, [v6]:80, fwm:5", convert=_virtual
    )
    real: str = option("-R", default="", metavar="REAL", about="real server: 10.0.0.1:80, [v6]:http", convert=_real)
    weight: int = option("-W", default=1, metavar="WEIGHT", about="its weight", convert=_weight)
    forwarding: Forwarding = option(  # as above
        "-F", default=Forwarding.DR, metavar="dr|nat|tun", about="its forwarding method", convert=_method
    )
    wanted: str = option(
        *("-X",),
        default="",
        metavar="down|up",
        about="take it out, or put it in, whatever the event (default: a failure takes it out, an upalert puts it in)",
        convert=choice(DOWN, UP),
    )
    is_gentle: bool = flag("-Q", about="where it is to go: quiesce it (weight 0) instead of taking it out")
    not_options: tuple[str, ...] = many(
        *("-p", "-v", "-r", "-w", "-f", "-x", "-q"),
        metavar="",
        about="refused: write them as capitals",
        convert=_not_an_option,
    )
    others: tuple[str, ...] = words("WORD", about="refused: every word belongs to an option")


def direction_of(kind: EventKind, *, is_told: bool = True) -> str:
    """Return whether an event takes a real server ``down`` or ``up``; empty if neither.

    ``is_told`` is False where nobody said what happened: mon's ``-u`` is not there, nor is MON_ALERTTYPE.
    """
    if kind is EventKind.UP:
        return UP
    return DOWN if kind.is_failure and is_told else ""
