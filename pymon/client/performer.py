"""What performs a command: the two clients, apart from their methods, which moncmd does not need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from pymon.client.protocol import ClientCommand

T = TypeVar("T")


class Performer(ABC):
    """Performs a command and gives its result."""

    @abstractmethod
    def perform(self, command: ClientCommand[T]) -> T:
        """Perform a command."""


class AsyncPerformer(ABC):
    """Performs a command in a coroutine."""

    @abstractmethod
    async def perform(self, command: ClientCommand[T]) -> T:
        """Perform a command."""
