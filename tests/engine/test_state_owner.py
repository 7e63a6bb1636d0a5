"""Every change of a service's state, whatever it comes from: an observer sees it, and the record has it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.engine.effects import Effects
from pymon.engine.engine import Engine
from pymon.engine.plugin_lookup import Programs
from pymon.engine.state_owner import StateOwner
from pymon.model import request as asked
from pymon.model.change import ChangeCause, StateChange
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall
from pymon.model.event import TimelineKind
from pymon.model.request import Request, SavedKind
from pymon.model.result import CheckResult
from pymon.model.service import AlertKind, Service, Watch
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.store import reading
from pymon.store.store import FILE, Store
from tests.engine.lab import Lab

SERVICE = """\
    service {name}
        interval 1h
        monitor x.monitor
        period p: wd {{Sun-Sat}}
            alert rec.alert
            upalert rec.alert
            disablealert rec.alert
"""
TRAPPED = """\
    service missed
        traptimeout 0.2s
        period p: wd {Sun-Sat}
            alert rec.alert
    service brief
        trapduration 0.2s
        period p: wd {Sun-Sat}
            alert rec.alert
"""
SITE = f"hostgroup web h1 h2\n\nwatch web\n{SERVICE.format(name='x')}"
X, MISSED, BRIEF = (ServiceKey("web", name) for name in ("x", "missed", "brief"))


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path, SITE)
    await made.engine.start()
    yield made
    await made.engine.stop()


class Seen(list[StateChange]):
    """The changes that an observer of an engine has seen."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.end = engine.observe(self.append)

    def of(self, cause: ChangeCause, key: ServiceKey = X) -> list[StateChange]:
        """Those of a service, by what they came from."""
        return [each for each in self if each.cause is cause and each.key == key]


async def on_file(lab: Lab, key: ServiceKey = X) -> ServiceState | None:
    """What the record has of a service."""
    await lab.engine.settled()
    with reading.opened(lab.here / "state" / FILE) as connection:
        return reading.state(connection, key)


async def check_told_and_recorded(lab: Lab, seen: Seen, cause: ChangeCause, key: ServiceKey = X) -> StateChange:
    """There was one change of this cause; what came of it is what is known, and what is on file."""
    (change,) = seen.of(cause, key)
    assert change.before != change.after
    assert change.after == lab.state(key)
    assert await on_file(lab, key) == lab.state(key)
    return change


# What is observed of a service


async def test_a_check_its_start_and_its_result(lab: Lab) -> None:
    (lab.here / "ill" / "x").touch()
    seen = Seen(lab.engine)
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: bool(seen.of(ChangeCause.CHECK)))
    (start,) = seen.of(ChangeCause.CHECK_START)
    assert (start.before.last_check, start.source, start.effects) == (0.0, None, ())
    change = await check_told_and_recorded(lab, seen, ChangeCause.CHECK)
    assert change.before is start.after, "no change is left out between them"
    assert isinstance(change.source, CheckResult)
    assert change.after.op_status is OpStatus.FAIL
    assert [each.command.name for each in change.effects if isinstance(each, AlertCall)] == ["rec.alert"]
    events = (await lab.ask(asked.ReadTimeline(X))).events
    assert TimelineKind.CHECK in {event.kind for event in events}


async def test_a_trap(lab: Lab) -> None:
    seen = Seen(lab.engine)
    trap = Trap("1", "bad")
    lab.engine.take_trap(X, trap)
    change = await check_told_and_recorded(lab, seen, ChangeCause.TRAP)
    assert change.source is trap
    assert TimelineKind.TRAP in {event.kind for event in (await lab.ask(asked.ReadTimeline(X))).events}


