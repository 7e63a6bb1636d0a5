"""``list debts [GROUP SERVICE]``: the down alerts whose end is not told yet, and what pays them (P-debts)."""

from __future__ import annotations

from pymon.model.depend import ServiceKey
from pymon.protocol.json_text import dumps
from pymon.protocol.wire import escape_line_ends, is_final
from pymon.server.commands import views
from pymon.server.commands.context import Call, split
from pymon.server.commands.listing import Listed, Listing
from pymon.server.commands.reply import Reply
from pymon.timeline import debt_text


def debts(call: Call) -> Listed:
    """Those of one service, or of all that the client sees; also of services that are in mon.cf no more."""
    group, service, *_ = split(call.arguments.rstrip(" \t\r\n\f\v"), 3)
    if group and not service:
        return Reply("520 list debts error, group and service required")
    key = ServiceKey(group, service) if service else None
    if key is not None and not call.remembers(key):
        return Reply(f"520 {group},{service} does not exist")
    seen = views.sight(call)
    found = [each for each in call.snapshot.owed(key) if key is not None or seen.has(each.key)]
    lines = (escape_line_ends(debt_text.line(each)) for each in found)
    lines = (f" {line}" if is_final(line) else line for line in lines)
    return Listing("220 list debts completed", lines, (dumps(debt_text.as_data(each)) for each in found))
