"""``set GROUP SERVICE VARIABLE VALUE``: mon's variables, mapped to what pymon knows of them (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pymon.config.keywords import SERVICE_KEYWORDS
from pymon.core.variables import FIELDS, set_state
from pymon.errors import SettingError
from pymon.model.service import Service
from pymon.model.state import ServiceState
from pymon.model.timer import Timer

_TIMERS = {
    "_timer": Timer.CHECK,
    "_trap_timer": Timer.TRAP_TIMEOUT,
    "_trap_duration_timer": Timer.TRAP_EXPIRY,
}
"""the variables that are timers"""


@dataclass(frozen=True, slots=True)
class Change:
    """A service and its state after a change; ``retimed`` is set again, to ``due_in`` seconds if given."""

    service: Service
    state: ServiceState
    retimed: Timer | None = None
    due_in: float | None = None


def set_variable(service: Service, state: ServiceState, name: str, value: str, now: float) -> Change:
    """Set a variable by mon's name: a keyword of mon.cf, or ``_name`` for the state and the timers.

    ``now`` is in seconds since the epoch.

    Raises SettingError, which says why, for an unknown variable or a value that does not fit it (E-set).
    """
    if name in _TIMERS:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise SettingError(f"{name} is in seconds, not {value!r}")
        return Change(service, state, _TIMERS[name], float(value))
    if name in FIELDS:
        return Change(service, set_state(state, name, value, now))
    if name.startswith("_"):
        raise SettingError(f"{name} is no variable that can be set")
    if name == "disable":
        raise SettingError(f"use: {'disable' if value == '1' else 'enable'} service {service.group} {service.name}")
    keyword = SERVICE_KEYWORDS.get(name)
    if keyword is None:
        raise SettingError(f"{name} is no keyword of a service")
    return Change(keyword.set(service, value), state, keyword.retimes)
