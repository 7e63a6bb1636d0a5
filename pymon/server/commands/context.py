"""One command as its handler sees it, and mon's ways to take a line apart.

Blanks are ASCII's: other Unicode blanks are text, as they are to mon.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pymon.config.shell_words import split_words
from pymon.errors import WordSplitError
from pymon.model.auth import AuthRules
from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome
from pymon.model.snapshot import Snapshot
from pymon.protocol.commands import COMMANDS
from pymon.protocol.wire import escape_line_ends, unescape
from pymon.server.commands.render_cache import StatusRenderer
from pymon.server.commands.reply import CommandReply, CommandResult, Session

_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_WORDS = re.compile(r"[^ \t\r\n\f\v]+")

_RIGHT_OF = {spec.name: spec.right_of for spec in COMMANDS if spec.right_of}


@dataclass(frozen=True, slots=True)
class CommandContext:
    """A command: the rest of its line after the command word and blanks, who sends it, and what is known now.

    ``statuses`` renders the statuses of services.
    """

    arguments: str
    session: Session
    snapshot: Snapshot
    statuses: StatusRenderer

    def with_arguments(self, arguments: str) -> CommandContext:
        """The same, for a word further on."""
        return replace(self, arguments=arguments)

    def knows(self, key: ServiceKey) -> bool:
        """Whether there is such a service."""
        return key in self.snapshot.site.services

    def remembers(self, key: ServiceKey) -> bool:
        """Whether there is such a service, or there was one lately."""
        return self.knows(key) or key in self.snapshot.departed


CommandHandler = Callable[[CommandContext], CommandResult]
"""makes the answer to a command; pure, and never raises"""


def split(text: str, count: int) -> list[str]:
    """The words of a text, ``count`` of them: the last one is all that is left, missing ones are empty."""
    words = _BLANKS.split(text, maxsplit=count - 1)
    return words + [""] * (count - len(words))


def split_all(text: str) -> list[str]:
    """All words of a text."""
    return _WORDS.findall(text)


def comment_of(text: str) -> str:
    """The comment that ``ack`` takes: all the words of a text, as a shell splits it, unescaped.

    mon takes the first word only, and nothing of a text with an odd apostrophe (P-ack-words).
    """
    try:
        return unescape(" ".join(split_words(text)))
    except WordSplitError:
        return unescape(text.strip())


def value_of(text: str) -> str:
    """The value that ``set`` takes: the first word of a text, as a shell splits it, unescaped.

    It is empty if a quote in the text is never closed.
    """
    try:
        words = split_words(text)
    except WordSplitError:
        return ""
    return unescape(words[0]) if words else ""


def reply_when_done(final: str) -> Callable[[Outcome], CommandReply]:
    """Reply with a closing line once the daemon has done what was asked, with its reason if it refused."""

    def reply(outcome: Outcome) -> CommandReply:
        return CommandReply(final) if outcome.ok else refuse(outcome)

    return reply


def refuse(outcome: Outcome) -> CommandReply:
    """The reply to what the daemon refused to do."""
    return CommandReply(f"520 {escape_line_ends(outcome.text) or 'command could not be executed'}")


def is_allowed(auth: AuthRules, user: str, command: str) -> bool:
    """Whether a user (empty: not logged in) may use a command."""
    if not auth.is_known(command):
        command = _RIGHT_OF.get(command, command)
    return auth.allows(user, command)
