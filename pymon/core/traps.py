"""Traps: whom one is for, and the two timers that they keep.

traptimeout: a service that expects traps fails when none has come for so long, and again after each such time.
trapduration: so long after a trap the status becomes OK again.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.state import ServiceState

TRAP_TIMEOUT_EXITVAL = 1
DEFAULT = "default"
"""the watch, and the service in it, that catch traps addressed to nobody"""


@dataclass(frozen=True, slots=True)
class Addressee:
    """The service that a trap is for; ``intended`` is the original ``group:service`` if the default group caught it."""

    key: ServiceKey
    intended: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nobody is there for a trap; ``reason`` is what mon logs."""

    reason: str


def route(watches: Container[str], services: Container[ServiceKey], group: str, service: str) -> Addressee | Rejected:
    """Whom a trap for ``group`` and ``service`` is for, given the watches and services of the site.

    A watch ``default`` catches what is for an unknown group: its service of that name, else its service
    ``default``. An unknown service of a known group is rejected.
    """
    intended = ""
    key = ServiceKey(group, service)
    if group not in watches:
        if DEFAULT not in watches:
            return Rejected(f"trap received for undefined group {group}")
        key, intended = ServiceKey(DEFAULT, service), str(key)
    if key.group == DEFAULT and key not in services and (DEFAULT, DEFAULT) in services:
        key = ServiceKey(DEFAULT, DEFAULT)
    if key not in services:
        return Rejected(f"trap received for undefined service type {key.group}/{key.service}")
    return Addressee(key, intended)


def timeout_output(service: Service, local: datetime) -> str:
    """What stands for a monitor's output when no trap has come; ``local`` is the time on the wall, as in mon's text."""
    return f"trap timeout\ntrap timeout after {service.traptimeout or 0:g}s at {local.ctime()}\n"


def timeout_due(service: Service, armed: float) -> float | None:
    """When the service counts as failed for want of a trap, or None if it expects none.

    ``armed`` is when the timer was started last: by the daemon's start, a trap, a trap timeout, ``clear timers``.
    """
    return None if service.traptimeout is None else armed + service.traptimeout


def expiry_due(service: Service, state: ServiceState) -> float | None:
    """When the status that a trap set is over (trapduration), or None if there is no such end."""
    if service.trapduration is None or not state.last_trap:
        return None
    return state.last_trap + service.trapduration
