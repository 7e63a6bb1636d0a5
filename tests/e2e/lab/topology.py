"""The network of one LVS site in namespaces: a client, a director, two real servers, on bridges.

``nat``: the director stands between two networks, the real servers' default route is its inner address.
``dr``: all on one network; the real servers hold the virtual address on ``lo`` and do not answer ARP for it.
``tun``: the real servers are in a network of their own, hold the virtual address on ``tunl0``, and answer the client by
a router, not by the director.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.e2e.lab import netns

Method = Literal["nat", "dr", "tun"]

VIRTUAL = "192.0.2.100"
CLIENT = "192.0.2.10"
DIRECTOR = "192.0.2.1"
DIRECTOR_INNER = "198.51.100.1"
ROUTER, ROUTER_INNER = "192.0.2.254", "198.51.100.254"
OUTER_REALS = {"www1": "192.0.2.11", "www2": "192.0.2.12"}
INNER_REALS = {"www1": "198.51.100.11", "www2": "198.51.100.12"}


@dataclass(frozen=True, slots=True)
class Topology:
    """A site that stands. ``reals`` are the real servers' addresses by name; ``flag`` is ipvsadm's for the method."""

    method: Method
    reals: Mapping[str, str]
    flag: str
    forward: str
    """How ipvsadm's listing names the method."""

    @property
    def virtual(self) -> str:
        """The virtual service, as ``address:port``."""
        return f"{VIRTUAL}:80"


def build(method: Method) -> Topology:
    """Make the namespaces, cables, addresses and sysctls of a site; nothing runs in it yet."""
    inner = method != "dr"
    reals = INNER_REALS if inner else OUTER_REALS
    nodes = ["switch", "client", "director", *reals, *(["router"] if method == "tun" else [])]
    netns.ip_batch(f"netns add {node}" for node in nodes)
    for node in nodes:
        with netns.inside(node):
            _quiet()
    netns.ip_batch(_cables(method, list(reals)), "switch")

    _client()
    _director(inner)
    if method == "tun":
        _router()
    for name, address in reals.items():
        {"nat": _real_nat, "dr": _real_dr, "tun": _real_tun}[method](name, address)
        route(method, name)
    flags = {"nat": ("-m", "Masq"), "dr": ("-g", "Route"), "tun": ("-i", "Tunnel")}
    return Topology(method, reals, *flags[method])


def route(method: Method, name: str) -> None:
    """Give a real server its way to the client; the kernel forgets it whenever the interface goes down."""
    gateway = {"nat": DIRECTOR_INNER, "tun": ROUTER_INNER}.get(method)
    if gateway:
        netns.ip_batch([f"route replace default via {gateway}"], name)


def _quiet() -> None:
    netns.sysctl(
        net__ipv6__conf__all__disable_ipv6=1,
        net__ipv6__conf__default__disable_ipv6=1,
        net__ipv4__conf__all__rp_filter=0,
        net__ipv4__conf__default__rp_filter=0,
        net__ipv4__conf__all__send_redirects=0,
        net__ipv4__conf__default__send_redirects=0,
    )


def _cables(method: Method, reals: list[str]) -> list[str]:
    lines = ["link set lo up"]
    for bridge in ("outer", "inner"):
        lines += [f"link add {bridge} type bridge stp_state 0 forward_delay 0", f"link set {bridge} up"]
    cables = [("client", "outer", "eth0"), ("director", "outer", "eth0")]
    if method == "dr":
        cables += [(real, "outer", "eth0") for real in reals]
    else:
        cables += [("director", "inner", "eth1"), *((real, "inner", "eth0") for real in reals)]
    if method == "tun":
        cables += [("router", "outer", "eth0"), ("router", "inner", "eth1")]
    for node, bridge, port in cables:
        plug = f"{node}-{bridge}"
        lines += [f"link add {plug} type veth peer name {port} netns {node}", f"link set {plug} master {bridge} up"]
    return lines


def _up(port: str, address: str) -> list[str]:
    return ["link set lo up", f"addr add {address}/24 brd + dev {port}", f"link set {port} up"]


def _client() -> None:
    netns.ip_batch(_up("eth0", CLIENT), "client")


def _director(inner: bool) -> None:
    lines = [*_up("eth0", DIRECTOR), f"addr add {VIRTUAL}/32 dev eth0"]
    netns.ip_batch(lines + (_up("eth1", DIRECTOR_INNER) if inner else []), "director")
    with netns.inside("director"):
        netns.sysctl(net__ipv4__ip_forward=1, net__ipv4__vs__expire_nodest_conn=1)


def _router() -> None:
    netns.ip_batch([*_up("eth0", ROUTER), *_up("eth1", ROUTER_INNER)], "router")
    with netns.inside("router"):
        netns.sysctl(net__ipv4__ip_forward=1)


def _real_nat(name: str, address: str) -> None:
    netns.ip_batch(_up("eth0", address), name)


def _real_dr(name: str, address: str) -> None:
    with netns.inside(name):
        netns.sysctl(net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2)
    netns.ip_batch([f"addr add {VIRTUAL}/32 dev lo", *_up("eth0", address)], name)


def _real_tun(name: str, address: str) -> None:
    netns.ip_batch([*_up("eth0", address), f"addr add {VIRTUAL}/32 dev tunl0", "link set tunl0 up"], name)
    with netns.inside(name):
        netns.sysctl(
            net__ipv4__conf__all__arp_ignore=1,
            net__ipv4__conf__all__arp_announce=2,
            net__ipv4__conf__tunl0__rp_filter=0,
        )