async def test_an_alert_stands_behind_what_it_is_about(lab: Lab) -> None:
    """By the time of the one decision: readers sort by it, and the clock goes on while that is performed."""
    (lab.here / "ill" / "x").touch()
    seen = Seen(lab.engine)
    await lab.ask(asked.TestMonitor(X))
    await lab.until(lambda: bool(seen.of(ChangeCause.CHECK)))
    lab.recover(X)
    lab.fail(X)
    about = {TimelineKind.CHECK, TimelineKind.TRAP, TimelineKind.ALERT}
    told = [event for event in (await lab.ask(asked.ReadTimeline(X))).events if event.kind in about]
    assert [event.kind.value for event in told] == ["check", "alert", "trap", "alert", "trap", "alert"]
    assert [first.at - then.at for first, then in zip(told[::2], told[1::2], strict=True)] == [0.0] * 3


@pytest.mark.slow
async def test_a_trap_that_does_not_come_and_one_whose_time_is_over(tmp_path: Path) -> None:
    lab = Lab(tmp_path, SITE + TRAPPED)
    seen = Seen(lab.engine)
    await lab.engine.start()
    lab.fail(BRIEF)
    await lab.until(lambda: bool(seen.of(ChangeCause.TRAP_EXPIRY, BRIEF)))
    expiry = await check_told_and_recorded(lab, seen, ChangeCause.TRAP_EXPIRY, BRIEF)
    assert (expiry.before.op_status, expiry.after.op_status) == (OpStatus.FAIL, OpStatus.OK)
    await lab.until(lambda: bool(seen.of(ChangeCause.TRAP_TIMEOUT, MISSED)))
    timeout = seen.of(ChangeCause.TRAP_TIMEOUT, MISSED)[0]
    assert (timeout.before.op_status, timeout.after.op_status) == (OpStatus.UNTESTED, OpStatus.FAIL)
    await lab.engine.stop()
    with reading.opened(tmp_path / "state" / FILE) as connection:
        assert reading.state(connection, MISSED) == lab.state(MISSED)


async def test_startup_alerts(tmp_path: Path) -> None:
    lab = Lab(tmp_path, f"{SITE}            startupalert rec.alert\n")
    seen = Seen(lab.engine)
    await lab.engine.start()
    (change,) = seen.of(ChangeCause.STARTUP)
    assert await on_file(lab) == change.after == lab.state(X)
    assert [each.event.value for each in change.effects if isinstance(each, AlertCall)] == ["startup"]
    await lab.engine.stop()


# What operators do


