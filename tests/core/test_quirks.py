"""mon's quirks in alert decisions, by their numbers: each that is mended, and each that is kept."""

from __future__ import annotations

import pytest

from pymon.core import events
from pymon.core.state import unacknowledge
from pymon.model.effect import DowntimeRecorded, Noticed, Rule
from pymon.model.result import Cause, CheckResult
from pymon.model.service import AlerteveryMode, AlertKind, Command, ExitRange
from pymon.model.settings import Settings
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import EventKind, OpStatus
from tests.core.build import T0, Site, alert, depend, period, rules_of, service, texts_of, words_of


class TestMended:
    """What the manual promises, or a user expects, instead of what mon does."""

    def test_q1_upalertafter_holds_back_the_end_of_a_blip(self) -> None:
        """Q1: upalertafter works, for each period on its own."""
        site = Site((service(period(key="quick"), period(key="patient", upalertafter=25.0)),))
        site.fail()
        assert words_of(site.ok().alerts) == ["upalert"]
        assert texts_of(site.verdict) == ["period patient: upalertafter 25s: the outage lasted 10s"]

    def test_q1_upalertafter_lets_an_outage_of_just_that_length_pass(self) -> None:
        """Q1: the manual says greater than or equal; the upalert has the outage's output."""
        site = Site((service(period(upalertafter=10.0)),))
        site.fail("all is lost\n")
        assert [call.output for call in site.ok().alerts] == ["all is lost\n"]

    def test_q2_a_monitor_ended_by_a_signal_has_failed(self) -> None:
        """Q2: mon takes it for a success."""
        site = Site((service(),))
        result = CheckResult(137, "", cause=Cause.SIGNALED)
        verdict = events.observe(site.service, site.state, result, T0, site.context)
        assert verdict.state.op_status is OpStatus.FAIL
        assert [call.exitval for call in verdict.alerts] == [137]

    @pytest.mark.parametrize("scope", ["service", "watch"])
    def test_q3_disablealert_is_sent_although_it_is_disabled(self, scope: str) -> None:
        """Q3: mon marks it as disabled first, and so never sends any."""
        site = Site((service(period(AlertKind.DISABLEALERT)),))
        if scope == "service":
            site.disabled_services.add(site.service.key)
        else:
            site.disabled_watches.add("g")
        (call,) = site.happen("disable").alerts
        assert (call.history_word, call.output, call.exitval) == ("disablealert", "bob", None)

    def test_q4_alertdepend_alone_is_evaluated(self) -> None:
        """Q4, D1: in mon it is not, and everything is held back for ever."""
        site = Site((service(alertdepend=depend("g:parent")), service(name="parent")))
        assert words_of(site.fail().alerts) == ["alert"]
        site.set("g:parent", op_status=OpStatus.FAIL)
        site.fail()
        assert texts_of(site.verdict) == ["alertdepend g:parent: g:parent is failing"]
        assert site.state.depend_status is False

    def test_q4_acknowledging_before_any_result_evaluates_the_dependency(self) -> None:
        """Q4: a state that was loaded has no dependency status yet; that alone holds nothing back."""
        site = Site((service(period(AlertKind.ACKALERT), depend=depend("g:parent")), service(name="parent")))
        site.set(op_status=OpStatus.FAIL, periods={"p": PeriodState(alert_sent=1)})
        assert words_of(site.happen("ack").alerts) == ["ackalert"]

    def test_q5_no_comp_alerts_tells_of_each_recovery(self) -> None:
        """Q5: in mon the second blip has no upalert unless a down alert was sent meanwhile."""
        site = Site((service(period(no_comp_alerts=True, alertafter_consecutive=2)),))
        for _ in range(3):
            assert not site.fail().alerts
            assert words_of(site.ok().alerts) == ["upalert"]
            assert not site.ok().alerts

    def test_q5_the_first_success_with_redistribute_is_no_recovery(self) -> None:
        """Q5: mon sends a spurious upalert then."""
        site = Site((service(period(no_comp_alerts=True), redistribute=Command("r.alert")),))
        assert [call.command.name for call in site.ok().alerts] == ["r.alert"]

    def test_q6_startup_and_ack_do_not_use_up_numalerts(self) -> None:
        """Q6: only down alerts count, while opstatus's alerts_sent goes on counting all."""
        kinds = (AlertKind.ALERT, AlertKind.UPALERT, AlertKind.STARTUPALERT, AlertKind.ACKALERT)
        site = Site((service(period(*kinds, numalerts=2), unack_summary=True),))
        assert words_of(site.happen("startup").alerts) == ["startupalert"]
        assert words_of(site.fail("a").alerts) == ["alert"]
        assert words_of(site.happen("ack").alerts) == ["ackalert"]
        assert words_of(site.fail("b").alerts) == ["alert"]
        assert texts_of(site.fail("c")) == ["period p: numalerts 2: 2 sent in this outage"]
        assert site.state.period("p").counted_sent == 4

    def test_q6_a_startup_alert_is_no_down_alert(self) -> None:
        """Q6: in mon it makes the next recovery, of an outage that nobody was told of, send its upalert."""
        site = Site((service(period(AlertKind.STARTUPALERT, AlertKind.UPALERT)),))
        site.happen("startup")
        site.fail()
        assert rules_of(site.ok()) == [Rule.NO_DOWN_ALERT]

    def test_q6_a_startup_alert_does_not_start_alertevery(self) -> None:
        """Q6: in mon the first alert of an outage soon after a start is held back by ``alertevery … strict``."""
        lines = (AlertKind.STARTUPALERT, AlertKind.ALERT)
        site = Site((service(period(*lines, alertevery=600.0, alertevery_mode=AlerteveryMode.STRICT)),))
        site.happen("startup")
        assert words_of(site.fail().alerts) == ["alert"]

    def test_q7_strict_holds_back_the_next_outage_with_an_upalert_too(self) -> None:
        """Q7: in mon an upalert resets the time of a strict alertevery."""
        site = Site((service(period(alertevery=600.0, alertevery_mode=AlerteveryMode.STRICT)),))
        site.fail()
        assert words_of(site.ok().alerts) == ["upalert"]
        assert texts_of(site.fail()) == ["period p: alertevery 10m strict: last alert 20s ago"]

    def test_q8_redistribute_gets_the_output_of_the_success(self) -> None:
        """Q8: mon gives it the output before; upalerts go on getting the outage's."""
        site = Site((service(redistribute=Command("r.alert")),))
        site.fail("down\nlow")
        site.ok("up\nhigh")
        assert [(call.command.name, call.output) for call in site.verdict.alerts] == [
            ("r.alert", "up\nhigh"),
            ("upalert.alert", "down\nlow"),
        ]
        assert [call.state.last_summary for call in site.verdict.alerts] == ["up", "down"]
        assert {call.state.last_output for call in site.verdict.alerts} == {"down\nlow"}

    def test_q10_the_end_of_trapduration_clears_the_failure_times(self) -> None:
        """Q10: the status change is kept; the next failing trap starts an outage of its own."""
        site = Site((service(trapduration=60.0),))
        site.trap("3")
        site.keep(events.trap_expired(site.service, site.state, site.now + 60))
        assert (site.state.op_status, site.state.last_op_status) == (OpStatus.OK, OpStatus.FAIL)
        assert site.state.first_failure == site.state.last_failure == 0
        assert (site.state.exitval, site.state.failure_count, site.state.consec_failures) == ("3", 1, 1)
        assert not site.verdict.effects
        site.trap("3", after=100.0)
        assert site.state.first_failure == site.now

    def test_q12_a_test_alert_calls_all_whatever_their_exit_range(self) -> None:
        """Q12: mon cannot find lines that begin with exit=."""
        lines = (alert(), alert(name="grave.alert", exit_range=ExitRange(7, 9)), alert(AlertKind.UPALERT))
        site = Site((service(period(*lines, when="none", numalerts=1)),), stopped=True)
        site.disabled_services.add(site.service.key)
        verdict = events.test_alert(site.service, site.state, AlertKind.ALERT, 5, "p", T0, site.context)
        assert [call.command.name for call in verdict.alerts] == ["alert.alert", "grave.alert"]
        assert {(call.event, call.history_word, call.exitval, call.output) for call in verdict.alerts} == {
            (EventKind.TEST, None, 5, "test\ntest detail\n")
        }
        assert verdict.state == site.state

    @pytest.mark.parametrize(
        ("kind", "event"),
        [
            (AlertKind.UPALERT, EventKind.UP),
            (AlertKind.STARTUPALERT, EventKind.STARTUP),
            (AlertKind.ACKALERT, EventKind.ACK),
            (AlertKind.DISABLEALERT, EventKind.DISABLE),
        ],
    )
    def test_other_kinds_of_test_alert_are_marked_as_what_they_test(self, kind: AlertKind, event: EventKind) -> None:
        """``test upalert`` calls with -u and MON_ALERTTYPE=up; a missing program is told, as ever."""
        site = Site((service(period(alert(kind), alert(kind, "gone.alert"))),), missing=frozenset({"gone.alert"}))
        verdict = events.test_alert(site.service, site.state, kind, 0, "p", T0, site.context)
        assert [(call.event, call.list_kind) for call in verdict.alerts] == [(event, kind)]
        assert rules_of(verdict) == [Rule.NO_SUCH_ALERT]

    def test_a_test_alert_needs_a_period_that_exists(self) -> None:
        """The caller can tell a period that is not defined."""
        site = Site((service(),))
        with pytest.raises(KeyError):
            events.test_alert(site.service, site.state, AlertKind.ALERT, 0, "zz", T0, site.context)

    def test_d6_a_dependency_that_cannot_be_evaluated_holds_nothing_back(self) -> None:
        """D6: rather an alert than silence; it is said once, not with each check."""
        site = Site((service(depend=depend("1 / g:parent")), service(name="parent")))
        site.set("g:parent", op_status=OpStatus.FAIL)
        noticed = [effect for _ in range(3) for effect in site.fail().effects if isinstance(effect, Noticed)]
        assert [effect.text for effect in noticed] == [
            "depend 1 / g:parent cannot be evaluated and counts as fulfilled: a division by zero"
        ]
        assert words_of(site.verdict.alerts) == ["alert"]
        site.set("g:parent", op_status=OpStatus.OK)
        site.fail()
        site.set("g:parent", op_status=OpStatus.FAIL)
        assert any(isinstance(effect, Noticed) for effect in site.fail().effects)


