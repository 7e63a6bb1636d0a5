"""The part of both clients that performs a command. moncmd needs only this, not their methods."""

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
