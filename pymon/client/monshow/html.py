"""monshow's report as a page, laid out as that of mon's CGI program.

Everything that comes from the server is escaped (W-escape); only ``set html-header`` and ``link-text`` of the
configuration file, which are HTML, are put in as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, Template

from pymon.client.monshow.rc import Preferences
from pymon.client.monshow.report import (
    Row,
    ServiceDetail,
    StatusReport,
    age,
    alerts,
    ctime,
    dependence,
    exit_value,
    hms,
    is_scheduled,
    last,
    opstatus,
    scheduler_text,
    state_name,
    summary,
    until_next,
)
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from pymon.text import encode

TEMPLATE = Path(__file__).parent / "templates" / "monshow.html"
_COLOURS = {
    OpStatus.FAIL: "fail",
    OpStatus.OK: "ok",
    OpStatus.UNTESTED: "untested",
}
_BROKEN = "broken"
_NOT_IN_HTML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], " ")


class LinkTarget(NamedTuple):
    """Where the page is: its view, and the one group that it shows, if any."""

    view: str = ""
    watch: str = ""

    def link(self, **query: str) -> str:
        """The address of another page of the same view; commas stay as they are, mon's pages have them."""
        fields = {"view": self.view, **query} if self.view else query
        return "?" + "&".join(
            f"{name}={quote(value, safe=',', errors='surrogateescape')}" for name, value in fields.items()
        )


def render(report: StatusReport, preferences: Preferences, place: LinkTarget) -> str:
    """The page of a report."""
    page = _template().render(
        prefs=preferences,
        html_header=preferences.html_header,
        report=report,
        time=ctime(report.now),
        state=scheduler_text(report.scheduler),
        rows=None if report.rows is None else [_row(row, report, place) for row in report.rows],
        detail=None if report.detail is None else _detail(report.detail, report.now, preferences, place),
        disabled=report.disabled,
        restricted=bool(place.watch) and report.detail is None,
        summary_url=place.link(),
    )
    return _clean(page)


def render_error(error: str, preferences: Preferences | None = None) -> str:
    """A page that says what went wrong."""
    shown = (preferences or Preferences())._replace(refresh=0)
    return _clean(_template().render(prefs=shown, html_header="", error=error, rows=None))


@cache
def _template() -> Template:
    return Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))


def _clean(page: str) -> str:
    """The page with nothing in it that HTML cannot have: control characters, bytes that are no text."""
    return encode(page).decode("utf-8", "replace").translate(_NOT_IN_HTML) + "\n"


def _row(row: Row, report: StatusReport, place: LinkTarget) -> dict[str, Any]:
    status = row.status
    return {
        "colour": _colour(status),
        "dependence": dependence(status),
        "group": status.group,
        "group_url": place.link(watch=status.group),
        "service": status.service,
        "url": place.link(detail=f"{status.group},{status.service}"),
        "description": row.description,
        "last": last(status, report.now),
        "next": until_next(status),
        "alerts": alerts(status),
        "acked": status.opstatus is OpStatus.FAIL and bool(status.ack),
        "state": state_name(status),
        "summary": summary(status, report.summary_len),
        "held": row.held,
    }


def _colour(status: ServiceStatus) -> str:
    """The class of a row, which the page has a colour for."""
    return _BROKEN if status.is_broken else _COLOURS.get(status.opstatus, "")


def _detail(detail: ServiceDetail, now: float, preferences: Preferences, place: LinkTarget) -> dict[str, Any]:
    status = detail.row.status
    key = (status.group, status.service)
    return {
        "group": status.group,
        "service": status.service,
        "colour": _colour(status),
        "description": detail.row.description,
        "summary": status.last_summary,
        "hosts": " ".join(host.name for host in detail.hosts),
        "text": status.last_detail,
        "ack": status.ackcomment if status.ack else "",
        "held": detail.row.held,
        "variables": list(_drop_empty(_variables(status, now))),
        "link": preferences.links.get(key, ""),
        "link_text": preferences.link_texts.get(key, ""),
        "group_url": place.link(watch=status.group),
    }


def _drop_empty(variables: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in variables if value)


def _variables(status: ServiceStatus, now: float) -> Iterator[tuple[str, str]]:
    """Name and value of each variable, empty ones too."""
    yield "Operational Status", opstatus(status)
    yield "Exit Value", exit_value(status)
    yield "Dependency", status.depend
    yield "Monitor Program", status.monitor
    yield "Last Check", _format_ago(age(status.last_check, now))
    yield "Next Check", f"in {until_next(status)}" if is_scheduled(status) else "not scheduled"
    yield "Last Success", _format_moment(status.last_success) or "never"
    yield "Last Failure", _format_moment(status.last_failure)
    yield "First Failure", _format_moment(status.first_failure)
    yield "Failure Duration", _format_duration(status.failure_duration)
    yield "Schedule Interval", _format_duration(status.interval)
    yield "Exclude Period", status.exclude_period
    yield "Exclude Hosts", " ".join(status.exclude_hosts)
    yield "Random Skew", _format_duration(status.randskew)
    yield "Alerts Sent", str(status.alerts_sent or "")
    yield "Last Alert", _format_moment(status.last_alert)
    yield "Monitor Execution Duration", _format_duration(status.monitor_duration)
    if status.interval is not None:
        yield "Monitor currently running", "true" if status.monitor_running else "false"


def _format_ago(how_long: str) -> str:
    return how_long if how_long == "never" else f"{how_long} ago"


def _format_moment(moment: float) -> str:
    return ctime(moment) if moment else ""


def _format_duration(seconds: float | None) -> str:
    return "" if seconds is None else hms(seconds)
