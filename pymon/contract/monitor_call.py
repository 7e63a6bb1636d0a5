"""How the daemon calls a monitor: argv and environment, exactly as mon does (spec: running a monitor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymon.contract.environ import fit
from pymon.contract.invocation import Invocation
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.variables import MonVariable


def monitor_invocation(
    service: Service,
    path: str,
    hosts: Sequence[str],
    state: ServiceState,
    settings: Settings,
    base_environ: Mapping[str, str],
) -> Invocation:
    """The call of a service's monitor, the file ``path``, for ``hosts`` (left out where its line ends in ``;;``)."""
    command = service.monitor
    arguments = command.arguments if command is not None else ()
    if command is None or command.append_hosts:
        arguments = (*arguments, *hosts)
    environ = {**base_environ, **dict(service.environment), **_variables(service, state, settings)}
    return Invocation(path, arguments, environ)


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
