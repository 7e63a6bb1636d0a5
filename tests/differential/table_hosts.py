"""Scenarios: which hosts a monitor gets, when it is not run, and dependencies."""

from __future__ import annotations

from tests.differential.scenario import Part, Scenario, alone
from tests.differential.script import fail, ok
from tests.differential.table_events import DOWN_UP

RUN = [fail("s1"), ok()]
CALLED = ["failure a < s1", "up u < s1"]

HOSTS: tuple[Scenario, ...] = (
    alone(
        "hosts-order",
        "hosts come in the order of the file, over several lines",
        Part(RUN, DOWN_UP, CALLED, arguments=["zeta", "alpha", "10.0.0.1", "mid-2.example"]),
        hosts="zeta alpha\n  10.0.0.1\n  mid-2.example",
    ),
    alone(
        "hosts-twice",
        "a host named twice is checked twice",
        Part(RUN, DOWN_UP, CALLED, arguments=["h1", "h1"]),
        hosts="h1 h1",
    ),
    alone(
        "hosts-disabled",
        "a disabled host is given to neither monitor nor alert",
        Part(RUN, DOWN_UP, CALLED, arguments=["h1", "h3"]),
        hosts="h1 *h2 h3",
    ),
    alone("hosts-all-disabled", "nothing runs without hosts", Part([], DOWN_UP, []), hosts="*h1 *h2"),
    alone("hosts-none", "a hostgroup may be empty; then nothing runs", Part([], DOWN_UP, []), hosts=""),
    alone(
        "hosts-allow-empty",
        "allow_empty_group runs without hosts",
        Part(RUN, DOWN_UP, CALLED, lines="allow_empty_group", arguments=[]),
        hosts="*h1",
    ),
    alone(
        "hosts-allow-empty-no",
        "allow_empty_group ignores what follows it",
        Part(RUN, DOWN_UP, CALLED, lines="allow_empty_group no", arguments=[]),
        hosts="",
    ),
    alone(
        "hosts-excluded",
        "exclude_hosts keeps hosts from the monitor but not from the alert",
        Part(RUN, DOWN_UP, CALLED, lines="exclude_hosts h2 h4", arguments=["h1", "h3"]),
        hosts="h1 h2 h3 h4",
    ),
    alone(
        "hosts-excluded-twice",
        "the last exclude_hosts line wins",
        Part(RUN, DOWN_UP, CALLED, lines="exclude_hosts h1\nexclude_hosts h2", arguments=["h1", "h3"]),
        hosts="h1 h2 h3",
    ),
    alone(
        "hosts-all-excluded",
        "nothing runs when all hosts are excluded",
        Part([], DOWN_UP, [], lines="exclude_hosts h1 h2"),
    ),
    alone(
        "hosts-end",
        "with ;; the hosts are left out",
        Part(RUN, DOWN_UP, CALLED, monitor="script.monitor -x y ;;", arguments=["-x", "y"]),
    ),
    alone(
        "hosts-end-tight",
        "without a blank before ;; too",
        Part(RUN, DOWN_UP, CALLED, monitor="script.monitor -x y;;", arguments=["-x", "y"]),
    ),
    alone(
        "hosts-end-disabled",
        "with ;; it runs though all hosts are disabled",
        Part(RUN, DOWN_UP, CALLED, monitor="script.monitor ;;", arguments=[]),
        hosts="*h1",
    ),
    alone(
        "hosts-own",
        "a watch without a hostgroup is its own host",
        Part(RUN, DOWN_UP, CALLED, arguments=["hosts-own"]),
        hosts=None,
    ),
    alone(
        "monitor-in-folder",
        "a monitor's name may lead into a folder",
        Part(RUN, DOWN_UP, CALLED, monitor="sub/deep.monitor -v", arguments=["-v", "h1", "h2"]),
    ),
    alone(
        "monitor-beside",
        "a monitor's name may lead out of mondir",
        Part(RUN, DOWN_UP, CALLED, monitor="../mon.d/sub/deep.monitor -v", arguments=["-v", "h1", "h2"]),
    ),
    alone(
        "excluded-now",
        "a service is not run in its exclude_period",
        Part([], DOWN_UP, [], lines="exclude_period wd {Sun-Sat}"),
    ),
    alone(
        "excluded-never",
        "outside its exclude_period it runs",
        Part(RUN, DOWN_UP, CALLED, lines="exclude_period yr {1999}"),
    ),
)


