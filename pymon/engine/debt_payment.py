"""What services owe (R-debts), as people are told of it: in the log, the record, ``why`` and ``list debts``."""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from pymon.alert.target import target_of
from pymon.contract.alert_options import alert_arguments
from pymon.core import debts
from pymon.core.context import TargetOf
from pymon.engine.carry_over import Notice
from pymon.engine.plugin_lookup import Programs
from pymon.model.change import ChangeCause
from pymon.model.debt import Debt, Owed, Target
from pymon.model.depend import ServiceKey
from pymon.model.effect import Verdict
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.service import AlertKind, Command, Service
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.status import EventKind
from pymon.model.variables import MonVariable
from pymon.redaction.command_words import mask_secrets
from pymon.runner.registry import PluginFile
from pymon.store.store import Store
from pymon.timeline import debt_text

log = logging.getLogger("pymon.engine")

TARGETS_LIMIT = 50_000
"""alerts of services of which is remembered what they act upon: reading their arguments takes a while"""
LEFT = "the service is not in mon.cf any more"


class SiteOwner(Protocol):
    """What is watched, as its owner has it."""

    clock: Callable[[], float]

    @property
    def site(self) -> Site:
        """The site."""

    @property
    def states(self) -> Mapping[ServiceKey, ServiceState]:
        """The states of its services."""

    @property
    def departed(self) -> Mapping[ServiceKey, ServiceState]:
        """Those of services that have left it."""

    @property
    def programs(self) -> Programs:
        """Its programs."""

    def commit(self, key: ServiceKey, state: ServiceState, cause: ChangeCause) -> None:
        """Change the state of a service."""


class DebtBook:
    """The debts of all services: lists them, and tells what becomes of them."""

    def __init__(self, owner: SiteOwner, record: Store, environ: Mapping[str, str]) -> None:
        """``environ`` is what alerts inherit."""
        self._owner = owner
        self._record = record
        self._environ = environ
        self._targets: dict[tuple[ServiceKey, tuple[tuple[str, str], ...], Command], Target] = {}
        self._targets_of: Programs | None = None

    def target(self, service: Service, command: Command) -> Target:
        """What an alert of a service acts upon."""
        programs = self._owner.programs
        if programs is not self._targets_of or len(self._targets) >= TARGETS_LIMIT:
            self._targets, self._targets_of = {}, programs
        known = service.key, service.environment, command
        if (found := self._targets.get(known)) is None:
            found = target_of(service, command, programs.alerts.get(command.name), self._environ)
            self._targets[known] = found
        return found

    def target_by(self, alerts: Mapping[str, PluginFile]) -> TargetOf:
        """The same by other programs than those in use."""
        return lambda service, command: target_of(service, command, alerts.get(command.name), self._environ)

    def programs(self) -> set[str]:
        """The names of the alerts that are owed: mon.cf need not name them now."""
        return alert_names_of((*self._owner.states.values(), *self._owner.departed.values()))

    def list_owed(
        self,
        states: Mapping[ServiceKey, ServiceState],
        departed: Mapping[ServiceKey, ServiceState],
        key: ServiceKey | None = None,
    ) -> list[Owed]:
        """What a service owes by these states (None: what all do), those that have left the configuration too."""
        known = {**departed, **states}
        wanted = known.items() if key is None else [(key, known[key])] if key in known else []
        return [each for of, state in wanted if state.debts for each in self._list_debts(of, state)]

    def report_changes(self, service: Service, before: ServiceState, verdict: Verdict) -> None:
        """A decision has changed debts: tell of those that nothing pays now, and of those it pays for others."""
        known = {debt for debt in before.debts if debt.unpaid_since}
        for debt in verdict.state.debts:
            if debt.unpaid_since and debt not in known:
                self._report(
                    service.key,
                    f"{_describe_call(debt)} is not paid for: {debt.why}; {self._by_hand(service.key, debt)}",
                )
        done = [call for call in verdict.alerts if call.list_kind is AlertKind.UPALERT and call.history_word]
        if done and self._owner.departed:
            self._pay_for_departed({self.target(service, call.command) for call in done})

    def report(self, notice: Notice) -> None:
        """Tell what a re-read makes of a debt."""
        call, hand = _describe_call(notice.debt), self._by_hand(notice.key, notice.debt)
        if notice.heir is not None:
            heir = f"{notice.heir.group}/{notice.heir.service}"
            text = f"left mon.cf; {call} is owed by {heir} now, which acts upon the same"
        elif notice.has_left:
            text = f"left mon.cf, and nothing pays for {call}; {hand}"
        elif notice.is_forgotten:
            text = f"its state is forgotten (state = fresh), and nothing pays for {call}; {hand}"
        else:
            ups = " and ".join(f"'{payer}'" for payer in notice.payers)
            text = f"mon.cf has no upalert for {call}: at the recovery {ups} is called, as it was then"
        self._report(notice.key, text)

    def _report(self, key: ServiceKey, text: str) -> None:
        log.warning("%s/%s: %s", *key, text, extra={"group": key.group, "service": key.service, "event": "debt"})
        self._record.add(TimelineEvent(self._owner.clock(), TimelineKind.DAEMON, text, key.group, key.service))

    def _pay_for_departed(self, done: set[Target]) -> None:
        """An upalert puts right what services that have left owe, too: it acts upon the same thing."""
        meant = {each for each in done if each.is_meant}
        for key, state in self._owner.departed.items():
            left = debts.without_paid(Service(*key), state.debts, meant, self.target)
            if left is not state.debts:
                self._owner.commit(key, replace(state, debts=left), ChangeCause.PAYMENT)

    def _list_debts(self, key: ServiceKey, state: ServiceState) -> Iterator[Owed]:
        service, now = self._owner.site.services.get(key), self._owner.clock()
        if state.left and now - state.left >= debts.UNPAID_KEPT:
            return
        for debt in debts.without_old(state.debts, now):
            payers, why, is_due = debt.payers, debt.why, not debt.unpaid_since
            if service is None:
                why = why or LEFT
            elif is_due:
                gone = debts.unlisted_payers(service, debt, self.target)
                lines = debts.paying_lines(service, debt, self.target)
                payers = (*dict.fromkeys(command for _, command in lines), *gone)
                why = debt_text.GONE if gone else ""
            if payers:  # else nobody was ever to be told of its end
                yield Owed(
                    key=key,
                    alert=str(debt.command),
                    at=debt.at,
                    is_paid_at_recovery=service is not None and is_due,
                    unpaid_since=debt.unpaid_since or state.left,
                    why=why,
                    upalerts=tuple(map(str, payers)),
                    by_hand=tuple(self._line(key, payer) for payer in payers),
                )

    def _by_hand(self, key: ServiceKey, debt: Debt) -> str:
        return f"by hand: {'; '.join(self._line(key, payer) for payer in debt.payers)}"

    def _line(self, key: ServiceKey, command: Command) -> str:
        hosts = [host.name for host in self._owner.site.hosts(key.group) if not host.disabled]
        file = self._owner.programs.alerts.get(command.name)
        return by_hand(key, command, self._owner.clock(), hosts, file)


