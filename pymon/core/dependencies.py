"""Dependencies: whether a service's parents let it check and alert, and which of them stand in the way.

A service named in an expression counts as fine (1) when its own status is a success (untested is one), or its check
is broken (nothing is known against it then, and an alert is better than silence), and its own dependency of the same
kind is fulfilled, else 0; a name that is no service counts as 0. With dep_memory a parent counts as failing for so
long after its outage. Rules: dependencies of alerts are evaluated with each result, those of monitors before each
check; host dependencies only read the summaries of failing parents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pymon.core.arithmetic import value_of
from pymon.core.context import SiteContext
from pymon.errors import DependencyCycle, DependencyError
from pymon.model.depend import DependBehavior, Dependency, ServiceKey
from pymon.model.duration import format_duration
from pymon.model.effect import Noticed
from pymon.model.service import Service
from pymon.model.state import ServiceState
from pymon.model.summary import names_host
from pymon.model.whole_seconds import elapsed, format_elapsed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation gave.

    ``text`` says who stands in the way, when it is not fulfilled: ``depend g:ping: g:ping is failing``.
    ``error`` says why it could not be evaluated; it then counts as fulfilled (D6: rather an alert than silence).
    """

    fulfilled: bool
    text: str = ""
    error: str = ""


def evaluate(service: Service, behavior: DependBehavior, context: SiteContext, now: float) -> Outcome | None:
    """The value of a service's dependency of one behaviour (alerts or monitor); None when it has none."""
    dependency = service.dependency(behavior)
    if dependency is None:
        return None
    evaluation = _Evaluation(behavior, context, now)
    label = f"{_keyword(service, behavior)} {dependency.text}"
    try:
        if evaluation.value(dependency, depth=0).fulfilled:
            return Outcome(True)
        return Outcome(False, f"{label}: {evaluation.blame(dependency)}")
    except DependencyError as error:
        return Outcome(True, error=f"{label} cannot be evaluated and counts as fulfilled: {error}")
    except RecursionError:
        return Outcome(True, error=f"{label} cannot be evaluated and counts as fulfilled: it is nested too deep")


def keep(
    service: Service, state: ServiceState, behavior: DependBehavior, outcome: Outcome
) -> tuple[ServiceState, tuple[Noticed, ...]]:
    """The state with an outcome in it (checks and alerts share depend_status, as in mon), and what is new to say.

    That one cannot be evaluated is said once (D6).
    """
    error_field = _ERROR_FIELD[behavior]
    before: str = getattr(state, error_field)
    noticed = (Noticed(service.key, outcome.error),) if outcome.error not in ("", before) else ()
    if outcome.fulfilled is state.depend_status and outcome.error == before:
        return state, noticed
    changes: dict[str, Any] = {"depend_status": outcome.fulfilled, error_field: outcome.error}
    return replace(state, **changes), noticed


def hidden_hosts(service: Service, hosts: Sequence[str], context: SiteContext, now: float) -> dict[str, ServiceKey]:
    """The hosts that a host dependency takes out of a check, each with the parent whose summary names it.

    Only failing parents count (dep_memory prolongs that), and only whole names: ``h12`` does not hide ``h1``
    (D5). When any of the services named does not exist, nothing is hidden, as in mon.
    """
    dependency = service.dependency(DependBehavior.HOSTS)
    if dependency is None or any(key not in context.services for key in dependency.names):
        return {}
    hidden: dict[str, ServiceKey] = {}
    for key in dependency.names:
        summary = _failing_summary(context.services[key], context.states.get(key, _UNTESTED), now)
        for host in hosts if summary else ():
            if host not in hidden and names_host(summary, host):
                hidden[host] = key
    return hidden


def _failing_summary(parent: Service, state: ServiceState, now: float) -> str:
    if state.is_failing:
        return state.last_summary
    return state.outage_summary if _remembers(parent, state, now) else ""


