"""Events step by step: effects in mon's order, and what alerts see at the moment of the decision."""

from __future__ import annotations

from pymon.core import events
from pymon.core.state import alerts_sent, clear_timers
from pymon.model.effect import AlertCall, DowntimeRecorded, FailureRecorded, Suppressed
from pymon.model.result import Cause, CheckResult
from pymon.model.service import AlerteveryMode, AlertKind, Command
from pymon.model.settings import Settings
from pymon.model.state import PeriodState
from pymon.model.status import EventKind, OpStatus
from pymon.model.trap import Trap
from tests.core.build import T0, Site, alert, depend, period, rules_of, service, texts_of, words_of


class TestWhatAlertsSee:
    """AlertCall.state, which the environment is made from."""

    def test_of_the_first_failure(self) -> None:
        """The current summary, but no output before it: MON_LAST_OUTPUT is absent."""
        site = Site((service(),))
        (call,) = site.fail("down\nwhy\n").alerts
        assert (call.state.last_summary, call.state.last_detail, call.state.has_result) == ("down", "why\n", True)
        assert (call.state.last_output, call.state.has_output) == ("", False)
        assert call.state.first_failure == call.state.last_failure == call.at == site.now
        assert (call.state.op_status, call.exitval, call.output) == (OpStatus.FAIL, 1, "down\nwhy\n")

    def test_of_a_later_failure(self) -> None:
        """MON_LAST_SUMMARY is of this event, MON_LAST_OUTPUT of the one before."""
        site = Site((service(),))
        site.fail("first\n")
        began = site.now
        (call,) = site.fail("second\n", exitval=3).alerts
        assert (call.state.last_summary, call.state.last_output) == ("second", "first\n")
        assert (call.state.first_failure, call.state.last_failure) == (began, site.now)
        assert (call.exitval, call.state.consec_failures) == (3, 2)

    def test_of_a_recovery(self) -> None:
        """Everything but the status is still the outage's: its beginning, its summary, its acknowledgement."""
        site = Site((service(),))
        site.ok("fine\n")
        went_well = site.now
        site.fail("first\n")
        began = site.now
        site.fail("last\nwhy\n")
        failed = site.now
        site.happen("ack")
        (call,) = site.ok("back\n").alerts
        assert call.output == "last\nwhy\n"
        assert (call.state.last_summary, call.state.last_output) == ("last", "last\nwhy\n")
        assert (call.state.first_failure, call.state.last_failure) == (began, failed)
        assert (call.state.last_success, call.state.op_status, call.exitval) == (went_well, OpStatus.OK, 0)
        assert call.state.ack_comment == "bob: on it"
        assert site.state.ack == site.state.first_failure == site.state.last_failure == 0
        assert (site.state.last_summary, site.state.last_output) == ("back", "back\n")
        assert site.state.last_success == site.now

    def test_blank_summary(self) -> None:
        """A failure without one is told as (NO SUMMARY), its output goes on as it is; a success keeps the blank."""
        site = Site((service(),))
        (call,) = site.fail(" \t\nwhy").alerts
        assert (call.state.last_summary, call.output) == ("(NO SUMMARY)", " \t\nwhy")
        site.ok("\nmore")
        assert (site.state.last_summary, site.state.last_detail) == ("", "more")


