"""The results of a command: an answer at once, or a request to the daemon and then an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from pymon.model.request import Outcome, Request


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of one client's connection.

    ``peer`` is its address, or ``unix``; ``user`` is whom it is logged in as (empty: nobody). ``view`` is the view
    it has chosen (empty: none). ``peer_users`` are the users that it may log in as without a password, because the
    kernel vouches for them (a Unix socket's peer): names, or ``*`` for any.
    """

    peer: str = ""
    user: str = ""
    view: str = ""
    peer_users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The lines of data, then the final line (``NNN text``), all without line ends.

    ``lines`` may be a generator: long answers are made while they are sent. With ``is_one_line`` they are the pieces
    of one long line, and only the last is followed by a line end. ``pages`` are further lines, each page fetched when
    those before it were sent; raises OSError if that fails. ``session`` replaces the connection's, ``close`` ends it.
    """

    final: str
    lines: Iterable[str] = ()
    session: Session | None = None
    close: bool = False
    is_one_line: bool = False
    pages: AsyncIterator[Iterable[str]] | None = None


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """Something for the daemon to do first; ``reply`` makes the answer from how that ended."""

    request: Request
    reply: Callable[[Outcome], CommandReply]


CommandResult = CommandReply | EngineRequest
