"""What an outage owes, and what pays it (R-debts): tables of the pure rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pymon.core import debts, events
from pymon.core.context import SiteContext
from pymon.model.debt import Debt, Target
from pymon.model.effect import SendReason, SendRule
from pymon.model.result import Cause, CheckResult
from pymon.model.service import Alert, AlertKind, Command, ExitRange, Service
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from tests.core.build import T0, Site, period, service


def command(text: str) -> Command:
    name, _, words = text.partition(" ")
    return Command(name, words, tuple(words.split()))


def lines(*texts: str) -> tuple[Alert, ...]:
    """``down …`` and ``up …`` lines of a period; ``up!N …`` is called with the exit value N only."""
    kinds = {"down": AlertKind.ALERT, "up": AlertKind.UPALERT}
    found = []
    for text in texts:
        word, _, rest = text.partition(" ")
        kind, _, exitval = word.partition("!")
        only = ExitRange(int(exitval), int(exitval)) if exitval else None
        found.append(Alert(kinds[kind], command(rest), only))
    return tuple(found)


def watched(*texts: str, key: str = "p", when: str = "", **rules: Any) -> Service:
    return service(replace(period(key=key, when=when, **rules), alerts=lines(*texts)))


def target(_service: Service, of: Command) -> Target:
    """What programs called lvs.alert act upon is their second word, however the others are; of others: their words."""
    if of.name == "lvs.alert":
        return Target(f"lvs {of.arguments[1]}", is_meant=True)
    return Target("\0".join((of.name, *of.arguments)))


def site(of: Service) -> _Site:
    return _Site((of,))


class _Site(Site):
    @property
    def context(self) -> SiteContext:
        return replace(super().context, target=target)

    def become(self, of: Service) -> None:
        """mon.cf is another, and nothing else is done."""
        self.services = (of,)

    def paid(self) -> list[str]:
        """The upalerts of a success."""
        return [str(call.command) for call in self.ok().alerts]


LVS = ("down lvs.alert down a", "up lvs.alert up a")

UNDOING = {
    "the same words": (("down mail bob", "up mail bob", "up mail alice"), ["mail bob"]),
    "the same thing": (("down lvs.alert down a", "up lvs.alert up b", "up lvs.alert up a"), ["lvs.alert up a"]),
    "no upalert for the thing": (("down lvs.alert down a", "up lvs.alert up b", "up mail bob"), []),
    "no upalert": (("down mail bob",), []),
    "a pair, by place": (("down s stop a", "down s stop b", "up s start a", "up s start b"), ["s start a"]),
    "more of the name": (("down s stop a", "up s start a", "up s tell a"), ["s start a", "s tell a"]),
    "another program": (("down stop a", "down mail bob", "up mail bob", "up start a"), ["start a"]),
    "others, by place": (("down stop a", "down halt b", "up start a", "up run b"), ["start a"]),
    "others, unequal": (("down stop a", "up start a", "up run b"), ["start a", "run b"]),
    "all are others' pairs": (("down page", "down mail bob", "up mail bob"), []),
    "one that no recovery calls": (("down mail bob", "up!3 mail bob"), []),
    "one that is written twice": (("down mail bob", "down mail bob", "up mail bob", "up mail bob"), ["mail bob"]),
}


@pytest.mark.parametrize("case", UNDOING)
def test_which_upalerts_undo_an_alert(case: str) -> None:
    texts, wanted = UNDOING[case]
    of = watched(*texts)
    called = lines(*texts)[0].command
    (debt,) = debts.owe((), of, of.periods[0], [called], T0, target)
    assert [str(payer) for payer in debt.payers] == wanted
    assert (debt.command, debt.period, debt.at) == (called, "p", T0)


def test_the_upalert_may_stand_in_a_period_of_its_own() -> None:
    texts = ("down lvs.alert down a", "down s out"), ("up lvs.alert up a", "up s in", "up other in")
    first, second = (watched(*each, key=key).periods[0] for each, key in zip(texts, "pq", strict=True))
    for no_comp_alerts, wanted in ((True, ["lvs.alert up a", "s in"]), (False, ["lvs.alert up a"])):
        of = service(first, replace(second, no_comp_alerts=no_comp_alerts))
        owed = debts.owe((), of, first, [alert.command for alert in first.alerts], T0, target)
        assert [str(payer) for debt in owed for payer in debt.payers] == wanted
        mine = site(of)
        mine.fail()
        assert mine.paid() == (["lvs.alert up a", "s in", "other in"] if no_comp_alerts else ["lvs.alert up a"])


def test_an_outage_remembers_each_thing_once_and_since_when() -> None:
    mine = site(watched(*LVS, "down mail bob", "up mail bob"))
    mine.fail()
    began = mine.now
    mine.fail()
    assert [(str(debt.command), debt.at) for debt in mine.state.debts] == [
        ("lvs.alert down a", began),
        ("mail bob", began),
    ]
    assert mine.paid() == ["lvs.alert up a", "mail bob"]
    assert not mine.state.debts
    assert not mine.paid(), "once"


def test_an_alert_that_was_held_back_owes_nothing() -> None:
    mine = site(watched(*LVS, alertafter_consecutive=3))
    mine.fail()
    assert not mine.state.debts
    assert not mine.paid()


# mon.cf has changed meanwhile, and the counters of the period are lost: the debts alone have to see to it

PAYMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "nothing changed": (LVS, LVS, ["lvs.alert up a"]),
    "other options, the same thing": (
        LVS,
        ("down lvs.alert down a", "up lvs.alert up a -W 9"),
        ["lvs.alert up a -W 9"],
    ),
    "the down line is gone": (LVS, ("up lvs.alert up a",), ["lvs.alert up a"]),
    "the upalert is gone": (LVS, ("down lvs.alert down a",), ["lvs.alert up a"]),
    "both are gone": (LVS, ("down mail bob", "up mail bob"), ["lvs.alert up a"]),
    "all is gone": (LVS, (), ["lvs.alert up a"]),
    "another thing now": (LVS, ("down lvs.alert down b", "up lvs.alert up b"), ["lvs.alert up a"]),
    "an upalert that there was not": (("down lvs.alert down a",), LVS, ["lvs.alert up a"]),
    "never an upalert": (("down lvs.alert down a",), ("down lvs.alert down a",), []),
    "words: gone": (("down s stop", "up s start"), (), ["s start"]),
    "words: others": (("down mail bob", "up mail bob"), ("down mail al", "up mail al"), ["mail bob"]),
    "words: one of two is gone": (("down s x", "up s a", "up s b"), ("down s x", "up s a"), ["s b"]),
}
KEEPS_COUNTERS = {"words: one of two is gone": ["s a", "s b"], "words: others": ["mail al", "mail bob"]}
KEEPS_COUNTERS |= {
    "both are gone": ["mail bob", "lvs.alert up a"],
    "another thing now": ["lvs.alert up b", "lvs.alert up a"],
}


@pytest.mark.parametrize("case", PAYMENTS)
def test_what_pays_after_a_change(case: str) -> None:
    before, after, wanted = PAYMENTS[case]
    mine = site(watched(*before))
    mine.fail()
    mine.become(watched(*after))
    assert mine.paid() == KEEPS_COUNTERS.get(case, wanted)
    assert not mine.state.debts


@pytest.mark.parametrize("case", [case for case in PAYMENTS if "words" not in case])
def test_a_thing_is_paid_for_though_no_period_knows_of_its_alert(case: str) -> None:
    """As after a boot of the machine, or in a period by another name."""
    before, after, wanted = PAYMENTS[case]
    mine = site(watched(*before))
    mine.fail()
    mine.become(watched(*after, key="another"))
    mine.set(periods={})
    verdict = mine.ok()
    assert [str(call.command) for call in verdict.alerts] == wanted
    if any(call.period == "another" for call in verdict.alerts):
        assert not verdict.held, "that no down alert was sent would be untrue"
    assert [call.reason.pays == "lvs.alert down a" for call in verdict.alerts] == [True for _ in wanted]


def test_the_period_in_force_pays_what_another_one_owes() -> None:
    """Day and night have the same lines; mon knows of no down alert at night."""
    day, night = (watched(*LVS, key=key, when=when).periods[0] for key, when in (("day", "none"), ("night", "")))
    mine = site(service(replace(day, spec=night.spec), replace(night, spec=day.spec)))
    mine.fail()
    mine.become(service(day, night))
    assert mine.paid() == ["lvs.alert up a"]


def test_of_two_lines_for_one_thing_one_pays() -> None:
    mine = site(service(*(watched(*LVS, key=key).periods[0] for key in ("one", "two"))))
    mine.fail()
    assert len(mine.state.debts) == 2
    mine.become(watched())
    assert mine.paid() == ["lvs.alert up a"]


HELD: dict[str, tuple[dict[str, Any], bool]] = {
    "upalertafter": ({"upalertafter": 3600.0}, False),
    "no such program": ({}, False),
    "outside the period": ({"when": "none"}, True),
    "service disabled": ({}, True),
    "watch disabled": ({}, True),
    "stopped": ({}, True),
}


@pytest.mark.parametrize("obstacle", HELD)
@pytest.mark.parametrize("program", ["lvs.alert", "script"])
def test_what_is_held_back_waits_or_is_listed_as_unpaid(program: str, obstacle: str) -> None:
    rules, passes = HELD[obstacle]
    texts = (f"down {program} down a", f"up {program} up a")
    mine = site(watched(*texts))
    mine.fail()
    mine.become(watched(*texts, **rules))
    if obstacle == "no such program":
        mine.missing = frozenset({program})
    mine.stopped = obstacle == "stopped"
    mine.disabled_services = {mine.service.key} if obstacle == "service disabled" else set()
    mine.disabled_watches = {mine.service.group} if obstacle == "watch disabled" else set()
    assert not mine.paid()
    (debt,) = mine.state.debts
    waits = passes and program == "lvs.alert"
    assert bool(debt.unpaid_since) is not waits
    if not waits:
        assert debt.why
    mine.become(watched(*texts))
    mine.stopped, mine.missing = False, frozenset()
    mine.disabled_services, mine.disabled_watches = set(), set()
    assert mine.paid() == (["lvs.alert up a"] if waits else [])
    assert mine.paid() == []
    mine.fail()
    assert mine.paid() == [f"{program} up a"], "the next outage is told, and pays the old debt with it"
    assert not mine.state.debts


def test_an_outage_ended_by_hand_is_put_right_where_the_thing_is_known() -> None:
    """Q15: nobody is told of the end of an outage that somebody ended by hand; but no real server stays out."""
    mine = site(watched(*LVS, "down mail bob", "up mail bob"))
    mine.fail()
    mine.set(op_status=OpStatus.OK)
    assert mine.paid() == ["lvs.alert up a"]
    (debt,) = mine.state.debts
    assert str(debt.command) == "mail bob"
    assert debt.unpaid_since
    assert "ended without a success" in debt.why


def test_who_begins_anew_pays_at_the_first_success() -> None:
    mine = site(watched(*LVS, "down mail bob", "up mail bob"))
    mine.fail()
    mine.states.update(debts.keep_debts(mine.states))
    assert mine.state == ServiceState(debts=mine.state.debts)
    assert mine.paid() == ["lvs.alert up a", "mail bob"]
    assert not mine.state.debts


def test_a_second_down_alert_about_an_unpaid_thing_is_owed_again() -> None:
    unpaid = Debt(command("lvs.alert down a"), "p", T0, (command("lvs.alert up a"),), T0, "held")
    of = watched(*LVS)
    (debt,) = debts.owe((unpaid,), of, of.periods[0], [unpaid.command], T0 + 9, target)
    assert (debt.at, debt.unpaid_since, debt.why) == (T0 + 9, 0.0, "")


def test_unpaid_debts_are_listed_for_thirty_days() -> None:
    held = Debt(command("mail bob"), "p", T0, (command("mail bob"),), T0, "held")
    owed = replace(held, unpaid_since=0.0)
    day = 86400.0
    assert debts.without_old((held, owed), T0 + 30 * day - 1) == (held, owed)
    assert debts.without_old((held, owed), T0 + 30 * day) == (owed,)
    assert debts.without_old((owed,), T0 + 99 * day) == (owed,)


def test_states_of_elsewhere_are_supposed_to_owe_all_their_alerts() -> None:
    """An older pymon's record, or mon's file: counters only."""
    mine = site(watched(*LVS, "down mail bob", "up mail bob"))
    mine.fail()
    bare = replace(mine.state, debts=())
    assert debts.recall(mine.service, bare, target).debts == mine.state.debts
    assert debts.recall(mine.service, mine.state, target) is mine.state
    assert debts.recall(mine.service, ServiceState(), target) == ServiceState()


def test_a_service_owes_a_bounded_number() -> None:
    of = watched(*LVS)
    owed = debts.owe((), of, of.periods[0], [command(f"s {n}") for n in range(2000)], T0, target)
    assert len(owed) == debts.DEBTS_KEPT
    assert str(owed[-1].command) == "s 1999"


def test_an_upalert_of_another_service_pays_too() -> None:
    of = watched(*LVS)
    owed = debts.owe((), of, of.periods[0], [command("lvs.alert down a"), command("lvs.alert down b")], T0, target)
    left = debts.without_paid(of, owed, {Target("lvs a", is_meant=True)}, target)
    assert [str(debt.command) for debt in left] == ["lvs.alert down b"]
    assert debts.without_paid(of, left, {Target("lvs a", is_meant=True)}, target) is left


def test_the_payment_is_an_upalert_like_any_other() -> None:
    mine = site(watched(*LVS))
    mine.fail("gone\n")
    mine.become(watched(key="q"))
    (call,) = mine.ok().alerts
    assert (call.list_kind, call.history_word, call.period, call.output) == (
        AlertKind.UPALERT,
        "upalert",
        "p",
        "gone\n",
    )
    assert call.reason == SendReason(SendRule.DEBT, pays="lvs.alert down a", is_gone=True)
    assert mine.state.alert_count == 2


def test_a_success_costs_nothing_where_nothing_is_owed() -> None:
    def ask(_service: Service, _command: Command) -> Target:
        raise AssertionError("nothing is owed")

    of = watched(*LVS)
    result = CheckResult(0, "")
    verdict = events.observe(of, ServiceState(), result, T0, SiteContext(services={of.key: of}, target=ask))
    assert verdict.effects is not None


def test_what_changes_the_kernel_owes_nothing_for_a_broken_check() -> None:
    """R-broken: lvs.alert answers that it is not done; who was told by mail is told of the end."""

    def kernel(of: Service, command: Command) -> Target:
        return replace(target(of, command), heeds_broken=command.name != "lvs.alert")

    of = watched(*LVS, "down mail bob", "up mail bob")
    context = SiteContext(services={of.key: of}, target=kernel)
    broken = CheckResult(127, "no interpreter", cause=Cause.NOT_STARTED)
    state = events.observe(of, ServiceState(), broken, T0, context).state
    assert [str(debt.command) for debt in state.debts] == ["mail bob"]
    state = events.observe(of, state, CheckResult(1, "down"), T0 + 9, context).state
    assert {str(debt.command) for debt in state.debts} == {"mail bob", "lvs.alert down a"}
    verdict = events.observe(of, state, CheckResult(0, ""), T0 + 19, context)
    assert [str(call.command) for call in verdict.alerts] == ["lvs.alert up a", "mail bob"]
    assert not verdict.state.debts


@pytest.mark.parametrize(
    ("after", "lines_that_pay", "unlisted"),
    [
        (("down lvs.alert down a", "up lvs.alert up a"), ["lvs.alert up a"], []),
        (("down lvs.alert down a", "up lvs.alert up b"), [], ["lvs.alert up a"]),
        (("up lvs.alert gone a", "up lvs.alert up a"), ["lvs.alert gone a", "lvs.alert up a"], []),
        (("up mail bob",), [], ["lvs.alert up a"]),
    ],
)
def test_which_lines_pay_for_a_thing(after: tuple[str, ...], lines_that_pay: list[str], unlisted: list[str]) -> None:
    debt = Debt(command("lvs.alert down a"), "p", T0, (command("lvs.alert up a"),))
    of = watched(*after)
    assert [str(line[1]) for line in debts.paying_lines(of, debt, target)] == lines_that_pay
    assert [str(each) for each in debts.unlisted_payers(of, debt, target)] == unlisted


@pytest.mark.parametrize(
    ("after", "lines_that_pay", "unlisted"),
    [
        (("up mail bob", "up page bob"), ["mail bob", "page bob"], []),
        (("up page bob",), ["page bob"], ["mail bob"]),
        (("up mail ann",), [], ["mail bob", "page bob"]),
    ],
)
def test_which_lines_pay_for_words(after: tuple[str, ...], lines_that_pay: list[str], unlisted: list[str]) -> None:
    """Where a program does not say what it acts upon, each upalert of that time is paid by its own words."""
    debt = Debt(command("mail bob"), "p", T0, (command("mail bob"), command("page bob")))
    of = watched(*after)
    assert [str(line[1]) for line in debts.paying_lines(of, debt, target)] == lines_that_pay
    assert [str(each) for each in debts.unlisted_payers(of, debt, target)] == unlisted


def test_what_is_listed_as_unpaid_stays_listed_until_something_pays_it() -> None:
    debt = debts.mark_unpaid(Debt(command("lvs.alert down a"), "p", T0, (command("lvs.alert up a"),)), T0, "gone")
    of = watched("down lvs.alert down a", "up lvs.alert up a")
    alone = debts.settle(of, (debt,), debts.Recovery(at=T0 + 9), target)
    assert alone == debts.Settlement((debt,))
    called = debts.Recovery(at=T0 + 9, called=frozenset({command("lvs.alert up a")}))
    assert debts.settle(of, (debt,), called, target) == debts.Settlement(())