def _pair(
    name: str,
    about: str,
    depend: str,
    fulfilled: bool,
    *,
    parent_ok: bool = False,
    lines: str = "",
    differs: str = "",
    on_mon: bool | None = None,
) -> Scenario:
    """A parent that fails (or not) for good, and a child that fails after it and recovers."""
    calls = ["failure a < c1", "up u < c1"] if fulfilled else []
    mon_calls = calls if on_mon is None else (["failure a < c1", "up u < c1"] if on_mon else [])
    return Scenario(
        name,
        about,
        (
            Part([ok("fine") if parent_ok else fail("p1")], "", [], name="par"),
            Part(
                [fail("c1", after=(f"{name}/par", 1)), ok()],
                DOWN_UP,
                calls,
                mon_calls,
                name="main",
                lines=f"{depend}\n{lines}",
            ),
        ),
        differs=differs,
    )


DEPENDENCIES: tuple[Scenario, ...] = (
    Scenario(
        "depend",
        "alerts are held back while the parent fails, and go out when it is well again",
        (
            Part([fail("p1"), ok(after=("depend/main", 1))], DOWN_UP, ["failure a < p1", "up u < p1"], name="par"),
            Part(
                [fail("c1", after=("depend/par", 1)), fail("c2", after=("depend/par", 2)), ok()],
                DOWN_UP,
                ["failure a < c2", "up u < c2"],
                lines="depend SELF:par",
            ),
        ),
    ),
    Scenario(
        "depend-up",
        "an upalert is sent though the parent fails",
        (
            Part([ok(), fail("p2", after=("depend-up/main", 1))], "", [], name="par"),
            Part(
                [fail("c1", after=("depend-up/par", 1)), ok(after=("depend-up/par", 2))],
                DOWN_UP,
                ["failure a < c1", "up u < c1"],
                lines="depend depend-up:par",
            ),
        ),
    ),
    Scenario(
        "depend-untested",
        "a parent that was never tested counts as well",
        (
            Part([], "", [], name="par", lines="exclude_period wd {Sun-Sat}"),
            Part(RUN, DOWN_UP, CALLED, lines="depend SELF:par"),
        ),
    ),
    Scenario(
        "depend-chain",
        "a failing grandparent holds back too, though the parent is well",
        (
            Part([fail("g1")], "", [], name="grand"),
            Part([ok()], "", [], name="par", lines="depend SELF:grand"),
            Part([fail("c1", after=("depend-chain/grand", 1)), ok()], DOWN_UP, [], lines="depend SELF:par"),
        ),
    ),
    _pair("depend-ok", "a parent that is well", "depend SELF:par", True, parent_ok=True),
    _pair("depend-not", "negation", "depend !SELF:par", True),
    _pair("depend-not-word", "the word not", "depend not SELF:par", True),
    _pair("depend-equal", "comparison", "depend SELF:par == 0", True),
    _pair("depend-sum", "arithmetic", "depend SELF:par + 1 > 1", False),
    _pair("depend-choice", "choice", "depend SELF:par ? 0 : 1", True),
    _pair("depend-or", "a constant", "depend SELF:par || 1", True),
    _pair("depend-and", "words of low precedence", "depend 1 and SELF:par or 0", False),
    _pair("depend-zero", "a constant that is false", "depend 0", False, parent_ok=True),
    _pair(
        "depend-unknown", "a service that does not exist counts as failing", "depend SELF:nosuch", False, parent_ok=True
    ),
    _pair(
        "depend-self",
        "a dependency on itself cannot be evaluated: mon then alerts nobody",
        "depend SELF:main",
        True,
        parent_ok=True,
        differs="D6",
        on_mon=False,
    ),
    _pair(
        "alertdepend-ok",
        "mon never evaluates alertdepend alone, and then alerts nobody",
        "alertdepend SELF:par",
        True,
        parent_ok=True,
        differs="Q4",
        on_mon=False,
    ),
    _pair("alertdepend-failing", "alertdepend on a failing parent", "alertdepend SELF:par", False, differs="Q4"),
    _pair(
        "alertdepend-second",
        "depend with dep_behavior a wins over alertdepend",
        "depend SELF:par",
        True,
        parent_ok=True,
        lines="alertdepend 0",
    ),
    Scenario(
        "depend-memory",
        "mon's dep_memory has no effect",
        (
            Part([fail("p1"), ok()], "", [], name="par", lines="dep_memory 1h"),
            Part(
                [fail("c1", after=("depend-memory/par", 2)), ok()],
                DOWN_UP,
                [],
                ["failure a < c1", "up u < c1"],
                lines="depend SELF:par",
            ),
        ),
        differs="D2",
    ),
    Scenario(
        "depend-names",
        "mon overlooks a failing service whose name begins with that of another in the expression",
        (
            Part([ok()], "", [], name="p"),
            Part([fail("p1")], "", [], name="p-2"),
            Part(
                [fail("c1", after=("depend-names/p-2", 1)), ok(after=("depend-names/p", 1))],
                DOWN_UP,
                [],
                ["failure a < c1", "up u < c1"],
                lines="depend SELF:p && SELF:p-2",
            ),
        ),
        differs="D3",
    ),
    Scenario(
        "depend-hosts",
        "hosts that a failing parent names in its summary are not checked",
        (
            Part([fail("h2\nh1 is only in the detail")], "", [], name="par"),
            Part(RUN, DOWN_UP, CALLED, interval="12s", lines="hostdepend SELF:par", arguments=["h1", "h3"]),
        ),
        hosts="h1 h2 h3",
    ),
    Scenario(
        "depend-hosts-behavior",
        "depend with dep_behavior hm does the same, whichever line comes first",
        (
            Part([fail("h2 h3")], "", [], name="par"),
            Part([ok("h1")], "", [], name="well"),
            Part(
                RUN,
                DOWN_UP,
                CALLED,
                interval="12s",
                lines="depend SELF:par SELF:well\ndep_behavior hm",
                arguments=["h1"],
            ),
        ),
        hosts="h1 h2 h3",
    ),
    Scenario(
        "depend-hosts-part",
        "mon drops a host whose name is part of another's",
        (
            Part([fail("h12")], "", [], name="par"),
            Part(
                RUN,
                DOWN_UP,
                CALLED,
                interval="12s",
                lines="hostdepend SELF:par",
                arguments=["h1", "h2"],
                mon_arguments=["h2"],
            ),
        ),
        hosts="h1 h12 h2",
        differs="D5",
    ),
    Scenario(
        "depend-hosts-all",
        "nothing runs when the parent names all hosts",
        (
            Part([fail("h1 h2")], "", [], name="par"),
            Part([], DOWN_UP, [], interval="12s", lines="hostdepend SELF:par"),
        ),
    ),
    Scenario(
        "depend-monitor",
        "a monitor does not run while its parent fails (dep_behavior m)",
        (
            Part([fail("p1"), ok(pause=12)], "", [], name="par"),
            Part(RUN, DOWN_UP, CALLED, interval="12s", lines="depend SELF:par\ndep_behavior m"),
        ),
    ),
    Scenario(
        "monitordepend",
        "monitordepend does the same",
        (
            Part([fail("p1"), ok(pause=12)], "", [], name="par"),
            Part(RUN, DOWN_UP, CALLED, interval="12s", lines="monitordepend SELF:par"),
        ),
    ),
    Scenario(
        "monitordepend-failing",
        "with a parent that fails for good the monitor never runs",
        (
            Part([fail("p1")], "", [], name="par"),
            Part([], DOWN_UP, [], interval="12s", lines="monitordepend SELF:par"),
        ),
    ),
)

SCENARIOS = HOSTS + DEPENDENCIES
