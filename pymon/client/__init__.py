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
    from pymon.client.opstatus import OpStatus
    from pymon.client.protocol import Reply
    from pymon.client.records import ServiceKey, ServiceStatus
    from pymon.client.sync import Client
    from pymon.client.traps import send_trap

__all__ = ["AsyncClient", "Client", "Connection", "OpStatus", "Reply", "ServiceKey", "ServiceStatus", "send_trap"]

_HOMES = {
    "AsyncClient": "aio",
    "Client": "sync",
    "Connection": "connection",
    "OpStatus": "opstatus",
    "Reply": "protocol",
    "ServiceKey": "records",
    "ServiceStatus": "records",
    "send_trap": "traps",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # only when it is asked for

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
