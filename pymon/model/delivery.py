"""Alerts that were decided and are not done yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Pending:
    """One call of an alert, as it outlives the daemon: all that it takes to make it again.

    ``key`` is what it is ordered by; ``name`` the alert as mon.cf names it. ``at`` is when it was decided (seconds
    since the epoch). ``environ`` holds only what differs from the daemon's own environment.
    """

    key: str
    name: str
    group: str
    service: str
    event: str
    at: float
    arguments: tuple[str, ...]
    environ: dict[str, str]
    stdin: str


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """An alert that was decided and has not ended. ``started`` is when its first attempt began, 0 if none did."""

    token: str
    pending: Pending
    started: float = 0.0


def pending_of(values: Mapping[str, Any]) -> Pending:
    """A call from the values of its JSON object; raises ValueError if they are not those of one."""
    names = {field.name for field in fields(Pending)}
    if values.keys() != names:
        raise ValueError(f"its fields differ: {', '.join(sorted(values.keys() ^ names))}")
    strings = [values[name] for name in ("key", "name", "group", "service", "event", "stdin")]
    arguments, environ, at = values["arguments"], values["environ"], values["at"]
    is_typed = isinstance(arguments, list) and isinstance(environ, dict) and isinstance(at, int | float)
    if not is_typed or not all(isinstance(value, str) for value in [*strings, *arguments, *environ.values()]):
        raise ValueError("a value in it is of a wrong type")
    return Pending(**{**values, "arguments": tuple(arguments)})
