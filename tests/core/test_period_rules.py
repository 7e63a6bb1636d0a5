"""The rules of a period at their edges, and the reasons that they give."""

from __future__ import annotations

from typing import Any

import pytest

from pymon.model.service import AlerteveryMode, AlertKind, ExitRange
from pymon.model.whole_seconds import elapsed
from tests.core.build import Site, alert, period, service, texts_of


def site(**rules: Any) -> Site:
    """A service with one period of these rules."""
    return Site((service(period(**rules)),))


def alerting(watched: Site, *steps: tuple[float, str]) -> list[bool]:
    """Which of these failures alert; each is ``(seconds after the one before, output)``, a blank output a success."""
    return [bool((watched.fail(output, after) if output else watched.ok("", after)).alerts) for after, output in steps]


class TestAlertevery:
    """alertevery and its modifiers."""

    def test_holds_until_the_time_is_over(self) -> None:
        """From the last alert on; after exactly that time the next one is sent."""
        watched = site(alertevery=600.0)
        assert alerting(watched, (0, "x"), (192, "x"), (407, "x")) == [True, False, False]
        assert alerting(watched, (1, "x"), (1, "x")) == [True, False]

    def test_reason(self) -> None:
        """With the facts."""
        watched = site(alertevery=600.0)
        watched.fail("x")
        assert texts_of(watched.fail("x", 192)) == ["period p: alertevery 10m: last alert 3m12s ago, summary unchanged"]

    @pytest.mark.parametrize(
        ("mode", "same_summary", "other_summary", "reason"),
        [
            (AlerteveryMode.SUMMARY, False, True, "alertevery 1h: last alert 10s ago, summary unchanged"),
            (AlerteveryMode.OBSERVE_DETAIL, True, True, ""),
            (AlerteveryMode.IGNORE_SUMMARY, False, False, "alertevery 1h ignore_summary: last alert 10s ago"),
            (AlerteveryMode.STRICT, False, False, "alertevery 1h strict: last alert 10s ago"),
        ],
    )
    def test_modes(self, mode: AlerteveryMode, same_summary: bool, other_summary: bool, reason: str) -> None:
        """What besides time lets an alert through."""
        for output, passes in (("x\nother", same_summary), ("y\ndetail", other_summary)):
            watched = site(alertevery=3600.0, alertevery_mode=mode)
            assert alerting(watched, (0, "x\ndetail"), (10, output)) == [True, passes]
            assert texts_of(watched.verdict) == ([] if passes else [f"period p: {reason}"])

    def test_observe_detail_reason(self) -> None:
        """Only an identical output is held."""
        watched = site(alertevery=3600.0, alertevery_mode=AlerteveryMode.OBSERVE_DETAIL)
        assert alerting(watched, (0, "x\nd"), (10, "x\nd")) == [True, False]
        assert texts_of(watched.verdict) == [
            "period p: alertevery 1h observe_detail: last alert 10s ago, output unchanged"
        ]

    @pytest.mark.parametrize("mode", AlerteveryMode)
    def test_success_resets_all_but_strict(self, mode: AlerteveryMode) -> None:
        """The next outage alerts at once."""
        watched = site(alertevery=3600.0, alertevery_mode=mode)
        held = mode is AlerteveryMode.STRICT
        assert alerting(watched, (0, "x"), (10, ""), (10, "x")) == [True, True, not held]

    def test_compares_with_the_event_before_not_with_the_last_alert(self) -> None:
        """A summary that went and came back is a change."""
        watched = site(alertevery=3600.0, numalerts=9)
        assert alerting(watched, (0, "x"), (10, "y"), (10, "x"), (10, "x")) == [True, True, True, False]

    def test_milliseconds_do_not_move_an_alert(self) -> None:
        """R-seconds: checks end some milliseconds early or late; due after 10 s is due with the check 10 s later."""
        watched = site(alertevery=10.0, alertevery_mode=AlerteveryMode.STRICT)
        assert alerting(watched, (0, "x"), (4.999, "x"), (4.998, "x"), (5.004, "x"), (4.99, "x")) == [
            True, False, True, False, True,
        ]  # fmt: skip


