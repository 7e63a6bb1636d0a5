"""The lists of status lines: of all services, of those that are named, and of those in certain states."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import chain

from pymon.model.depend import ServiceKey
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.server.commands import views
from pymon.server.commands.context import CommandContext, split_all
from pymon.server.commands.listing import Listing, ListResult
from pymon.server.commands.render_cache import StatusRow
from pymon.server.commands.reply import CommandReply

_FAILURES = frozenset(status for status in OpStatus if status.is_failure)
_SUCCESSES = frozenset(status for status in OpStatus if status.is_success)
_WARNINGS = frozenset({OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.WARN})
_FRESH = ServiceState()


def opstatus(context: CommandContext) -> ListResult:
    """``list opstatus``: the services of the client's view; ``list opstatus G,S G …``: the named ones, in any view."""
    final = "220 list opstatus completed"
    words = split_all(context.arguments)
    if not words:
        return _listing(final, context, _visible_rows(context))
    found: dict[ServiceKey, list[StatusRow]] = {}
    named = []
    for word in words:
        group, service, *_ = (*word.split(","), "")
        key = ServiceKey(group, service)
        if service and not context.knows(key):
            return CommandReply(f"520 {group},{service} does not exist")
        if not service and group not in context.snapshot.site.watches:
            continue  # and nothing is kept of it: a line may name thousands
        if key not in found:
            found[key] = _rows(context, [key] if service else _keys_of_watch(context, group))
        named.append(found[key])
    # As in mon, what is named twice is listed twice; a line has room for a group's name thousands of times.
    return _listing(final, context, chain.from_iterable(named))


def failures(context: CommandContext) -> ListResult:
    """``list failures``."""
    return _of_status("220 list failures completed", context, _FAILURES)


def successes(context: CommandContext) -> ListResult:
    """``list successes``: services without a result yet count."""
    return _of_status("220 list successes completed", context, _SUCCESSES)


def warnings(context: CommandContext) -> ListResult:
    """``list warnings``; its closing line is that of the successes, as in mon."""
    return _of_status("220 list successes completed", context, _WARNINGS)


def _of_status(final: str, context: CommandContext, wanted: Set[OpStatus]) -> ListResult:
    return _listing(final, context, [row for row in _visible_rows(context) if row[2].op_status in wanted])


def _visible_rows(context: CommandContext) -> list[StatusRow]:
    """What the client sees."""
    states = context.snapshot.states
    return [(key, service, states.get(key, _FRESH)) for key, service in views.services(context)]


def _rows(context: CommandContext, keys: Iterable[ServiceKey]) -> list[StatusRow]:
    services, states = context.snapshot.site.services, context.snapshot.states
    return [(key, services[key], states.get(key, _FRESH)) for key in keys]


def _keys_of_watch(context: CommandContext, group: str) -> list[ServiceKey]:
    watch = context.snapshot.site.watches.get(group)
    return [] if watch is None else [service.key for service in watch.services]


def _listing(final: str, context: CommandContext, rows: Iterable[StatusRow]) -> Listing:
    render, snapshot = context.statuses, context.snapshot
    return Listing(final, render.lines(rows, snapshot), render.objects(rows, snapshot))
