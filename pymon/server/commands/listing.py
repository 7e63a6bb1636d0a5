"""The result of a ``list`` command, ready to be shown as mon's lines or as JSON.

A line of JSON may be as long as a thousand lines of text, so it is made in pieces, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

from pymon.model.request import Outcome, Request
from pymon.protocol.json_text import dumps
from pymon.server.commands.context import CommandContext
from pymon.server.commands.reply import CommandReply, CommandResult, EngineRequest


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: its lines, and the same as JSON values (the items of an array, or the one value there is).

    Both may be generators, of which one is used. They hold on to what they show: the daemon goes on meanwhile.
    """

    final: str
    lines: Iterable[str]
    items: Iterable[object]
    is_array: bool = True
    rest: FurtherPages | None = None


@dataclass(frozen=True, slots=True)
class FurtherPages:
    """The rest of a list: pages of lines, and how one of them is shown as a JSON value."""

    pages: AsyncIterator[Iterable[str]]
    item: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class DeferredListing:
    """A list that the daemon has to read first."""

    request: Request
    listing: Callable[[Outcome], Listing | CommandReply]


ListResult = Listing | CommandReply | DeferredListing
"""a list, or a refusal, or neither yet"""

ListHandler = Callable[[CommandContext], ListResult]
"""makes one kind of list; the call's arguments are those of the list"""

Presentation = Callable[[Listing], CommandReply]


def as_lines(listing: Listing) -> CommandReply:
    """Present a list as mon does."""
    return CommandReply(listing.final, listing.lines, pages=None if listing.rest is None else listing.rest.pages)


def as_json(listing: Listing) -> CommandReply:
    """Present a list as one line of JSON."""
    if listing.rest is not None:
        array = _Array()
        return CommandReply(
            listing.final, array.of(listing.items), is_one_line=True, pages=_array_pages(array, listing.rest)
        )
    pieces = _array(listing.items) if listing.is_array else map(dumps, listing.items)
    return CommandReply(listing.final, pieces, is_one_line=True)


def render(listed: ListResult, presentation: Presentation) -> CommandResult:
    """Make an answer of a list."""
    if not isinstance(listed, DeferredListing):
        return _render(listed, presentation)
    return EngineRequest(listed.request, lambda outcome: _render(listed.listing(outcome), presentation))


def _render(listed: Listing | CommandReply, presentation: Presentation) -> CommandReply:
    return listed if isinstance(listed, CommandReply) else presentation(listed)


class _Array:
    """Writes the items of an array that come bit by bit."""

    def __init__(self) -> None:
        self._before = "["

    def of(self, items: Iterable[object]) -> Iterator[str]:
        for item in items:
            yield f"{self._before}{dumps(item)}"
            self._before = ","

    def end(self) -> Iterator[str]:
        yield "]" if self._before == "," else "[]"


def _array(items: Iterable[object]) -> Iterator[str]:
    array = _Array()
    yield from array.of(items)
    yield from array.end()


async def _array_pages(array: _Array, rest: FurtherPages) -> AsyncIterator[Iterable[str]]:
    async for page in rest.pages:
        yield array.of(map(rest.item, page))
    yield array.end()
