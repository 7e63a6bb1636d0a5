"""Why alerts are called: each carries the rule that let it pass, with the facts that the rule looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pymon.config.periods import parse_period
from pymon.core import events
from pymon.model.effect import SendReason, SendRule
from pymon.model.service import AlerteveryMode, AlertKind, Command
from pymon.model.state import PeriodState
from tests.core.build import ALL_KINDS, T0, Site, period, service

Step = tuple[float, str]
"""seconds after the step before, and the output of a failing check; a blank one is a success, ``!`` a broken check,
another word after ``+`` is something else that happens"""
IN_A_ROW: dict[str, Any] = {"alertafter_consecutive": 3}
FOR_LONGER = {"alertafter_time": 1800.0}
IN_A_WINDOW = {"alertafter_count": 3, "alertafter_time": 1800.0}
EVERY: dict[str, Any] = {"alertevery": 600.0}


def play(watched: Site, *steps: Step) -> list[SendReason | None]:
    """Why each step called the alerts of the period, None for one that called none."""
    reasons = []
    for after, what in steps:
        if what.startswith("+"):
            verdict = watched.happen(what[1:], after)
        elif what == "!":
            verdict = watched.fail("cannot run", after, exitval=127)
        else:
            verdict = watched.fail(what, after) if what else watched.ok("", after)
        reasons.append(verdict.alerts[0].reason if verdict.alerts else None)
    return reasons


FIRST = SendReason(SendRule.FIRST, 1)


@pytest.mark.parametrize(
    ("rules", "steps", "reasons"),
    [
        pytest.param({}, [(0, "x"), (60, "x")], [FIRST, SendReason(SendRule.NO_RULE, 2, 60)], id="no rules"),
        pytest.param(
            EVERY,
            [(0, "x"), (60, "x"), (540, "x")],
            [FIRST, None, SendReason(SendRule.REPEAT, 2, 600, 600.0)],
            id="alertevery is over",
        ),
        pytest.param(
            EVERY,
            [(0, "x"), (60, "y"), (60, "y")],
            [FIRST, SendReason(SendRule.SUMMARY_CHANGED, 2, 60, 600.0), None],
            id="the summary is another",
        ),
        pytest.param(
            EVERY,
            [(0, "x"), (700, "y")],
            [FIRST, SendReason(SendRule.REPEAT, 2, 700, 600.0)],
            id="alertevery is over, so it does not matter that the summary is another",
        ),
        pytest.param(
            {**EVERY, "alertevery_mode": AlerteveryMode.OBSERVE_DETAIL},
            [(0, "x\na"), (60, "x\nb")],
            [FIRST, SendReason(SendRule.OUTPUT_CHANGED, 2, 60, 600.0)],
            id="the detail is another",
        ),
        pytest.param(
            {**EVERY, "alertevery_mode": AlerteveryMode.STRICT},
            [(0, "x"), (60, ""), (600, "x")],
            [FIRST, SendReason(SendRule.RECOVERY, 1, lasting=60), SendReason(SendRule.FIRST, 1, 660, 600.0)],
            id="strict counts on from the outage before",
        ),
        pytest.param(
            IN_A_ROW,
            [(0, "x"), (60, "x"), (60, "x"), (60, "x")],
            [
                *(None, None, SendReason(SendRule.COUNT_REACHED, 1, count=3, wanted=3)),
                SendReason(SendRule.NO_RULE, 2, 60, count=4, wanted=3),
            ],
            id="alertafter N",
        ),
        pytest.param(
            {"alertafter_consecutive": 1},
            [(0, "x")],
            [SendReason(SendRule.FIRST, 1, count=1, wanted=1)],
            id="alertafter 1 has nothing to wait for",
        ),
        pytest.param(
            FOR_LONGER,
            [(0, "x"), (1800, "x"), (60, "x"), (60, "x")],
            [
                *(None, None, SendReason(SendRule.WINDOW_REACHED, 1, lasting=1860, window=1800.0)),
                SendReason(SendRule.NO_RULE, 2, 60, lasting=1920, window=1800.0),
            ],
            id="alertafter INTERVAL",
        ),
        pytest.param(
            IN_A_WINDOW,
            [(0, "x"), (600, "x"), (600, "x"), (60, "x")],
            [
                *(None, None, SendReason(SendRule.WINDOW_REACHED, 1, count=3, wanted=3, lasting=1200, window=1800.0)),
                SendReason(SendRule.WINDOW_REACHED, 2, 60, count=4, wanted=3, lasting=1260, window=1800.0),
            ],
            id="alertafter N INTERVAL",
        ),
        pytest.param(
            {"alertafter_count": 1, "alertafter_time": 60.0},
            [(0, "x"), (90, "x")],
            [
                SendReason(SendRule.FIRST, 1, count=1, wanted=1, lasting=0, window=60.0),
                SendReason(SendRule.NO_RULE, 2, 90, count=1, wanted=1, lasting=0, window=60.0),
            ],
            id="alertafter 1 INTERVAL has nothing to wait for",
        ),
        pytest.param(
            {**EVERY, **IN_A_WINDOW},
            [(0, "x"), (1, "x"), (1, "x"), (600, "x")],
            [
                *(None, None),
                SendReason(SendRule.WINDOW_REACHED, 1, None, None, count=3, wanted=3, lasting=2, window=1800.0),
                SendReason(SendRule.REPEAT, 2, 600, 600.0, count=4, wanted=3, lasting=602, window=1800.0),
            ],
            id="alertevery and alertafter: the former decides of a further alert",
        ),
        pytest.param(
            {**IN_A_ROW, **FOR_LONGER},
            [(0, "x"), (60, "x"), (60, "x"), (1801, "x")],
            [None, None, None, SendReason(SendRule.WINDOW_REACHED, 1, lasting=1801, window=1800.0)],
            id="both forms: the last one to be satisfied",
        ),
        pytest.param(
            {"alertafter_consecutive": 2, "alertafter_count": 1, "alertafter_time": 60.0},
            [(0, "x"), (10, "x")],
            [None, SendReason(SendRule.COUNT_REACHED, 1, count=2, wanted=2)],
            id="both forms: a window of one failure has nothing to wait for, so the facts are the count's",
        ),
        pytest.param(
            {},
            [(0, "x"), (30, "!"), (30, "")],
            [FIRST, FIRST, SendReason(SendRule.RECOVERY, 1, lasting=60)],
            id="failed and broken are outages of their own",
        ),
        pytest.param({"no_comp_alerts": True, "numalerts": 1}, [(0, "")], [None], id="no outage, no end of one"),
    ],
)
def test_what_let_a_failure_or_its_end_pass(
    rules: dict[str, Any], steps: list[Step], reasons: list[SendReason | None]
) -> None:
    watched = Site((service(period(*ALL_KINDS, **rules)),))
    assert play(watched, *steps) == reasons


def test_recovery_that_the_period_need_not_have_told_of() -> None:
    silent = Site((service(period(*ALL_KINDS, no_comp_alerts=True, **IN_A_ROW)),))
    assert play(silent, (0, "x"), (60, "")) == [None, SendReason(SendRule.NO_COMP_ALERTS, 0, lasting=60)]


def test_end_of_the_outage_that_was_told_of_though_another_is_in_force() -> None:
    """R-broken: the reason is that of the outage whose end is told."""
    watched = Site((service(period(*ALL_KINDS, alertafter_consecutive=2)),))
    reasons = play(watched, (0, "!"), (10, "!"), (10, "x"), (10, ""))
    assert reasons[1:] == [
        *(SendReason(SendRule.COUNT_REACHED, 1, count=2, wanted=2), None),
        SendReason(SendRule.RECOVERY, 1, lasting=30),
    ]


def test_no_end_is_told_of_an_outage_outside_its_period_nor_of_one_that_is_over() -> None:
    """R-broken: also not where the books of the other outage still tell when a strict alertevery has alerted."""
    never = Site((service(period(*ALL_KINDS, when="none")),))
    assert play(never, (0, "!"), (10, "x"), (10, "")) == [None, None, None]
    strict = {"alertafter_consecutive": 2, "alertevery": 3600.0, "alertevery_mode": AlerteveryMode.STRICT}
    over = Site((service(replace(period(*ALL_KINDS), **strict)),))  # type: ignore[arg-type]  # fields of Period
    told = play(over, (0, "!"), (10, "!"), (10, ""), (10, "x"), (10, ""))
    assert over.state.other_outage is not None, "it remembers when it has alerted"
    assert [reason.rule if reason else None for reason in told] == [
        *(None, SendRule.COUNT_REACHED, SendRule.RECOVERY, None, None),
    ]


def test_what_an_acknowledgement_leads_to() -> None:
    """It is for those who were told; and alerts start over when another summary ends it."""
    watched = Site((service(period(*ALL_KINDS, alertevery=3600.0), unack_summary=True),))
    assert play(watched, (0, "x"), (10, "+ack"), (10, "x"), (10, "y")) == [
        *(FIRST, SendReason(SendRule.ACK, 1), None),
        SendReason(SendRule.UNACKNOWLEDGED, 2, 30),
    ]


def test_a_period_that_was_not_told_before_the_acknowledgement_has_its_first_alert_after_it() -> None:
    later = period(AlertKind.ALERT, key="later", when="none")
    watched = Site((service(period(AlertKind.ALERT), later, unack_summary=True),))
    play(watched, (0, "x"), (10, "+ack"))
    watched.services = (service(period(AlertKind.ALERT), replace(later, spec=parse_period("")), unack_summary=True),)
    reasons = [call.reason for call in watched.fail("y").alerts]
    assert reasons == [SendReason(SendRule.UNACKNOWLEDGED, 2, 20), FIRST]


@pytest.mark.parametrize(("what", "rule"), [("startup", SendRule.STARTUP), ("disable", SendRule.DISABLE)])
def test_what_no_rule_of_the_period_judges(what: str, rule: SendRule) -> None:
    watched = Site((service(period(*ALL_KINDS)),))
    assert play(watched, (0, f"+{what}")) == [SendReason(rule)]


def test_redistribute_and_tests() -> None:
    watched = Site((service(period(*ALL_KINDS), redistribute=Command("all.alert")),))
    assert play(watched, (0, "")) == [SendReason(SendRule.REDISTRIBUTE)]
    tried = events.test_alert(watched.service, watched.state, AlertKind.UPALERT, 0, "p", T0, watched.context)
    assert [call.reason for call in tried.alerts] == [SendReason(SendRule.TEST)]


def test_outage_of_an_earlier_daemon_has_no_time_of_its_alert() -> None:
    """What is recalled has alerted, nobody knows when: no rule holds the next alert back."""
    watched = Site((service(period(*ALL_KINDS, **EVERY)),))
    watched.states[watched.service.key] = events.recall_outage(watched.service, watched.state, T0)
    assert play(watched, (60, "x")) == [SendReason(SendRule.NO_RULE, 2)]
    assert watched.state.period("p") == PeriodState(last_alert=watched.now, alert_sent=2, counted_sent=1)
