"""The commands of clients: which handler answers which. ``pymon.protocol.commands`` declares them.

The word is case-insensitive and ends the line or stands before a blank; what follows is its handler's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pymon.model.snapshot import Snapshot
from pymon.protocol import commands
from pymon.server.commands import as_json, daemon, enable_disable, lists, trial, variables, why
from pymon.server.commands import session as commands_session
from pymon.server.commands.context import CommandContext, CommandHandler, is_allowed
from pymon.server.commands.render_cache import StatusRenderer
from pymon.server.commands.reply import CommandReply, CommandResult, Session

INVALID = CommandReply("520 invalid command")
UNAUTHORISED = CommandReply("520 command could not be executed, unknown command")

_LINE = re.compile(r"([A-Za-z]+)(?:[ \t\r\n\f\v]+(.*))?", re.DOTALL)
_SECRET = re.compile(r"\s*(?:json\s+)?\W*login", re.IGNORECASE)


_HANDLERS: Mapping[str, CommandHandler] = {
    "quit": commands_session.quit_,
    "protid": commands_session.protid,
    "version": commands_session.version,
    "login": commands_session.login,
    "checkauth": commands_session.checkauth,
    "setview": commands_session.setview,
    "getview": commands_session.getview,
    "dump": lambda _context: UNAUTHORISED,
    "servertime": daemon.servertime,
    "stop": daemon.stop,
    "start": daemon.start,
    "term": daemon.term,
    "reset": daemon.reset,
    "reload": daemon.reload,
    "loadstate": daemon.loadstate,
    "savestate": daemon.savestate,
    "clear": enable_disable.clear,
    "disable": enable_disable.disable,
    "enable": enable_disable.enable,
    "ack": enable_disable.ack,
    "test": trial.test,
    "set": variables.set_,
    "get": variables.get,
    "list": lists.list_,
    "why": why.why,
    "json": as_json.json_,
}

COMMANDS: Mapping[str, CommandHandler] = {spec.name: _HANDLERS[spec.name] for spec in commands.COMMANDS}
"""the handler of every command, by its name"""

_RESTRICTED = frozenset(spec.name for spec in commands.COMMANDS if spec.is_restricted)


def answer(line: str, session: Session, snapshot: Snapshot, statuses: StatusRenderer | None = None) -> CommandResult:
    """Answer a client's line (without its end), or say what the daemon has to do first. Never raises.

    ``statuses`` remembers what it rendered for other clients; without it nothing is remembered.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return INVALID
    name = match[1].lower()
    handler = COMMANDS.get(name)
    if handler is None:
        return INVALID
    if name in _RESTRICTED and not is_allowed(snapshot.auth, session.user, name):
        return UNAUTHORISED
    return handler(CommandContext(match[2] or "", session, snapshot, statuses or StatusRenderer()))


def is_secret(line: str) -> bool:
    """Whether a line must not be logged: a login, also one that is not well-formed."""
    return _SECRET.match(line) is not None
