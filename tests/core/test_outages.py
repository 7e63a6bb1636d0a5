"""Failed and broken are two outages of one service: the table of ``pymon.core.outages``, row by row and at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.core import dependencies, events
from pymon.core.outages import about_outage, says_broken, with_status
from pymon.core.state import clear_timers
from pymon.core.timing import interval_in_force
from pymon.model.debt import Debt, Target
from pymon.model.depend import DependBehavior
from pymon.model.effect import DowntimeRecorded, FailureRecorded, Rule, Verdict
from pymon.model.result import BROKEN_CAUSES, Cause, CheckOutcome, CheckResult
from pymon.model.service import AlerteveryMode, AlertKind, Command, ExitRange, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from tests.core.build import Site, alert, depend, hosts_of, period, rules_of, service

BROKEN, FAILED, OK = "broken", "failed", "ok"
HOUR = 3600.0


def happen(site: Site, result: str, output: str = "", after: float = 10.0, cause: Cause = Cause.BROKEN) -> Verdict:
    """One result of the check; ``output`` is by default the same each time."""
    if result == BROKEN:
        return site.end(CheckResult(1, output or "no module\n", cause=cause), after)
    return site.fail(output or "h1\n", after) if result == FAILED else site.ok(output or "up\n", after)


def told(verdict: Verdict) -> list[str]:
    """The kind of each alert that was called."""
    return [str(call.list_kind) for call in verdict.alerts]


def open_outages(site: Site) -> set[str]:
    """Which of the two outages are open."""
    state, other = site.state, site.state.other_outage
    if state.op_status is not OpStatus.FAIL:
        assert other is None or not other.first_failure
        return set()
    here, there = (BROKEN, FAILED) if state.broken else (FAILED, BROKEN)
    return {here, *({there} if other is not None and other.first_failure else ())}


HISTORIES: dict[str, tuple[str, ...]] = {
    "untested": (),
    "well": (OK,),
    "failed": (OK, FAILED),
    "broken": (OK, BROKEN),
    "failed, both open": (OK, BROKEN, FAILED),
    "broken, both open": (OK, FAILED, BROKEN),
}
"""state → what leads there"""

TABLE: dict[str, dict[str, tuple[set[str], list[str]]]] = {
    "untested": {FAILED: ({FAILED}, ["alert"]), BROKEN: ({BROKEN}, ["alert"]), OK: (set(), [])},
    "well": {FAILED: ({FAILED}, ["alert"]), BROKEN: ({BROKEN}, ["alert"]), OK: (set(), [])},
    "failed": {FAILED: ({FAILED}, []), BROKEN: ({FAILED, BROKEN}, ["alert"]), OK: (set(), ["upalert"])},
    "broken": {FAILED: ({FAILED, BROKEN}, ["alert"]), BROKEN: ({BROKEN}, []), OK: (set(), ["upalert"])},
    "failed, both open": {
        FAILED: ({FAILED, BROKEN}, []),
        BROKEN: ({FAILED, BROKEN}, []),
        OK: (set(), ["upalert"]),
    },
    "broken, both open": {
        FAILED: ({FAILED, BROKEN}, []),
        BROKEN: ({FAILED, BROKEN}, []),
        OK: (set(), ["upalert"]),
    },
}
"""the table in the header: state → result → the outages that are open then, and what is told"""


@pytest.mark.parametrize(("state", "result"), [(state, result) for state in TABLE for result in TABLE[state]])
def test_table(state: str, result: str) -> None:
    """With ``alertevery 1h`` each of the two tells once until ok (R-broken)."""
    site = Site((service(period(alertevery=HOUR)),), settings=Settings(dtlogging=True))
    for each in HISTORIES[state]:
        happen(site, each)
    was_open = open_outages(site)
    verdict = happen(site, result)
    is_open, alerts = TABLE[state][result]
    assert (open_outages(site), told(verdict)) == (is_open, alerts)
    assert site.state.is_broken == (result == BROKEN)
    assert site.state.check == CheckOutcome(result)
    downtimes = [effect for effect in verdict.effects if isinstance(effect, DowntimeRecorded)]
    assert bool(downtimes) == (result == OK and FAILED in was_open)


PATTERNS = [(*pattern, OK) for length in range(1, 6) for pattern in product((FAILED, BROKEN), repeat=length)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=" ".join)
def test_each_tells_once_until_ok(pattern: Sequence[str]) -> None:
    """However failed and broken take turns: one alert of each, and one upalert for both (R-broken)."""
    site = Site((service(period(alertevery=HOUR)),))
    calls = [(each, call) for each in pattern for call in happen(site, each, f"{each}\n").alerts]
    downs = [each for each, call in calls if call.list_kind is AlertKind.ALERT]
    assert sorted(downs) == sorted(set(pattern) - {OK})
    (up,) = [call for _, call in calls if call.list_kind is AlertKind.UPALERT]
    was_down = FAILED in pattern
    assert up.state.broken is not was_down
    assert up.output == ("failed\n" if was_down else "broken: broken\n")
    assert up.state.last_summary == up.output.strip()
    assert (site.state.broken, site.state.other_outage) == (False, None)


@pytest.mark.parametrize("pattern", PATTERNS, ids=" ".join)
def test_summaries_that_change_make_no_storm_by_taking_turns(pattern: Sequence[str]) -> None:
    """alertevery compares a summary with the last one of the same kind, not with the other kind's."""
    site = Site((service(period(alertevery=HOUR, alertevery_mode=AlerteveryMode.OBSERVE_DETAIL)),))
    alerts = [word for each in pattern for word in told(happen(site, each, f"{each}\nmore\n"))]
    assert alerts.count("alert") == len(set(pattern) - {OK})


