"""The commands of the protocol: each is declared here once, and here only.

From this table come the server's (which commands there are, and which of them auth.cf has to allow), the lines that the
client's methods send, moncmd's usage, and the completion of its words. Light to import: moncmd starts with it.
"""

from __future__ import annotations

from typing import NamedTuple


class CommandSpec(NamedTuple):
    """One form of a command.

    ``usage`` are its words. A word in capitals stands for something to fill in; GROUP, SERVICE, HOST, VIEW and ALIAS
    are known to the server. A last word with ``...`` may be repeated, one in brackets left out. ``is_restricted``: only
    those may use it whom auth.cf lets; ``right_of`` is the command whose right counts where mon's auth.cf does not name
    this one, which is pymon's own. ``is_refusal_read``: a refusal (5xx) is an answer as well, which the client
    reads like another; else it raises CommandFailed. ``is_listed``: it is shown in usages.
    """

    usage: str
    is_restricted: bool = True
    right_of: str = ""
    is_refusal_read: bool = False
    is_listed: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the usage."""
        return tuple(self.usage.split())

    @property
    def name(self) -> str:
        """The first word, by which auth.cf names the command."""
        return self.usage.partition(" ")[0]

    @property
    def fixed(self) -> tuple[str, ...]:
        """The words that are sent as they stand here; those to fill in come after them."""
        return tuple(word for word in self.words if word.islower() and not word.startswith("["))


COMMANDS = (
    CommandSpec("ack GROUP SERVICE COMMENT..."),
    CommandSpec("checkauth COMMAND", is_restricted=False, is_refusal_read=True),
    CommandSpec("clear timers GROUP SERVICE"),
    CommandSpec("disable host HOST..."),
    CommandSpec("disable service GROUP SERVICE"),
    CommandSpec("disable watch GROUP"),
    CommandSpec("dump", is_restricted=False, is_listed=False),
    CommandSpec("enable host HOST..."),
    CommandSpec("enable service GROUP SERVICE"),
    CommandSpec("enable watch GROUP"),
    CommandSpec("get GROUP SERVICE VARIABLE"),
    CommandSpec("get maxkeep"),
    CommandSpec("getview", is_restricted=False),
    CommandSpec("json list WHAT...", is_restricted=False),
    CommandSpec("json why GROUP SERVICE [SINCE]", is_restricted=False),
    CommandSpec("list alerthist"),
    CommandSpec("list aliases ALIAS..."),
    CommandSpec("list aliasgroups"),
    CommandSpec("list banished"),
    CommandSpec("list deps"),
    CommandSpec("list debts"),
    CommandSpec("list debts GROUP SERVICE"),
    CommandSpec("list descriptions"),
    CommandSpec("list disabled"),
    CommandSpec("list dtlog"),
    CommandSpec("list failurehist"),
    CommandSpec("list failures"),
    CommandSpec("list group GROUP"),
    CommandSpec("list measurements GROUP SERVICE"),
    CommandSpec("list opstatus GROUP..."),
    CommandSpec("list pids"),
    CommandSpec("list state"),
    CommandSpec("list successes"),
    CommandSpec("list views"),
    CommandSpec("list warnings"),
    CommandSpec("list watch"),
    CommandSpec("loadstate KIND..."),
    CommandSpec("login USER PASSWORD", is_restricted=False),
    CommandSpec("protid NUMBER", is_restricted=False, is_refusal_read=True),
    CommandSpec("quit", is_restricted=False),
    CommandSpec("reload auth"),
    CommandSpec("reset [stopped] [keepstate]"),
    CommandSpec("savestate KIND..."),
    CommandSpec("servertime"),
    CommandSpec("set GROUP SERVICE VARIABLE VALUE"),
    CommandSpec("set maxkeep NUMBER"),
    CommandSpec("setview VIEW", is_restricted=False),
    CommandSpec("start"),
    CommandSpec("stop"),
    CommandSpec("term"),
    CommandSpec("test config", is_refusal_read=True),
    CommandSpec("test monitor GROUP SERVICE"),
    CommandSpec("test alert GROUP SERVICE RETVAL PERIOD"),
    CommandSpec("test ackalert GROUP SERVICE RETVAL PERIOD"),
    CommandSpec("test disablealert GROUP SERVICE RETVAL PERIOD"),
    CommandSpec("test startupalert GROUP SERVICE RETVAL PERIOD"),
    CommandSpec("test upalert GROUP SERVICE RETVAL PERIOD"),
    CommandSpec("version", is_restricted=False),
    CommandSpec("why GROUP SERVICE [SINCE]", right_of="list"),
)
"""mon's commands, and ``why`` and ``json``, which are pymon's own; and some lists of its own"""


def specs_of(beginning: str) -> list[CommandSpec]:
    """The commands whose words begin so. Raises KeyError if no command does."""
    words = tuple(beginning.split())
    found = [spec for spec in COMMANDS if spec.words[: len(words)] == words]
    if not found:
        raise KeyError(beginning)
    return found
