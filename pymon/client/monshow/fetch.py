"""Asking a server for what monshow shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pymon.client.monshow.report import Detail, Report, Row, Selection, choose, unknown
from pymon.client.monshow.suppression_reasons import Reasons
from pymon.client.records import Disabled, GroupHost, SchedulerState
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


class Wish(NamedTuple):
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


def fetch(client: Client, wish: Wish, clock: Callable[[], float], reasons: Reasons | None = None) -> Report:
    """Ask for all that is wished. Raises ReportError, with the part of the answer that could not be had.

    Who asks again and again hands in the same ``reasons``, which remembers some.
    """
    asked = reasons or Reasons()
    with _part("could not get disabled"):
        disabled = client.list_disabled()
    with _part("could not get state"):
        scheduler = client.list_state()
    if wish.detail is not None:
        return _with_detail(client, wish, wish.detail, scheduler, clock())
    rows = _rows(client, wish, disabled, asked) if wish.table else None
    return Report(
        server=wish.server,
        now=clock(),
        scheduler=scheduler,
        rows=rows,
        disabled=disabled if wish.disabled else None,
        view=wish.view,
        summary_len=wish.summary_len,
    )


def _rows(client: Client, wish: Wish, disabled: Disabled, reasons: Reasons) -> tuple[Row, ...]:
    with _part("could not get opstatus"):
        statuses = _statuses(client, wish)
    descriptions: dict[ServiceKey, str] = {}
    if wish.descriptions:
        with _part("could not list descriptions"):
            descriptions = client.list_descriptions()
    rows = choose(statuses, wish.selection, disabled, descriptions)
    return _with_reasons(client, rows, reasons) if wish.reasons else rows


def _statuses(client: Client, wish: Wish) -> list[ServiceStatus]:
    """The services that were selected; names that are not there are never asked for (mon would add them)."""
    wanted = wish.selection.wanted
    if not wanted:
        return client.list_opstatus()
    known = client.list_watch()
    missing = unknown(wanted, frozenset(known))
    if len(missing) == len(wanted):
        raise ReportError("; ".join(missing))
    for complaint in missing:
        wish.complain(complaint)
    keys = [key for key in known if (key.group, None) in wanted or key in wanted]
    return client.list_opstatus(keys if len(keys) <= MOST_PAIRS else ())


def _with_detail(client: Client, wish: Wish, key: ServiceKey, scheduler: SchedulerState, now: float) -> Report:
    with _part("could not get opstatus"):
        known = key in client.list_watch()
        statuses = [status for status in client.list_opstatus([key]) if status.key == key] if known else []
    report = Report(server=wish.server, now=now, scheduler=scheduler, view=wish.view, summary_len=wish.summary_len)
    if not statuses:
        raise NoSuchService(key, report)
    with _part("could not list descriptions"):
        description = client.list_descriptions().get(key, "")
    row = Row(statuses[0], description)
    if wish.reasons:
        row = _with_reasons(client, (row,), Reasons())[0]
    return report._replace(detail=Detail(row, _hosts(client, key.group)))


class NoSuchService(ReportError):
    """The service is not on the server; ``report`` has what is shown before that is said."""

    def __init__(self, key: ServiceKey, report: Report) -> None:
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
