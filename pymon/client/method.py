"""How one description of a verb serves both clients.

A verb is a function that gives a command: ``list_group("web") -> Command[list[GroupHost]]``. Put into ``Verbs`` as
``list_group = Verb(commands.list_group)`` it is a method of both: of the blocking client it gives the list, of the
asyncio client an awaitable of it. The arguments' types and the documentation are the function's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from pymon.client.protocol import Command

if TYPE_CHECKING:
    from typing import Self

P = ParamSpec("P")
T = TypeVar("T")


class Performer(ABC):
    """Performs a command and gives its result."""

    @abstractmethod
    def perform(self, command: Command[T]) -> T:
        """Perform a command."""


class AsyncPerformer(ABC):
    """Performs a command in a coroutine."""

    @abstractmethod
    async def perform(self, command: Command[T]) -> T:
        """Perform a command."""


class Verb(Generic[P, T]):
    """A method of both clients, made of the function that gives its command."""

    def __init__(self, command: Callable[P, Command[T]]) -> None:
        self.command = command
        self.__doc__ = command.__doc__

    @overload
    def __get__(self, client: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, client: Performer, owner: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncPerformer, owner: type[Any]) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Performer | AsyncPerformer | None, owner: type[Any]) -> Any:
        """The method of one client; the verb itself of the class."""
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.perform(self.command(*args, **kwargs))

        return update_wrapper(method, self.command)
