"""``json COMMAND …``: the same answer for programs, one line of JSON and the closing line of the plain command.

The permission is that of the command behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymon.server.commands import lists, why
from pymon.server.commands.context import CommandContext, CommandHandler, is_allowed, split
from pymon.server.commands.reply import CommandReply, CommandResult

KINDS: Mapping[str, CommandHandler] = {"list": lists.list_json, "why": why.why_json}


def json_(context: CommandContext) -> CommandResult:
    """``json list KIND …``, ``json why G S [SINCE]``; the command word in any case, as by itself."""
    word, rest = split(context.arguments, 2)
    handler = KINDS.get(word.lower())
    if handler is None:
        return CommandReply("520 unknown json command")
    if not is_allowed(context.snapshot.auth, context.session.user, word.lower()):
        return CommandReply("520 command could not be executed, unknown command")
    return handler(context.with_arguments(rest))
