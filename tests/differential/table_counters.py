"""Scenarios: alertafter, alertevery, numalerts, upalertafter, no_comp_alerts, redistribute.

Where time decides, the limit is 20 or 30 seconds, and a script's pause makes a gap that is above it; gaps without a
pause stay well below, under mon too (three to five seconds).
"""

from __future__ import annotations

from tests.differential.scenario import Part, Scenario, alone
from tests.differential.script import fail, ok
from tests.differential.table_events import ALWAYS, DOWN_UP

SCENARIOS: tuple[Scenario, ...] = (
    alone(
        "after-n",
        "alertafter N waits for N failures in a row, and a success starts the count anew",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), fail("s4"), ok(), fail("s6"), fail("s7"), ok()],
            DOWN_UP + "  alertafter 3",
            ["failure a < s3", "failure a < s4", "up u < s4"],
        ),
    ),
    alone(
        "after-time",
        "alertafter TIME waits until failures have lasted longer than that",
        Part(
            [fail("s1"), fail("s2"), fail("s3", pause=21), ok()],
            DOWN_UP + "  alertafter 20s",
            ["failure a < s3", "up u < s3"],
        ),
    ),
    alone(
        "after-time-anew",
        "a success starts the time of alertafter anew",
        Part([fail("s1"), ok(), fail("s3", pause=21), fail("s4"), ok()], DOWN_UP + "  alertafter 20s", []),
    ),
    alone(
        "after-n-time",
        "alertafter N TIME: N failures within the time",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), ok(), fail("s5"), ok()],
            DOWN_UP + "  alertafter 2 60s",
            ["failure a < s2", "failure a < s3", "up u < s3"],
        ),
    ),
    alone(
        "after-n-time-window",
        "alertafter N TIME: a failure after the time opens a new window",
        Part(
            [fail("s1"), fail("s2"), fail("s3", pause=31), fail("s4"), fail("s5")],
            DOWN_UP + "  alertafter 3 30s",
            ["failure a < s5"],
        ),
    ),
    alone(
        "after-n-and-time",
        "two forms of alertafter both hold; the time starts when the first is satisfied",
        Part(
            [fail("s1"), fail("s2", pause=21), fail("s3", pause=21)],
            DOWN_UP + "  alertafter 2\n  alertafter 20s",
            ["failure a < s3"],
        ),
    ),
    alone(
        "after-n-and-pair",
        "alertafter N and alertafter N TIME both hold: failures before the N-th do not count in the window",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), fail("s4"), ok()],
            DOWN_UP + "  alertafter 2\n  alertafter 3 60s",
            ["failure a < s4", "up u < s4"],
        ),
    ),
    alone(
        "every",
        "alertevery holds back what has the same summary; a changed one alerts, and a success resets the time",
        Part(
            [fail("s1"), fail("s1\nother detail"), fail("s2"), fail("s2"), ok(), fail("s2")],
            DOWN_UP + "  alertevery 1h",
            ["failure a < s1", "failure a < s2", "up u < s2", "failure a < s2"],
        ),
    ),
    alone(
        "every-no-upalert",
        "a success resets the time of alertevery without any upalert",
        Part(
            [fail("s1"), fail("s1"), ok(), fail("s1")],
            ALWAYS + "alert rec.alert a\nalertevery 1h",
            ["failure a < s1", "failure a < s1"],
        ),
    ),
    alone(
        "every-back",
        "a summary is compared with the one before it, not with the one last sent",
        Part(
            [fail("s1"), fail("s2"), fail("s1"), fail("s1")],
            DOWN_UP + "  alertevery 1h",
            ["failure a < s1", "failure a < s2", "failure a < s1"],
        ),
    ),
    alone(
        "every-time",
        "when the time has passed, the same summary alerts again",
        Part(
            [fail("s1"), fail("s1"), fail("s1", pause=21), fail("s1")],
            DOWN_UP + "  alertevery 20s",
            ["failure a < s1", "failure a < s1"],
        ),
    ),
    alone(
        "every-blanks",
        "blanks in a summary count as a change",
        Part(
            [fail("h1 h2"), fail("h1  h2"), fail("h1  h2")],
            DOWN_UP + "  alertevery 1h",
            ["failure a < h1 h2", "failure a < h1  h2"],
        ),
    ),
    alone(
        "every-no-summary",
        "blank summaries are alike, whatever blanks they have",
        Part([fail(b"  \nd1\n"), fail(b"\nd2\n"), fail(b"")], DOWN_UP + "  alertevery 1h", ["failure a <   "]),
    ),
    alone(
        "every-old-word",
        "the word summary is old syntax without effect",
        Part(
            [fail("s1"), fail("s1\nmore"), fail("s2")],
            DOWN_UP + "  alertevery 1h summary",
            ["failure a < s1", "failure a < s2"],
        ),
    ),
    alone(
        "every-strict",
        "strict: neither a changed summary nor a success lets an alert through",
        Part(
            [fail("s1"), fail("s2"), ok(), fail("s4")],
            ALWAYS + "alert rec.alert a\nalertevery 1h strict",
            ["failure a < s1"],
        ),
    ),
    alone(
        "every-strict-up",
        "mon's strict forgets its time when an upalert was sent",
        Part(
            [fail("s1"), fail("s2"), ok(), fail("s4")],
            DOWN_UP + "  alertevery 1h strict",
            ["failure a < s1", "up u < s2"],
            mon=["failure a < s1", "up u < s2", "failure a < s4"],
        ),
        differs="Q7",
    ),
    alone(
        "every-detail",
        "observe_detail: a change anywhere in the output alerts",
        Part(
            [fail("s1\nd1"), fail("s1\nd1"), fail("s1\nd2"), fail("s2\nd2"), ok(), fail("s2\nd2")],
            DOWN_UP + "  alertevery 1h observe_detail",
            ["failure a < s1", "failure a < s1", "failure a < s2", "up u < s2", "failure a < s2"],
        ),
    ),
    alone(
        "every-ignore",
        "ignore_summary: a changed summary does not alert, but a success resets the time",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), ok(), fail("s5")],
            DOWN_UP + "  alertevery 1h IGNORE_SUMMARY",
            ["failure a < s1", "up u < s3", "failure a < s5"],
        ),
    ),
    alone(
        "every-and-after",
        "what alertevery holds back does not count for alertafter",
        Part(
            [fail("s1"), fail("s1"), fail("s1"), fail("s2"), ok(), fail("s2")],
            DOWN_UP + "  alertevery 1h\n  alertafter 2 60s",
            ["failure a < s1", "failure a < s2", "up u < s2"],
        ),
    ),
    alone(
        "site-of-2004",
        "alertevery 10m with alertafter 2 30m, as the classic LVS site has it",
        Part(
            [fail("www1"), fail("www1"), fail("www1"), ok(), fail("www1"), ok()],
            """
            period wd {Sun-Sat}
              alertevery 10m
              alertafter 2 30m
              alert rec.alert "www1 Server is DOWN"
              upalert rec.alert "www1 Server is UP"
            """,
            ["failure www1 Server is DOWN < www1", "up www1 Server is UP < www1"],
        ),
    ),
    alone(
        "num",
        "numalerts limits the alerts of one outage",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), fail("s4"), ok(), fail("s6")],
            DOWN_UP + "  numalerts 2",
            ["failure a < s1", "failure a < s2", "up u < s4", "failure a < s6"],
        ),
    ),
    alone(
        "num-events",
        "numalerts counts events, not lines",
        Part(
            [fail("s1"), fail("s2")],
            ALWAYS + "numalerts 1\nalert rec.alert a\nalert rec.alert b",
            ["failure a < s1", "failure b < s1"],
        ),
    ),
    alone(
        "num-zero",
        "numalerts 0 is no limit",
        Part([fail("s1"), fail("s2")], ALWAYS + "numalerts 0\nalert rec.alert a", ["failure a < s1", "failure a < s2"]),
    ),
    alone(
        "num-dont-count",
        "alerts_dont_count does not touch numalerts",
        Part(
            [fail("s1"), fail("s2"), ok()],
            DOWN_UP + "  numalerts 1\n  alerts_dont_count",
            ["failure a < s1", "up u < s2"],
        ),
    ),
    alone(
        "comp-none",
        "a recovery whose failures were all held back sends no upalert",
        Part(
            [fail("s1"), ok(), fail("s3"), fail("s4"), ok()],
            DOWN_UP + "  alertafter 2",
            ["failure a < s4", "up u < s4"],
        ),
    ),
    alone(
        "no-comp",
        "no_comp_alerts sends upalerts without a down alert; mon does so only once until a down alert is sent",
        Part(
            [ok("fine"), fail("s2"), ok(), fail("s4"), ok(), fail("s6"), fail("s7"), ok()],
            DOWN_UP + "  alertafter 2\n  no_comp_alerts",
            ["up u < s2", "up u < s4", "failure a < s7", "up u < s7"],
            mon=["up u < s2", "failure a < s7", "up u < s7"],
        ),
        differs="Q5",
    ),
    alone(
        "no-comp-alerted",
        "no_comp_alerts changes nothing where each outage alerts",
        Part(
            [fail("s1"), ok(), fail("s3"), ok()],
            DOWN_UP + "  no_comp_alerts",
            ["failure a < s1", "up u < s1", "failure a < s3", "up u < s3"],
        ),
    ),
    alone(
        "up-after",
        "mon ignores upalertafter",
        Part(
            [fail("s1"), ok(), fail("s3"), fail("s4", pause=21), ok()],
            DOWN_UP + "  upalertafter 20s",
            ["failure a < s1", "failure a < s3", "failure a < s4", "up u < s4"],
            mon=["failure a < s1", "up u < s1", "failure a < s3", "failure a < s4", "up u < s4"],
        ),
        differs="Q1",
    ),
    alone(
        "redistribute",
        "redistribute is called for every event; mon hands a success the output of the event before",
        Part(
            [ok("fine1"), ok("fine2"), fail("s3"), fail("s4"), ok("fine5"), ok("fine6")],
            "period none\n  alert rec.alert a",
            ["startup", "up < fine1", "up < fine2", "failure < s3", "failure < s4", "up < fine5", "up < fine6"],
            mon=["startup", "up", "up < fine1", "failure < s3", "failure < s4", "up < s4", "up < fine5"],
            lines="redistribute rec.alert",
        ),
        differs="Q8",
    ),
    alone(
        "redistribute-failures",
        "redistribute goes round all rules, and takes arguments",
        Part(
            [fail("s1"), fail("s2")],
            ALWAYS + "alert rec.alert a\nalertafter 2",
            ["startup r s", "failure r s < s1", "failure a < s2", "failure r s < s2"],
            lines="redistribute rec.alert r s",
        ),
    ),
    alone(
        "failure-interval",
        "failure_interval is in force from the first failure to the next success",
        Part(
            [fail("s1"), fail("s2"), fail("s3"), ok()],
            DOWN_UP,
            ["failure a < s1", "failure a < s2", "failure a < s3", "up u < s3"],
            interval="20s",
            lines="failure_interval 2s",
        ),
    ),
)
