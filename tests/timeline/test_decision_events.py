"""What decisions are recorded as: real verdicts of the rules, and the lines that tell of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pymon.core import events as process
from pymon.model.effect import Noticed, SendReason, SendRule, Verdict
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult
from pymon.model.service import AlerteveryMode, AlertKind, Command, MonitorCommand
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.timeline.coalesce import EventCoalescer
from pymon.timeline.debt_text import GONE
from pymon.timeline.decision_events import FIGURES, describe_reason, of_misbehaviour, of_verdict
from tests.core.build import ALL_KINDS, Site, alert, period, service

PLAIN = (SendRule.ACK, SendRule.DISABLE, SendRule.STARTUP, SendRule.REDISTRIBUTE, SendRule.TEST)
"""reasons that the kind of the alert tells"""


class Told(Site):
    """A site whose every verdict is told of; ``events`` and ``texts`` are those of the last one."""

    events: tuple[TimelineEvent, ...] = ()

    def keep_told(self, verdict: Verdict, cause: CheckResult | Trap | None = None) -> list[str]:
        self.events = of_verdict(self.service, self.state, verdict, self.now, cause)
        self.keep(verdict)
        return [f"{event.kind.value}: {event.text}" for event in self.events]

    def check(self, exitval: int = 1, output: str = "down\n", after: float = 60.0, **how: Any) -> list[str]:
        self.now += after
        result = CheckResult(exitval, output, 0.5, **how)
        return self.keep_told(process.observe(self.service, self.state, result, self.now, self.context), result)

    def send(self, sta: str = "1", summary: str = "s", intended: str = "", after: float = 60.0) -> list[str]:
        self.now += after
        sent = Trap(sta, summary, "detail", intended)
        return self.keep_told(process.trap(self.service, self.state, sent, self.now, self.context), sent)

    def other(self, verdict: Verdict) -> list[str]:
        return self.keep_told(verdict)


def told(*periods: Any, **rest: Any) -> Told:
    return Told((service(*periods, **rest),))


def test_routine_is_not_recorded() -> None:
    site = told()
    assert site.check(0, "up\n") == ["check: ok: up"]
    assert site.check(0, "up\n") == []
    assert site.check(0, "also up\n") == []


def test_where_a_check_was_run_is_a_fact_unless_it_was_here() -> None:
    site = told()
    site.check(1, source="berlin")
    assert site.events[0].facts["source"] == "berlin"
    site.check(1)
    assert "source" not in site.events[0].facts


def test_measurements_are_facts_of_what_is_recorded() -> None:
    """R-measured."""
    site = told()
    site.check(0, "up\n", measurements=(Measurement("web1", "time", 0.25, "s"),))
    (event,) = site.events
    assert event.facts["measurements"] == [["web1", "time", 0.25, "s"]]
    assert "unlisted" not in event.facts
    assert site.check(0, "up\n", measurements=(Measurement("web1", "time", 0.5, "s"),)) == []
    assert site.state.measurements == (Measurement("web1", "time", 0.5, "s"),)
    assert site.state.measured == site.now
    measured_at = site.now
    site.check()
    assert (site.state.measured, site.state.measurements[0].value) == (measured_at, 0.5)
    assert "measurements" not in site.events[0].facts


def test_of_many_measurements_those_of_failed_hosts_are_kept() -> None:
    """R-measured: an event of a service of a thousand hosts stays small."""
    site = told()
    many = tuple(Measurement(f"web{number}", "time", float(number), "s") for number in range(1000))
    site.check(1, "web7 web998\n", measurements=many)
    facts = site.events[0].facts
    listed: Any = facts["measurements"]
    assert [each[0] for each in listed[:3]] == ["web7", "web998", "web0"]
    assert (len(listed), facts["unlisted"]) == (FIGURES, 1000 - FIGURES)
    wordy = tuple(Measurement("h" * 256, f"{number}" * 128, 1.0) for number in range(30))
    site.check(1, "other\n", measurements=wordy)
    assert len(json.dumps(site.events[0].facts)) < 4000


def test_the_newest_measurements_of_a_repetition_win() -> None:
    site, runs = told(), EventCoalescer()
    for value in (1.0, 2.0, 3.0):
        site.check(1, f"slow: {value} s\n", measurements=(Measurement("web1", "time", value, "s"),))
        number, known = runs.add(site.events[0])
    assert (number, known.count) == (1, 3)
    assert known.facts["measurements"] == [["web1", "time", 3.0, "s"]]


def test_an_outage_from_its_beginning_to_its_end() -> None:
    site = told(period(alertafter_consecutive=2, alertevery=600.0))
    assert site.check() == [
        "check: failed (exit 1): down",
        "held: alert alert.alert -x 'a b' not sent (period p): alertafter 2: failure 1 of 2",
    ]
    assert site.check() == [
        "check: failed (exit 1): down",
        "alert: alert alert.alert -x 'a b' (period p, failure 2 in a row, alertafter 2): down",
    ]
    assert site.check() == [
        "check: failed (exit 1): down",
        "held: alert alert.alert -x 'a b' not sent (period p): alertevery 10m: last alert 1m ago, summary unchanged",
    ]
    assert site.check(output="gone\n") == [
        "check: failed (exit 1): gone",
        "alert: alert alert.alert -x 'a b' (period p, alert 2 of this outage, the last one 2m ago "
        "but the summary is another (alertevery 10m)): gone",
    ]
    assert site.check(output="gone\n", after=600) == [
        "check: failed (exit 1): gone",
        "alert: alert alert.alert -x 'a b' (period p, alert 3 of this outage, the last one 10m ago): gone",
    ]
    assert site.check(0, "up\n") == [
        "check: ok after 14m of failure (5 failures in a row): up",
        "alert: upalert upalert.alert -x 'a b' (period p, 3 alerts sent in this outage): gone",
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (SendReason(SendRule.FIRST, 1), "the first of this outage"),
        (SendReason(SendRule.FIRST, 1, 660, 600.0, 1, 1), "the first of this outage"),
        (SendReason(SendRule.NO_RULE, 2, 60), "alert 2 of this outage, the last one 1m ago"),
        (SendReason(SendRule.NO_RULE, 2), "alert 2 of this outage"),
        (SendReason(SendRule.REPEAT, 3, 600, 600.0), "alert 3 of this outage, the last one 10m ago"),
        (
            SendReason(SendRule.SUMMARY_CHANGED, 2, -5, 600.0),
            "alert 2 of this outage, the last one 0s ago but the summary is another (alertevery 10m)",
        ),
        (
            SendReason(SendRule.OUTPUT_CHANGED, 2, 5, 600.0),
            "alert 2 of this outage, the last one 5s ago but the output is another (alertevery 10m)",
        ),
        (SendReason(SendRule.COUNT_REACHED, 1, count=3, wanted=3), "failure 3 in a row, alertafter 3"),
        (
            SendReason(SendRule.WINDOW_REACHED, 1, lasting=1860, window=1800.0),
            "failing for 31m as alertafter 30m counts",
        ),
        (
            SendReason(SendRule.WINDOW_REACHED, 1, count=3, wanted=3, lasting=1200, window=1800.0),
            "failure 3 in 20m, alertafter 3 30m",
        ),
        (
            SendReason(SendRule.WINDOW_REACHED, 2, 60, count=4, wanted=3, lasting=1260, window=1800.0),
            "alert 2 of this outage, the last one 1m ago, failure 4 in 21m, alertafter 3 30m",
        ),
        (SendReason(SendRule.UNACKNOWLEDGED, 2, 30), "alert 2 of this outage, the last one 30s ago"),
        (SendReason(SendRule.RECOVERY, 1, lasting=60), "1 alert sent in this outage"),
        (SendReason(SendRule.RECOVERY, 2), "2 alerts sent in this outage"),
        (SendReason(SendRule.NO_COMP_ALERTS, 0), "no alert sent in this outage, and no_comp_alerts is set"),
        (SendReason(SendRule.DEBT, pays="a.alert x"), "it pays for the down alert a.alert x"),
        (SendReason(SendRule.DEBT, pays="a.alert x", is_gone=True), f"it pays for the down alert a.alert x: {GONE}"),
        *((SendReason(rule), "") for rule in PLAIN),
    ],
)
def test_every_reason_has_its_words(reason: SendReason, words: str) -> None:
    assert describe_reason(reason) == words


def test_reasons_are_facts_of_what_they_looked_at() -> None:
    """Zeros are facts; what a rule did not look at is none."""
    site = told(period(*ALL_KINDS, alertafter_count=1, alertafter_time=60.0))
    site.check(after=60.0)
    assert site.events[1].facts["reason"] == {
        **{"rule": "first", "number": 1, "count": 1, "wanted": 1, "lasting": 0, "window": 60.0},
    }
    site.other(process.startup(site.service, site.state, site.now, site.context))
    assert site.events[0].facts["reason"] == {"rule": "startup"}
    assert "why" not in site.events[0].facts


def test_facts_are_for_programs() -> None:
    site = told(period(alertevery=600.0))
    site.check()
    check, sent = site.events
    assert check.facts == {"status": "fail", "exitval": 1, "summary": "down"}
    assert sent.facts == {
        "event": "failure",
        "kind": "alert",
        "period": "p",
        "alert": "alert.alert -x 'a b'",
        "exitval": 1,
        "why": "the first of this outage",
        "reason": {"rule": "first", "number": 1},
    }
    site.check()
    assert site.events[1].facts == {
        "event": "failure",
        "kind": "alert",
        "rule": "alertevery",
        "period": "p",
        "alert": None,
        "alerts": ["alert.alert -x 'a b'"],
    }


@pytest.mark.parametrize(
    ("cause", "how"),
    [
        (Cause.TIMED_OUT, "failed (timed out, exit 137)"),
        (Cause.SIGNALED, "broken (ended by a signal, exit 137)"),
        (Cause.NOT_STARTED, "broken (not started, exit 137)"),
        (Cause.RAISED, "broken (raised an exception, exit 137)"),
        (Cause.BLOCKED, "broken (blocked the daemon, exit 137)"),
        (Cause.HELD_UP, "broken (the daemon was held up, exit 137)"),
        (Cause.STARVED, "broken (the daemon lacked what it takes to run it, exit 137)"),
        (Cause.BROKEN, "broken (exit 137)"),
    ],
)
def test_a_monitor_that_did_not_simply_exit_is_said(cause: Cause, how: str) -> None:
    """R-broken"""
    site = told()
    assert site.check(137, "x\n", cause=cause)[0] == f"check: {how}: x"
    assert site.events[0].facts["cause"] == cause.value
    assert site.events[0].facts.get("check") == (None if cause is Cause.TIMED_OUT else "broken")


def test_failed_and_broken_are_told_apart() -> None:
    """R-broken: each has its own first alert, and an end of its own kind."""
    site = told(period(alertevery=3600.0))
    assert site.check(127, "x: not found\n")[:2] == [
        "check: broken (exit 127): x: not found",
        "alert: alert alert.alert -x 'a b' (period p, the first of this outage): broken: x: not found",
    ]
    assert site.check(0, "up\n")[0] == "check: ok after its check was broken for 1m (1 in a row): up"
    site.check(127, "x: not found\n")
    site.other(process.acknowledge(site.service, site.state, "bob", "mine", site.now, site.context))
    assert site.check(1, "h1\n") == [
        "check: failed (exit 1): h1",
        "check: the acknowledgement has ended, it was given before the service was found failing: bob: mine",
        "alert: alert alert.alert -x 'a b' (period p, the first of this outage): h1",
    ]
    assert site.check(127, "x: not found\n")[0] == "check: broken (exit 127): x: not found"
    assert site.check(0, "up\n")[0] == "check: ok after 2m of failure (1 failure in a row): up"


def test_a_check_that_the_daemon_cut_off_says_nothing() -> None:
    assert told().check(1, "x\n", cause=Cause.CANCELLED) == []


def test_nobody_to_tell_is_said() -> None:
    site = told(period(AlertKind.UPALERT))
    assert site.check()[1] == "held: nobody is told: no alert is configured"


def test_several_alerts_of_a_period_are_named() -> None:
    lines = [replace(alert(), command=Command(f"{name}.alert")) for name in "abcde"]
    site = told(period(*lines, numalerts=1))
    assert len(site.check()) == 6
    text = site.check()[1]
    assert (
        text
        == "held: alert a.alert, b.alert, c.alert and 2 more not sent (period p): numalerts 1: 1 sent in this outage"
    )


def test_failure_interval_is_said_when_it_begins() -> None:
    site = told(failure_interval=5.0)
    assert site.check()[0] == "check: failed (exit 1): down; checked every 5s until it is well (failure_interval)"
    assert site.check()[0] == "check: failed (exit 1): down"


def test_an_acknowledgement_holds_back_and_ends() -> None:
    site = told(period(*ALL_KINDS), unack_summary=True)
    site.check()
    acknowledged = process.acknowledge(site.service, site.state, "bob", "on it", site.now, site.context)
    assert site.other(acknowledged) == ["alert: ackalert ackalert.alert -x 'a b' (period p): bob: on it"]
    assert site.check()[1].endswith("not sent: acknowledged 1m ago (bob: on it)")
    assert site.check(output="worse\n")[1:] == [
        "check: the acknowledgement has ended, the summary is another (unack_summary): bob: on it",
        "alert: alert alert.alert -x 'a b' (period p, alert 2 of this outage, the last one 2m ago): worse",
    ]
    site.other(process.acknowledge(site.service, site.state, "bob", "still", site.now, site.context))
    assert site.check(0)[1] == "check: the acknowledgement has ended, the outage is over: bob: still"


@pytest.mark.parametrize(
    ("user", "words", "shown"), [("", "looking into it", "looking into it"), ("", "", ""), ("bob", "", "bob")]
)
def test_an_acknowledgement_of_nobody_or_without_words_reads_well(user: str, words: str, shown: str) -> None:
    site = told(period(*ALL_KINDS))
    site.check()
    site.other(process.acknowledge(site.service, site.state, user, words, site.now, site.context))
    assert site.check()[1].endswith(f"not sent: acknowledged 1m ago{f' ({shown})' if shown else ''}")
    ended = "check: the acknowledgement has ended, the outage is over"
    assert site.check(0)[1] == f"{ended}: {shown}" if shown else ended


def test_what_is_to_come_by_the_clock_counts_as_just_now() -> None:
    site = told(period(alertevery=600.0))
    site.check()
    site.other(process.acknowledge(site.service, site.state, "bob", "on it", site.now + 1e5, site.context))
    assert site.check()[1].endswith("not sent: acknowledged 0s ago (bob: on it)")


def test_a_clock_that_was_set_back_gives_no_negative_times() -> None:
    site = told(period(alertevery=600.0))
    site.check()
    assert "last alert 0s ago" in site.check(after=-90.0)[1]


def test_traps() -> None:
    site = told(traptimeout=300.0, trapduration=60.0)
    assert site.send()[0] == "trap: trap of failure (sta 1): s"
    assert site.events[0].facts["sta"] == "1"
    assert site.send("abc", intended="far:away")[0] == "trap: trap of failure, addressed to far:away (sta abc): s"
    assert site.other(process.trap_expired(site.service, site.state, site.now)) == [
        "trap: no trap any more for 1m: counts as ok (trapduration)"
    ]
    site.send()
    assert site.send("0", "fine")[0] == "trap: trap of success after 1m of failure (3 failures in a row): fine"
    assert site.send("0", "fine") == []
    site.now += 300
    timeout = process.trap_timeout(site.service, site.state, site.now, site.context)
    assert site.other(timeout)[0] == "trap: no trap for 5m: counts as a failure (traptimeout)"


def test_the_start_and_a_disable_tell_of_alerts_only() -> None:
    site = told(period(*ALL_KINDS))
    started = process.startup(site.service, site.state, site.now, site.context)
    assert site.other(started) == ["alert: startupalert startupalert.alert -x 'a b' (period p): (NO SUMMARY)"]
    disabled = process.disable(site.service, site.state, "bob", site.now, site.context)
    assert site.other(disabled) == ["alert: disablealert disablealert.alert -x 'a b' (period p): bob"]


def test_a_test_is_called_one() -> None:
    site = told(period(*ALL_KINDS))
    tried = process.test_alert(site.service, site.state, AlertKind.UPALERT, 3, "p", site.now, site.context)
    assert site.other(tried) == ["alert: test of upalert upalert.alert -x 'a b' (period p): test"]


def test_redistribute_is_told_and_folded() -> None:
    site = told(redistribute=Command("trap.alert", "host"))
    runs = EventCoalescer()
    numbers = set()
    for _ in range(5):
        assert "alert: redistribute trap.alert host: up" in site.check(0, "up\n")
        numbers |= {runs.add(event)[0] for event in site.events if event.kind == "alert"}
    assert len(numbers) == 1


def test_what_is_noticed_is_told() -> None:
    site = told()
    state = replace(site.state, op_status=OpStatus.OK)
    verdict = Verdict(state, (Noticed(site.service.key, "depend x:y: there is no such service"),))
    (event,) = of_verdict(site.service, state, verdict, site.now)
    assert event.text == "depend x:y: there is no such service"


@pytest.mark.parametrize("mode", list(AlerteveryMode))
def test_an_outage_of_a_day_is_a_few_events(mode: AlerteveryMode) -> None:
    """1,440 checks of a failing service, an alert each hour: as many rows as there is something to tell."""
    site = told(period(alertevery=3600.0, alertevery_mode=mode), period(key="night", when="hr {1}"))
    runs = EventCoalescer()
    rows: dict[int, TimelineEvent] = {}
    for _ in range(1440):
        site.check()
        rows.update(runs.add(event) for event in site.events)
    alerts = [row for row in rows.values() if row.kind == "alert"]
    assert 24 <= len([row for row in alerts if row.facts["period"] == "p"]) <= 25
    assert len(rows) < 24 * 2 + 60 + 10
    (check,) = [row for row in rows.values() if row.kind == "check"]
    assert check.count == 1440


def test_a_state_without_change_and_effects_is_nothing() -> None:
    site = told()
    well = ServiceState(op_status=OpStatus.OK, last_success=1.0)
    assert of_verdict(site.service, well, Verdict(replace(well, last_success=2.0)), 2.0) == ()


@pytest.mark.parametrize(
    ("monitor", "output", "text"),
    [
        (MonitorCommand("tcp.monitor"), "blocked for 12 s\n", "tcp.monitor: blocked for 12 s"),
        (None, "", "the monitor: (NO SUMMARY)"),
    ],
)
def test_a_monitor_that_is_put_out_of_the_daemon_is_recorded(
    monitor: MonitorCommand | None, output: str, text: str
) -> None:
    site = told(monitor=monitor)
    result = CheckResult(255, output, 12.0, cause=Cause.BLOCKED)
    event = of_misbehaviour(site.service, site.state, result, site.now, site.now + 600)
    assert event.text == f"{text}; for 10 min it runs as a process, for this service"
    assert (event.kind, event.at) == (TimelineKind.CHECK, site.now)
    assert event.facts == {"status": "untested", "cause": "blocked", "until": site.now + 600}