class TestTheFirstFailureAfterBrokenResults:
    """It begins an outage, whatever went before."""

    @pytest.mark.parametrize("before", range(4))
    def test_alertafter(self, before: int) -> None:
        """Broken results do not count towards ``alertafter 3``."""
        site = Site((service(period(alertafter_consecutive=3)),))
        for _ in range(before):
            happen(site, BROKEN)
        assert [told(happen(site, FAILED)) for _ in range(3)] == [[], [], ["alert"]]

    def test_broken_results_between_do_not_take_from_alertafter(self) -> None:
        site = Site((service(period(alertafter_consecutive=2)),))
        assert [told(happen(site, each)) for each in (FAILED, BROKEN, FAILED)] == [[], [], ["alert"]]

    def test_alertafter_with_a_time(self) -> None:
        site = Site((service(period(alertafter_time=25.0)),))
        for _ in range(5):
            happen(site, BROKEN)
        assert [told(happen(site, FAILED)) for _ in range(4)] == [[], [], [], ["alert"]]

    def test_numalerts(self) -> None:
        site = Site((service(period(numalerts=1)),))
        each = (BROKEN, BROKEN, FAILED, FAILED, BROKEN)
        assert [told(happen(site, what)) for what in each] == [["alert"], [], ["alert"], [], []]

    def test_acknowledgement(self) -> None:
        """One of the broken check is none of the failure; both come back with their outage."""
        site = Site((service(),))
        happen(site, BROKEN)
        site.happen("ack")
        assert rules_of(happen(site, BROKEN)) == [Rule.ACK]
        assert told(happen(site, FAILED)) == ["alert"]
        assert site.state.ack == 0
        assert rules_of(happen(site, BROKEN)) == [Rule.ACK]
        assert site.state.ack_comment == "bob: on it"

    def test_acknowledgement_of_both(self) -> None:
        """One that is given while both are open is of both, whichever is in force."""
        for last in ((FAILED, BROKEN), (BROKEN, FAILED)):
            site = Site((service(),))
            for each in last:
                happen(site, each)
            site.happen("ack")
            for each in (*last, *last):
                assert rules_of(happen(site, each)) == [Rule.ACK]
            happen(site, OK)
            assert site.state.ack == 0
            assert told(happen(site, FAILED)) == ["alert"]

    def test_strict_alertevery(self) -> None:
        """It goes on over a success (Q7), for each of the two by itself."""
        rules: dict[str, Any] = {"alertevery": 100.0, "alertevery_mode": AlerteveryMode.STRICT}
        site = Site((service(period(**rules)),))
        assert [told(happen(site, each)) for each in (BROKEN, FAILED, OK)] == [["alert"], ["alert"], ["upalert"]]
        assert [told(happen(site, each)) for each in (BROKEN, FAILED, OK)] == [[], [], []]
        site.now += 100
        assert [told(happen(site, each)) for each in (BROKEN, FAILED)] == [["alert"], ["alert"]]

    def test_clear_timers(self) -> None:
        site = Site((service(period(alertevery=HOUR)),))
        for each in (FAILED, BROKEN):
            happen(site, each)
        site.states[site.service.key] = clear_timers(site.service, site.state)
        assert [told(happen(site, each)) for each in (FAILED, BROKEN)] == [["alert"], ["alert"]]


