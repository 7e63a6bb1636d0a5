"""Whatever happens to a service, pymon.core does what a naive simulator, written from the specification, does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.config.periods import parse_period
from pymon.core import events
from pymon.core.context import SiteContext
from pymon.core.state import clear_timers
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, Suppressed, Verdict
from pymon.model.result import CheckResult
from pymon.model.service import Alert, AlerteveryMode, AlertKind, Command, ExitRange, MonitorCommand, Period, Service
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus
from pymon.model.trap import Trap
from tests.core.build import depend
from tests.core.model_mon import LISTS, Mon

KEY, PARENT = ServiceKey("g", "s"), ServiceKey("g", "parent")
START = 1_700_000_040  # on a whole minute

TIMES = st.sampled_from([0, 5, 10, 10, 20, 60])
RANGES = st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: (min(pair), max(pair)))
LINES = st.tuples(st.sampled_from([str(kind) for kind in AlertKind]), st.sampled_from("ab"), RANGES)
PERIODS = st.fixed_dictionaries(
    {
        "second_half": st.sampled_from([False, False, False, True]),
        "every": TIMES,
        "mode": st.sampled_from(["summary", "strict", "observe_detail", "ignore_summary"]),
        "after_n": st.none() | st.integers(1, 4),
        "after_k": st.none() | st.integers(1, 4),
        "after_time": st.none() | TIMES,
        "upafter": st.none() | TIMES,
        "num": st.integers(0, 3),
        "nocomp": st.booleans(),
        "range": st.none() | RANGES,
        "alerts": st.lists(LINES, max_size=6),
    }
)
CONFIGS = st.fixed_dictionaries(
    {
        "unack": st.booleans(),
        "redistribute": st.booleans(),
        "depend": st.booleans(),
        "failure_interval": st.booleans(),
        "missing": st.sampled_from([set(), set(), {"b"}]),
        "periods": st.lists(PERIODS, min_size=1, max_size=3).map(
            lambda periods: [{**each, "key": f"p{number}"} for number, each in enumerate(periods)]
        ),
    }
)
OUTPUTS = st.sampled_from(["x", "x", "", "x", "x\ndetail", "x\nother", "y z\n", "y  z\n", " \nblank", "x x"])
EVENTS = st.one_of(
    st.tuples(st.just("failure"), st.integers(1, 3), OUTPUTS),
    st.tuples(st.just("failure"), st.integers(1, 3), OUTPUTS),
    st.tuples(st.just("success"), OUTPUTS),
    st.tuples(st.just("trap"), st.sampled_from(["0", "", "1", "2", "abc", "3x"]), OUTPUTS, OUTPUTS),
    st.sampled_from(
        [
            ("traptimeout",), ("trapduration",), ("startup",), ("disable",), ("ack",), ("ack",), ("clear",),
            ("flip stopped",), ("flip watch",), ("flip service",), ("flip parent",), ("flip parent",),
        ]
    ),
)  # fmt: skip
HISTORIES = st.lists(st.tuples(st.sampled_from([0, 1, 5, 5, 5, 10, 10, 30]), EVENTS), min_size=1, max_size=40)


def exit_range(pair: tuple[int, int] | None) -> ExitRange | None:
    return None if pair is None else ExitRange(*pair)


def build(config: dict[str, Any]) -> Service:
    """The service that a description stands for."""
    periods = tuple(
        Period(
            key=each["key"],
            spec=parse_period("sec {30-59}" if each["second_half"] else ""),
            alerts=tuple(
                Alert(AlertKind(kind), Command(name), exit_range(pair)) for kind, name, pair in each["alerts"]
            ),
            alertevery=float(each["every"]),
            alertevery_mode=AlerteveryMode(each["mode"]),
            alertafter_consecutive=each["after_n"],
            alertafter_count=each["after_k"],
            alertafter_time=each["after_time"],
            upalertafter=each["upafter"],
            numalerts=each["num"],
            no_comp_alerts=each["nocomp"],
            alertexitrange=exit_range(each["range"]),
        )
        for each in config["periods"]
    )
    return Service(
        *KEY,
        interval=10.0,
        failure_interval=3.0 if config["failure_interval"] else None,
        monitor=MonitorCommand("m"),
        redistribute=Command("redistribute.alert") if config["redistribute"] else None,
        unack_summary=config["unack"],
        depend=depend("g:parent") if config["depend"] else None,
        traptimeout=60.0,
        periods=periods,
    )


class Pair:
    """pymon.core and the simulator side by side."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.service, self.mon = build(config), Mon(config)
        self.state = ServiceState()
        self.now = START

    def context(self) -> SiteContext:
        parent = ServiceState(op_status=OpStatus.OK if self.mon.parent_ok else OpStatus.FAIL)
        return SiteContext(
            services={KEY: self.service, PARENT: Service(*PARENT)},
            states={KEY: self.state, PARENT: parent},
            disabled_watches={"g"} if self.mon.watch_disabled else set(),
            disabled_services={KEY} if self.mon.service_disabled else set(),
            missing_alerts=frozenset(self.mon.config["missing"]),
            stopped=self.mon.stopped,
            started=float(START),
        )

    def happen(self, event: tuple[Any, ...]) -> tuple[EventKind, Verdict] | None:  # noqa: PLR0912  # a table
        """Let an event happen to both. What only changes the context, or nothing, gives None."""
        self.mon.calls.clear()
        now, context, mine = float(self.now), self.context(), (self.service, self.state)
        match event:
            case ("flip stopped",):
                self.mon.stopped = not self.mon.stopped
            case ("flip watch",):
                self.mon.watch_disabled = not self.mon.watch_disabled
            case ("flip service",):
                self.mon.service_disabled = not self.mon.service_disabled
            case ("flip parent",):
                self.mon.parent_ok = not self.mon.parent_ok
            case ("clear",):
                self.state = clear_timers(*mine)
                self.mon.s["consec"] = 0
                for each in self.mon.config["periods"]:
                    counters = self.mon.p[each["key"]]
                    counters["first"] = 0
                    counters["last_alert"] = 0 if each["every"] else counters["last_alert"]
            case ("trapduration",):
                self.state = events.trap_expired(*mine, now).state
                self.mon.trapduration_ends()
            case ("failure", int(value), str(output)):
                self.mon.failure("failure", value, output, self.now)
                result = CheckResult(value, output)
                return EventKind.FAILURE, events.observe(*mine, result, now, context)
            case ("success", str(output)):
                self.mon.success(0, output, self.now)
                return EventKind.UP, events.observe(*mine, CheckResult(0, output), now, context)
            case ("trap", str(sta), str(summary), str(detail)):
                self.mon.trap(sta, summary, detail, self.now)
                kind = EventKind.UP if sta in ("", "0") else EventKind.TRAP
                return kind, events.trap(*mine, Trap(sta, summary, detail), now, context)
            case ("traptimeout",):
                verdict = events.trap_timeout(*mine, now, context)
                self.mon.failure("traptimeout", 1, verdict.state.last_output, self.now)
                return EventKind.TRAPTIMEOUT, verdict
            case ("startup",):
                self.mon.do_alert("startup", 0, "", self.now)
                return EventKind.STARTUP, events.startup(*mine, now, context)
            case ("disable",):
                self.mon.do_alert("disable", None, "bob", self.now)
                return EventKind.DISABLE, events.disable(*mine, "bob", now, context)
            case ("ack",):
                if self.mon.acknowledge("bob: on it", self.now):
                    return EventKind.ACK, events.acknowledge(*mine, "bob", "on it", now, context)
                assert not events.is_acknowledgeable(self.state)
        return None


