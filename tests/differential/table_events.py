"""Scenarios: failure, recovery and startup; lists of alerts, periods, exit values."""

from __future__ import annotations

from tests.differential.scenario import Part, Scenario, alone
from tests.differential.script import fail, killed, ok

ALWAYS = "period wd {Sun-Sat}\n"
DOWN_UP = ALWAYS + "  alert rec.alert a\n  upalert rec.alert u\n"

SCENARIOS: tuple[Scenario, ...] = (
    alone(
        "failure-up",
        "each failure alerts; a recovery sends the output of the failure before it",
        Part(
            [fail("s1\nd1"), ok("fine"), fail("s3"), fail("s4"), ok()],
            DOWN_UP,
            ["failure a < s1", "up u < s1", "failure a < s3", "failure a < s4", "up u < s4"],
        ),
    ),
    alone(
        "never-failed",
        "successes alone alert nobody",
        Part([ok("fine"), ok(), ok("fine\nand more")], DOWN_UP, []),
    ),
    alone(
        "upalert-alone",
        "without a down alert sent there is no upalert",
        Part([fail("s1"), ok()], ALWAYS + "upalert rec.alert u", []),
    ),
    alone(
        "lists",
        "every line of a list is called",
        Part(
            [fail("s1"), ok()],
            ALWAYS + "alert rec.alert a\nalert rec.alert b\nupalert rec.alert u\nupalert rec.alert v",
            ["failure a < s1", "failure b < s1", "up u < s1", "up v < s1"],
        ),
    ),
    alone(
        "startup",
        "startupalert is called once, with nothing known and no output",
        Part(
            [fail("s1"), ok()],
            DOWN_UP + "  startupalert rec.alert begin",
            ["startup begin", "failure a < s1", "up u < s1"],
        ),
    ),
    alone(
        "startup-exit",
        "a startup has exit value 0",
        Part(
            [ok()],
            ALWAYS + "startupalert exit=0 rec.alert zero\nstartupalert exit=1-9 rec.alert nonzero",
            ["startup zero"],
        ),
    ),
    alone(
        "startup-then-up",
        "mon counts a startup alert as a down alert, and so sends an upalert that no down alert preceded",
        Part(
            [fail("s1"), ok(), fail("s3"), ok()],
            ALWAYS + "startupalert rec.alert begin\nupalert rec.alert u",
            ["startup begin"],
            mon=["startup begin", "up u < s1"],
        ),
        differs="Q6",
    ),
    alone(
        "startup-numalerts",
        "mon's startup alert uses up one of numalerts",
        Part(
            [fail("s1"), fail("s2")],
            ALWAYS + "numalerts 1\nstartupalert rec.alert begin\nalert rec.alert a",
            ["startup begin", "failure a < s1"],
            mon=["startup begin"],
        ),
        differs="Q6",
    ),
    alone(
        "period-blank",
        "an empty period is always",
        Part([fail("s1"), ok()], "period\n  alert rec.alert a\n  upalert rec.alert u", ["failure a < s1", "up u < s1"]),
    ),
    alone(
        "period-none",
        "the period none is never",
        Part(
            [fail("s1"), ok()],
            "period none\n  alert rec.alert a\n  upalert rec.alert u\n  startupalert rec.alert s",
            [],
        ),
    ),
    alone(
        "period-past",
        "outside its period nothing is sent",
        Part([fail("s1"), ok()], "period yr {1999}\n  alert rec.alert a\n  upalert rec.alert u", []),
    ),
    alone(
        "periods",
        "periods are independent, and overlapping ones all alert",
        Part(
            [fail("s1"), fail("s2"), ok()],
            """
            period wd {Sun-Sat}
              alert rec.alert a
              alertafter 2
              upalert rec.alert u
            period late: hr {0-23}
              alert rec.alert b
              numalerts 1
              upalert rec.alert v
            period none
              alert rec.alert c
            """,
            ["failure b < s1", "failure a < s2", "up u < s2", "up v < s2"],
        ),
    ),
    alone("periods-missing", "a service without periods runs and tells nobody", Part([fail("s1"), ok()], "", [])),
    alone("alerts-missing", "a period without alerts tells nobody", Part([fail("s1"), ok()], ALWAYS, [])),
    alone(
        "exit-lines",
        "exit= on a line chooses by exit value; a recovery has 0",
        Part(
            [fail("s1", 1), fail("s2", 2), fail("s3", 3), fail("s4", 4), fail("s5", 255), ok()],
            ALWAYS
            + """
            alert exit=1 rec.alert one
            alert EXIT=2-3 rec.alert few
            alert exit=255 rec.alert all
            upalert exit=0 rec.alert u
            upalert exit=1-255 rec.alert never
            """,
            ["failure one < s1", "failure few < s2", "failure few < s3", "failure all < s5", "up u < s5"],
        ),
    ),
    alone(
        "exit-line-uncounted",
        "a failure for which no line matched counts as not sent, so no upalert follows",
        Part([fail("s1", 2), ok()], ALWAYS + "alert exit=1 rec.alert a\nupalert rec.alert u", []),
    ),
    alone(
        "exit-argument",
        "exit= is an argument like any other behind the name",
        Part([fail("s1", 7)], ALWAYS + "alert rec.alert exit=3 x", ["failure exit=3 x < s1"]),
    ),
    alone(
        "exit-blanks",
        "several blanks after exit=N",
        Part([fail("s1", 3), fail("s2", 4)], ALWAYS + "alert exit=3   rec.alert x", ["failure x < s1"]),
    ),
    alone(
        "exit-spaced",
        "blanks around the = of exit= confuse mon's splitting of the line",
        Part(
            [fail("s1", 3), fail("s2", 4)],
            ALWAYS + "alert exit =3 rec.alert x",
            ["failure x < s1"],
            mon=[],
        ),
        differs="Q11",
    ),
    alone(
        "alertexitrange",
        "only exit values in the range alert, in the whole period",
        Part(
            [fail("s1", 1), fail("s2", 2), fail("s3", 4), fail("s4", 5), ok()],
            DOWN_UP + "  alertexitrange 2-4",
            ["failure a < s2", "failure a < s3", "up u < s4"],
        ),
    ),
    alone(
        "alertexitrange-one",
        "a single exit value",
        Part(
            [fail("s1", 1), fail("s2", 3), fail("s3", 30), ok()],
            DOWN_UP + "  alertexitrange 3",
            ["failure a < s2", "up u < s3"],
        ),
    ),
    alone(
        "alertexitrange-backwards",
        "a range that ends before it begins holds nothing",
        Part([fail("s1", 1), fail("s2", 2), fail("s3", 3)], DOWN_UP + "  alertexitrange 3-1", []),
    ),
    alone(
        "exit-values",
        "every exit value but 0 is a failure",
        Part(
            [fail("s1", 1), fail("s2", 2), fail("s3", 125), fail("s4", 128), fail("s5", 137), fail("s6", 255), ok()],
            DOWN_UP,
            [*(f"failure a < s{number}" for number in range(1, 7)), "up u < s6"],
        ),
    ),
    alone(
        "exit-broken",
        "126 and 127 are what shells say of a program that cannot be run: an outage apart from the service's",
        Part(
            [fail("s1", 127), fail("s2", 1), fail("s3", 126), ok()],
            ALWAYS + "alert exit=1-125 rec.alert x\nalert rec.alert a\nupalert rec.alert u",
            ["failure a < broken: s1", "failure a < s2", "failure x < s2", "failure a < broken: s3", "up u < s2"],
            mon=["failure a < s1", "failure a < s2", "failure x < s2", "failure a < s3", "up u < s3"],
        ),
        differs="R-broken",
    ),
    alone(
        "killed",
        "mon takes a monitor that a signal ended for a success",
        Part(
            [fail("s1"), killed(9, "s2"), killed(15, "s3"), ok()],
            DOWN_UP,
            ["failure a < s1", "failure a < broken: s2", "failure a < broken: s3", "up u < s1"],
            mon=["failure a < s1", "up u < s1"],
        ),
        differs="Q2",
    ),
    alone(
        "killed-silently",
        "where it printed nothing the signal is the summary",
        Part(
            [killed(11), killed(1)],
            DOWN_UP,
            ["failure a < broken: ended by signal 11 (SIGSEGV)", "failure a < broken: ended by signal 1 (SIGHUP)"],
            mon=[],
        ),
        differs="Q2",
    ),
    alone(
        "alert-missing",
        "an alert that is in no folder is passed over, and the others of the list are called",
        Part(
            [fail("s1"), ok()],
            ALWAYS + "alert nosuch.alert x\nalert rec.alert a\nupalert nosuch.alert y\nupalert rec.alert u",
            ["failure a < s1", "up u < s1"],
        ),
    ),
    alone(
        "alert-missing-only",
        "an alert that is in no folder does not count as sent",
        Part([fail("s1"), ok()], ALWAYS + "numalerts 1\nalert nosuch.alert x\nupalert rec.alert u", []),
    ),
    alone(
        "alert-in-folder",
        "an alert's name may lead into a folder",
        Part(
            [fail("s1"), ok()],
            ALWAYS + "alert sub/deep.alert a\nupalert sub/deep.alert u",
            ["failure a < s1", "up u < s1"],
        ),
    ),
    alone(
        "trap-timeout",
        "a service that expects traps fails when none comes for traptimeout, and again after each such time",
        Part(
            [],
            DOWN_UP + "  numalerts 2",
            ["traptimeout a < trap timeout"] * 2,
            lines="traptimeout 6s",
            interval="",
            monitor="",
        ),
    ),
    alone(
        "monitor-missing",
        "mon only logs that a monitor is in no folder, each second, and nobody is told",
        Part(
            [],
            DOWN_UP + "  numalerts 1",
            ["failure a < broken: no monitor 'nosuch.monitor' in {rig}/mon.d…"],
            mon=[],
            monitor="nosuch.monitor -x",
        ),
        differs="E-monitor",
    ),
    alone(
        "monitor-broken",
        "a monitor that cannot be executed has failed for mon, which does not say why",
        Part(
            [],
            DOWN_UP + "  numalerts 1",
            ["failure a < broken: cannot run {rig}/mon.d/broken.monitor: its interpreter is missing…"],
            mon=["failure a"],
            monitor="broken.monitor",
        ),
        differs="E-reason",
    ),
)
