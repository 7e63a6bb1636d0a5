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
from pymon.server.commands.context import CommandContext, comment_of, reply_when_done, split, split_all
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest

UNKNOWN = CommandReply("520 command could not be executed")

_TIMERS = re.compile(r"timers\s+(\S+)\s+(\S+)", re.IGNORECASE | re.ASCII)
_WELL = (OpStatus.OK, OpStatus.UNTESTED)


def disable(context: CommandContext) -> CommandResult:
    """``disable watch W``, ``disable service G S``, ``disable host H…``."""
    what, rest = split(context.arguments, 2)
    site = context.snapshot.site
    if what == "watch":
        if rest not in site.watches:
            return CommandReply(f'520 disable error, unknown watch "{rest}"')
        return EngineRequest(SwitchWatch(rest, enable=False), reply_when_done("220 disable watch completed"))
    if what == "service":
        key = ServiceKey(*split(rest, 2))
        if not context.knows(key):
            return CommandReply("520 disable error, unknown service")
        return EngineRequest(SwitchService(key, enable=False), reply_when_done("220 disable service completed"))
    return _disable_hosts(context, split_all(rest)) if what == "host" else UNKNOWN


def enable(context: CommandContext) -> CommandResult:
    """``enable watch W``, ``enable service G S``, ``enable host H…``."""
    what, rest = split(context.arguments, 2)
    if what == "watch":
        if rest not in context.snapshot.site.watches:
            return CommandReply("520 enable error, unknown watch")
        return EngineRequest(SwitchWatch(rest, enable=True), reply_when_done("220 enable watch completed"))
    if what == "service":
        key = ServiceKey(*split(rest, 2))
        if not context.knows(key):
            return CommandReply("520 enable error, unknown group")
        return EngineRequest(SwitchService(key, enable=True), reply_when_done("220 enable completed"))
    if what != "host":
        return UNKNOWN
    hosts = tuple(split_all(rest))
    return (
        EngineRequest(SwitchHosts(hosts, enable=True), reply_when_done("220 enable completed"))
        if hosts
        else CommandReply("220 enable completed")
    )


def ack(context: CommandContext) -> CommandResult:
    """``ack G S COMMENT``: one reply only, where mon goes on after an unknown name and sends a second one (P-ack)."""
    group, service, comment = split(context.arguments, 3)
    key = ServiceKey(group, service)
    snapshot = context.snapshot
    if group not in snapshot.site.watches:
        return CommandReply("520 unknown group")
    if not context.knows(key):
        return CommandReply("520 unknown service")
    if snapshot.states.get(key, ServiceState()).op_status in _WELL:
        return CommandReply("520 service is in a non-failure state")
    return EngineRequest(Acknowledge(key, comment_of(comment)), reply_when_done("220 ack completed"))


def clear(context: CommandContext) -> CommandResult:
    """``clear timers G S``."""
    match = _TIMERS.match(context.arguments)
    if match is None:
        return CommandReply("520 unknown clear command")
    key = ServiceKey(match[1], match[2])
    if not context.knows(key):
        return CommandReply("520 unknown group")
    return EngineRequest(ClearTimers(key), reply_when_done("220 clear timers completed"))


def _disable_hosts(context: CommandContext, names: list[str]) -> CommandResult:
    hostgroups = context.snapshot.site.hostgroups.values()
    known = {host.name for hostgroup in hostgroups for host in hostgroup.hosts} if names else set()
    unknown = [name for name in names if name not in known]
    if unknown:
        return CommandReply(f"520 disable host failed, host(s) {' '.join(unknown)} do not exist")
    if not names:
        return CommandReply("220 disable host completed")
    return EngineRequest(SwitchHosts(tuple(names), enable=False), reply_when_done("220 disable host completed"))
