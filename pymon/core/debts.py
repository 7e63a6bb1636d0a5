"""What an outage owes (R-debts): which down alerts were called in it, and what pays each of them.

    a down alert is called     owed: with the upalerts of its period that undo it, as they are in force then
    the service is well again  each debt is settled by what it acts upon, not by the name of its period:

        mon.cf has an upalert that pays it, and it was called     paid
        … and no down alert of its own period was sent            called all the same, if both act upon one thing
        … and another rule holds it back                          waits (it acts upon a thing, and the obstacle
                                                                  passes), or remains unpaid
        mon.cf has none any more                                  the upalert that was in force then is called

What remains unpaid is kept, to be shown with the command that pays it, for UNPAID_KEPT. An alert that says itself what
it acts upon (``Target.is_meant``) is paid by every upalert that acts upon the same thing; of other programs by those
of the same words. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial

from pymon.core.context import TargetOf
from pymon.core.period_rules import check_program, in_range
from pymon.model.debt import Debt, Target
from pymon.model.depend import ServiceKey
from pymon.model.effect import Rule, SendReason, SendRule, Suppression
from pymon.model.service import Alert, AlertKind, Command, Period, Service
from pymon.model.state import ServiceState

UNPAID_KEPT = 30 * 86400.0
"""seconds that an unpaid debt is listed"""
DEBTS_KEPT = 1000
"""debts of one service; more of them are of no mon.cf that somebody wrote"""

_PASSING = frozenset({Rule.STOPPED, Rule.WATCH_DISABLED, Rule.SERVICE_DISABLED, Rule.PERIOD})
"""rules that hold a recovery back for a while only"""

Line = tuple[str, Command]
"""a line of mon.cf: the key of its period, and its command"""


@dataclass(frozen=True, slots=True)
class Payment:
    """An upalert that is called to pay a debt. ``period`` is the key of its period, which mon.cf may have no more."""

    command: Command
    period: str
    reason: SendReason


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a recovery leaves: the debts that are still there, and what is to be called."""

    debts: tuple[Debt, ...]
    payments: tuple[Payment, ...] = ()


# A down alert is called


def owe(
    debts: tuple[Debt, ...],
    service: Service,
    period: Period,
    called: Sequence[Command],
    at: float,
    target: TargetOf,
    *,
    broken: bool = False,
) -> tuple[Debt, ...]:
    """The debts after alerts of one period were called about a failure, or about a ``broken`` check."""
    found = {_thing(service, each, target): each for each in debts}
    undone_by = _find_undoing(service, period, target)
    for command in called:
        if broken and not target(service, command).heeds_broken:
            continue
        debt = Debt(command, period.key, at, undone_by(command))
        thing = _thing(service, debt, target)
        known = found.get(thing)
        if known is not None and not known.unpaid_since:
            debt = replace(debt, at=known.at)
        found[thing] = debt
    return tuple(found.values())[-DEBTS_KEPT:]


def recall(service: Service, state: ServiceState, target: TargetOf) -> ServiceState:
    """A state with the debts of periods that have alerted, if no debt tells which alerts were called: then all were.

    So it is for what another program, or an older pymon, has put on file.
    """
    known = {debt.period for debt in state.debts}
    owed = state.debts
    for period in service.periods:
        counters = state.period(period.key)
        if counters.alert_sent and period.key not in known:
            called = [alert.command for alert in period.alerts_of(AlertKind.ALERT)]
            at = counters.last_alert or state.last_failure
            owed = owe(owed, service, period, called, at, target, broken=state.broken)
    return state if owed is state.debts else replace(state, debts=owed)


def upalerts(period: Period) -> Iterator[Alert]:
    """The upalerts of a period that a recovery can call (its exit value is 0)."""
    return (alert for alert in period.alerts_of(AlertKind.UPALERT) if in_range(alert.exit_range, 0))


def _thing(service: Service, debt: Debt, target: TargetOf) -> tuple[Target, str]:
    return target(service, debt.command), debt.period