def _remembers(parent: Service, state: ServiceState, now: float) -> bool:
    """Whether the parent's dep_memory still holds its last outage against it (D2)."""
    return bool(parent.dep_memory and state.outage_ended) and elapsed(state.outage_ended, now) < parent.dep_memory


def _keyword(service: Service, behavior: DependBehavior) -> str:
    if service.depend is not None and service.dep_behavior is behavior:
        return "depend"
    return "alertdepend" if behavior is DependBehavior.ALERTS else "monitordepend"


@dataclass(frozen=True, slots=True)
class _Valued:
    """A value, and how many levels of expressions lie below it (none for a service without a dependency)."""

    fulfilled: bool
    height: int


@dataclass(slots=True)
class _Evaluation:
    """One evaluation. Each service is valued once, however many paths lead to it."""

    behavior: DependBehavior
    context: SiteContext
    now: float
    known: dict[ServiceKey, _Valued] = field(default_factory=dict)

    def value(self, dependency: Dependency, depth: int) -> _Valued:
        """Value an expression and, first, every service that it names (mon does not stop at the one that decides).

        Raises DependencyCycle when an expression lies deeper than dep_recur_limit, DependencyError otherwise.
        """
        if depth > self.context.settings.dep_recur_limit:
            raise DependencyCycle(f"it is nested deeper than dep_recur_limit {self.context.settings.dep_recur_limit}")
        if dependency.expression is None:
            raise DependencyError("a list of services is not an expression")
        valued = {key: self.service(key, depth + 1) for key in dependency.names}
        result = value_of(dependency.expression, lambda key: valued[key].fulfilled)
        return _Valued(bool(result), 1 + max((each.height for each in valued.values()), default=0))

    def service(self, key: ServiceKey, depth: int) -> _Valued:
        """Whether a service counts as fine; ``depth`` is that of its own expression, if it has one."""
        known = self.known.get(key)
        if known is not None and depth + known.height - 1 <= self.context.settings.dep_recur_limit:
            return known
        service = self.context.services.get(key)
        if service is None:
            valued = _Valued(False, 0)
        elif (dependency := service.dependency(self.behavior)) is None:
            valued = _Valued(self.is_well(service), 0)
        else:
            below = self.value(dependency, depth)
            valued = _Valued(below.fulfilled and self.is_well(service), below.height)
        self.known[key] = valued
        return valued

    def is_well(self, service: Service) -> bool:
        """Whether the service itself is in a success state, and its dep_memory over."""
        state = self.context.states.get(service.key, _UNTESTED)
        return (state.op_status.is_success or state.is_broken) and not _remembers(service, state, self.now)

    def blame(self, dependency: Dependency) -> str:
        """Who stands in the way: the services named that do not count as fine, or that all do."""
        guilty = [self.complaint(key) for key in dependency.names if not self.known[key].fulfilled]
        if guilty:
            return ", ".join(guilty)
        return f"{', '.join(map(str, dependency.names))} fine" if dependency.names else "never fulfilled"

    def complaint(self, key: ServiceKey) -> str:
        """Why a service counts as failing."""
        service, state = self.context.services.get(key), self.context.states.get(key, _UNTESTED)
        if service is None:
            return f"there is no {key}"
        if state.is_failing:
            return f"{key} is failing"
        if not state.op_status.is_success and not state.is_broken:
            return f"{key} is in state {state.op_status.name.lower()}"
        if _remembers(service, state, self.now):
            ago = format_elapsed(state.outage_ended, self.now)
            return f"{key} was failing until {ago} ago (dep_memory {format_duration(service.dep_memory)})"
        return f"{key} depends on a service that is failing"


_ERROR_FIELD = {DependBehavior.ALERTS: "depend_error", DependBehavior.MONITOR: "monitor_depend_error"}
"""the field of ServiceState that says why a dependency could not be evaluated at the last time"""
_UNTESTED = ServiceState()
