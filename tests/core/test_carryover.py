"""Which period follows which after a re-read (R-follow): tables, and what holds for every change of a file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.core import carryover, debts
from pymon.core.carryover import Trace
from pymon.model.debt import Target
from pymon.model.effect import Rule, Suppression
from pymon.model.service import Service
from pymon.model.state import Outage, PeriodState, ServiceState
from pymon.model.status import OpStatus
from tests.core.build import T0, service
from tests.core.test_debts import lines, target, watched


def traces(text: str) -> tuple[Trace, ...]:
    """``KEY:things KEY:things …``; a thing is a letter."""
    found = []
    for word in text.split():
        key, _, things = word.partition(":")
        found.append(Trace(key, frozenset(Target(thing) for thing in things)))
    return tuple(found)


FOLLOWED = {
    "nothing changed": ("p:a q:b", "p:a q:b", "p<p q<q"),
    "another text": ("p:a", "x:a", "x<p"),
    "two other texts": ("p:a q:b", "x:a y:b", "x<p y<q"),
    "labels exchanged": ("p:a q:b", "p:b q:a", "p<q q<p"),
    "labels exchanged, one thing in both": ("p:am q:bm", "p:bm q:am", "p<q q<p"),
    "moved in the file": ("p:a q:b", "q:b p:a", "q<q p<p"),
    "moved, with other texts": ("p:a q:b", "x:b y:a", "x<q y<p"),
    "two alike, one with another text": ("p:a q:a", "p:a x:a", "p<p x<q"),
    "two alike, both with other texts": ("p:a q:a", "x:a y:a", "x<p y<q"),
    "two alike, the other way round": ("p:a q:a", "q:a p:a", "q<q p<p"),
    "one has more": ("p:a", "p:ab", "p<p"),
    "one has less": ("p:ab", "p:a", "p<p"),
    "other alerts": ("p:a", "p:b", "p<p"),
    "other alerts and another text": ("p:a", "x:b", "x<"),
    "none any more": ("p:a", "", ""),
    "a new one": ("p:a", "p:a q:b", "p<p q<"),
    "a new one before it": ("p:a", "q:b p:a", "q< p<p"),
    "a new one that shares something": ("p:ab", "p:ab q:a", "p<p q<"),
    "split": ("p:ab", "x:a y:b", "x<p y<p"),
    "split, one part has the key": ("p:ab", "p:a y:b", "p<p y<p"),
    "joined": ("p:a q:b", "x:ab", "x<p,q"),
    "joined in one of them": ("p:a q:b", "q:ab", "q<q,p"),
    "one of two is gone": ("p:a q:b", "q:b", "q<q"),
    "a line moved to a new one, another came": ("p:ab q:c", "p:bd q:c r:a", "p<p q<q r<p"),
    "the key went to another": ("p:a", "x:a p:b", "x<p p<"),
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_which_follows_which(case: str) -> None:
    before, after, wanted = FOLLOWED[case]
    followed = carryover.follow(traces(before), traces(after))
    found = {key: set(keys) for key, keys in followed.items()}
    expected = {
        word.partition("<")[0]: {key for key in word.partition("<")[2].split(",") if key} for word in wanted.split()
    }
    assert found == expected


def test_after_a_restart_a_place_is_better_than_nothing() -> None:
    """Of a period that has called no alert yet only the counters of its key are known."""
    unknown = (Trace("p", is_whole=False), Trace("q", frozenset({Target("b")}), is_whole=False))
    assert carryover.follow(unknown, traces("x:a y:b")) == {"x": ("p",), "y": ("q",)}
    part = (Trace("p", frozenset({Target("a")}), is_whole=False),)
    assert carryover.follow(part, traces("p:abc x:a")) == {"p": ("p",), "x": ()}, "what is known fits both, the key one"


def test_what_nothing_pays_any_more_tells_of_no_period() -> None:
    """Of the periods that a state knows, only what is still owed tells what they act upon."""
    of = watched("down lvs.alert down a", "up lvs.alert up a")
    owed = debts.owe((), of, of.periods[0], [of.periods[0].alerts[0].command], T0, target)
    unpaid = tuple(debts.mark_unpaid(debt, T0, "gone") for debt in owed)
    counters = {"p": PeriodState(alert_sent=1)}
    known = [carryover.traces_in(of, ServiceState(periods=counters, debts=each), target) for each in (owed, unpaid)]
    thing = frozenset({Target("lvs a", is_meant=True)})
    assert known == [(Trace("p", thing, is_whole=False),), (Trace("p", is_whole=False),)]


def failed(of: Service) -> ServiceState:
    """A state in which every period has alerted, each some seconds later and once more than the one before."""
    state = ServiceState(op_status=OpStatus.FAIL, first_failure=T0)
    for number, each in enumerate(of.periods, 1):
        counters = PeriodState(last_alert=T0 + number, alert_sent=number, counted_sent=number, fail_count=number)
        state = replace(state, periods={**state.periods, each.key: counters})
    return debts.recall(of, state, target)


def carried(before: Service, after: Service, *, is_restart: bool = False) -> ServiceState:
    state = failed(before)
    known = carryover.traces_in(before, state, target) if is_restart else carryover.traces_of(before, target)
    return carryover.carry(state, known, after, target)


@pytest.mark.parametrize("is_restart", [False, True])
def test_counters_and_debts_stand_at_the_period_that_follows(is_restart: bool) -> None:
    before = watched("down lvs.alert down a", "up lvs.alert up a", key="wd {Mon}")
    after = watched("down lvs.alert down a -W 1", "up lvs.alert up a", key="wd {Mon-Fri}")
    state = carried(before, after, is_restart=is_restart)
    assert dict(state.periods) == {"wd {Mon-Fri}": failed(before).periods["wd {Mon}"]}
    assert [debt.period for debt in state.debts] == ["wd {Mon-Fri}"]
    assert debts.recall(after, state, target) is state


def test_what_was_split_is_counted_once_and_owed_where_its_alert_is() -> None:
    before = watched("down mail bob", "up mail bob", "down lvs.alert down a", "up lvs.alert up a")
    parts = [watched(*texts, key=key).periods[0] for key, texts in (
        ("mail", ("down mail bob", "up mail bob")), ("lvs", ("down lvs.alert down a", "up lvs.alert up a")),
    )]  # fmt: skip
    state = carried(before, service(*parts))
    assert {key: (each.alert_sent, each.counted_sent) for key, each in state.periods.items()} == {
        "mail": (1, 1), "lvs": (1, 0),
    }  # fmt: skip
    assert {str(debt.command): debt.period for debt in state.debts} == {"mail bob": "mail", "lvs.alert down a": "lvs"}


def test_several_that_became_one_have_the_counters_of_the_one_that_alerted_most() -> None:
    first, second = (watched(f"down s {name}", f"up s {name}", key=name).periods[0] for name in "ab")
    after = replace(first, key="x", alerts=lines("down s a", "up s a", "down s b", "up s b"))
    state = carried(service(first, second), service(after))
    assert state.periods["x"] == PeriodState(last_alert=T0 + 2, alert_sent=2, counted_sent=3, fail_count=2)
    assert {debt.period for debt in state.debts} == {"x"}


def test_the_books_of_a_broken_check_are_carried_too() -> None:
    before = watched("down mail bob", "up mail bob", key="wd {Mon}")
    after = watched("down mail bob", "up mail bob", key="wd {Mon-Fri}")
    mine = PeriodState(last_alert=T0, alert_sent=3)
    state = replace(failed(before), other_outage=Outage(first_failure=T0, periods={"wd {Mon}": mine}))
    for known in (carryover.traces_of(before, target), carryover.traces_in(before, state, target)):
        other = carryover.carry(state, known, after, target).other_outage
        assert other is not None
        assert other.periods == {"wd {Mon-Fri}": mine}


def test_where_nothing_was_counted_nothing_has_to_follow() -> None:
    of = replace(watched(), failure_interval=1.0)
    state = ServiceState(op_status=OpStatus.OK, periods={"x": PeriodState()}, failure_interval_active=True)
    assert carryover.is_blank(state)
    assert carryover.blank(state, of) == replace(state, periods={})
    assert carryover.blank(replace(state, periods={}), of).failure_interval_active
    assert not carryover.blank(state, watched()).failure_interval_active
    counted = Outage(periods={"p": PeriodState(last_alert=T0)})
    assert not carryover.is_blank(replace(state, other_outage=counted))
    assert not carryover.is_blank(replace(state, periods={"p": PeriodState(fail_count=1)}))
    assert not carryover.is_blank(failed(of))


def test_the_interval_of_failures_is_applied_anew() -> None:
    before = replace(watched(), failure_interval=1.0)
    state = replace(failed(before), failure_interval_active=True)
    known = carryover.traces_of(before, target)
    assert carryover.carry(state, known, before, target).failure_interval_active
    assert not carryover.carry(state, known, watched(), target).failure_interval_active


# Whatever somebody makes of a file

THINGS = ("mail bob", "mail al", "lvs.alert down a", "lvs.alert down b", "page")


@st.composite
def declared(draw: st.DrawFn) -> Service:
    """A service of up to four periods, with some of five alerts and the upalerts that undo some of them."""
    keys = draw(st.lists(st.sampled_from("pqrs"), min_size=1, max_size=4, unique=True))
    periods = []
    for key in keys:
        chosen = draw(st.lists(st.sampled_from(THINGS), max_size=4, unique=True))
        texts = [f"down {thing}" for thing in chosen]
        texts += [f"up {thing.replace(' down ', ' up ')}" for thing in chosen if draw(st.booleans())]
        periods.append(watched(*texts, key=key).periods[0])
    return service(*periods)


@given(before=declared(), after=declared(), is_restart=st.booleans())
def test_no_debt_is_lost_and_each_is_paid_at_the_recovery(before: Service, after: Service, is_restart: bool) -> None:
    old = failed(before)
    state = carried(before, after, is_restart=is_restart)
    assert [(debt.command, debt.payers, debt.at) for debt in state.debts] == [
        (debt.command, debt.payers, debt.at) for debt in old.debts
    ]
    keys = {period.key for period in after.periods}
    assert state.periods.keys() <= keys
    paid = settled(after, state)
    for debt in state.debts:
        mine = target(after, debt.command)
        wanted = (
            {mine}
            if mine.is_meant and (debt.payers or mine in ups(after))
            else {target(after, payer) for payer in debt.payers}
        )
        assert wanted <= paid


@pytest.mark.slow
@given(of=declared(), is_restart=st.booleans())
def test_what_did_not_change_stays(of: Service, is_restart: bool) -> None:
    state = carried(of, of, is_restart=is_restart)
    assert state.debts == failed(of).debts
    assert state.periods == failed(of).periods


@given(of=declared(), order=st.randoms(use_true_random=False), is_restart=st.booleans())
def test_the_order_of_periods_does_not_matter(of: Service, order: object, is_restart: bool) -> None:
    periods = list(of.periods)
    order.shuffle(periods)  # type: ignore[attr-defined]  # a Random
    state = carried(of, service(*periods), is_restart=is_restart)
    assert dict(state.periods) == dict(failed(of).periods)
    assert state.debts == failed(of).debts


@given(of=declared())
def test_other_texts_alone_forget_nothing(of: Service) -> None:
    """Where no two periods act upon the same things there is no doubt which follows which."""
    renamed = service(*(replace(each, key=f"{each.key} anew") for each in of.periods))
    state = carried(of, renamed)
    known = [frozenset(target(of, alert.command) for alert in each.alerts) for each in of.periods]
    for each, things in zip(of.periods, known, strict=True):
        if things and known.count(things) == 1:
            assert state.periods[f"{each.key} anew"] == failed(of).periods[each.key]
    assert {debt.period for debt in state.debts} <= {period.key for period in renamed.periods}


NO_DOWN = Suppression(Rule.NO_DOWN_ALERT, "no down alert was sent")


def ups(of: Service) -> set[Target]:
    return {target(of, alert.command) for period in of.periods for alert in debts.upalerts(period)}


def settled(of: Service, state: ServiceState) -> set[Target]:
    """What a recovery acts upon, of its own and as payment."""
    called = [
        alert.command
        for period in of.periods
        if state.period(period.key).alert_sent
        for alert in debts.upalerts(period)
    ]
    held = {period.key: NO_DOWN for period in of.periods if not state.period(period.key).alert_sent}
    settlement = debts.settle(of, state.debts, debts.Recovery(T0, frozenset(called), held), target)
    assert not [debt for debt in settlement.debts if target(of, debt.command).is_meant]
    return {target(of, each) for each in (*called, *(payment.command for payment in settlement.payments))}