class TestWhatItLooksLike:
    """What alerts and clients see of a broken check."""

    @pytest.mark.parametrize("cause", sorted(BROKEN_CAUSES))
    def test_exit_value_and_output(self, cause: Cause) -> None:
        """Old programs know it by 126 or more, people by the word; on mon's wire it is a failure."""
        site = Site((service(),))
        (call,) = happen(site, BROKEN, "no module\nmore\n", cause=cause).alerts
        assert (call.exitval, call.output) == (126, "broken: no module\nmore\n")
        assert (call.state.op_status, call.state.check) == (OpStatus.FAIL, CheckOutcome.BROKEN)
        assert call.state.last_summary == "broken: no module"

    @pytest.mark.parametrize("status", [126, 127])
    def test_what_shells_say(self, status: int) -> None:
        site = Site((service(),))
        (call,) = site.fail("sh: no.such: not found\n", exitval=status).alerts
        assert (call.exitval, call.state.check) == (status, CheckOutcome.BROKEN)

    def test_signal(self) -> None:
        site = Site((service(),))
        (call,) = site.end(CheckResult(139, "", cause=Cause.SIGNALED)).alerts
        assert (call.exitval, call.state.check) == (139, CheckOutcome.BROKEN)

    @pytest.mark.parametrize("exitval", [1, 2, 3, 125, 128, 137, 255])
    def test_other_exit_codes_are_failures(self, exitval: int) -> None:
        site = Site((service(),))
        (call,) = site.fail("h1\n", exitval=exitval).alerts
        assert (call.exitval, call.output, call.state.check) == (exitval, "h1\n", CheckOutcome.FAILED)

    def test_time_limit_is_a_failure(self) -> None:
        site = Site((service(),))
        (call,) = site.end(CheckResult(124, "timeout\n", cause=Cause.TIMED_OUT)).alerts
        assert call.state.check is CheckOutcome.FAILED

    def test_exit_ranges(self) -> None:
        """``alert exit=1-125`` and ``alertexitrange 1-125`` are called for failures only."""
        lines = (alert(name="lvs.alert", exit_range=ExitRange(1, 125)), alert(name="mail.alert"))
        site = Site((service(period(*lines), period(alert(name="x"), key="q", alertexitrange=ExitRange(1, 125))),))
        assert [call.command.name for call in happen(site, BROKEN).alerts] == ["mail.alert"]
        assert [call.command.name for call in happen(site, FAILED).alerts] == ["lvs.alert", "mail.alert", "x"]

    def test_history(self) -> None:
        site = Site((service(),))
        recorded = happen(site, BROKEN).effects[0]
        assert recorded == FailureRecorded(site.service.key, site.now, "broken: no module", broken=True)
        assert site.state.failure_count == 0

    def test_failure_interval(self) -> None:
        site = Site((service(failure_interval=5.0),))
        happen(site, BROKEN)
        assert interval_in_force(site.service, site.state) == 5.0


class TestDowntime:
    """Of the service only."""

    def test_begins_and_ends_with_the_failure(self) -> None:
        site = Site((service(),), settings=Settings(dtlogging=True))
        happen(site, BROKEN)
        happen(site, FAILED, "h1 h2\n")
        began = site.now
        happen(site, BROKEN)
        (record,) = [each for each in happen(site, OK).effects if isinstance(each, DowntimeRecorded)]
        assert (record.first_failure, record.back_up, record.summary) == (began, site.now, "h1 h2")

    def test_upalertafter(self) -> None:
        """Each outage is measured by itself; one that was long enough is enough."""
        site = Site((service(period(upalertafter=25.0)),))
        for each in (BROKEN, BROKEN, FAILED):
            happen(site, each)
        (call,) = happen(site, OK).alerts
        assert call.state.broken
        for each in (BROKEN, FAILED):
            happen(site, each)
        assert rules_of(happen(site, OK)) == [Rule.UPALERTAFTER]

    def test_trap_that_runs_out(self) -> None:
        """The status becomes OK by itself, and what follows begins anew."""
        site = Site((service(period(alertevery=HOUR)),))
        happen(site, BROKEN)
        site.trap()
        site.keep(events.trap_expired(site.service, site.state, site.now))
        assert site.state.check is CheckOutcome.OK
        happen(site, BROKEN)
        assert site.state.first_failure == site.now


