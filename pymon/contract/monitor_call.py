"""How the daemon calls a monitor: argv and environment, exactly as mon does (spec: running a monitor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymon.contract.check_order import CheckOrder
from pymon.contract.environ import fit
from pymon.contract.invocation import Invocation
from pymon.model.service import MonitorCommand, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.variables import MonVariable


def order_check(
    service: Service,
    monitor: MonitorCommand,
    hosts: Sequence[str],
    state: ServiceState,
    settings: Settings,
    *,
    time_limit: float,
    inprocess: bool = True,
) -> CheckOrder:
    """The order to check ``hosts`` by the service's monitor. ``time_limit`` is in seconds."""
    variables = _variables(service, state, settings)
    return CheckOrder(
        service.key,
        monitor.name,
        (*monitor.arguments, *hosts) if monitor.append_hosts else monitor.arguments,
        tuple(hosts),
        dict(service.environment) | variables if service.environment else variables,
        time_limit,
        inprocess,
    )


def monitor_invocation(order: CheckOrder, path: str, base_environ: Mapping[str, str]) -> Invocation:
    """The call that carries out an order: of the file ``path``, in the environment ``base_environ``."""
    return Invocation(path, order.arguments, {**base_environ, **order.environment})


def _variables(service: Service, state: ServiceState, settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {
        MonVariable.GROUP: service.group,
        MonVariable.SERVICE: service.name,
        MonVariable.LAST_FAILURE: str(int(state.last_failure)),
        MonVariable.LAST_SUCCESS: str(int(state.last_success)),
        MonVariable.STATEDIR: settings.statedir,
        MonVariable.LOGDIR: settings.logdir,
        MonVariable.CFBASEDIR: settings.cfbasedir,
    }
    if state.has_result:
        found[MonVariable.FIRST_FAILURE] = str(int(state.first_failure))
        if state.last_summary or state.last_output:  # mon has none of a success that printed nothing
            found[MonVariable.LAST_SUMMARY] = fit(state.last_summary)
        found[MonVariable.LAST_OUTPUT] = fit(state.last_output)
    if state.depend_status is not None:
        found[MonVariable.DEPEND_STATUS] = str(int(state.depend_status))
    if service.description is not None:
        found[MonVariable.DESCRIPTION] = fit(service.description)
    return found
