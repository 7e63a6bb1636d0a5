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
from pymon.server.commands.context import Call, done, refused, split_all
from pymon.server.commands.reply import Answer, Ask, Reply


def servertime(call: Call) -> Answer:
    """``servertime``: seconds since the epoch, and the local time."""
    now = int(call.snapshot.now)
    return Reply("220 servertime completed", (f"{now} {datetime.fromtimestamp(now).ctime()}",))


def stop(_call: Call) -> Answer:
    """``stop``: no checks any more."""
    return Ask(StopScheduler(), done("220 stop completed"))


def start(_call: Call) -> Answer:
    """``start``: go on with the checks."""
    return Ask(StartScheduler(), done("220 start completed"))


def term(_call: Call) -> Answer:
    """``term``: end the daemon."""

    def reply(outcome: Outcome) -> Reply:
        return Reply("220 terminating server", close=True) if outcome.ok else refused(outcome)

    return Ask(Terminate(), reply)


def reset(call: Call) -> Answer:
    """``reset [stopped] [keepstate]``: the words may stand anywhere, ``stopped`` in any case."""
    who = f"reset PID {call.snapshot.pid}@{call.snapshot.hostname}"
    request = Reset(
        stopped=re.search("stopped", call.arguments, re.IGNORECASE) is not None,
        keepstate="keepstate" in call.arguments,
    )

    def reply(outcome: Outcome) -> Reply:
        return Reply(f"220 {who}" if outcome.ok else f"520 {who} failed, error in config file")

    return Ask(request, reply)


def reload(call: Call) -> Answer:
    """``reload auth``, or ``reload`` for short."""
    if call.arguments.rstrip(" \t\r\n\f\v") not in ("", "auth"):
        return Reply("520 unknown reload command")
    return Ask(ReloadAuth(), lambda _outcome: Reply("220 reload completed"))


def loadstate(call: Call) -> Answer:
    """``loadstate TYPE…``: what is missing or cannot be read is only logged."""
    kinds = _kinds(call)
    if not kinds:
        return Reply("220 loadstate completed")
    return Ask(LoadState(kinds), lambda _outcome: Reply("220 loadstate completed"))


def savestate(call: Call) -> Answer:
    """``savestate TYPE…``."""
    if not split_all(call.arguments):
        return Reply("520 savestate error, arguments required")
    kinds = _kinds(call)
    return Ask(SaveState(kinds), done("220 savestate completed")) if kinds else Reply("220 savestate completed")


def _kinds(call: Call) -> tuple[SavedKind, ...]:
    """The state files that are named; ``all`` is all of them, unknown words are ignored."""
    words = split_all(call.arguments)
    return tuple(kind for kind in SavedKind if kind in words or "all" in words)