@pytest.mark.parametrize(
    ("request_", "changed"),
    [
        (asked.SetOpstatus(X, OpStatus.OK), {"op_status": OpStatus.OK, "last_op_status": OpStatus.FAIL}),
        (asked.SetVariable(X, "_failure_count", "7"), {"failure_count": 7}),
        (asked.Acknowledge(X, "on it"), {"ack_comment": "bob: on it"}),
        (asked.ClearTimers(X), {"consec_failures": 0}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
async def test_what_an_operator_sets(lab: Lab, request_: Request, changed: dict[str, object]) -> None:
    """Also what was not decided by a rule: ``set opstatus`` used to be seen by nobody."""
    lab.fail(X)
    seen = Seen(lab.engine)
    assert (await lab.ask(request_)).ok
    change = await check_told_and_recorded(lab, seen, ChangeCause.OPERATOR)
    assert {name: getattr(change.after, name) for name in changed} == changed
    assert TimelineKind.OPERATOR in {event.kind for event in (await lab.ask(asked.ReadTimeline(X))).events}


@pytest.mark.parametrize(
    "request_", [asked.SwitchService(X, enable=False), asked.TestAlert(X, AlertKind.ALERT, "1", "p")]
)
async def test_alerts_that_an_operator_sets_off(lab: Lab, request_: Request) -> None:
    seen = Seen(lab.engine)
    assert (await lab.ask(request_)).ok
    (change,) = seen.of(ChangeCause.OPERATOR)
    assert [each.command.name for each in change.effects if isinstance(each, AlertCall)] == ["rec.alert"]


async def test_loadstate(lab: Lab) -> None:
    lab.fail(X)
    assert (await lab.ask(asked.SaveState((SavedKind.OPSTATUS,)))).ok
    lab.recover(X)
    seen = Seen(lab.engine)
    assert (await lab.ask(asked.LoadState((SavedKind.OPSTATUS,)))).ok
    change = await check_told_and_recorded(lab, seen, ChangeCause.STATE_FILE)
    assert (change.before.op_status, change.after.op_status) == (OpStatus.OK, OpStatus.FAIL)
    assert not change.effects, "nobody is told again"


# What an earlier daemon knew


async def test_a_restore(lab: Lab) -> None:
    lab.fail(X)
    before = lab.state(X)
    await lab.engine.stop()
    lab.engine = lab._engine()
    seen = Seen(lab.engine)
    await lab.engine.start()
    (change,) = seen.of(ChangeCause.RESTORE)
    assert (change.before, change.after) == (ServiceState(), before)
    assert await on_file(lab) == before


async def test_an_alert_that_was_left_undone_recalls_its_outage(lab: Lab) -> None:
    seen = Seen(lab.engine)
    undone = Pending("k", "rec.alert", "web", "x", "failure", time.time() - 9, (), {}, "")
    assert lab.engine._resumption().is_still_wanted(undone)
    change = await check_told_and_recorded(lab, seen, ChangeCause.RECALL)
    assert change.after.op_status is OpStatus.FAIL


# The configuration, and the clock


async def test_a_service_that_comes_changes_and_goes(lab: Lab) -> None:
    """One that is new begins fresh; one that goes is told of with the time at which it left."""
    new = ServiceKey("web", "new")
    lab.fail(X)
    known, seen = lab.state(X), Seen(lab.engine)
    lab.configure("hostgroup web h1 h2\n\nwatch web\n" + SERVICE.format(name="new") + SERVICE.format(name="other"))
    await lab.engine.reload()
    (gone,) = seen.of(ChangeCause.CONFIGURATION)
    assert gone.before is known
    assert gone.after.left > 0
    assert replace(gone.after, left=0.0, debts=()) == replace(known, debts=())
    assert await on_file(lab) == gone.after, "it is remembered (R-debts)"
    assert not seen.of(ChangeCause.CONFIGURATION, new), "of a fresh one nothing is known"
    lab.configure(SITE)
    await lab.engine.reload()
    back = seen.of(ChangeCause.CONFIGURATION)[-1]
    assert (back.before, back.after.left) == (gone.after, 0.0)
    assert back.after == lab.state(X)
    assert await on_file(lab) == lab.state(X)


async def test_a_service_of_which_nothing_is_known_goes(lab: Lab) -> None:
    seen = Seen(lab.engine)
    lab.configure("hostgroup web h1 h2\n\nwatch web\n" + SERVICE.format(name="other"))
    assert (await lab.ask(asked.Reset())).ok
    (gone,) = seen.of(ChangeCause.CONFIGURATION)
    assert gone.before.is_untold
    assert gone.after.left > 0
    assert await on_file(lab) is None


async def test_a_reset_begins_anew(lab: Lab) -> None:
    lab.fail(X)
    seen = Seen(lab.engine)
    assert (await lab.ask(asked.Reset())).ok
    change = await check_told_and_recorded(lab, seen, ChangeCause.CONFIGURATION)
    assert (change.before.op_status, change.after.op_status) == (OpStatus.FAIL, OpStatus.UNTESTED)


async def test_the_clock_is_set(lab: Lab) -> None:
    lab.fail(X)
    seen = Seen(lab.engine)
    lab.engine._monitor.translate(3600.0)
    change = await check_told_and_recorded(lab, seen, ChangeCause.CLOCK_SET)
    assert change.after.last_failure == change.before.last_failure + 3600.0


# Observers


async def test_an_observer_that_fails_stops_nobody(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_change: StateChange) -> None:
        raise ValueError("not today")

    lab.engine.observe(fail)
    seen = Seen(lab.engine)
    lab.fail(X)
    assert len(seen) == 1
    assert "an observer of web/x failed" in caplog.text


async def test_an_observer_sees_no_more_once_it_has_ended(lab: Lab) -> None:
    seen, other = Seen(lab.engine), Seen(lab.engine)
    lab.fail(X)
    seen.end()
    seen.end()
    lab.recover(X)
    assert (len(seen), len(other)) == (1, 2)


async def test_an_observer_may_look_and_change(lab: Lab) -> None:
    """It is called when all is done; what it changes is told to all, after what it was told of."""
    told: list[tuple[OpStatus, OpStatus]] = []

    def set_back(change: StateChange) -> None:
        told.append((change.after.op_status, lab.state(X).op_status))
        if change.cause is ChangeCause.TRAP:
            lab.engine._owner.commit(X, replace(change.after, op_status=OpStatus.WARN), ChangeCause.OPERATOR)

    lab.engine.observe(set_back)
    lab.fail(X)
    assert told == [(OpStatus.FAIL, OpStatus.FAIL), (OpStatus.WARN, OpStatus.WARN)]


async def test_what_is_the_same_is_no_change(lab: Lab) -> None:
    lab.fail(X)
    seen = Seen(lab.engine)
    lab.engine._owner.commit(X, lab.state(X), ChangeCause.OPERATOR)
    assert seen == []


async def test_a_service_that_nobody_knows_has_no_state(lab: Lab) -> None:
    with pytest.raises(KeyError):
        lab.engine._owner.commit(ServiceKey("no", "such"), ServiceState(), ChangeCause.OPERATOR)


# Whatever happens, in any order

KEYS = [ServiceKey("web", name) for name in "abc"]
STATES = st.builds(
    ServiceState,
    op_status=st.sampled_from([OpStatus.FAIL, OpStatus.OK]),
    last_check=st.floats(1.0, 1e9),
    ack=st.sampled_from([0.0, 5.0]),
)
STEPS = st.one_of(
    st.tuples(st.just("commit"), st.sampled_from(KEYS), STATES),
    st.tuples(st.just("site"), st.sets(st.sampled_from(KEYS)), st.dictionaries(st.sampled_from(KEYS), STATES)),
    st.tuples(st.just("clock"), st.sampled_from([-3600.0, 60.0]), st.none()),
)


def a_site(keys: Collection[ServiceKey]) -> Site:
    services = {key: Service(*key) for key in sorted(keys)}
    return Site(Settings(), {}, {"web": Watch("web", tuple(services.values()))}, services)


@pytest.mark.slow
@given(st.lists(STEPS, max_size=12))
def test_who_has_seen_every_change_knows_every_state(steps: list[tuple[str, Any, Any]]) -> None:
    """Nothing changes behind an observer's back: what it was told, taken together, is what is known."""
    owner = StateOwner(
        a_site(KEYS),
        Programs({}, {}, frozenset()),
        stopped=False,
        record=Store(None),
        effects=cast("Effects", None),  # no step has effects
        environ={},
        clock=lambda: 1000.0,
    )
    mirror: dict[ServiceKey, ServiceState] = {}
    wrong: list[StateChange] = []

    def reflect(change: StateChange) -> None:
        if change.before != mirror.get(change.key, ServiceState()):
            wrong.append(change)
        mirror[change.key] = change.after

    owner.observe(reflect)
    for step, what, states in steps:
        match step:
            case "commit" if what in owner.states:
                owner.commit(what, states, ChangeCause.OPERATOR)
            case "site":
                left = {key: replace(state, left=1000.0) for key, state in owner.states.items() if key not in what}
                remembered = {key: state for key, state in left.items() if key in states}
                owner.replace_site(a_site(what), states=states, departed=remembered)
                mirror = {key: state for key, state in mirror.items() if not state.left or key in remembered}
            case "clock":
                owner.translate(what)
    assert not wrong, "what was before is what was told last"
    assert owner.states == {key: mirror.get(key, ServiceState()) for key in owner.site.services}
    assert owner.departed == {key: mirror[key] for key in owner.departed}
    assert mirror.keys() <= owner.states.keys() | owner.departed.keys()