def list_debts_on_file(key: ServiceKey, state: ServiceState, now: float) -> Iterator[Owed]:
    """What a state on file says that a service owes: what mon.cf says of it now is not known."""
    for debt in debts.without_old(state.debts, now):
        if debt.payers:
            is_due = not debt.unpaid_since and not state.left
            lines = tuple(by_hand(key, payer, now) for payer in debt.payers)
            ups, since = tuple(map(str, debt.payers)), debt.unpaid_since or state.left
            why = debt.why or (LEFT if state.left else "")
            yield Owed(key, str(debt.command), debt.at, is_due, since, why, ups, lines)


def alert_names_of(states: Iterable[ServiceState]) -> set[str]:
    """The names of the alerts that states have debts of."""
    owed = (debt for state in states for debt in state.debts)
    return {command.name for debt in owed for command in (debt.command, *debt.payers)}


def by_hand(
    key: ServiceKey, command: Command, at: float, hosts: Iterable[str] = (), file: PluginFile | None = None
) -> str:
    """The line for a shell that calls an upalert as the daemon would, but for secrets. ``at`` is when."""
    program = (command.name,) if file is None else file.command
    arguments = alert_arguments(key.service, key.group, " ".join(hosts), at, EventKind.UP)
    names = {MonVariable.ALERTTYPE: EventKind.UP.value, MonVariable.GROUP: key.group, MonVariable.SERVICE: key.service}
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in names.items())
    words = mask_secrets(shlex.join(command.arguments), command.name)
    return f"{variables} {shlex.join((*program, *arguments))}{f' {words}' if words else ''} </dev/null"


def _describe_call(debt: Debt) -> str:
    return f"the down alert '{debt.command}' of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(debt.at))}"
