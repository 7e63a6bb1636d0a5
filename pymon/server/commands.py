"""The commands of clients: a table of names, handlers, and who may use them.

The word is case-insensitive and ends the line or stands before a blank; what follows is its handler's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pymon.model.snapshot import Snapshot
from pymon.server import (
    commands_daemon,
    commands_json,
    commands_list,
    commands_session,
    commands_switch,
    commands_trial,
    commands_variable,
    commands_why,
)
from pymon.server.call import Call, Handler, is_allowed
from pymon.server.reply import Answer, Reply, Session

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
    "servertime": Command(commands_daemon.servertime),
    "stop": Command(commands_daemon.stop),
    "start": Command(commands_daemon.start),
    "term": Command(commands_daemon.term),
    "reset": Command(commands_daemon.reset),
    "reload": Command(commands_daemon.reload),
    "loadstate": Command(commands_daemon.loadstate),
    "savestate": Command(commands_daemon.savestate),
    "clear": Command(commands_switch.clear),
    "disable": Command(commands_switch.disable),
    "enable": Command(commands_switch.enable),
    "ack": Command(commands_switch.ack),
    "test": Command(commands_trial.test),
    "set": Command(commands_variable.set_),
    "get": Command(commands_variable.get),
    "list": Command(commands_list.list_),
    "why": Command(commands_why.why),
    "json": Command(commands_json.json_, is_restricted=False),
}
"""every command: mon's, and ``why`` and ``json``, which are pymon's own"""


def answer(line: str, session: Session, snapshot: Snapshot) -> Answer:
    """Answer a client's line (without its end), or say what the daemon has to do first. Never raises."""
    match = _LINE.fullmatch(line)
    if match is None:
        return INVALID
    name = match[1].lower()
    command = COMMANDS.get(name)
    if command is None:
        return INVALID
    if command.is_restricted and not is_allowed(snapshot.auth, session.user, name):
        return UNAUTHORISED
    return command.handler(Call(match[2] or "", session, snapshot))


def is_secret(line: str) -> bool:
    """Whether a line must not be logged: a login, also one that is not well-formed."""
    return _SECRET.match(line) is not None
