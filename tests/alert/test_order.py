"""The order of calls: who waits for whom, who overtakes whom, in whatever order their names are looked up."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pymon.alert.limits import AlertLimits
from pymon.alert.order import Order, OrderedCall
from pymon.contract.plugin import Subject


def about(*things: str, also: tuple[str, ...] = ()) -> Subject:
    return Subject(frozenset(things), frozenset(also))


def entered(order: Order, name: str, *things: str, also: tuple[str, ...] = ()) -> OrderedCall:
    decision = order.open(name, f"{name} as written")
    order.enter(decision, about(*things, also=also))
    return decision


def test_calls_about_one_thing_follow_each_other_and_others_do_not_wait() -> None:
    order = Order()
    first, other = entered(order, "first", "a", "b"), entered(order, "other", "c")
    order.begin(first)
    second = entered(order, "second", "b", "d")
    assert order.is_next(other)
    assert not order.is_next(second)
    order.close(first)
    assert order.is_next(second)


def test_of_those_that_wait_the_newest_that_covers_the_others_wins() -> None:
    """A-order: one that is about a part only leaves the rest to the older one."""
    order = Order()
    one, both, part = entered(order, "one", "a"), entered(order, "both", "a", "b"), entered(order, "part", "b")
    assert one.overtaken_by == "both"
    assert both.overtaken_by == ""
    assert order.is_next(both) is False
    order.close(one)
    assert order.is_next(both)
    assert not order.is_next(part)


def test_one_that_failed_gives_way_to_a_newer_one_about_any_of_its_things() -> None:
    """A-order: doing it again would undo a part of the newer decision."""
    order = Order()
    old = entered(order, "old", "a", "b")
    order.begin(old)
    entered(order, "new", "b")
    assert old.overtaken_by == "new"
    assert old.overtaken.is_set()


def test_a_lookup_that_takes_long_does_not_let_the_old_follow_the_new() -> None:
    """A-order-identity: what counts is when it was decided, not when its name was found."""
    order = Order()
    old, new = order.open("old", "www1:80"), order.open("new", "10.0.0.1:80")
    order.enter(new, about("10.0.0.1:80"))
    order.begin(new)
    order.close(new)
    order.enter(old, about("10.0.0.1:80"))
    assert old.overtaken_by == "new"


def test_an_old_one_that_is_found_while_the_new_one_waits_does_not_run_for_nothing() -> None:
    order = Order()
    running = entered(order, "running", "a")
    order.begin(running)
    old = order.open("old", "w")
    new = entered(order, "new", "a")
    order.enter(old, about("a"))
    assert (old.overtaken_by, new.overtaken_by, running.overtaken_by) == ("new", "", "new")


def test_a_name_is_the_same_name_wherever_it_leads() -> None:
    """A-order-identity: it may have another address by now."""
    order = Order()
    old = order.open("old", "www1:80")
    order.enter(old, about("10.0.0.1:80"))
    order.begin(old)
    new = order.open("new", "www1:80")
    order.enter(new, about("10.0.0.2:80"))
    assert old.overtaken_by == "new"


def test_two_names_of_one_address_differ_where_only_the_bare_address_means_either() -> None:
    order = Order()
    one = entered(order, "one", "http://am1/", also=("http://10.0.0.1/",))
    order.begin(one)
    two = entered(order, "two", "http://am2/", also=("http://10.0.0.1/",))
    assert (one.overtaken_by, order.is_next(two)) == ("", True)
    order.begin(two)
    bare = entered(order, "bare", "http://10.0.0.1/")
    assert {one.overtaken_by, two.overtaken_by} == {"bare"}
    assert not order.is_next(bare)
    late = OrderedCall(0, "late", "x")
    order.close(one)
    order.close(two)
    order.begin(bare)
    order.enter(late, about("http://am1/", also=("http://10.0.0.1/",)))
    assert late.overtaken_by == "bare"


def test_what_an_earlier_daemon_left_is_older_than_everything() -> None:
    order = Order()
    new = order.open("new", "a")
    left = order.open("left", "a", is_earlier=True)
    order.enter(new, about("a"))
    order.enter(left, about("a"))
    assert left.overtaken_by == "new"
    assert order.open("left too", "b", is_earlier=True).number > left.number


def test_one_that_takes_its_place_anew_gives_up_the_old_one() -> None:
    order = Order()
    decision = entered(order, "it", "a")
    order.enter(decision, about("b"))
    assert order.is_next(entered(order, "other", "a"))
    assert not order.is_next(entered(order, "another", "b"))


def test_nothing_is_remembered_longer_than_needed() -> None:
    order = Order(AlertLimits(remembered=10))
    for number in range(50):
        decision = entered(order, "it", f"thing {number}")
        order.begin(decision)
        order.close(decision)
    assert not order._begun
    stuck = order.open("stuck", "s")
    for number in range(50):
        decision = entered(order, "it", f"thing {number}")
        order.begin(decision)
        order.close(decision)
    assert len(order._begun) >= 50, "it may turn out to be about one of these"
    order.close(stuck)
    assert not order._begun


@given(st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=1, max_size=6), st.integers(0, 2**32))
def test_no_older_decision_is_ever_carried_out_after_a_newer_one(things: list[set[str]], seed: int) -> None:
    """A-order-identity: any calls, found in any order, that fail any number of times."""
    random = Random(seed)
    order = Order()
    decisions = [order.open(str(number), f"text {number}") for number in range(len(things))]
    done: dict[str, int] = {}
    waiting: list[OrderedCall] = []
    to_find = random.sample(decisions, len(decisions))
    while to_find or waiting:
        for decision in [decision for decision in waiting if decision.overtaken_by]:
            waiting.remove(decision)
            order.close(decision)
        ready = [decision for decision in waiting if order.is_next(decision)]
        if to_find and (not ready or random.random() < 0.5):
            decision = to_find.pop()
            order.enter(decision, about(*things[int(decision.name)]))
            waiting.append(decision)
        elif ready:
            decision = random.choice(ready)
            order.begin(decision)
            if random.random() < 0.5:
                continue  # it failed, and is tried again
            for thing in things[int(decision.name)]:
                assert done.get(thing, -1) < int(decision.name)
                done[thing] = int(decision.name)
            waiting.remove(decision)
            order.close(decision)
        else:
            assert any(decision.overtaken_by for decision in waiting) or not waiting, "they wait for each other"
    assert done[max(things[-1])] == len(things) - 1, "the newest of all is done"
    if all(len(each) == 1 for each in things):
        assert done == {thing: number for number, several in enumerate(things) for thing in several}
