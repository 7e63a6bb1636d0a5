"""Scenarios in which somebody gives commands: acknowledge, disable, enable, test, clear timers.

A step's commands go to the daemon over the client protocol while the step's monitor runs, so that they are taken in
between the results of two steps.
"""

from __future__ import annotations

from tests.differential.scenario import Part, Scenario, alone
from tests.differential.script import fail, ok
from tests.differential.table_events import ALWAYS

FULL = """\
period always: wd {Sun-Sat}
  alert rec.alert a
  upalert rec.alert u
  ackalert rec.alert k
  disablealert rec.alert d
  startupalert exit=9 rec.alert s
"""


def _commanded(name: str, about: str, part: Part, *, differs: str = "") -> Scenario:
    return alone(f"command-{name}", about, part, differs=differs)


SCENARIOS: tuple[Scenario, ...] = (
    _commanded(
        "ack",
        "an acknowledged failure alerts no more, whatever its summary, until it is over",
        Part(
            [fail("s1"), fail("s1", commands=["ack {g} {s} looking"]), fail("s2"), ok(), fail("s5")],
            FULL,
            ["failure a < s1", "ack k < : looking", "up u < s2", "failure a < s5"],
        ),
    ),
    _commanded(
        "ack-again",
        "acknowledging again tells again",
        Part(
            [fail("s1"), fail("s1", commands=["ack {g} {s} one", "ack {g} {s} two"]), ok()],
            FULL,
            ["failure a < s1", "ack k < : one", "ack k < : two", "up u < s1"],
        ),
    ),
    _commanded(
        "ack-nothing",
        "there is nothing to acknowledge while all is well",
        Part(
            [ok(commands=["ack {g} {s} early"]), ok(commands=["ack {g} {s} late"]), fail("s3")],
            FULL,
            ["failure a < s3"],
        ),
    ),
    _commanded(
        "ack-unsent",
        "where no down alert was sent no ackalert is sent",
        Part([fail("s1"), fail("s1", commands=["ack {g} {s} quiet"]), ok()], FULL + "  alertafter 5", []),
    ),
    _commanded(
        "ack-no-comp",
        "but with no_comp_alerts it is",
        Part(
            [fail("s1"), fail("s1", commands=["ack {g} {s} quiet"]), ok()],
            FULL + "  alertafter 5\n  no_comp_alerts",
            ["ack k < : quiet", "up u < s1"],
        ),
    ),
    _commanded(
        "unack",
        "with unack_summary a changed summary ends the acknowledgement",
        Part(
            [fail("s1"), fail("s1", commands=["ack {g} {s} known"]), fail("s2"), fail("s2"), ok()],
            FULL + "  alertevery 1h strict",
            ["failure a < s1", "ack k < : known", "failure a < s2", "up u < s2"],
            lines="unack_summary yes",
        ),
    ),
    _commanded(
        "unack-blanks",
        "blanks are no change of the summary there, nor is the detail",
        Part(
            [
                fail("h1 h2"),
                fail("h1 h2", commands=["ack {g} {s} known"]),
                fail("h1  h2"),
                fail("h1  h2\ndetail"),
                ok(),
            ],
            FULL,
            ["failure a < h1 h2", "ack k < : known", "up u < h1  h2"],
            lines="unack_summary 1",
        ),
    ),
    _commanded(
        "unack-num",
        "mon's ackalert uses up one of numalerts",
        Part(
            [fail("s1"), fail("s1", commands=["ack {g} {s} known"]), fail("s2")],
            FULL + "  numalerts 2",
            ["failure a < s1", "ack k < : known", "failure a < s2"],
            mon=["failure a < s1", "ack k < : known"],
            lines="unack_summary yes",
        ),
        differs="Q6",
    ),
    _commanded(
        "disable-service",
        "a disabled service tells nobody; mon does not even call disablealert",
        Part(
            [
                fail("s1"),
                fail("s2", commands=["disable service {g} {s}"]),
                ok(),
                fail("s4", commands=["enable service {g} {s}"]),
                ok(),
            ],
            FULL,
            ["failure a < s1", "disable d", "failure a < s4", "up u < s4"],
            mon=["failure a < s1", "failure a < s4", "up u < s4"],
        ),
        differs="Q3",
    ),
    _commanded(
        "disable-watch",
        "nor does a disabled watch",
        Part(
            [fail("s1"), fail("s2", commands=["disable watch {g}"]), fail("s3", commands=["enable watch {g}"]), ok()],
            FULL,
            ["failure a < s1", "disable d", "failure a < s3", "up u < s3"],
            mon=["failure a < s1", "failure a < s3", "up u < s3"],
        ),
        differs="Q3",
    ),
    _commanded(
        "disable-redistribute",
        "redistribute goes on while disabled, and hears of the disabling",
        Part(
            [fail("s1", commands=["disable service {g} {s}"]), fail("s2")],
            ALWAYS + "alert rec.alert a",
            ["startup r", "disable r", "failure r < s1", "failure r < s2"],
            lines="redistribute rec.alert r",
        ),
    ),
    _commanded(
        "test",
        "test calls one kind of alert of one period, with a text of its own",
        Part(
            [
                ok(commands=["test alert {g} {s} 3 always"]),
                ok(commands=["test upalert {g} {s} 0 always"]),
                ok(commands=["test ackalert {g} {s} 1 always"]),
                ok(commands=["test disablealert {g} {s} 1 always"]),
                fail("s5"),
            ],
            FULL,
            ["test a < test", "up u < test", "ack k < test", "disable d < test", "failure a < s5"],
        ),
    ),
    _commanded(
        "test-quietly",
        "a test is neither counted nor held back",
        Part(
            [
                fail("s1", commands=["test alert {g} {s} 1 always"]),
                fail("s1", commands=["test alert {g} {s} 1 always"]),
            ],
            FULL + "  numalerts 1\n  alertevery 1h",
            ["test a < test", "failure a < s1", "test a < test"],
        ),
    ),
)
