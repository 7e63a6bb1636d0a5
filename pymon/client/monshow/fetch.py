"""Asking a server for what monshow shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pymon.client.monshow.report import Row, Selection, ServiceDetail, StatusReport, choose, find_unknown
from pymon.client.monshow.suppression_reasons import Reasons
from pymon.client.records import DisabledItems, GroupHost, SchedulerState
from pymon.client.sync import Client
from pymon.errors import ClientError, CommandFailed, PymonError
from pymon.model.depend import ServiceKey
from pymon.protocol.service_status import ServiceStatus

MOST_REASONS = 100
"""services that are asked about at most, why their alerts are held back"""
MOST_PAIRS = 500
"""services that are asked for one by one at most; if there are more, all are asked for"""


class ReportError(PymonError):
    """There is nothing to show; the text is what mon's monshow says then."""


class Query(NamedTuple):
    """What to show. ``detail`` is group and service, in place of all else.

    ``table`` and ``disabled`` say whether services, and what is disabled, are shown; ``descriptions`` and
    ``reasons`` whether the server is asked for these, too. ``complain`` is told what was selected but is not there.
    """

    server: str
    selection: Selection
    detail: ServiceKey | None = None
    table: bool = True
    disabled: bool = False
    descriptions: bool = False
    reasons: bool = False
    view: str = ""
    summary_len: int = 80
    complain: Callable[[str], None] = lambda _complaint: None


def fetch(client: Client, query: Query, clock: Callable[[], float], reasons: Reasons | None = None) -> StatusReport:
    """Ask for all that is wished. Raises ReportError, with the part of the answer that could not be had.

    Who asks again and again hands in the same ``reasons``, which remembers some.
    """
    asked = reasons or Reasons()
    with _part("could not get disabled"):
        disabled = client.list_disabled()
    with _part("could not get state"):
        scheduler = client.list_state()
    if query.detail is not None:
        return _with_detail(client, query, query.detail, scheduler, clock())
    rows = _rows(client, query, disabled, asked) if query.table else None
    return StatusReport(
        server=query.server,
        now=clock(),
        scheduler=scheduler,
        rows=rows,
        disabled=disabled if query.disabled else None,
        view=query.view,
        summary_len=query.summary_len,
    )


def _rows(client: Client, query: Query, disabled: DisabledItems, reasons: Reasons) -> tuple[Row, ...]:
    with _part("could not get opstatus"):
        statuses = _statuses(client, query)
    descriptions: dict[ServiceKey, str] = {}
    if query.descriptions:
        with _part("could not list descriptions"):
            descriptions = client.list_descriptions()
    rows = choose(statuses, query.selection, disabled, descriptions)
    return _with_reasons(client, rows, reasons) if query.reasons else rows


def _statuses(client: Client, query: Query) -> list[ServiceStatus]:
    """The services that were selected; names that are not there are never asked for (mon would add them)."""
    wanted = query.selection.wanted
    if not wanted:
        return client.list_opstatus()
    known = client.list_watch()
    missing = find_unknown(wanted, frozenset(known))
    if len(missing) == len(wanted):
        raise ReportError("; ".join(missing))
    for complaint in missing:
        query.complain(complaint)
    keys = [key for key in known if (key.group, None) in wanted or key in wanted]
    return client.list_opstatus(keys if len(keys) <= MOST_PAIRS else ())


def _with_detail(client: Client, query: Query, key: ServiceKey, scheduler: SchedulerState, now: float) -> StatusReport:
    with _part("could not get opstatus"):
        known = key in client.list_watch()
        statuses = [status for status in client.list_opstatus([key]) if status.key == key] if known else []
    report = StatusReport(
        server=query.server, now=now, scheduler=scheduler, view=query.view, summary_len=query.summary_len
    )
    if not statuses:
        raise NoSuchService(key, report)
    with _part("could not list descriptions"):
        description = client.list_descriptions().get(key, "")
    row = Row(statuses[0], description)
    if query.reasons:
        row = _with_reasons(client, (row,), Reasons())[0]
    return report._replace(detail=ServiceDetail(row, _hosts(client, key.group)))


class NoSuchService(ReportError):
    """The service is not on the server; ``report`` has what is shown before that is said."""

    def __init__(self, key: ServiceKey, report: StatusReport) -> None:
        super().__init__(f"{key.group}/{key.service} not a valid service")
        self.report = report


def _hosts(client: Client, group: str) -> tuple[GroupHost, ...]:
    with _part("could not get hosts"):
        try:
            return tuple(client.list_group(group))
        except CommandFailed:
            return ()  # the default watch has no group


def _with_reasons(client: Client, rows: tuple[Row, ...], reasons: Reasons) -> tuple[Row, ...]:
    """The rows with the reasons for which alerts about failures are held back."""
    failing = [row.status for row in rows if row.status.opstatus.is_failure]
    with _part("could not get reasons"):
        found = {status.key: reasons.of(client, status) for status in failing[:MOST_REASONS]}
    return tuple(row._replace(held=found.get(row.status.key, "")) for row in rows)


@contextmanager
def _part(name: str) -> Iterator[None]:
    """Say which part of the answer could not be had."""
    try:
        yield
    except (ClientError, ValueError) as error:  # ValueError: a name of the server's cannot be asked about
        raise ReportError(f"{name}: {error}") from error
