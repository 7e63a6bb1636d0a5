"""``list``: a table of what can be listed. The word is case-sensitive, as in mon."""

from __future__ import annotations

from collections.abc import Mapping

from pymon.server.commands import list_daemon, list_debts, list_measurements, list_site, list_status
from pymon.server.commands.context import CommandContext, split
from pymon.server.commands.listing import ListHandler, Presentation, as_json, as_lines, render
from pymon.server.commands.reply import CommandReply, CommandResult

KINDS: Mapping[str, ListHandler] = {
    "watch": list_site.watch,
    "descriptions": list_site.descriptions,
    "group": list_site.group,
    "opstatus": list_status.opstatus,
    "failures": list_status.failures,
    "successes": list_status.successes,
    "warnings": list_status.warnings,
    "disabled": list_site.disabled,
    "alerthist": list_daemon.alerthist,
    "failurehist": list_daemon.failurehist,
    "pids": list_daemon.pids,
    "state": list_daemon.state,
    "aliases": list_site.aliases,
    "aliasgroups": list_site.aliasgroups,
    "deps": list_site.deps,
    "dtlog": list_daemon.dtlog,
    "debts": list_debts.debts,
    "measurements": list_measurements.measurements,
    "banished": list_daemon.banished,
    "views": list_site.list_views,
}


def list_(context: CommandContext) -> CommandResult:
    """``list KIND …``, as mon's lines."""
    return _list(context, as_lines)


def list_json(context: CommandContext) -> CommandResult:
    """``json list KIND …``, as one line of JSON."""
    return _list(context, as_json)


def _list(context: CommandContext, presentation: Presentation) -> CommandResult:
    what, rest = split(context.arguments, 2)
    kind = KINDS.get(what)
    if kind is None:
        return CommandReply("520 unknown list command")
    return render(kind(context.with_arguments(rest)), presentation)
