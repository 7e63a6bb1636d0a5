"""``list debts [GROUP SERVICE]``: the down alerts whose end is not told yet, and what pays them (P-debts)."""

from __future__ import annotations

from pymon.model.depend import ServiceKey
from pymon.protocol.wire import escape_line_ends, is_final
from pymon.server.commands import views
from pymon.server.commands.context import CommandContext, split
from pymon.server.commands.listing import Listing, ListResult
from pymon.server.commands.reply import CommandReply
from pymon.timeline import debt_text


def debts(context: CommandContext) -> ListResult:
    """The debts of one service, or of all that the client sees, also of services that mon.cf does not have any more."""
    group, service, *_ = split(context.arguments.rstrip(" \t\r\n\f\v"), 3)
    if group and not service:
        return CommandReply("520 list debts error, group and service required")
    key = ServiceKey(group, service) if service else None
    if key is not None and not context.remembers(key):
        return CommandReply(f"520 {group},{service} does not exist")
    seen = views.view_filter(context)
    found = [each for each in context.snapshot.owed(key) if key is not None or seen.has(each.key)]
    lines = (escape_line_ends(debt_text.line(each)) for each in found)
    lines = (f" {line}" if is_final(line) else line for line in lines)
    return Listing("220 list debts completed", lines, (debt_text.as_data(each) for each in found))