def _find_undoing(service: Service, period: Period, target: TargetOf) -> Callable[[Command], tuple[Command, ...]]:
    """Tells which upalerts of a period undo one of its alerts.

    Those that act upon the same thing; else, of a program that does not say what it acts upon, those of its name, else
    those whose name no alert has. If these are as many as the alerts that may mean them, the first undoes the first,
    and so on, as generators write them. Upalerts of other periods are meant if they act upon the same thing, or if this
    one has none, and theirs need no down alert (no_comp_alerts).
    """
    of = partial(target, service)
    alerts = list(dict.fromkeys(alert.command for alert in period.alerts_of(AlertKind.ALERT)))
    ups = list(dict.fromkeys(alert.command for alert in upalerts(period)))
    targets = {command: of(command) for command in (*alerts, *ups)}
    worded = [up for up in ups if not targets[up].is_meant]
    loose = [alert for alert in alerts if not targets[alert].is_meant]
    names = {up.name for up in worded}

    def undone_by(command: Command) -> tuple[Command, ...]:
        mine = targets.get(command) or of(command)
        if same := tuple(up for up in ups if targets[up] == mine):
            return same
        if mine.is_meant:
            return tuple(up for up in _elsewhere(service, period) if of(up) == mine)
        if not ups:
            return tuple(up for up in _elsewhere(service, period, no_comp_alerts=True) if up.name == command.name)
        if command.name in names:
            peers = [alert for alert in loose if alert.name == command.name]
            return _opposite(command, peers, [up for up in worded if up.name == command.name])
        peers = [alert for alert in loose if alert.name not in names]
        taken = {alert.name for alert in loose}
        return _opposite(command, peers, [up for up in worded if up.name not in taken])

    return undone_by


def _elsewhere(service: Service, period: Period, *, no_comp_alerts: bool = False) -> list[Command]:
    """The upalerts of the other periods; of those with no_comp_alerts only, if that is given."""
    others = (each for each in service.periods if each.key != period.key)
    if no_comp_alerts:
        others = (each for each in others if each.no_comp_alerts)
    return list(dict.fromkeys(alert.command for each in others for alert in upalerts(each)))


def _opposite(command: Command, alerts: Sequence[Command], ups: Sequence[Command]) -> tuple[Command, ...]:
    if len(alerts) == len(ups) and command in alerts:
        return (ups[alerts.index(command)],)
    return tuple(ups)


