"""Completion of moncmd's words in bash and zsh: the commands, and the groups and services that the server has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pymon.client.command_syntax import COMMANDS, KNOWN
from pymon.errors import ClientError

if TYPE_CHECKING:
    from pymon.client.connection import Connection
    from pymon.client.moncmd_options import MoncmdOptions

TIMEOUT = 1.0
"""seconds that somebody who pressed the Tab key can wait for a server"""

_BASH = """\
_moncmd() {
    local IFS=$'\\n'
    COMPREPLY=($("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _moncmd moncmd
"""
_ZSH = """\
#compdef moncmd
_moncmd() {
    local -a found
    found=("${(@f)$("${words[1]}" --complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -a found
}
compdef _moncmd moncmd
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH}


def show(options: MoncmdOptions) -> int:
    """Print the script of a shell, or (for that script) the words that the last one may become. The exit status."""
    if options.complete:
        print("\n".join(sorted(set(candidates(options.words, _asker(options))))))
        return 0
    script = _SCRIPTS.get(options.completion)
    if script is None:
        print(f"moncmd: there is no completion for {options.completion!r}, but for bash and zsh", file=sys.stderr)
        return 2
    print(script, end="")
    return 0


def candidates(words: tuple[str, ...], known: Callable[[str, tuple[str, ...]], list[str]]) -> Iterator[str]:
    """List what the last word, which may be incomplete or empty, can become.

    ``known`` gives what can stand for a word in capitals (``GROUP``), given the words before it.
    """
    *before, last = words or ("",)
    asked: dict[str, list[str]] = {}
    for command in COMMANDS:
        word = _word_at(command, tuple(before))
        if word is None:
            continue
        if word.isupper() and word not in asked:
            asked[word] = known(word, tuple(before))
        for candidate in asked[word] if word.isupper() else [word]:
            if candidate.startswith(last):
                yield candidate


def _word_at(command: tuple[str, ...], before: tuple[str, ...]) -> str | None:
    """The word of a command that comes after these; None if they do not begin it."""
    for index, typed in enumerate(before):
        word = _word_of(command, index)
        if word is None or not (word.isupper() or word == typed):
            return None
    return _word_of(command, len(before))


def _word_of(command: tuple[str, ...], index: int) -> str | None:
    if index < len(command):
        return command[index].strip("[].")
    return command[-1].strip("[].") if command[-1].endswith("...") else None


def _asker(options: MoncmdOptions) -> Callable[[str, tuple[str, ...]], list[str]]:
    """Asks the server; one that does not answer, or may not tell, knows nothing."""

    def ask_server(word: str, before: tuple[str, ...]) -> list[str]:
        if word in KNOWN:
            return list(KNOWN[word])
        try:
            with options.connection(TIMEOUT) as connection:
                return _ask(connection, word, before)
        except ClientError:
            return []

    return ask_server


def _ask(connection: Connection, word: str, before: tuple[str, ...]) -> list[str]:
    match word:
        case "GROUP":
            return [group for group, _ in _pairs(connection)]
        case "SERVICE":
            return [service for group, service in _pairs(connection) if before and group == before[-1]]
        case "HOST":
            groups = sorted({group for group, _ in _pairs(connection)})
            lines = [line for group in groups for line in connection.ask(f"list group {group}").lines]
            return [host.removeprefix("*") for line in lines for host in line.split()[2:]]
        case "VIEW":
            return [view for line in connection.ask("list views").lines for view in line.split()[1:]]
        case "ALIAS":
            return [alias for line in connection.ask("list aliasgroups").lines for alias in line.split()]
    return []


def _pairs(connection: Connection) -> list[tuple[str, str]]:
    """Every group with each of its services."""
    found = []
    for line in connection.ask("list watch").lines:
        group, _, service = line.partition(" ")
        found.append((group, service))
    return found
