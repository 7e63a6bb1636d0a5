"""Commands about the daemon as a whole: its clock, its scheduler, its end, its files."""

from __future__ import annotations

import re
from datetime import datetime

from pymon.model.request import (
    LoadState,
    Outcome,
    ReloadAuth,
    Reset,
    SavedKind,
    SaveState,
    StartScheduler,
    StopScheduler,
    Terminate,
)
from pymon.server.commands.context import CommandContext, refuse, reply_when_done, split_all
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest


def servertime(context: CommandContext) -> CommandResult:
    """``servertime``: seconds since the epoch, and the local time."""
    now = int(context.snapshot.now)
    return CommandReply("220 servertime completed", (f"{now} {datetime.fromtimestamp(now).ctime()}",))


def stop(_context: CommandContext) -> CommandResult:
    """``stop``: no checks any more."""
    return EngineRequest(StopScheduler(), reply_when_done("220 stop completed"))


def start(_context: CommandContext) -> CommandResult:
    """``start``: go on with the checks."""
    return EngineRequest(StartScheduler(), reply_when_done("220 start completed"))


def term(_context: CommandContext) -> CommandResult:
    """``term``: end the daemon."""

    def reply(outcome: Outcome) -> CommandReply:
        return CommandReply("220 terminating server", close=True) if outcome.ok else refuse(outcome)

    return EngineRequest(Terminate(), reply)


def reset(context: CommandContext) -> CommandResult:
    """``reset [stopped] [keepstate]``: the words may stand anywhere, ``stopped`` in any case."""
    who = f"reset PID {context.snapshot.pid}@{context.snapshot.hostname}"
    request = Reset(
        stopped=re.search("stopped", context.arguments, re.IGNORECASE) is not None,
        keepstate="keepstate" in context.arguments,
    )

    def reply(outcome: Outcome) -> CommandReply:
        return CommandReply(f"220 {who}" if outcome.ok else f"520 {who} failed, error in config file")

    return EngineRequest(request, reply)


def reload(context: CommandContext) -> CommandResult:
    """``reload auth``, or ``reload`` for short."""
    if context.arguments.rstrip(" \t\r\n\f\v") not in ("", "auth"):
        return CommandReply("520 unknown reload command")
    return EngineRequest(ReloadAuth(), lambda _outcome: CommandReply("220 reload completed"))


def loadstate(context: CommandContext) -> CommandResult:
    """``loadstate TYPE…``: what is missing or cannot be read is only logged."""
    kinds = _parse_kinds(context)
    if not kinds:
        return CommandReply("220 loadstate completed")
    return EngineRequest(LoadState(kinds), lambda _outcome: CommandReply("220 loadstate completed"))


def savestate(context: CommandContext) -> CommandResult:
    """``savestate TYPE…``."""
    if not split_all(context.arguments):
        return CommandReply("520 savestate error, arguments required")
    kinds = _parse_kinds(context)
    return (
        EngineRequest(SaveState(kinds), reply_when_done("220 savestate completed"))
        if kinds
        else CommandReply("220 savestate completed")
    )


def _parse_kinds(context: CommandContext) -> tuple[SavedKind, ...]:
    """The state files that are named; ``all`` is all of them, unknown words are ignored."""
    words = split_all(context.arguments)
    return tuple(kind for kind in SavedKind if kind in words or "all" in words)
