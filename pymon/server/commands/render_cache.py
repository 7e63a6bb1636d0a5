"""What is made of a service and its state, made once for each pair of them.

Clients ask for thousands of status lines every few seconds, and of most services nothing has changed since. Services
and states are records that are replaced whole, so that the very same pair stands for the very same text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.state import ServiceState

T = TypeVar("T")

KEPT = 100_000
"""services of which something is kept"""
KEPT_SIZE = 8192
"""characters of summary and detail beyond which it is made each time: it would double the memory of a long detail"""


class Kept(Generic[T]):
    """Makes a value of a service and its state, or gives the one it has made of the very same ones before."""

    def __init__(self, make: Callable[[Service, ServiceState], T]) -> None:
        self._make = make
        self._values: dict[ServiceKey, tuple[Service, ServiceState, T]] = {}

    def get(self, key: ServiceKey, service: Service, state: ServiceState) -> T:
        """The value; ``key`` is the service's."""
        kept = self._values.get(key)
        if kept is not None and kept[0] is service and kept[1] is state:
            return kept[2]
        value = self._make(service, state)
        if len(state.last_detail) + len(state.last_summary) <= KEPT_SIZE:
            if len(self._values) >= KEPT:
                self._values.clear()
            self._values[key] = (service, state, value)
        return value
