"""The lists of status lines: of all services, of those that are named, and of those in certain states."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import chain

from pymon.model.depend import ServiceKey
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.server.commands import views
from pymon.server.commands.context import Call, split_all
from pymon.server.commands.listing import Listed, Listing
from pymon.server.commands.render_cache import StatusRow
from pymon.server.commands.reply import Reply

_FAILURES = frozenset(status for status in OpStatus if status.is_failure)
_SUCCESSES = frozenset(status for status in OpStatus if status.is_success)
_WARNINGS = frozenset({OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.WARN})
_FRESH = ServiceState()


def opstatus(call: Call) -> Listed:
    """``list opstatus``: what the client sees; ``list opstatus G,S G …``: what is named, whatever its view."""
    final = "220 list opstatus completed"
    words = split_all(call.arguments)
    if not words:
        return _listing(final, call, _seen(call))
    found: dict[ServiceKey, list[StatusRow]] = {}
    named = []
    for word in words:
        group, service, *_ = (*word.split(","), "")
        key = ServiceKey(group, service)
        if service and not call.knows(key):
            return Reply(f"520 {group},{service} does not exist")
        if not service and group not in call.snapshot.site.watches:
            continue  # and nothing is kept of it: a line may name thousands
        if key not in found:
            found[key] = _rows(call, [key] if service else _watched(call, group))
        named.append(found[key])
    # As in mon, what is named twice is listed twice; a line has room for a group's name thousands of times.
    return _listing(final, call, chain.from_iterable(named))


def failures(call: Call) -> Listed:
    """``list failures``."""
    return _of_status("220 list failures completed", call, _FAILURES)


def successes(call: Call) -> Listed:
    """``list successes``: services without a result yet count."""
    return _of_status("220 list successes completed", call, _SUCCESSES)


def warnings(call: Call) -> Listed:
    """``list warnings``; its closing line is that of the successes, as in mon."""
    return _of_status("220 list successes completed", call, _WARNINGS)


def _of_status(final: str, call: Call, wanted: Set[OpStatus]) -> Listed:
    return _listing(final, call, [row for row in _seen(call) if row[2].op_status in wanted])


def _seen(call: Call) -> list[StatusRow]:
    """What the client sees."""
    states = call.snapshot.states
    return [(key, service, states.get(key, _FRESH)) for key, service in views.services(call)]


def _rows(call: Call, keys: Iterable[ServiceKey]) -> list[StatusRow]:
    services, states = call.snapshot.site.services, call.snapshot.states
    return [(key, services[key], states.get(key, _FRESH)) for key in keys]


def _watched(call: Call, group: str) -> list[ServiceKey]:
    watch = call.snapshot.site.watches.get(group)
    return [] if watch is None else [service.key for service in watch.services]


def _listing(final: str, call: Call, rows: Iterable[StatusRow]) -> Listing:
    render, snapshot = call.statuses, call.snapshot
    return Listing(final, render.lines(rows, snapshot), render.objects(rows, snapshot))
