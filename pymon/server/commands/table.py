"""The commands of clients: a table of names, handlers, and who may use them.

The word is case-insensitive and ends the line or stands before a blank; what follows is its handler's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pymon.model.snapshot import Snapshot
from pymon.server.commands import as_json, daemon, enable_disable, lists, trial, variables, why
from pymon.server.commands import session as commands_session
from pymon.server.commands.context import Call, Handler, is_allowed
from pymon.server.commands.render_cache import StatusRenderer
from pymon.server.commands.reply import Answer, Reply, Session

INVALID = Reply("520 invalid command")
UNAUTHORISED = Reply("520 command could not be executed, unknown command")

_LINE = re.compile(r"([A-Za-z]+)(?:[ \t\r\n\f\v]+(.*))?", re.DOTALL)
_SECRET = re.compile(r"\s*(?:json\s+)?\W*login", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """What answers a command, and whether auth.cf has to allow it (by the command's own name)."""

    handler: Handler
    is_restricted: bool = True


COMMANDS: Mapping[str, Command] = {
    "quit": Command(commands_session.quit_, is_restricted=False),
    "protid": Command(commands_session.protid, is_restricted=False),
    "version": Command(commands_session.version, is_restricted=False),
    "login": Command(commands_session.login, is_restricted=False),
    "checkauth": Command(commands_session.checkauth, is_restricted=False),
    "setview": Command(commands_session.setview, is_restricted=False),
    "getview": Command(commands_session.getview, is_restricted=False),
    "dump": Command(lambda _call: UNAUTHORISED, is_restricted=False),
    "servertime": Command(daemon.servertime),
    "stop": Command(daemon.stop),
    "start": Command(daemon.start),
    "term": Command(daemon.term),
    "reset": Command(daemon.reset),
    "reload": Command(daemon.reload),
    "loadstate": Command(daemon.loadstate),
    "savestate": Command(daemon.savestate),
    "clear": Command(enable_disable.clear),
    "disable": Command(enable_disable.disable),
    "enable": Command(enable_disable.enable),
    "ack": Command(enable_disable.ack),
    "test": Command(trial.test),
    "set": Command(variables.set_),
    "get": Command(variables.get),
    "list": Command(lists.list_),
    "why": Command(why.why),
    "json": Command(as_json.json_, is_restricted=False),
}
"""every command: mon's, and ``why`` and ``json``, which are pymon's own"""


def answer(line: str, session: Session, snapshot: Snapshot, statuses: StatusRenderer | None = None) -> Answer:
    """Answer a client's line (without its end), or say what the daemon has to do first. Never raises.

    ``statuses`` remembers what it rendered for other clients; without it nothing is remembered.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return INVALID
    name = match[1].lower()
    command = COMMANDS.get(name)
    if command is None:
        return INVALID
    if command.is_restricted and not is_allowed(snapshot.auth, session.user, name):
        return UNAUTHORISED
    return command.handler(Call(match[2] or "", session, snapshot, statuses or StatusRenderer()))


def is_secret(line: str) -> bool:
    """Whether a line must not be logged: a login, also one that is not well-formed."""
    return _SECRET.match(line) is not None
