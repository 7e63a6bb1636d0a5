"""What survives a re-read of the configuration: pure comparison of what was declared with what is.

A service that leaves the configuration keeps its state and its debts (R-debts) for a while: it may come back at the
next re-read, or as another one that acts upon the same thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from pymon.core import carryover, debts
from pymon.core.context import TargetOf, by_words
from pymon.model.debt import Debt
from pymon.model.depend import ServiceKey
from pymon.model.service import Command, Service
from pymon.model.site import Site
from pymon.model.state import ServiceState

FEW = 4
"""services; of fewer than these any number may go at a re-read, but not all"""
DEPARTED_LIMIT = 10_000
"""services that have left the configuration and whose states are kept, the newest"""


Disabled = Callable[[ServiceKey], bool]
"""whether a client has disabled a service, or its watch"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told about what a service owes. ``heir`` is the service that owes it now, if another.

    ``payers`` are the upalerts that are meant: called at the recovery, as they were in force at the outage, or (of a
    service that has left, ``has_left``, or whose state ``is_forgotten``, as ``state = fresh`` has it) by hand.
    """

    key: ServiceKey
    debt: Debt
    payers: tuple[Command, ...] = ()
    heir: ServiceKey | None = None
    has_left: bool = False
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """The outcome of comparing two sites.

    ``states`` is the state of each service of the new site. ``unchanged`` keep their timers and their checks
    under way; ``changed`` keep their state but start over with their timers; ``added`` and ``removed`` speak
    for themselves. ``departed`` are the states of services that are not in the new site; ``notices`` are about debts.
    """

    states: Mapping[ServiceKey, ServiceState]
    unchanged: frozenset[ServiceKey]
    changed: frozenset[ServiceKey]
    added: frozenset[ServiceKey]
    removed: frozenset[ServiceKey]
    departed: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def carry_over(
    old: Site,
    new: Site,
    states: Mapping[ServiceKey, ServiceState],
    departed: Mapping[ServiceKey, ServiceState] | None = None,
    now: float = 0.0,
    target: TargetOf = by_words,
    disabled: Disabled | None = None,
) -> CarriedOver:
    """Compare two sites, service by service.

    A service is unchanged when its record and its hosts are equal (its line in the file does not count).
    As mon's reset with keepstate does, a changed service keeps status, counters and acknowledgement; the
    counters of its periods stand at those that follow them (R-follow), and failure_interval is applied again. One that
    is added takes up the state that it left with, if it was there before. ``departed`` are the states of such services;
    of those that are ``disabled`` also where nothing else is known of them.
    """
    unchanged = frozenset(
        key
        for key, service in new.services.items()
        if old.services.get(key) == service and old.hosts(key.group) == new.hosts(key.group)
    )
    away = dict(departed or {})
    carried: dict[ServiceKey, ServiceState] = {}
    for key, service in new.services.items():
        state, before = states.get(key), old.services.get(key)
        if state is None or before is None:
            carried[key] = restore_state(service, away.pop(key, None), target)
        elif key in unchanged:
            carried[key] = state
        else:
            carried[key] = _carry_changed(before, state, service, target)
    removed = frozenset(old.services.keys() - new.services.keys())
    for key in sorted(removed):
        if key in states and (_is_worth_keeping(states[key]) or (disabled is not None and disabled(key))):
            away[key] = replace(debts.recall(old.services[key], states[key], target), left=now)
    return _account(
        new,
        old.services.keys(),
        carried,
        away,
        unchanged=unchanged,
        removed=removed,
        old=old,
        now=now,
        target=target,
    )


def why_shrunk(before: int, after: int) -> str:
    """Why a configuration of so many services is not taken over at a signal; empty if it is.

    Any beginning of a good file is a good file: one that is half-written must not take away what is watched. One that
    is renamed replaces one.
    """
    if not before or (after and (before < FEW or 2 * after >= before)):
        return ""
    has = f"only {after} service{'' if after == 1 else 's'}" if after else "no service"
    return f"it has {has}, and {before} {'is' if before == 1 else 'are'} watched"


def resume(
    site: Site,
    saved: Mapping[ServiceKey, ServiceState],
    last_write: float,
    now: float,
    target: TargetOf = by_words,
    disabled: Set[ServiceKey] = frozenset(),
) -> CarriedOver:
    """What a new daemon makes of the states that an earlier one left: of its configuration nothing is known.

    Services that are not in the configuration have left it while no daemon ran: when it was written last. Those that
    are ``disabled`` are remembered as well.
    """
    carried = {key: restore_state(service, saved.get(key), target) for key, service in site.services.items()}
    away = {
        key: replace(state, left=state.left or last_write or now)
        for key, state in saved.items()
        if key not in site.services and _is_worth_keeping(state)
    }
    for key in sorted(disabled - site.services.keys() - away.keys()):
        away[key] = replace(saved.get(key, ServiceState()), left=last_write or now)
    removed = frozenset(key for key in away if key in saved and not saved[key].left)
    return _account(
        site,
        saved.keys(),
        carried,
        away,
        unchanged=frozenset(),
        removed=removed,
        old=None,
        now=now,
        target=target,
    )


def _account(
    site: Site,
    known: Set[ServiceKey],
    carried: dict[ServiceKey, ServiceState],
    away: dict[ServiceKey, ServiceState],
    *,
    unchanged: frozenset[ServiceKey],
    removed: frozenset[ServiceKey],
    old: Site | None,
    now: float,
    target: TargetOf,
) -> CarriedOver:
    """What comes of a comparison: who inherits what is owed, what is to be told of it, and what is too old to keep.

    ``known`` are the services that were there before, as ``old`` declares them (None: nobody knows how).
    Changes ``carried`` and ``away``.
    """
    added = frozenset(site.services.keys() - known)
    fresh = {key: site.services[key] for key in sorted(added) if not carried[key].debts}
    descent = _Descent() if old is None else _Descent(old.services, _find_renamed(old, site, fresh))
    notices = [*_inherit(fresh, carried, away, descent, target), *_notice_departures(away, removed)]
    for key, service in site.services.items():
        if key not in unchanged:
            notices += notice_unlisted_payers(service, carried[key], target)
    return CarriedOver(
        states={key: drop_old_debts(state, now) for key, state in carried.items()},
        unchanged=unchanged,
        changed=frozenset(site.services.keys() & known) - unchanged,
        added=added,
        removed=removed,
        departed=drop_old_departed(away, now),
        notices=tuple(notices),
    )


def restore_state(service: Service, state: ServiceState | None, target: TargetOf = by_words) -> ServiceState:
    """The state of a service that was not there a moment ago: as it was left, if it is known, as far as it fits."""
    if state is None:
        return ServiceState()
    if carryover.is_blank(state):
        return carryover.blank(state if not state.left else replace(state, left=0.0), service)
    fitted = carryover.carry(state, carryover.traces_in(service, state, target), service, target)
    return debts.recall(service, replace(fitted, left=0.0), target)


def _is_worth_keeping(state: ServiceState) -> bool:
    return bool(state.debts) or not state.is_untold


def _carry_changed(before: Service, state: ServiceState, service: Service, target: TargetOf) -> ServiceState:
    """The state of a service whose declaration has changed."""
    if carryover.is_blank(state):
        return carryover.blank(state, service)
    state = debts.recall(before, state, target)
    return carryover.carry(state, carryover.traces_of(before, target), service, target)


def drop_old_departed(departed: Mapping[ServiceKey, ServiceState], now: float) -> dict[ServiceKey, ServiceState]:
    """The states of departed services without those that left too long ago, or are too many."""
    known = {key: state for key, state in departed.items() if now - state.left < debts.UNPAID_KEPT}
    return dict(sorted(known.items(), key=lambda item: item[1].left)[-DEPARTED_LIMIT:])


def drop_old_debts(state: ServiceState, now: float) -> ServiceState:
    """A state without debts that were listed as unpaid for long enough."""
    left = debts.without_old(state.debts, now)
    return state if left is state.debts else replace(state, debts=left)


def notice_unlisted_payers(service: Service, state: ServiceState, target: TargetOf) -> Iterator[Notice]:
    """The debts of a service that mon.cf has no upalert for now."""
    for debt in state.debts:
        if not debt.unpaid_since and (payers := debts.unlisted_payers(service, debt, target)):
            yield Notice(service.key, debt, payers)


def notice_forgotten(states: Mapping[ServiceKey, ServiceState]) -> Iterator[Notice]:
    """The debts of states that are not taken up."""
    for key, state in sorted(states.items()):
        for debt in state.debts:
            if not debt.unpaid_since and debt.payers:
                yield Notice(key, debt, debt.payers, is_forgotten=True)


def _notice_departures(away: Mapping[ServiceKey, ServiceState], removed: frozenset[ServiceKey]) -> Iterator[Notice]:
    for key in sorted(removed & away.keys()):
        for debt in away[key].debts:
            if not debt.unpaid_since and debt.payers:
                yield Notice(key, debt, debt.payers, has_left=True)


@dataclass(frozen=True, slots=True)
class _Descent:
    """What is known of services that have left: how they were declared, and which are there by another name."""

    declared: Mapping[ServiceKey, Service] = field(default_factory=dict)
    renamed: Mapping[ServiceKey, ServiceKey] = field(default_factory=dict)


def _inherit(
    fresh: Mapping[ServiceKey, Service],
    carried: dict[ServiceKey, ServiceState],
    away: dict[ServiceKey, ServiceState],
    descent: _Descent,
    target: TargetOf,
) -> Iterator[Notice]:
    """Give what departed services owe to new ones that are them by another name; changes ``carried`` and ``away``.

    A debt of an alert that says what it acts upon goes to the service with an upalert for the same thing. Of other
    programs nobody knows; there the whole service has to be the same, but for its name.
    """
    if not fresh:
        return
    for key, state in list(away.items()):
        if not debts.is_due(state.debts):
            continue
        left: list[Debt] = []
        for debt in state.debts:
            heir = None if debt.unpaid_since else _find_heir(key, debt, fresh, descent, target)
            if heir is None:
                left.append(debt)
                continue
            service = fresh[heir]
            lines = debts.paying_lines(service, debt, target)
            moved = replace(debt, period=lines[0][0] if lines else debt.period)
            carried[heir] = replace(carried[heir], debts=(*carried[heir].debts, moved))
            yield Notice(key, debt, heir=heir)
        if len(left) != len(state.debts):
            away[key] = replace(state, debts=tuple(left))


def _find_heir(
    key: ServiceKey, debt: Debt, fresh: Mapping[ServiceKey, Service], descent: _Descent, target: TargetOf
) -> ServiceKey | None:
    """The new service that owes a debt of one that has left; of several the one of the same group.

    The thing has to be the same for both of them: to some alerts it is the service itself, by its name.
    """
    mine = target(descent.declared.get(key) or Service(*key), debt.command)
    renamed = descent.renamed.get(key)
    for candidate in sorted(fresh, key=lambda each: (each != renamed, each.group != key.group, each)):
        service = fresh[candidate]
        if target(service, debt.command) != mine:
            continue
        if candidate == renamed or (mine.is_meant and debts.paying_lines(service, debt, target)):
            return candidate
    return None


def _find_renamed(old: Site, new: Site, fresh: Mapping[ServiceKey, Service]) -> dict[ServiceKey, ServiceKey]:
    """The services that have left and are there by another name: with the same declaration, and the same hosts.

    Where two look alike, the one of the same group or service name is meant; if that leaves a choice, none is.
    """
    if not fresh:
        return {}
    alike = {key: _find_lookalikes(old, key, new, fresh) for key in old.services.keys() - new.services.keys()}
    claims = Counter(heir for heirs in alike.values() for heir in heirs)
    return {key: heirs[0] for key, heirs in alike.items() if len(heirs) == 1 and claims[heirs[0]] == 1}


def _find_lookalikes(old: Site, key: ServiceKey, new: Site, fresh: Mapping[ServiceKey, Service]) -> list[ServiceKey]:
    before, hosts = old.services[key], _host_names(old, key.group)
    found = [
        each
        for each, after in fresh.items()
        if _with_names_of(before, after) == after and (each.group == key.group or _host_names(new, each.group) == hosts)
    ]
    return [each for each in found if each.group == key.group or each.service == key.service] or found


def _host_names(site: Site, group: str) -> set[str]:
    return {host.name for host in site.hosts(group)}


def _with_names_of(before: Service, after: Service) -> Service:
    return replace(before, group=after.group, name=after.name, description=after.description)
