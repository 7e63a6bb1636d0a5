"""``test``: run a monitor or an alert now, or try the configuration."""

from __future__ import annotations

import re

from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome, TestAlert, TestConfig, TestMonitor
from pymon.model.service import AlertKind
from pymon.protocol.wire import escape_line_ends
from pymon.server.commands.context import CommandContext, reply_when_done, split
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest

_ALERT = re.compile(r"^alert|startupalert|upalert|ackalert|disablealert$")
"""mon accepts what begins, contains or ends so, and scripts may rely on it"""


def test(context: CommandContext) -> CommandResult:
    """``test monitor G S``, ``test KIND G S RETVAL PERIOD`` (KIND is alert, upalert, …), ``test config``."""
    what, rest = split(context.arguments, 2)
    if what == "monitor":
        return _monitor(context, rest)
    if what == "config":
        return EngineRequest(TestConfig(), _config_reply)
    match = _ALERT.search(what)
    return CommandReply("520 test error") if match is None else _alert(context, AlertKind(match[0]), rest)


def _monitor(context: CommandContext, rest: str) -> CommandResult:
    group, service, _ = split(rest, 3)
    key = ServiceKey(group, service)
    if not context.knows(key):
        return CommandReply("220 test monitor completed", (f"{group} {service} not defined",))
    return EngineRequest(TestMonitor(key), reply_when_done("220 test monitor completed"))


def _alert(context: CommandContext, kind: AlertKind, rest: str) -> CommandResult:
    group, name, retval, wanted = split(rest, 4)
    key = ServiceKey(group, name)
    service = context.snapshot.site.services.get(key)
    if service is None:
        return CommandReply(f"520 {group} {name} not defined")
    if all(period.key != wanted for period in service.periods):
        return CommandReply("520 period not defined")
    return EngineRequest(TestAlert(key, kind, retval, wanted), reply_when_done("220 test alert completed"))


def _config_reply(outcome: Outcome) -> CommandReply:
    if outcome.ok:
        return CommandReply("220 test config completed OK, no errors found")
    lines = outcome.lines or tuple(outcome.text.splitlines())
    return CommandReply("520 test config completed, errors found in config file", tuple(map(escape_line_ends, lines)))