class TestKept:
    """What differs from what one might expect, and is left as mon has it."""

    @pytest.mark.parametrize(("sta", "fails"), [("abc", True), ("00", True), ("1", True), ("0", False), ("", False)])
    def test_q9_any_text_but_0_is_a_failing_trap(self, sta: str, fails: bool) -> None:
        """Q9: and MON_RETVAL is what was sent."""
        site = Site((service(),))
        site.trap(sta)
        assert (site.state.op_status is OpStatus.FAIL) is fails
        assert [call.exitval for call in site.verdict.alerts] == ([sta] if fails else [])
        assert site.state.exitval == sta

    @pytest.mark.parametrize(
        ("sta", "passes"), [("abc", False), ("2x", True), ("2.5", True), (" 3", True), ("4", False)]
    )
    def test_q9_exit_ranges_take_the_number_that_a_text_begins_with(self, sta: str, passes: bool) -> None:
        """Q9: as Perl does."""
        site = Site((service(period(alert(exit_range=ExitRange(1, 3)))),))
        assert bool(site.trap(sta).alerts) is passes

    def test_q15_only_a_failure_has_a_recovery(self) -> None:
        """Q15: an outage that somebody ended by hand, or trapduration did, has no upalert."""
        site = Site((service(period(no_comp_alerts=True)),))
        site.fail()
        site.set(op_status=OpStatus.UNKNOWN)
        assert not site.ok().effects

    def test_q18_each_period_that_matches_alerts(self) -> None:
        """Q18: two periods that overlap both alert, in the order of the file."""
        site = Site((service(period(key="one"), period(key="two")),))
        assert [call.period for call in site.fail().alerts] == ["one", "two"]

    def test_q20_unack_ignores_blanks_and_alertevery_does_not(self) -> None:
        """Q20: blanks alone do not end an acknowledgement; but they are a change for alertevery."""
        site = Site((service(period(alertevery=600.0), unack_summary=True),))
        site.fail("h1 h2\n")
        assert words_of(site.fail("h1  h2\n").alerts) == ["alert"]
        site.happen("ack")
        assert rules_of(site.fail("h1 h2 \n")) == [Rule.ACK]
        assert words_of(site.fail("h1 h2 h3\n").alerts) == ["alert"]
        assert site.state.ack == 0
        assert not site.state.ack_comment

    def test_unack_leaves_numalerts_counting(self) -> None:
        """An acknowledgement that the summary ended starts alertevery and alertafter over, but not numalerts."""
        site = Site((service(period(alertafter_consecutive=2, numalerts=1), unack_summary=True),))
        site.fail("a")
        assert words_of(site.fail("a").alerts) == ["alert"]
        site.happen("ack")
        assert texts_of(site.fail("b")) == ["period p: numalerts 1: 1 sent in this outage"]
        assert site.state.consec_failures == 1

    def test_ack_needs_a_down_alert(self) -> None:
        """An acknowledgement is told to those who were told of the failure."""
        site = Site((service(period(AlertKind.ALERT, AlertKind.ACKALERT, alertafter_consecutive=2)),))
        site.fail()
        assert rules_of(site.happen("ack")) == [Rule.NO_DOWN_ALERT]
        assert site.state.ack == site.now
        assert site.state.ack_comment == "bob: on it"

    @pytest.mark.parametrize("status", [OpStatus.OK, OpStatus.UNTESTED])
    def test_what_does_not_fail_cannot_be_acknowledged(self, status: OpStatus) -> None:
        """The same test as for the command's reply."""
        site = Site((service(),), states={service().key: ServiceState(op_status=status)})
        assert not events.is_acknowledgeable(site.state)
        with pytest.raises(ValueError, match="g:s is in a non-failure state"):
            site.happen("ack")

    def test_unack_starts_alertafter_over(self) -> None:
        """The forms with a time as well: nothing is left of what they counted."""
        counters = PeriodState(last_alert=5.0, alert_sent=2, counted_sent=3, first_fail_time=4.0, fail_count=6)
        state = unacknowledge(service(), ServiceState(ack=1.0, ack_comment="x", periods={"p": counters}))
        assert state == ServiceState(consec_failures=1, periods={"p": PeriodState(alert_sent=2, counted_sent=3)})

    def test_downtime_before_any_failure_time_counts_from_the_start(self) -> None:
        """A state that was set to fail by hand has no first failure: the daemon's start stands for it."""
        site = Site((service(interval=None),), settings=Settings(dtlogging=True))
        site.set(op_status=OpStatus.FAIL, last_summary="by hand")
        (record,) = [effect for effect in site.ok().effects if isinstance(effect, DowntimeRecorded)]
        assert record == DowntimeRecorded(site.service.key, site.now, T0, 0.0, "by hand")
