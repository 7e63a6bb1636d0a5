"""Commands about the client's own connection: who it is, what it speaks, which view it has, and its end."""

from __future__ import annotations

import re
from dataclasses import replace

from pymon.model.request import Login, Outcome
from pymon.protocol.wire import PROTOCOL_VERSION
from pymon.server.commands import views
from pymon.server.commands.context import Call, is_allowed, split, split_all
from pymon.server.commands.reply import Answer, Ask, Reply

NO_VIEW = "no view selected -- all groups will be displayed"

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def quit_(_call: Call) -> Answer:
    """``quit``."""
    return Reply("220 quitting", close=True)


def protid(call: Call) -> Answer:
    """``protid N``: whether client and server speak the same protocol; N as Perl reads a number (``9745.0``)."""
    number = _NUMBER.match(call.arguments)
    if number is not None and float(number[0]) == PROTOCOL_VERSION:
        return Reply("220 protocol match")
    return Reply("520 protocol mismatch")


def version(_call: Call) -> Answer:
    """``version``."""
    return Reply("220 version completed", (f"version {PROTOCOL_VERSION}",))


def login(call: Call) -> Answer:
    """``login USER PASSWORD``; the password is the rest of the line. A failed one leaves the client who it was."""
    user, password = split(call.arguments, 2)
    if not user:
        return Reply("530 login unsuccessful")
    session = replace(call.session, user=user)

    def reply(outcome: Outcome) -> Reply:
        return Reply("220 login accepted", session=session) if outcome.ok else Reply("530 login unsuccessful")

    return Ask(Login(user, password), reply)


def checkauth(call: Call) -> Answer:
    """``checkauth COMMAND``: whether the client may use it, as auth.cf says (so not for what needs no permission)."""
    command = split(call.arguments, 2)[0]
    if command and is_allowed(call.snapshot.auth, call.session.user, command):
        return Reply("220 command authorized")
    return Reply("520 command could not be executed")


def setview(call: Call) -> Answer:
    """``setview``, ``setview VIEW``: limit the lists to a view, or not any more."""
    words = split_all(call.arguments)
    if not words:
        return Reply("220 setview completed", (NO_VIEW,), session=replace(call.session, view=""))
    if len(words) > 1:
        return Reply("500 Unknown setview command")
    if words[0] not in call.snapshot.site.views:
        return Reply(f"504 unknown view {words[0]}")
    return Reply("220 setview completed", (f"selecting view {words[0]}",), session=replace(call.session, view=words[0]))


def getview(call: Call) -> Answer:
    """``getview``: the view in force."""
    view = views.chosen(call)
    return Reply("220 getview completed", (NO_VIEW if view is None else f"view {view.name} selected",))
