"""How one description of a command serves both clients.

A method in ``Methods`` gives the words that fill in the usage of a command (``pymon.protocol.commands``):

    @asks("list group", answers.members)
    def list_group(self, group: str) -> Words:
        return [word(group)]

Of the blocking client it gives what ``answers.members`` reads, of the asyncio client an awaitable of it; called on the
class it gives the ``ClientCommand``. The arguments' types and the documentation are those of the function.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from pymon.client.performer import AsyncPerformer, Performer
from pymon.client.protocol import ClientCommand, Reply
from pymon.protocol.commands import specs_of

if TYPE_CHECKING:
    from typing import Self

P = ParamSpec("P")
T = TypeVar("T")

Words = Iterable[str]
"""what follows the fixed words of a command"""


class Method(Generic[P, T]):
    """A method of both clients, made of what gives its command."""

    def __init__(self, command: Callable[P, ClientCommand[T]]) -> None:
        self._command = command
        update_wrapper(self, command)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ClientCommand[T]:
        """The command that the method sends."""
        return self._command(*args, **kwargs)

    @overload
    def __get__(self, client: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, client: Performer, owner: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncPerformer, owner: type[Any]) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Performer | AsyncPerformer | None, owner: type[Any]) -> Any:
        """The method of one client; this object itself of the class."""
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.perform(self._command(*args, **kwargs))

        return update_wrapper(method, self._command)


def asks(beginning: str, read: Callable[[Reply], T]) -> Callable[[Callable[Concatenate[Any, P], Words]], Method[P, T]]:
    """Make a method that sends ``beginning`` and the words that the decorated function gives; ``read`` its answer.

    Raises KeyError if no command of the protocol begins so.
    """
    reads_refusal = all(spec.is_refusal_read for spec in specs_of(beginning))

    def decorate(fill: Callable[Concatenate[Any, P], Words]) -> Method[P, T]:
        def command(*args: P.args, **kwargs: P.kwargs) -> ClientCommand[T]:
            return ClientCommand(" ".join((beginning, *fill(None, *args, **kwargs))), read, reads_refusal)

        return Method(update_wrapper(command, fill))

    return decorate


def word(name: str) -> str:
    """A name as it is sent. Raises ValueError unless it is one word."""
    if len(name.split()) != 1 or name != name.strip():
        raise ValueError(f"a name is one word, not {name!r}")
    return name
