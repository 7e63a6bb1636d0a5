"""``list measurements G S``: what the last check of a service that measured anything measured (P-measurements)."""

from __future__ import annotations

from pymon.model.depend import ServiceKey
from pymon.model.state import ServiceState
from pymon.protocol.wire import escape, is_final
from pymon.server.commands.context import CommandContext, split
from pymon.server.commands.listing import Listing, ListResult
from pymon.server.commands.reply import CommandReply


def measurements(context: CommandContext) -> ListResult:
    """A line ``HOST NAME VALUE UNIT`` for each; as JSON also when (``at``, seconds since the epoch; null: never)."""
    group, service, *_ = split(context.arguments.rstrip(" \t\r\n\f\v"), 3)
    key = ServiceKey(group, service)
    if not service:
        return CommandReply("520 list measurements error, group and service required")
    if not context.knows(key):
        return CommandReply(f"520 {group},{service} does not exist")
    state = context.snapshot.states.get(key, ServiceState())
    lines = (
        " ".join(map(escape, (each.host, each.name, repr(each.value), each.unit))).rstrip()
        for each in state.measurements
    )
    lines = (f" {line}" if is_final(line) else line for line in lines)  # a host may be called 220
    return Listing(
        "220 list measurements completed",
        lines,
        map(_document, (state,)),
        is_array=False,
    )


def _document(state: ServiceState) -> dict[str, object]:
    return {"at": state.measured or None, "measurements": [list(each) for each in state.measurements]}
