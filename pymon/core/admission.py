"""Whether a check may run now, and on which hosts.

Looked at in this order: the scheduler, the global exclude_period, the service's own, the monitor dependency, and
whether any host is left. (maxprocs, and that a service does not overlap itself, are the engine's.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pymon.core import dependencies
from pymon.core.context import SiteContext
from pymon.core.period import in_period
from pymon.core.timing import DEPEND_RETRY, EXCLUDED_RETRY, interval_in_force
from pymon.model.depend import DependBehavior
from pymon.model.effect import Noticed
from pymon.model.service import DeclaredHost, Service
from pymon.model.state import ServiceState


class Obstacle(StrEnum):
    """What can keep a check from running."""

    STOPPED = "stopped"
    EXCLUDE_PERIOD = "exclude_period"
    DEPEND = "depend"
    NO_MONITOR = "no monitor"
    NO_HOSTS = "no hosts"


@dataclass(frozen=True, slots=True)
class Run:
    """The check runs on these hosts (none with ``;;``). ``left_out`` says why others of the group are not checked.

    ``state`` replaces the service's state (the dependency was evaluated); ``noticed`` is for the log.
    """

    hosts: tuple[str, ...]
    state: ServiceState
    left_out: tuple[str, ...] = ()
    noticed: tuple[Noticed, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """The check does not run now, and the status of the service stays as it is.

    It is to be tried again after ``retry_after`` seconds, and that try counts as its slot; None: not before its
    next regular slot. ``state`` and ``noticed`` as in Run.
    """

    obstacle: Obstacle
    reason: str
    state: ServiceState
    retry_after: float | None = None
    noticed: tuple[Noticed, ...] = ()


def admit(
    service: Service, state: ServiceState, hosts: Sequence[DeclaredHost], now: float, context: SiteContext
) -> Run | NotRun:
    """Decide whether a check runs at ``now``; ``hosts`` are those of its group, disabled ones marked."""
    if context.stopped:
        return NotRun(Obstacle.STOPPED, "the scheduler is stopped", state)
    if service.monitor is None:
        return NotRun(Obstacle.NO_MONITOR, "it has no monitor", state)
    if (excluded := _check_exclude_periods(service, now, context)) is not None:
        after = min(EXCLUDED_RETRY, interval_in_force(service, state) or EXCLUDED_RETRY)
        return NotRun(Obstacle.EXCLUDE_PERIOD, excluded, state, after)
    outcome = dependencies.evaluate(service, DependBehavior.MONITOR, context, now)
    noticed: tuple[Noticed, ...] = ()
    if outcome is not None:
        state, noticed = dependencies.keep(service, state, DependBehavior.MONITOR, outcome)
        if not outcome.fulfilled:
            return NotRun(Obstacle.DEPEND, outcome.text, state, DEPEND_RETRY, noticed)
    if not service.monitor.append_hosts:
        return Run((), state, noticed=noticed)
    chosen, left_out = _choose_hosts(service, hosts, now, context)
    if not chosen and not service.allow_empty_group:
        reason = f"no host arguments ({', '.join(left_out) or 'the group is empty'})"
        return NotRun(Obstacle.NO_HOSTS, reason, state, noticed=noticed)
    return Run(chosen, state, left_out, noticed)


def _check_exclude_periods(service: Service, now: float, context: SiteContext) -> str | None:
    globally, own = context.settings.exclude_period, service.exclude_period
    local = context.local_time(now)
    if globally is not None and in_period(globally, local):
        return f"global exclude_period {globally.text!r}"
    if own is not None and in_period(own, local):
        return f"exclude_period {own.text!r}"
    return None


def _choose_hosts(
    service: Service, hosts: Sequence[DeclaredHost], now: float, context: SiteContext
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hosts to check in the order of the group, and why the others are left out."""
    names = [host.name for host in hosts]
    hidden = dependencies.hidden_hosts(service, names, context, now)
    chosen: list[str] = []
    left_out: list[str] = []
    for host in hosts:
        if host.disabled:
            left_out.append(f"{host.name} is disabled")
        elif host.name in service.exclude_hosts:
            left_out.append(f"{host.name} is in exclude_hosts")
        elif host.name in hidden:
            left_out.append(f"{host.name} fails in {hidden[host.name]}")
        else:
            chosen.append(host.name)
    return tuple(chosen), tuple(left_out)