def shape(call: AlertCall) -> tuple[Any, ...]:
    """A call as the simulator writes it."""
    state = call.state
    ack = state.ack_comment if state.ack else ""
    times = (state.last_failure, state.last_success, state.first_failure)
    env = (state.last_summary, state.last_output, *times, int(state.op_status), ack)
    return (call.history_word, call.period, call.command.name, call.output, call.exitval, *env)


def same_state(state: ServiceState, mon: Mon) -> None:
    """Compare all that is remembered of the service, field by field."""
    s = mon.s
    assert (int(state.op_status), int(state.last_op_status)) == (s["op"], s["last_op"])
    assert (state.exitval, state.failure_count, state.alert_count) == (s["exit"], s["failures"], s["alerts"])
    assert (state.consec_failures, state.first_failure, state.last_failure) == (s["consec"], s["first"], s["last"])
    assert (state.last_success, state.last_trap) == (s["success"], s["trapped"])
    assert (state.last_summary, state.last_detail) == (s["summary"], s["detail"])
    assert (state.last_output, state.failure_output) == (s["output"], s["failure_output"])
    assert (state.ack, state.ack_comment, state.depend_status) == (s["ack"], s["comment"], s["depend"])
    assert (state.failure_interval_active, state.has_result, state.has_output) == (s["fast"], s["had"], s["had"])
    for key, theirs in mon.p.items():
        mine = state.period(key)
        assert (mine.last_alert, mine.alert_sent, mine.counted_sent, mine.first_fail_time, mine.fail_count) == (
            theirs["last_alert"], theirs["sent"], theirs["shown"], theirs["first"], theirs["count"],
        )  # fmt: skip


