"""The order of calls that change the state of something: about one thing they follow each other, and the newest wins.

Each call is a decision, and they are numbered as they are made. Names are looked up in between, which takes some longer
than others: what counts is the number, not who comes first.

    opened     it was decided; what it acts upon may have to be looked up first
    entered    that is known. It is overtaken at once if a newer call about one of its things has begun
    begun      those before it about one of its things are done, or overtaken, and it is being tried

A call that has not begun is overtaken by a newer one that is about all of its things; one that has begun, and failed,
by a newer one that is about any of them. What was begun is remembered as long as an older call is open: so a name that
can be looked up at last does not undo what was decided later.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pymon.alert.limits import AlertLimits
from pymon.contract.plugin import Subject


@dataclass(slots=True, eq=False)
class OrderedCall:
    """One call. ``newer`` is the newest of those that take its place, if there is one.

    ``spelled`` is what it acts upon as its text says it; ``changed`` wakes it when its turn may have come, and
    ``overtaken`` from a pause.
    """

    number: int
    name: str
    spelled: str
    subject: Subject | None = None
    has_begun: bool = False
    newer: OrderedCall | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    overtaken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def overtaken_by(self) -> str:
        """The name of the newest call that takes its place; nothing if there is none."""
        return "" if self.newer is None else self.newer.name

    @property
    def things(self) -> frozenset[str]:
        """What it is about: whatever has one of these, or has it besides, is about the same."""
        return frozenset() if self.subject is None else self.subject.things | {self.spelled}

    @property
    def all_things(self) -> frozenset[str]:
        """The same, with what it is about besides."""
        return frozenset() if self.subject is None else self.things | self.subject.also

    def meets(self, other: OrderedCall) -> bool:
        """Whether both are about the same, be it in part."""
        return not (self.things.isdisjoint(other.all_things) and self.all_things.isdisjoint(other.things))

    def covers(self, older: OrderedCall) -> bool:
        """Whether nothing is left of an older one when this one is done."""
        if self.subject is None or older.subject is None:
            return False
        return self.spelled == older.spelled or older.subject.things <= self.subject.things


class Order:
    """All decisions that are not carried out yet."""

    def __init__(self, limits: AlertLimits | None = None) -> None:
        self._remembered = (limits or AlertLimits()).remembered
        self._numbers = itertools.count(1)
        self._earlier = itertools.count(-(2**62))
        self._open: dict[int, OrderedCall] = {}
        self._entered: dict[str, list[OrderedCall]] = {}
        self._begun: dict[str, OrderedCall] = {}
        self._begun_besides: dict[str, OrderedCall] = {}
        self._forget_at = self._remembered

    def open(self, name: str, spelled: str, *, is_earlier: bool = False) -> OrderedCall:
        """The next decision. ``is_earlier``: it was made before all those that are not; in their order."""
        number = next(self._earlier if is_earlier else self._numbers)
        decision = self._open[number] = OrderedCall(number, name, spelled)
        return decision

    def enter(self, decision: OrderedCall, subject: Subject) -> None:
        """Let a call take its place among those about the same, or take another one."""
        self._leave(decision)
        decision.subject = subject
        newest = self._newest_begun(decision)
        if newest.number > decision.number:
            self._overtake(decision, newest)
            return
        for other in self._about_the_same(decision):
            if other.number < decision.number and (other.has_begun or decision.covers(other)):
                self._overtake(other, decision)
            elif other.number > decision.number and (decision.has_begun or other.covers(decision)):
                self._overtake(decision, other)
        for thing in decision.all_things:
            self._entered.setdefault(thing, []).append(decision)

    def is_next(self, decision: OrderedCall) -> bool:
        """Whether no older call about one of its things is left."""
        return not any(other.number < decision.number for other in self._about_the_same(decision))

    async def wait_for_turn(self, decision: OrderedCall) -> None:
        """Return when it is next, or overtaken."""
        while not decision.overtaken_by and not self.is_next(decision):
            decision.changed.clear()
            await decision.changed.wait()

    def begin(self, decision: OrderedCall) -> None:
        """It is its turn: older calls about the same are too late from now on."""
        decision.has_begun = True
        self._begun.update(dict.fromkeys(decision.things, decision))
        self._begun_besides.update(dict.fromkeys(decision.all_things - decision.things, decision))

    def close(self, decision: OrderedCall) -> None:
        """Nothing is left to do of it."""
        self._open.pop(decision.number, None)
        self._leave(decision)
        self._forget()

    def _leave(self, decision: OrderedCall) -> None:
        neighbours = list(self._about_the_same(decision))
        for thing in decision.all_things:
            left = [other for other in self._entered.get(thing, ()) if other is not decision]
            if left:
                self._entered[thing] = left
            else:
                self._entered.pop(thing, None)
        for other in neighbours:
            other.changed.set()

    def _about_the_same(self, decision: OrderedCall) -> Iterator[OrderedCall]:
        found = itertools.chain.from_iterable(self._entered.get(thing, ()) for thing in decision.all_things)
        return (other for other in dict.fromkeys(found) if other is not decision and decision.meets(other))

    def _overtake(self, decision: OrderedCall, newer: OrderedCall) -> None:
        if decision.newer is None or decision.newer.number < newer.number:
            decision.newer = newer
        decision.overtaken.set()
        decision.changed.set()

    def _newest_begun(self, decision: OrderedCall) -> OrderedCall:
        """The newest call about the same that has begun; the decision itself if there is none."""
        found = [*_of(self._begun, decision.all_things), *_of(self._begun_besides, decision.things)]
        return max(found, default=decision, key=lambda each: each.number)

    def _forget(self) -> None:
        if not self._open:
            self._begun.clear()
            self._begun_besides.clear()
        elif len(self._begun) + len(self._begun_besides) > self._forget_at:
            oldest = min(self._open)
            for known in (self._begun, self._begun_besides):
                for thing in [thing for thing, each in known.items() if each.number < oldest]:
                    del known[thing]
            self._forget_at = max(self._remembered, 2 * (len(self._begun) + len(self._begun_besides)))


def _of(known: Mapping[str, OrderedCall], things: Iterable[str]) -> Iterator[OrderedCall]:
    return (known[thing] for thing in things if thing in known)