class TestOrder:
    """Effects come in mon's order."""

    def test_of_a_failure(self) -> None:
        """TimelineEvent first, then redistributed, then told, and last what was held back."""
        lines = (alert(), alert(name="gone.alert"))
        site = Site((service(period(*lines), redistribute=Command("r.alert")),), missing=frozenset({"gone.alert"}))
        recorded, shared, told, held = site.fail("down\n").effects
        assert recorded == FailureRecorded(site.service.key, site.now, "down")
        assert isinstance(shared, AlertCall)
        assert (shared.command.name, shared.history_word, shared.period) == ("r.alert", None, None)
        assert (shared.event, shared.exitval, shared.list_kind) == (EventKind.FAILURE, 1, None)
        assert isinstance(told, AlertCall)
        assert told.command.name == "alert.alert"
        assert isinstance(held, Suppressed)
        assert (held.event, held.at) == (EventKind.FAILURE, site.now)
        assert [str(each) for each in held.held] == ["period p: gone.alert is in no alertdir"]
        assert held.held[0].alert == "gone.alert -x 'a b'"

    def test_of_a_recovery(self) -> None:
        """The downtime first; its interval is the one in force."""
        watched = service(redistribute=Command("r.alert"), failure_interval=3.0)
        site = Site((watched,), settings=Settings(dtlogging=True))
        site.fail("down\n")
        began = site.now
        downtime, shared, told = site.ok().effects
        assert downtime == DowntimeRecorded(site.service.key, site.now, began, 3.0, "down")
        assert isinstance(shared, AlertCall)
        assert shared.command.name == "r.alert"
        assert isinstance(told, AlertCall)
        assert told.history_word == "upalert"

    def test_a_missing_program_is_not_counted(self) -> None:
        """As if it had not been there: no alert was sent, so no upalert follows."""
        site = Site((service(period(numalerts=1)),), missing=frozenset({"alert.alert"}))
        site.fail()
        assert rules_of(site.fail()) == ["no such alert"]
        assert site.state.alert_count == 0
        assert rules_of(site.ok()) == ["no down alert"]

    def test_alert_count_is_by_program_and_alert_sent_by_event(self) -> None:
        """Two programs of one period are one alert for numalerts."""
        site = Site((service(period(alert(), alert(name="b.alert")), redistribute=Command("r.alert")),))
        assert len(site.fail().alerts) == 3
        assert site.state.alert_count == 2
        assert site.state.period("p").alert_sent == 1

    def test_redistribute_of_each_success(self) -> None:
        """Even of one after the other, and whatever is disabled, acknowledged or outside its time."""
        site = Site((service(period(when="none"), redistribute=Command("r.alert")),), disabled_watches={"g"})
        for _ in range(2):
            (call,) = site.ok("fine\n").alerts
            assert (call.event, call.output, call.exitval) == (EventKind.UP, "fine\n", 0)
        assert [call.command.name for call in site.fail().alerts] == ["r.alert"]

    def test_redistribute_of_the_first_result(self) -> None:
        """There is a summary to tell, but no output before it."""
        site = Site((service(redistribute=Command("r.alert")),))
        (call,) = site.ok("fine\n").alerts
        assert (call.state.has_result, call.state.last_summary, call.state.has_output) == (True, "fine", False)

    def test_redistribute_stops_with_the_scheduler(self) -> None:
        """And says so; what has no program says that."""
        site = Site((service(redistribute=Command("r.alert")),), stopped=True)
        assert texts_of(site.ok()) == ["redistribute: the scheduler is stopped"]
        site.stopped, site.missing = False, frozenset({"r.alert"})
        assert texts_of(site.ok()) == ["r.alert is in no alertdir"]

    def test_without_any_alert_of_the_kind_the_reason_is_just_that(self) -> None:
        """Also when something else stands in the way; only startups, of which there are many, keep quiet."""
        site = Site((service(period(AlertKind.STARTUPALERT)),), stopped=True)
        assert texts_of(site.fail()) == ["no alert is configured"]
        assert texts_of(site.ok()) == ["no upalert is configured"]
        quiet = Site((service(period()),), stopped=True)
        assert not quiet.happen("startup").effects


