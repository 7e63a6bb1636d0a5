"""Talking to a mon server: the library, and the commands built on it.

    from pymon.client import Client

    with Client("mon.example.org") as mon:
        for status in mon.list_failures():
            print(status.group, status.service, status.last_summary)

Nothing is loaded before it is used, so that the commands start quickly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymon.client.aio import AsyncClient
    from pymon.client.connection import Connection
    from pymon.client.protocol import Reply
    from pymon.client.sync import Client
    from pymon.client.traps import send_trap
    from pymon.model.depend import ServiceKey
    from pymon.model.status import OpStatus
    from pymon.protocol.service_status import ServiceStatus

__all__ = ["AsyncClient", "Client", "Connection", "OpStatus", "Reply", "ServiceKey", "ServiceStatus", "send_trap"]

_HOMES = {
    "AsyncClient": "pymon.client.aio",
    "Client": "pymon.client.sync",
    "Connection": "pymon.client.connection",
    "OpStatus": "pymon.model.status",
    "Reply": "pymon.client.protocol",
    "ServiceKey": "pymon.model.depend",
    "ServiceStatus": "pymon.protocol.service_status",
    "send_trap": "pymon.client.traps",
}


def __getattr__(name: str) -> Any:
    """Load a name from its module when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # only when it is asked for

    return getattr(import_module(_HOMES[name]), name)
