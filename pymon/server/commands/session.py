"""Commands about the client's own connection: who it is, what it speaks, which view it has, and its end."""

from __future__ import annotations

import re
from dataclasses import replace

from pymon.model.request import Login, Outcome
from pymon.protocol.wire import PROTOCOL_VERSION
from pymon.server.commands import views
from pymon.server.commands.context import CommandContext, is_allowed, split, split_all
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest

NO_VIEW = "no view selected -- all groups will be displayed"

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def quit_(_context: CommandContext) -> CommandResult:
    """``quit``."""
    return CommandReply("220 quitting", close=True)


def protid(context: CommandContext) -> CommandResult:
    """``protid N``: whether client and server speak the same protocol; N as Perl reads a number (``9745.0``)."""
    number = _NUMBER.match(context.arguments)
    if number is not None and float(number[0]) == PROTOCOL_VERSION:
        return CommandReply("220 protocol match")
    return CommandReply("520 protocol mismatch")


def version(_context: CommandContext) -> CommandResult:
    """``version``."""
    return CommandReply("220 version completed", (f"version {PROTOCOL_VERSION}",))


def login(context: CommandContext) -> CommandResult:
    """``login USER PASSWORD``; the password is the rest of the line. A failed one leaves the client who it was."""
    user, password = split(context.arguments, 2)
    if not user:
        return CommandReply("530 login unsuccessful")
    session = replace(context.session, user=user)

    def reply(outcome: Outcome) -> CommandReply:
        return (
            CommandReply("220 login accepted", session=session)
            if outcome.ok
            else CommandReply("530 login unsuccessful")
        )

    return EngineRequest(Login(user, password), reply)


def checkauth(context: CommandContext) -> CommandResult:
    """``checkauth COMMAND``: whether the client may use it, as auth.cf says (so not for what needs no permission)."""
    command = split(context.arguments, 2)[0]
    if command and is_allowed(context.snapshot.auth, context.session.user, command):
        return CommandReply("220 command authorized")
    return CommandReply("520 command could not be executed")


def setview(context: CommandContext) -> CommandResult:
    """``setview``, ``setview VIEW``: limit the lists to a view, or not any more."""
    words = split_all(context.arguments)
    if not words:
        return CommandReply("220 setview completed", (NO_VIEW,), session=replace(context.session, view=""))
    if len(words) > 1:
        return CommandReply("500 Unknown setview command")
    if words[0] not in context.snapshot.site.views:
        return CommandReply(f"504 unknown view {words[0]}")
    return CommandReply(
        "220 setview completed", (f"selecting view {words[0]}",), session=replace(context.session, view=words[0])
    )


def getview(context: CommandContext) -> CommandResult:
    """``getview``: the view in force."""
    view = views.chosen_view(context)
    return CommandReply("220 getview completed", (NO_VIEW if view is None else f"view {view.name} selected",))