# The service is well again


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is known of a recovery when its debts are settled.

    ``called`` are the upalerts that the rules let pass, ``held`` are why those of a period (its key) were not called,
    and ``missing`` are names of programs that are not there. ``all_held``: why nothing is called at all;
    ``words_held``: why no program is that does not say what it acts upon.
    """

    at: float
    called: Set[Command] = frozenset()
    held: Mapping[str, Suppression] = field(default_factory=dict)
    missing: Set[str] = frozenset()
    all_held: Suppression | None = None
    words_held: Suppression | None = None


def settle(service: Service, debts: Iterable[Debt], recovery: Recovery, target: TargetOf) -> Settlement:
    """Settle the debts of a service that is well."""
    books = _Books(service, recovery, partial(target, service))
    for debt in debts:
        books.settle(debt)
    return Settlement(tuple(books.left), tuple(books.payments.values()))


def is_due(debts: Iterable[Debt]) -> bool:
    """Whether a recovery has something to settle."""
    return any(not debt.unpaid_since for debt in debts)


def paying_lines(service: Service, debt: Debt, target: TargetOf) -> list[Line]:
    """The upalerts that mon.cf has now and that pay a debt, or a part of it."""
    mine = target(service, debt.command)
    ups = [(period.key, alert.command) for period in service.periods for alert in upalerts(period)]
    if mine.is_meant:
        return [line for line in ups if target(service, line[1]) == mine]
    words = {target(service, payer) for payer in debt.payers}
    return [line for line in ups if target(service, line[1]) in words]


def unlisted_payers(service: Service, debt: Debt, target: TargetOf) -> tuple[Command, ...]:
    """The upalerts of the time of a debt for which mon.cf has nothing any more: a recovery calls them all the same."""
    lines = paying_lines(service, debt, target)
    if target(service, debt.command).is_meant:
        return () if lines else debt.payers
    known = {target(service, command) for _, command in lines}
    return tuple(payer for payer in debt.payers if target(service, payer) not in known)


def mark_unpaid(debt: Debt, at: float, why: str) -> Debt:
    """A debt that nothing pays any more."""
    return debt if debt.unpaid_since else replace(debt, unpaid_since=at, why=why)


def without_old(debts: tuple[Debt, ...], now: float) -> tuple[Debt, ...]:
    """The debts without those that were listed as unpaid for long enough."""
    left = tuple(each for each in debts if not each.unpaid_since or now - each.unpaid_since < UNPAID_KEPT)
    return debts if len(left) == len(debts) else left


def without_paid(service: Service, debts: tuple[Debt, ...], done: Set[Target], target: TargetOf) -> tuple[Debt, ...]:
    """The debts without those that an upalert of another service has paid: it acts upon the same thing."""
    left = tuple(each for each in debts if target(service, each.command) not in done)
    return debts if len(left) == len(debts) else left


def keep_debts(states: Mapping[ServiceKey, ServiceState]) -> dict[ServiceKey, ServiceState]:
    """What is left of states when they are reset: nothing but what is owed."""
    return {key: ServiceState(debts=state.debts, left=state.left) for key, state in states.items() if state.debts}


class _Books:
    """The settlement of one recovery, debt by debt."""

    def __init__(self, service: Service, recovery: Recovery, target: Callable[[Command], Target]) -> None:
        self._service, self._recovery, self._target = service, recovery, target
        self._done = set(map(target, recovery.called))
        self.left: list[Debt] = []
        self.payments: dict[Target, Payment] = {}

    def settle(self, debt: Debt) -> None:
        mine = self._target(debt.command)
        wanted = (mine,) if mine.is_meant else tuple(dict.fromkeys(map(self._target, debt.payers)))
        open_ones = [each for each in wanted if each not in self._done]
        if debt.unpaid_since and open_ones:
            self.left.append(debt)
            return
        obstacles = [held for each in open_ones if (held := self._pay(debt, each)) is not None]
        if not obstacles:
            return
        waits = mine.is_meant and all(held.rule in _PASSING for held in obstacles)
        self.left.append(debt if waits else mark_unpaid(debt, self._recovery.at, str(obstacles[0])))

    def _pay(self, debt: Debt, wanted: Target) -> Suppression | None:
        """Have one upalert called, or say why it is not."""
        recovery = self._recovery
        ups = [
            (period.key, alert.command)
            for period in self._service.periods
            for alert in upalerts(period)
            if self._target(alert.command) == wanted
        ]
        is_gone = not ups
        if is_gone:
            ups = [(debt.period, payer) for payer in debt.payers if self._target(payer) == wanted]
            if not ups:  # mon.cf never had an upalert for it
                return None
        if (held := recovery.all_held or (None if wanted.is_meant else recovery.words_held)) is not None:
            return held
        # mon knows a down alert by its period only. So does pymon where nothing has changed and a thing has no name.
        ignores_period = wanted.is_meant or all(key != debt.period for key, _ in ups)
        free = [line for line in ups if self._is_free(line[0], ignores_period=ignores_period)]
        if not free:
            return recovery.held[ups[0][0]]
        key, command = free[0]
        if (missing := check_program(command, key, recovery.missing)) is not None:
            return missing
        reason = SendReason(SendRule.DEBT, pays=str(debt.command), is_gone=is_gone)
        self.payments.setdefault(wanted, Payment(command, key, reason))
        return None

    def _is_free(self, period: str, *, ignores_period: bool) -> bool:
        """Whether no rule holds a period's upalerts back, that of its missing down alert aside."""
        held = self._recovery.held.get(period)
        return held is None or (held.rule is Rule.NO_DOWN_ALERT and ignores_period)
