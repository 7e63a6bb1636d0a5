"""How the daemon calls a monitor: argv and environment, exactly as mon does (spec: running a monitor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pymon.model.invocation import Invocation
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState

ENVIRONMENT_LIMIT = 64 * 1024
"""bytes of an earlier output that are handed on in one variable: the kernel takes 128 KiB (Q21)"""


def invocation(
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
    found = {
        "MON_GROUP": service.group,
        "MON_SERVICE": service.name,
        "MON_LAST_FAILURE": str(int(state.last_failure)),
        "MON_LAST_SUCCESS": str(int(state.last_success)),
        "MON_STATEDIR": settings.statedir,
        "MON_LOGDIR": settings.logdir,
        "MON_CFBASEDIR": settings.cfbasedir,
    }
    if state.has_result:
        found["MON_FIRST_FAILURE"] = str(int(state.first_failure))
        if state.last_summary or state.last_output:  # mon has none of a success that printed nothing
            found["MON_LAST_SUMMARY"] = shortened(state.last_summary)
        found["MON_LAST_OUTPUT"] = shortened(state.last_output)
    if state.depend_status is not None:
        found["MON_DEPEND_STATUS"] = str(int(state.depend_status))
    if service.description is not None:
        found["MON_DESCRIPTION"] = service.description
    return found


def shortened(text: str, limit: int = ENVIRONMENT_LIMIT) -> str:
    """At most ``limit`` bytes of UTF-8 of a text, ending with a whole character."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode("utf-8", "surrogateescape")
    if len(data) <= limit:
        return text
    end = limit
    while end > limit - 4 and data[end] & 0xC0 == 0x80:  # in the midst of a character
        end -= 1
    return data[:end].decode("utf-8", "surrogateescape")