def explained(service: Service, kind: EventKind, was: OpStatus, verdict: Verdict) -> None:
    """R-reasons: nothing is held back in silence; each period with alerts for the event calls one, or says why not."""
    if kind is EventKind.UP and was is not OpStatus.FAIL:
        return
    called = {call.period for call in verdict.alerts}
    reasons = {held.period for held in verdict.held}
    for period in service.periods:
        wanted = period.alerts_of(AlertKind(LISTS[kind]))
        if wanted:
            assert period.key in called | reasons or None in reasons
        for alert in wanted:
            named = [held for held in verdict.held if held.period == period.key and held.alert == str(alert.command)]
            assert period.key not in called or named or any(c.command == alert.command for c in verdict.alerts)
    assert all(held.text for held in verdict.held)
    assert sum(isinstance(effect, Suppressed) for effect in verdict.effects) == bool(verdict.held)


def invariants(service: Service, kind: EventKind, state: ServiceState) -> None:
    """What holds after every event, whatever came before."""
    if kind is EventKind.UP:
        assert state.ack == state.consec_failures == state.first_failure == 0
        assert not state.ack_comment
        assert not state.failure_output
        assert state.op_status is OpStatus.OK
        assert all(state.period(period.key).alert_sent == 0 for period in service.periods)
    for period in service.periods:
        counters = state.period(period.key)
        assert not period.numalerts or counters.alert_sent <= period.numalerts
        assert counters.alert_sent <= counters.counted_sent


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(config=CONFIGS, history=HISTORIES)
def test_same_as_the_model(config: dict[str, Any], history: list[tuple[int, tuple[Any, ...]]]) -> None:
    """The same alerts with the same environment, the same state after each event, and a reason for all else."""
    pair = Pair(config)
    for pause, event in history:
        pair.now += pause
        before = pair.state
        outcome = pair.happen(event)
        if outcome is not None:
            kind, verdict = outcome
            assert [shape(call) for call in verdict.alerts] == pair.mon.calls
            explained(pair.service, kind, before.op_status, verdict)
            invariants(pair.service, kind, verdict.state)
            pair.state = verdict.state
        same_state(pair.state, pair.mon)


@settings(max_examples=50, deadline=None)
@given(config=CONFIGS, history=HISTORIES)
def test_decisions_are_pure(config: dict[str, Any], history: list[tuple[int, tuple[Any, ...]]]) -> None:
    """The same input gives the same verdict, and what was handed in stays as it was."""
    pair, again = Pair(config), Pair(config)
    for pause, event in history:
        pair.now += pause
        again.now += pause
        state, copy = pair.state, repr(pair.state)
        first, second = pair.happen(event), again.happen(event)
        assert first == second
        assert repr(state) == copy
        if first is not None and second is not None:
            pair.state, again.state = first[1].state, second[1].state
