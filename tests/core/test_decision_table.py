"""The decision table of the alert decision: which check holds back which kind of event."""

from __future__ import annotations

from typing import Any

import pytest

from pymon.model.effect import Rule
from pymon.model.service import AlertKind, ExitRange
from pymon.model.state import PeriodState
from pymon.model.status import OpStatus
from tests.core.build import ALL_KINDS, Site, alert, depend, period, rules_of, service

FAILURES = ("failure", "trap", "trap_timeout")
EVENTS = (*FAILURES, "up", "startup", "ack", "disable")

HOLDS: dict[str, tuple[Rule, set[str]]] = {
    "stopped": (Rule.STOPPED, set(EVENTS)),
    "watch disabled": (Rule.WATCH_DISABLED, set(EVENTS) - {"disable"}),
    "service disabled": (Rule.SERVICE_DISABLED, set(EVENTS) - {"disable"}),
    "dependency not fulfilled": (Rule.DEPEND, {*FAILURES, "ack", "disable"}),
    "acknowledged": (Rule.ACK, {*FAILURES, "startup"}),
    "outside the period": (Rule.PERIOD, set(EVENTS)),
    "no down alert was sent": (Rule.NO_DOWN_ALERT, {"up", "ack"}),
    "upalertafter": (Rule.UPALERTAFTER, {"up"}),
    "alertexitrange": (Rule.ALERTEXITRANGE, set(FAILURES)),
    "numalerts": (Rule.NUMALERTS, set(FAILURES)),
    "alertevery": (Rule.ALERTEVERY, set(FAILURES)),
    "alertafter": (Rule.ALERTAFTER, set(FAILURES)),
    "exit= with the value of failures": (Rule.EXIT, {"up", "startup", "ack", "disable"}),
    "exit=0": (Rule.EXIT, set(FAILURES)),
    "no such alert": (Rule.NO_SUCH_ALERT, set(EVENTS)),
}


def site_with(check: str) -> Site:
    """A site where a down alert was sent some time ago, and only the check named stands in the way."""
    table: dict[str, dict[str, Any]] = {
        "alertexitrange": {"alertexitrange": ExitRange(7, 9)},
        "numalerts": {"numalerts": 1},
        "alertevery": {"alertevery": 3600.0},
        "alertafter": {"alertafter_consecutive": 9},
        "upalertafter": {"upalertafter": 3600.0},
        "outside the period": {"when": "none"},
    }
    rules = table.get(check, {})
    exit_range = {"exit= with the value of failures": ExitRange(1, 1), "exit=0": ExitRange(0, 0)}.get(check)
    alerts = [alert(kind, exit_range=exit_range) for kind in ALL_KINDS]
    dependency = depend("g:parent") if check == "dependency not fulfilled" else None
    watched = service(period(*alerts, **rules), depend=dependency, traptimeout=60.0)
    site = Site((watched, service(name="parent")))
    sent = 0 if check == "no down alert was sent" else 1
    counters = PeriodState(last_alert=site.now - 60, alert_sent=sent, counted_sent=sent)
    site.set(
        op_status=OpStatus.FAIL,
        first_failure=site.now - 60,
        failure_output="down\n" if check == "alertevery" else "",
        periods={"p": counters},
    )
    if check == "alertevery":
        site.set(failure_output="trap timeout\n")
    site.set("g:parent", op_status=OpStatus.FAIL)
    if check == "acknowledged":
        site.set(ack=site.now, ack_comment="bob: on it")
    site.stopped = check == "stopped"
    site.disabled_watches |= {"g"} if check == "watch disabled" else set()
    site.disabled_services |= {site.service.key} if check == "service disabled" else set()
    site.missing = frozenset(f"{kind}.alert" for kind in ALL_KINDS) if check == "no such alert" else frozenset()
    return site


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("check", HOLDS)
def test_holds(check: str, event: str) -> None:
    """Each check holds back exactly the events of its row (Q3: not a disable because of being disabled)."""
    rule, held = HOLDS[check]
    site = site_with(check)
    if check == "alertevery":
        site.set(failure_output={"failure": "down\n", "trap": "s\n\nd"}.get(event, "trap timeout\n"))
    verdict = site.happen(event)
    if event in held:
        assert rules_of(verdict) == [rule]
        assert not verdict.alerts
    else:
        assert rules_of(verdict) == []
        assert len(verdict.alerts) == 1


@pytest.mark.parametrize(
    ("event", "kind", "word", "retval"),
    [
        ("failure", AlertKind.ALERT, "alert", 1),
        ("trap", AlertKind.ALERT, "trapalert", "1"),
        ("trap_timeout", AlertKind.ALERT, "traptimeoutalert", 1),
        ("up", AlertKind.UPALERT, "upalert", 0),
        ("startup", AlertKind.STARTUPALERT, "startupalert", 0),
        ("ack", AlertKind.ACKALERT, "ackalert", None),
        ("disable", AlertKind.DISABLEALERT, "disablealert", None),
    ],
)
def test_event_kinds(event: str, kind: AlertKind, word: str, retval: int | str | None) -> None:
    """Each event calls its own list, has its word in the history, and its MON_RETVAL (none for ack and disable)."""
    verdict = site_with("nothing").happen(event)
    (call,) = verdict.alerts
    assert call.list_kind is kind
    assert call.history_word == word
    assert call.exitval == retval
    assert call.event == {"trap_timeout": "traptimeout"}.get(event, event)
    assert call.period == "p"