class TestAlertafter:
    """The three forms."""

    def test_consecutive(self) -> None:
        """``alertafter 3``: a success starts over."""
        watched = site(alertafter_consecutive=3)
        assert alerting(watched, (0, "x"), (9, "x"), (9, "x"), (9, "x"), (9, "")) == [False, False, True, True, True]
        assert alerting(watched, (0, "x"), (9, "x")) == [False, False]
        assert texts_of(watched.verdict) == ["period p: alertafter 3: failure 2 of 3"]

    def test_time_must_be_longer(self) -> None:
        """``alertafter 30m``: exactly that long is not enough, some milliseconds more are not either."""
        watched = site(alertafter_time=1800.0)
        assert alerting(watched, (0, "x"), (720, "x")) == [False, False]
        assert texts_of(watched.verdict) == ["period p: alertafter 30m: failing for 12m, not for longer yet"]
        assert alerting(watched, (1080.02, "x"), (1, "x"), (1, "x")) == [False, True, True]

    def test_time_starts_anew_after_a_success(self) -> None:
        """Outages do not add up."""
        watched = site(alertafter_time=20.0)
        assert not any(alerting(watched, (0, "x"), (15, "x"), (1, ""), (9, "x"), (15, "x")))

    def test_count_in_time(self) -> None:
        """``alertafter 3 30m``: so many in a window, which begins with a failure."""
        watched = site(alertafter_count=3, alertafter_time=1800.0)
        assert alerting(watched, (0, "x"), (600, "x")) == [False, False]
        assert texts_of(watched.verdict) == ["period p: alertafter 3 30m: failure 2 of 3, the first one 10m ago"]
        assert alerting(watched, (1200, "x"), (1, "x"), (1, "x")) == [True, False, False]
        assert alerting(watched, (1, "x"), (1, "x")) == [True, True]

    def test_count_begins_anew_with_a_new_window(self) -> None:
        """The failure that finds the window over is the first of the next one."""
        watched = site(alertafter_count=2, alertafter_time=10.0)
        assert alerting(watched, (0, "x"), (11, "x")) == [False, False]
        assert texts_of(watched.verdict) == ["period p: alertafter 2 10s: failure 1 of 2"]
        assert alerting(watched, (10.02, "x")) == [True]

    def test_count_of_one_alerts_at_once(self) -> None:
        """The window does not matter then."""
        assert alerting(site(alertafter_count=1, alertafter_time=10.0), (0, "x"), (50, "x")) == [True, True]

    def test_forms_add_up(self) -> None:
        """``alertafter 2`` and ``alertafter 10s``: the time begins when the count is satisfied."""
        watched = site(alertafter_consecutive=2, alertafter_time=10.0)
        assert alerting(watched, (0, "x"), (15, "x"), (5, "x"), (6, "x")) == [False, False, False, True]

    def test_what_an_earlier_rule_held_back_does_not_count(self) -> None:
        """Order: alertexitrange, numalerts and alertevery come before alertafter."""
        watched = site(alertafter_count=2, alertafter_time=60.0, alertexitrange=ExitRange(1, 1))
        watched.fail("x", exitval=2)
        assert texts_of(watched.verdict) == ["period p: alertexitrange 1: the exit value is 2"]
        assert alerting(watched, (1, "x"), (1, "x")) == [False, True]
        assert watched.state.period("p").fail_count == 2


class TestNumalerts:
    """numalerts."""

    def test_of_each_outage(self) -> None:
        """The count is reset by a success."""
        watched = site(numalerts=2)
        assert alerting(watched, (0, "x"), (1, "y"), (1, "z")) == [True, True, False]
        assert texts_of(watched.verdict) == ["period p: numalerts 2: 2 sent in this outage"]
        assert alerting(watched, (1, ""), (1, "x")) == [True, True]

    def test_of_each_period(self) -> None:
        """Each counts its own."""
        watched = Site((service(period(key="few", numalerts=1), period(key="many")),))
        watched.fail("x")
        assert [call.period for call in watched.fail("y").alerts] == ["many"]


class TestLines:
    """Single alert lines, and the period's time."""

    def test_exit_range_of_a_line(self) -> None:
        """Other lines of the period go their own way, and still make it an alert that was sent."""
        lines = (alert(name="grave.alert", exit_range=ExitRange(10, 20)), alert(name="any.alert"))
        watched = Site((service(period(*lines)),))
        (call,) = watched.fail("x", exitval=9).alerts
        assert call.command.name == "any.alert"
        assert texts_of(watched.verdict) == ["period p: alert grave.alert exit=10-20: the exit value is 9"]
        assert [call.command.name for call in watched.fail("x", exitval=10).alerts] == ["grave.alert", "any.alert"]

    def test_without_a_value_it_is_0(self) -> None:
        """An acknowledgement has none."""
        watched = Site((service(period(alert(AlertKind.DISABLEALERT, exit_range=ExitRange(1, 1)))),))
        assert texts_of(watched.happen("disable")) == [
            "period p: disablealert disablealert.alert exit=1: the exit value is 0"
        ]

    def test_outside_the_period(self) -> None:
        """Said, where mon keeps silent."""
        assert texts_of(site(when="none").fail()) == ["period p: it is outside 'none'"]

    def test_period_without_alerts_of_the_kind_says_nothing(self) -> None:
        """Only periods that could have alerted give reasons."""
        silent = period(AlertKind.UPALERT, key="up only", numalerts=1, when="none")
        watched = Site((service(period(key="p"), silent),))
        assert not watched.fail().held

    def test_disabled_and_acknowledged(self) -> None:
        """Reasons that concern all periods."""
        watched = site()
        watched.fail()
        watched.happen("ack")
        assert texts_of(watched.fail(after=180)) == ["acknowledged 3m ago (bob: on it)"]
        watched.disabled_services.add(watched.service.key)
        assert texts_of(watched.fail()) == ["service g s is disabled"]
        watched.disabled_watches.add("g")
        assert texts_of(watched.fail()) == ["watch g is disabled"]
        watched.stopped = True
        assert texts_of(watched.fail()) == ["the scheduler is stopped"]

    def test_recovery_untold(self) -> None:
        """An outage that nobody was told of ends as quietly."""
        watched = site(alertafter_consecutive=2)
        watched.fail()
        assert texts_of(watched.ok()) == [
            "period p: no down alert was sent in this outage (and no_comp_alerts is not set)"
        ]


@pytest.mark.parametrize(("since", "now", "seconds"), [(0, 0.49, 0), (0, 0.5, 1), (10.7, 20.6, 10), (5, 5, 0)])
def test_elapsed(since: float, now: float, seconds: int) -> None:
    """To the nearest second."""
    assert elapsed(since, now) == seconds
