"""Which period of a new configuration follows which of the old one, and what it takes over (R-follow). Pure.

Periods are compared by what their alerts act upon, and by their keys (label or text) only where that leaves a choice:
who edits a period's text, exchanges labels or moves lines has not ended the outage. A period that shares neither its
key nor anything its alerts act upon with an old one is new, and begins with fresh counters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from pymon.core.context import TargetOf
from pymon.model.debt import Debt, Target
from pymon.model.service import AlertKind, Period, Service
from pymon.model.state import PeriodState, ServiceState

_FRESH = PeriodState()
_ACTING = frozenset({AlertKind.ALERT, AlertKind.UPALERT})


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of a period: its key, and what its alerts and upalerts act upon (``is_whole``: all of them)."""

    key: str
    targets: Set[Target] = frozenset()
    is_whole: bool = True


def traces_of(service: Service, target: TargetOf) -> tuple[Trace, ...]:
    """The periods that a service declares."""
    return tuple(Trace(period.key, frozenset(_targets(service, period, target))) for period in service.periods)


def traces_in(service: Service, state: ServiceState, target: TargetOf) -> tuple[Trace, ...]:
    """The periods that a state tells of, by its counters and debts: all that is left after a restart."""
    other = state.other_outage.periods if state.other_outage is not None else {}
    found: dict[str, set[Target]] = {key: set() for key in (*state.periods, *other)}
    for debt in state.debts:
        if not debt.unpaid_since:
            acting = found.setdefault(debt.period, set())
            acting |= {target(service, command) for command in (debt.command, *debt.payers)}
    return tuple(Trace(key, frozenset(targets), is_whole=False) for key, targets in found.items())


def follow(old: Sequence[Trace], new: Sequence[Trace]) -> dict[str, tuple[str, ...]]:
    """For each new period (its key) the old ones that it follows, none for one that is new.

    Each has its best match first: most in common, then the same key, then the nearest place. An old one that is left
    over joins whatever it has something in common with (several became one), and a new one takes part in an old one
    of which it has something that the best match has no more (one became several).
    """
    pairs = sorted(
        (-_likeness(before, after), before.key != after.key, abs(i - j), i, j)
        for i, before in enumerate(old)
        for j, after in enumerate(new)
        if _is_kin(before, after, is_same_place=i == j)
    )
    heir: dict[int, int] = {}
    for *_, i, j in pairs:
        if i not in heir and j not in heir.values():
            heir[i] = j
    taken = set(heir.values())
    followed: dict[str, list[str]] = {after.key: [] for after in new}
    for *_, i, j in pairs:
        common = old[i].targets & new[j].targets
        is_joined = i not in heir and bool(common)
        is_split = i in heir and j not in taken and bool(common - new[heir[i]].targets)
        if heir.get(i) == j or is_joined or is_split:
            followed[new[j].key].append(old[i].key)
    return {key: tuple(keys) for key, keys in followed.items()}


def is_blank(state: ServiceState) -> bool:
    """Whether no period has counted anything, and nothing is owed: then it does not matter what follows what."""
    other = state.other_outage.periods if state.other_outage is not None else {}
    return not state.debts and all(each == _FRESH for each in (*state.periods.values(), *other.values()))


def blank(state: ServiceState, service: Service) -> ServiceState:
    """Such a state as it fits what is declared of the service now."""
    is_active = state.failure_interval_active and service.failure_interval is not None
    if not state.periods and is_active is state.failure_interval_active:
        return state
    return replace(state, periods={}, failure_interval_active=is_active)


def carry(state: ServiceState, old: Sequence[Trace], service: Service, target: TargetOf) -> ServiceState:
    """A state as it fits what is declared of the service now: counters and debts stand at the periods that follow."""
    new = traces_of(service, target)
    followed = follow(old, new)
    other = state.other_outage
    return replace(
        state,
        periods=_carry_counters(state.periods, followed),
        other_outage=None if other is None else replace(other, periods=_carry_counters(other.periods, followed)),
        debts=tuple(_carry_debt(debt, target(service, debt.command), new, followed) for debt in state.debts),
        failure_interval_active=state.failure_interval_active and service.failure_interval is not None,
    )


def _carry_counters(
    counters: Mapping[str, PeriodState], followed: Mapping[str, Sequence[str]]
) -> dict[str, PeriodState]:
    carried = {}
    counted: set[str] = set()
    for key, before in followed.items():
        mine = _merge([counters[each] for each in before if each in counters])
        if mine != _FRESH:  # what is shown as sent is shown once
            carried[key] = replace(mine, counted_sent=0) if counted.issuperset(before) else mine
            counted.update(before)
    return carried


def _carry_debt(debt: Debt, mine: Target, new: Sequence[Trace], followed: Mapping[str, Sequence[str]]) -> Debt:
    """A debt at the period that follows its own: at the one with an alert for the same thing, if there are several."""
    heirs = [trace for trace in new if debt.period in followed[trace.key]]
    key = next((trace.key for trace in heirs if mine in trace.targets), heirs[0].key if heirs else debt.period)
    return debt if key == debt.period else replace(debt, period=key)


def _targets(service: Service, period: Period, target: TargetOf) -> Iterator[Target]:
    return (target(service, alert.command) for alert in period.alerts if alert.kind in _ACTING)


def _is_kin(before: Trace, after: Trace, *, is_same_place: bool) -> bool:
    """Whether one may follow the other at all; where it is not known what an old one acted upon, the place decides."""
    return (
        before.key == after.key
        or bool(before.targets & after.targets)
        or (is_same_place and not (before.targets or before.is_whole))
    )


def _likeness(before: Trace, after: Trace) -> float:
    """How much of what two periods act upon is common to them, from 0 to 1."""
    every = before.targets | after.targets if before.is_whole else before.targets
    return len(before.targets & after.targets) / len(every) if every else 0.0


def _merge(counters: Iterable[PeriodState]) -> PeriodState:
    """The counters of several periods as those of one: it has alerted as often, and as lately, as any of them."""
    known = list(counters)
    if len(known) < 2:  # nothing to merge
        return known[0] if known else _FRESH
    began = [each.first_fail_time for each in known if each.first_fail_time]
    return PeriodState(
        last_alert=max(each.last_alert for each in known),
        alert_sent=max(each.alert_sent for each in known),
        counted_sent=sum(each.counted_sent for each in known),
        first_fail_time=min(began, default=0.0),
        fail_count=max(each.fail_count for each in known),
    )
