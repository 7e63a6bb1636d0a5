"""Commands that switch watches, services and hosts off and on, acknowledge failures, and clear timers.

Names are taken literally, and what is unknown stays unknown: mon takes host names as patterns, and makes services
of the names that it is asked for (P-host-names, P-phantoms).
"""

from __future__ import annotations

import re

from pymon.model.depend import ServiceKey
from pymon.model.request import Acknowledge, ClearTimers, SwitchHosts, SwitchService, SwitchWatch
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.server.commands.context import Call, comment_of, done, split, split_all
from pymon.server.commands.reply import Answer, Ask, Reply

UNKNOWN = Reply("520 command could not be executed")

_TIMERS = re.compile(r"timers\s+(\S+)\s+(\S+)", re.IGNORECASE | re.ASCII)
_WELL = (OpStatus.OK, OpStatus.UNTESTED)


def disable(call: Call) -> Answer:
    """``disable watch W``, ``disable service G S``, ``disable host H…``."""
    what, rest = split(call.arguments, 2)
    site = call.snapshot.site
    if what == "watch":
        if rest not in site.watches:
            return Reply(f'520 disable error, unknown watch "{rest}"')
        return Ask(SwitchWatch(rest, enable=False), done("220 disable watch completed"))
    if what == "service":
        key = ServiceKey(*split(rest, 2))
        if not call.knows(key):
            return Reply("520 disable error, unknown service")
        return Ask(SwitchService(key, enable=False), done("220 disable service completed"))
    return _disable_hosts(call, split_all(rest)) if what == "host" else UNKNOWN


def enable(call: Call) -> Answer:
    """``enable watch W``, ``enable service G S``, ``enable host H…``."""
    what, rest = split(call.arguments, 2)
    if what == "watch":
        if rest not in call.snapshot.site.watches:
            return Reply("520 enable error, unknown watch")
        return Ask(SwitchWatch(rest, enable=True), done("220 enable watch completed"))
    if what == "service":
        key = ServiceKey(*split(rest, 2))
        if not call.knows(key):
            return Reply("520 enable error, unknown group")
        return Ask(SwitchService(key, enable=True), done("220 enable completed"))
    if what != "host":
        return UNKNOWN
    hosts = tuple(split_all(rest))
    return (
        Ask(SwitchHosts(hosts, enable=True), done("220 enable completed")) if hosts else Reply("220 enable completed")
    )


def ack(call: Call) -> Answer:
    """``ack G S COMMENT``: one reply only, where mon goes on after an unknown name and sends a second one (P-ack)."""
    group, service, comment = split(call.arguments, 3)
    key = ServiceKey(group, service)
    snapshot = call.snapshot
    if group not in snapshot.site.watches:
        return Reply("520 unknown group")
    if not call.knows(key):
        return Reply("520 unknown service")
    if snapshot.states.get(key, ServiceState()).op_status in _WELL:
        return Reply("520 service is in a non-failure state")
    return Ask(Acknowledge(key, comment_of(comment)), done("220 ack completed"))


def clear(call: Call) -> Answer:
    """``clear timers G S``."""
    match = _TIMERS.match(call.arguments)
    if match is None:
        return Reply("520 unknown clear command")
    key = ServiceKey(match[1], match[2])
    if not call.knows(key):
        return Reply("520 unknown group")
    return Ask(ClearTimers(key), done("220 clear timers completed"))


def _disable_hosts(call: Call, names: list[str]) -> Answer:
    hostgroups = call.snapshot.site.hostgroups.values()
    known = {host.name for hostgroup in hostgroups for host in hostgroup.hosts} if names else set()
    unknown = [name for name in names if name not in known]
    if unknown:
        return Reply(f"520 disable host failed, host(s) {' '.join(unknown)} do not exist")
    if not names:
        return Reply("220 disable host completed")
    return Ask(SwitchHosts(tuple(names), enable=False), done("220 disable host completed"))
