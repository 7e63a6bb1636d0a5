"""Those who want to be told."""

from __future__ import annotations

from collections.abc import Callable

from pymon.observers import Observers


def test_all_are_told_in_their_order_and_one_that_fails_stops_no_other() -> None:
    told: list[str] = []
    failed: list[str] = []
    observers = Observers[str](failed.append)
    assert not observers

    def fail(event: str) -> None:
        told.append(f"fail {event}")
        raise ValueError(event)

    observers.observe(lambda event: told.append(f"first {event}"))
    observers.observe(fail)
    observers.observe(lambda event: told.append(f"last {event}"))
    assert observers
    observers.tell("a")
    assert (told, failed) == (["first a", "fail a", "last a"], ["a"])


def test_each_subscription_ends_by_itself() -> None:
    told: list[int] = []
    observers = Observers[int](lambda _: None)
    first, second = observers.observe(told.append), observers.observe(told.append)
    observers.tell(1)
    first()
    first()
    observers.tell(2)
    second()
    observers.tell(3)
    assert told == [1, 1, 2]


def test_observers_may_come_and_go_while_they_are_told() -> None:
    told: list[str] = []
    observers = Observers[str](lambda _: None)
    ends: list[Callable[[], None]] = []

    def once(event: str) -> None:
        told.append(event)
        ends[0]()
        observers.observe(told.append)

    ends.append(observers.observe(once))
    observers.tell("a")
    observers.tell("b")
    assert told == ["a", "b"]