class TestState:
    """Bookkeeping beyond what the simulator compares."""

    def test_times_of_a_check(self) -> None:
        """last_check is when it started, the duration has fractions."""
        site = Site((service(),))
        verdict = events.observe(site.service, site.state, CheckResult(0, "", 2.5), T0 + 4, site.context)
        assert (verdict.state.last_check, verdict.state.monitor_duration) == (T0 + 1.5, 2.5)
        assert verdict.state.last_success == T0 + 4

    def test_a_check_that_the_daemon_cut_off_says_nothing(self) -> None:
        """Neither a success nor a failure."""
        site = Site((service(),))
        result = CheckResult(143, "half an outp", cause=Cause.CANCELLED)
        verdict = events.observe(site.service, site.state, result, T0, site.context)
        assert verdict.state is site.state
        assert not verdict.effects

    def test_failure_interval_is_for_monitors(self) -> None:
        """A trap does not switch to it, but any success switches back, a trap's too."""
        site = Site((service(failure_interval=3.0, traptimeout=60.0),))
        site.trap("1")
        site.happen("trap_timeout")
        assert not site.state.failure_interval_active
        site.fail()
        assert site.state.failure_interval_active
        site.trap("1")
        assert site.state.failure_interval_active
        site.trap("0")
        assert not site.state.failure_interval_active

    def test_what_dep_memory_looks_at(self) -> None:
        """When the last outage was over, and what its last summary was."""
        site = Site((service(),))
        site.ok()
        assert (site.state.outage_ended, site.state.outage_summary) == (0.0, "")
        site.fail("h1\n")
        site.ok()
        ended = site.now
        site.ok()
        assert (site.state.outage_ended, site.state.outage_summary) == (ended, "h1")

    def test_trap_caught_by_the_default_group(self) -> None:
        """MON_TRAP_INTENDED goes with its alerts, and not with others of the service."""
        site = Site((service(period(*AlertKind)),))
        verdict = events.trap(site.service, site.state, Trap("1", "s", "d", "zz:yy"), T0, site.context)
        assert [call.trap_intended for call in verdict.alerts] == ["zz:yy"]
        assert verdict.alerts[0].output == "s\n\nd"
        site.keep(verdict)
        assert [call.trap_intended for call in site.happen("ack").alerts] == [""]
        verdict = events.trap(site.service, site.state, Trap("0", "s", "d", "zz:yy"), T0, site.context)
        assert [(call.trap_intended, call.event) for call in verdict.alerts] == [("zz:yy", EventKind.UP)]

    def test_stored_dependency_status_holds_an_ack(self) -> None:
        """ack and disable go by the status of the last result, as in mon."""
        site = Site((service(period(AlertKind.ACKALERT), depend=depend("g:parent")), service(name="parent")))
        site.set(op_status=OpStatus.FAIL, depend_status=False, periods={"p": PeriodState(alert_sent=1)})
        assert texts_of(site.happen("ack")) == ["depend: it was not fulfilled at the last result"]
        site.set("g:parent", op_status=OpStatus.FAIL)
        assert texts_of(site.happen("ack")) == ["depend g:parent: g:parent is failing"]
        site.set(depend_status=True)
        assert words_of(site.happen("ack").alerts) == ["ackalert"]

    def test_a_success_evaluates_the_dependency_too(self) -> None:
        """Each result does, for opstatus shows it; the upalert does not look at it."""
        site = Site((service(depend=depend("g:parent")), service(name="parent")))
        site.fail()
        site.set("g:parent", op_status=OpStatus.FAIL)
        assert words_of(site.ok().alerts) == ["upalert"]
        assert site.state.depend_status is False

    def test_alerts_dont_count(self) -> None:
        """It has no effect but on the number that opstatus shows."""
        periods = (period(key="a", numalerts=1), period(key="b", numalerts=1, alerts_dont_count=True))
        site = Site((service(*periods, period(AlertKind.ACKALERT, key="c", no_comp_alerts=True)),))
        assert len(site.fail().alerts) == 2
        assert len(site.fail().held) == 2
        assert alerts_sent(site.service, site.state) == 1
        site.happen("ack")
        assert alerts_sent(site.service, site.state) == 2
        site.ok()
        assert alerts_sent(site.service, site.state) == 0

    def test_clear_timers(self) -> None:
        """What a client's ``clear timers`` does to the counters: last_alert only where there is an alertevery."""
        watched = service(period(key="a", alertevery=9.0), period(key="b"))
        counters = PeriodState(last_alert=5.0, alert_sent=2, counted_sent=3, first_fail_time=4.0, fail_count=6)
        site = Site((watched,))
        site.set(consec_failures=7, periods={"a": counters, "b": counters})
        state = clear_timers(watched, site.state)
        assert state.consec_failures == 0
        assert state.period("a") == PeriodState(0.0, 2, 3, 0.0, 6)
        assert state.period("b") == PeriodState(5.0, 2, 3, 0.0, 6)

    def test_counters_of_periods_that_are_gone_are_dropped(self) -> None:
        """After a reload; and a strict alertevery keeps its time over a success."""
        site = Site((service(period(key="a", alertevery_mode=AlerteveryMode.STRICT), period(key="b")),))
        counters = PeriodState(last_alert=5.0, alert_sent=2, counted_sent=3, first_fail_time=4.0, fail_count=6)
        site.set(periods={"a": counters, "b": counters, "old": counters})
        site.ok()
        assert dict(site.state.periods) == {"a": PeriodState(5.0, fail_count=6), "b": PeriodState(fail_count=6)}
