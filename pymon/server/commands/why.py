"""``why G S [SINCE]``: what happened to a service, and why. A command of pymon's own (P-why)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pymon.config.time_values import parse_timeval
from pymon.errors import TimevalError
from pymon.local_time import local_time
from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome, ReadTimeline
from pymon.model.service import Service
from pymon.model.snapshot import Snapshot
from pymon.model.state import ServiceState
from pymon.protocol.status_text import describe_muting, describe_status
from pymon.protocol.wire import escape_line_ends, is_final
from pymon.server.commands.context import CommandContext, refuse, split
from pymon.server.commands.listing import DeferredListing, Listing, ListResult, as_json, as_lines, render
from pymon.server.commands.reply import CommandReply, CommandResult
from pymon.server.status_of import status_of
from pymon.timeline import debt_text
from pymon.timeline import text as timeline

_EPOCH = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


def why(context: CommandContext) -> CommandResult:
    """The timeline as lines for people."""
    return render(_timeline(context), as_lines)


def why_json(context: CommandContext) -> CommandResult:
    """The timeline's events as one line of JSON, with their figures."""
    return render(_timeline(context), as_json)


def _timeline(context: CommandContext) -> ListResult:
    """SINCE is a time in seconds since the epoch, or how long ago, as mon.cf writes times: ``2h``."""
    group, service, since = split(context.arguments, 3)
    key = ServiceKey(group, service)
    if not service:
        return CommandReply("520 why error, group and service required")
    if not context.remembers(key):
        return CommandReply(f"520 {group},{service} does not exist")
    try:
        start = _since(since.rstrip(" \t\r\n\f\v"), context.snapshot.now)
    except TimevalError as error:
        return CommandReply(f"520 why error, {escape_line_ends(str(error))}")
    standing = _standing(context.snapshot, key)  # now: what the record has is read later
    return DeferredListing(ReadTimeline(key, start), lambda outcome: _listing(standing, outcome, context.snapshot.now))


def _since(text: str, now: float) -> float:
    if not text:
        return 0.0
    return float(text) if _EPOCH.fullmatch(text) else now - parse_timeval(text)


def _listing(standing: Sequence[str], outcome: Outcome, now: float) -> Listing | CommandReply:
    if not outcome.ok:
        return refuse(outcome)
    items = (timeline.as_data(event) for event in outcome.events)
    return Listing("220 why completed", _lines(standing, outcome, now), items)


def _lines(standing: Sequence[str], outcome: Outcome, now: float) -> Iterator[str]:
    """How the service stands, then its events; no line can be taken for a closing line, or for two."""
    for line in map(escape_line_ends, (*standing, *timeline.lines(outcome.events, local_time, now=now))):
        yield f" {line}" if is_final(line) else line


def _standing(snapshot: Snapshot, key: ServiceKey) -> list[str]:
    """How the service stands, what was measured, and what it owes, at the moment of the snapshot."""
    muted = describe_muting(
        local_time,
        watch=key.group in snapshot.disabled_watches,
        service=key in snapshot.disabled_services,
        stopped_since=snapshot.stopped_since,
    )
    state = snapshot.states.get(key) or snapshot.departed.get(key, ServiceState())
    service = snapshot.site.services.get(key) or Service(*key)
    status = status_of(service, state, snapshot.now)
    return [
        describe_status(status, snapshot.now, local_time, muted, state.left),
        *timeline.measurement_lines(state.measurements, state.measured, snapshot.now),
        *debt_text.lines(snapshot.owed(key), snapshot.now),
    ]