class TestOthers:
    """What a broken check does to other services: nothing."""

    @pytest.mark.parametrize("behavior", [DependBehavior.ALERTS, DependBehavior.MONITOR])
    @pytest.mark.parametrize("before", [(), (OK,), (FAILED,), (OK, BROKEN)])
    def test_fulfils_a_dependency(self, behavior: DependBehavior, before: Sequence[str]) -> None:
        parent = service(name="parent")
        child = service(depend=depend("g:parent"), dep_behavior=behavior)
        site = Site((parent, child))
        for each in (*before, BROKEN):
            happen(site, each)
        outcome = dependencies.evaluate(child, behavior, site.context, site.now)
        assert outcome is not None
        assert outcome.fulfilled
        happen(site, FAILED)
        outcome = dependencies.evaluate(child, behavior, site.context, site.now)
        assert outcome is not None
        assert (outcome.fulfilled, outcome.text) == (False, "depend g:parent: g:parent is failing")

    def test_takes_no_host_out(self) -> None:
        parent = service(name="parent", dep_memory=HOUR)
        child = service(hostdepend=hosts_of("g:parent"))
        site = Site((parent, child))
        happen(site, BROKEN, "h1\n")
        assert not dependencies.hidden_hosts(child, ("h1",), site.context, site.now)
        happen(site, OK)
        assert not dependencies.hidden_hosts(child, ("h1",), site.context, site.now)
        happen(site, FAILED, "h1\n")
        assert dependencies.hidden_hosts(child, ("h1",), site.context, site.now)
        happen(site, BROKEN, "h2\n")
        happen(site, OK)
        assert set(dependencies.hidden_hosts(child, ("h1", "h2"), site.context, site.now)) == {"h1"}


class TestWhatIsOwed:
    """R-debts: what acted upon the service at a real failure puts it right, also if the check broke meanwhile."""

    @pytest.mark.parametrize("owed", [True, False])
    @pytest.mark.parametrize("heeds", [True, False])
    def test_the_end_of_an_outage_that_was_forgotten(self, owed: bool, heeds: bool) -> None:
        """All began anew since the failure (``reset``), then the check broke, and now all is well."""
        lines = (alert(name="lvs.alert"), alert(AlertKind.UPALERT, name="lvs.alert"))
        site = Site((service(period(*lines)),))
        debt = Debt(lines[0].command, "p", site.now, (lines[1].command,))
        site.set(debts=(debt,) if owed else ())

        def target(_service: Service, command: Command) -> Target:
            return Target(command.name, is_meant=True, heeds_broken=heeds)

        context = replace(site.context, target=target)
        for exitval in (127, 0):
            result = CheckResult(exitval, "x\n")
            context = replace(context, states=site.states)
            site.keep(events.observe(site.service, site.state, result, site.now, context))
        (up,) = site.verdict.alerts
        assert up.list_kind is AlertKind.UPALERT
        assert up.state.broken == (heeds or not owed)


class TestTraps:
    """Another pymon's trap.alert tells of its own broken check, in what mon's packets have room for."""

    @pytest.mark.parametrize(
        ("sta", "summary", "check"),
        [
            ("126", "broken: no module", CheckOutcome.BROKEN),
            ("139", "broken: ended by signal 11", CheckOutcome.BROKEN),
            ("1", "broken: disk 3", CheckOutcome.FAILED),
            ("126", "h1", CheckOutcome.FAILED),
            ("fail", "broken: x", CheckOutcome.FAILED),
            ("9" * 5000, "broken: x", CheckOutcome.FAILED),
            ("0", "broken: x", CheckOutcome.OK),
        ],
    )
    def test_what_it_is_taken_for(self, sta: str, summary: str, check: CheckOutcome) -> None:
        site = Site((service(),))
        site.trap(sta, summary)
        assert site.state.check is check

    def test_its_alerts(self) -> None:
        """T-broken"""
        site = Site((service(period(alert(exit_range=ExitRange(1, 125)), alert(name="mail.alert"))),))
        calls = site.trap("126", "broken: no module").alerts
        assert [(call.command.name, call.state.check) for call in calls] == [("mail.alert", CheckOutcome.BROKEN)]
        assert calls[0].output.startswith("broken: no module\n")


