"""The lists of what the daemon does and did: processes, the scheduler, the histories, the downtime log."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pymon.model.request import Outcome, ReadDowntimeLog
from pymon.protocol.numbers import format_instant
from pymon.protocol.wire import escape, escape_line_ends
from pymon.server.commands.context import CommandContext
from pymon.server.commands.listing import DeferredListing, FurtherPages, Listing, ListResult
from pymon.server.commands.reply import CommandReply

_ALERT = re.compile(r"(\S+) (\S+) (\S+) ([0-9]{1,18}) (.*?) \((.*?)\) (.*)", re.DOTALL)
_FAILURE = re.compile(r"(\S+) (\S+) ([0-9]{1,18}) (.*)", re.DOTALL)
_DOWNTIME = re.compile(r"([0-9]{1,18}) (\S+) (\S+) ([0-9]{1,18}) ([0-9]{1,18}) ([0-9.]{1,18}) ?(.*)", re.DOTALL)


def pids(context: CommandContext) -> ListResult:
    """``list pids``: the daemon's, and those of the monitors that run; 0 is one inside the daemon (P-pids)."""
    server, running = context.snapshot.pid, list(context.snapshot.running.items())
    monitors = [{"group": key.group, "service": key.service, "pid": pid or None} for key, pid in running]
    lines = [f"server {server}", *(f"{key.group} {key.service} {pid}" for key, pid in running)]
    value = {"server": server, "monitors": monitors}
    return Listing("220 list pids completed", lines, (value,), is_array=False)


def banished(context: CommandContext) -> ListResult:
    """``list banished``: the plugins that run as processes because they misbehaved inside the daemon (P-banished).

    A line ``GROUP SERVICE PLUGIN SINCE UNTIL REASON`` for each; group and service are ``*`` where it is for all.
    """
    found = sorted(context.snapshot.banished)
    lines = (
        f"{each.group or '*'} {each.service or '*'} {each.plugin}"
        f" {format_instant(each.since)} {format_instant(each.until)} {escape_line_ends(each.reason)}"
        for each in found
    )
    return Listing("220 list banished completed", lines, (each._asdict() for each in found))


def state(context: CommandContext) -> ListResult:
    """``list state``: whether the scheduler runs."""
    since = context.snapshot.stopped_since
    line = "scheduler running" if since is None else f"scheduler stopped since {format_instant(since)}"
    value = {"running": since is None, "stopped_since": since}
    return Listing("220 list state completed", (line,), (value,), is_array=False)


def alerthist(context: CommandContext) -> ListResult:
    """``list alerthist``: the lines of the alert history, escaped whole."""
    history = context.snapshot.alert_history
    return Listing("220 list alerthist completed", map(escape, history), map(_alert_item, history))


def failurehist(context: CommandContext) -> ListResult:
    """``list failurehist``: the lines of the failure history, escaped whole."""
    history = context.snapshot.failure_history
    return Listing("220 list failurehist completed", map(escape, history), map(_failure_item, history))


def dtlog(context: CommandContext) -> ListResult:
    """``list dtlog``: the records of the downtime log, as they stand in its file."""
    if not context.snapshot.site.settings.dtlogging:
        return CommandReply("520 list dtlog error, dtlogging is not turned on")
    return DeferredListing(ReadDowntimeLog(), _dtlog)


def _dtlog(outcome: Outcome) -> Listing | CommandReply:
    if not outcome.ok:
        return CommandReply("520 list dtlog error, cannot open dtlog")
    rest = None if outcome.pages is None else FurtherPages(outcome.pages, _downtime_item)
    return Listing("220 list dtlog completed", outcome.lines, map(_downtime_item, outcome.lines), rest=rest)


def _alert_item(line: str) -> Mapping[str, object]:
    names = ("kind", "group", "service", "time", "alert", "arguments", "summary")
    return _item(names, _ALERT.fullmatch(line), line)


def _failure_item(line: str) -> Mapping[str, object]:
    return _item(("group", "service", "time", "summary"), _FAILURE.fullmatch(line), line)


def _downtime_item(line: str) -> Mapping[str, object]:
    names = ("time", "group", "service", "first_failure", "downtime", "interval", "summary")
    return _item(names, _DOWNTIME.fullmatch(line), line)


_NUMBERS = frozenset({"time", "first_failure", "downtime", "interval"})


def _item(names: tuple[str, ...], match: re.Match[str] | None, line: str) -> Mapping[str, object]:
    """The fields of a line; of one in another form (from somebody's file) there is only the text, as the summary."""
    if match is None:
        return {**dict.fromkeys(names), "summary": line}
    pairs = zip(names, match.groups(), strict=True)
    return {name: _number(text) if name in _NUMBERS else text for name, text in pairs}


def _number(text: str) -> float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None
