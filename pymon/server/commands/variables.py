"""``set`` and ``get``: a service's variables by mon's names, and the length of the histories."""

from __future__ import annotations

import re

from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome, SetMaxkeep, SetOpstatus, SetVariable
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.protocol.wire import escape, escape_line_ends
from pymon.server.commands import variable_values
from pymon.server.commands.context import CommandContext, refuse, reply_when_done, split, value_of
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest

_MAXKEEP = re.compile(r"maxkeep\s+([0-9]+)", re.ASCII)
_DIGITS = 9
"""more digits than these are cut off: so long a history fits no memory"""

SETTABLE = {status.name.lower(): status for status in OpStatus if status <= OpStatus.UNTESTED}
"""the names that ``set G S opstatus`` takes: not dependency, and not warn"""


def set_(context: CommandContext) -> CommandResult:
    """``set maxkeep N``, ``set G S opstatus NAME``, ``set G S VAR VALUE``."""
    maxkeep = _MAXKEEP.match(context.arguments)
    if maxkeep is not None:
        return EngineRequest(SetMaxkeep(int(maxkeep[1][:_DIGITS])), reply_when_done("220 set completed"))
    group, service, name, rest = split(context.arguments, 4)
    key = ServiceKey(group, service)
    if not context.knows(key):
        return CommandReply(f"520 {group},{service} not defined")
    if name == "opstatus":
        status = SETTABLE.get(rest)
        if status is None:
            return CommandReply("520 undefined opstatus")
        return EngineRequest(SetOpstatus(key, status), reply_when_done("220 set completed"))
    return _set_variable(key, name, value_of(rest))


def get(context: CommandContext) -> CommandResult:
    """``get maxkeep``, ``get G S VAR``; a variable that is unknown, or has no value, is empty."""
    if context.arguments.rstrip(" \t\r\n\f\v") == "maxkeep":
        return CommandReply("220 set completed", (f"maxkeep = {context.snapshot.maxkeep}",))
    group, name, variable = split(context.arguments, 3)
    key = ServiceKey(group, name)
    service = context.snapshot.site.services.get(key)
    if service is None:
        return CommandReply(f"520 {group},{name} not defined")
    state = context.snapshot.states.get(key, ServiceState())
    value = variable_values.value(variable, service, state, context.snapshot)
    return CommandReply(
        "220 get completed", (f"{group} {name} {escape_line_ends(variable)}='{escape(value, quoted=True)}'",)
    )


def _set_variable(key: ServiceKey, name: str, value: str) -> CommandResult:
    """Line ends in the value are escaped in the reply: in mon they can end it early (P-set-line-end)."""
    line = f"{key.group} {key.service} {name}='{escape_line_ends(value)}'"

    def reply(outcome: Outcome) -> CommandReply:
        return CommandReply("220 set completed", (line,)) if outcome.ok else refuse(outcome)

    return EngineRequest(SetVariable(key, name, value), reply)