class TestClients:
    """What somebody sets by hand."""

    def test_failing(self) -> None:
        site = Site((service(),))
        happen(site, BROKEN)
        site.states[site.service.key] = with_status(site.state, OpStatus.FAIL)
        assert site.state.is_failing

    def test_well(self) -> None:
        site = Site((service(period(alertevery=HOUR)),))
        for each in (FAILED, BROKEN):
            happen(site, each)
        site.states[site.service.key] = with_status(site.state, OpStatus.OK)
        happen(site, FAILED)
        assert site.state.first_failure == site.now


RULES = st.fixed_dictionaries(
    {
        "alertevery": st.sampled_from([0.0, 15.0, 35.0]),
        "alertevery_mode": st.sampled_from(list(AlerteveryMode)),
        "alertafter_consecutive": st.none() | st.integers(1, 3),
        "alertafter_time": st.none() | st.sampled_from([0.0, 15.0, 35.0]),
        "alertafter_count": st.none() | st.integers(1, 3),
        "numalerts": st.integers(0, 3),
        "upalertafter": st.none() | st.sampled_from([15.0, 35.0]),
        "no_comp_alerts": st.booleans(),
    }
)
RESULTS = st.lists(
    st.tuples(st.sampled_from([FAILED, FAILED, BROKEN, BROKEN, OK]), st.sampled_from(["a\n", "a\nb\n", "c\n"])),
    max_size=25,
)


@given(RULES, RESULTS)
def test_each_outage_is_as_if_it_were_alone(rules: dict[str, Any], results: list[tuple[str, str]]) -> None:
    """What is told of failed results is what would be told without the broken ones, and the other way round.

    A success tells in a period what it would tell after either, once.
    """
    if rules["alertafter_time"] is None:
        rules = {**rules, "alertafter_count": None}
    site, without = Site((service(period(**rules)),)), {}
    for kind in (FAILED, BROKEN):
        without[kind] = Site((service(period(**rules)),))
    for result, output in results:
        calls = told(happen(site, result, output))
        alone = {}
        for kind, other in without.items():
            other.now = site.now
            alone[kind] = told(happen(other, result, output, after=0.0)) if result in (kind, OK) else []
        expected = alone[result] if result in without else alone[FAILED] or alone[BROKEN]
        assert calls == expected, f"{result} {output!r}"
        here = without.get(result)
        if here is not None:
            for name in ("first_failure", "last_failure", "consec_failures", "failure_output"):
                assert getattr(site.state, name) == getattr(here.state, name), name


def test_what_is_set_aside_is_put_back() -> None:
    """The books of one outage are untouched by results of the other."""
    site = Site((service(),))
    for each in (OK, FAILED, FAILED):
        happen(site, each)
    before = site.state
    for each in (BROKEN, BROKEN, FAILED):
        happen(site, each)
    after = site.state
    assert after.consec_failures == before.consec_failures + 1
    assert (after.first_failure, after.failure_count) == (before.first_failure, before.failure_count + 1)


@pytest.mark.parametrize(
    ("exitval", "summary", "is_broken"),
    [
        (126, "broken: x", True),
        ("127", "broken: x", True),
        (125, "broken: x", False),
        (None, "broken: x", False),
        ("126x", "broken: x", False),
        ("9" * 40, "broken: x", False),
        (126, "x", False),
    ],
)
def test_what_mon_keeps_of_a_broken_check(exitval: int | str | None, summary: str, is_broken: bool) -> None:
    """Its files and traps have an exit value and a summary only; both have to say it."""
    assert says_broken(exitval, summary) is is_broken


@pytest.mark.parametrize("broken", [False, True])
def test_an_outage_in_force_is_told_as_it_is(broken: bool) -> None:
    state = ServiceState(OpStatus.FAIL, broken=broken, last_summary="now", failure_output="before\n")
    assert about_outage(state, broken=broken) is state
    assert about_outage(state, broken=not broken).last_summary == ""
