"""The methods of both clients.

Names and order are Mon::Client's. Names of groups, services, hosts and the like are words: ValueError for one that is
empty or has blanks in it. Texts (comments, values) may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from pymon.client import answers
from pymon.client.method import Method, Words, asks, word
from pymon.client.protocol import login, read_nothing
from pymon.protocol.service_status import from_line
from pymon.protocol.wire import PROTOCOL_VERSION, quote


class Methods:
    """The methods that ``Client`` and ``AsyncClient`` share; each sends a command and gives what its answer says."""

    @asks("list opstatus", answers.each(from_line))
    def list_opstatus(self, services: Iterable[str | tuple[str, str]] = ()) -> Words:
        """The status of every service, or of some: of groups (``"web"``) and services (``("web", "http")``)."""
        return map(_pair, services)

    @asks("list failures", answers.each(from_line))
    def list_failures(self) -> Words:
        """The status of the services that fail."""
        return ()

    @asks("list successes", answers.each(from_line))
    def list_successes(self) -> Words:
        """The status of the services that do not fail, untested ones too."""
        return ()

    @asks("list warnings", answers.each(from_line))
    def list_warnings(self) -> Words:
        """The status of the services that were started, are unknown, or warn."""
        return ()

    @asks("list disabled", answers.disabled)
    def list_disabled(self) -> Words:
        """The disabled watches, services and hosts."""
        return ()

    @asks("list alerthist", answers.each(answers.alert_call))
    def list_alerthist(self) -> Words:
        """The last alerts that were called, oldest first."""
        return ()

    @asks("list failurehist", answers.each(answers.failure))
    def list_failurehist(self) -> Words:
        """The last failures, oldest first."""
        return ()

    @asks("list dtlog", answers.each(answers.downtime))
    def list_dtlog(self) -> Words:
        """The downtime log. Raises CommandFailed if the server does not keep one."""
        return ()

    @asks("json list", answers.debts)
    def list_debts(self) -> Words:
        """The down alerts whose end is not told yet, and what pays them (pymon's servers only)."""
        return ["debts"]

    @asks("list pids", answers.processes)
    def list_pids(self) -> Words:
        """The server's process id and those of the monitors that run now."""
        return ()

    @asks("list state", answers.scheduler)
    def list_state(self) -> Words:
        """Whether the scheduler runs."""
        return ()

    @asks("list watch", answers.each(answers.service_key))
    def list_watch(self) -> Words:
        """Every service."""
        return ()

    @asks("list descriptions", answers.descriptions)
    def list_descriptions(self) -> Words:
        """The description of every service; empty for those without."""
        return ()

    @asks("list deps", answers.dependencies)
    def list_deps(self) -> Words:
        """The dependencies of every service."""
        return ()

    @asks("list group", answers.members)
    def list_group(self, group: str) -> Words:
        """The members of a group."""
        return [word(group)]

    @asks("list views", answers.views)
    def list_views(self) -> Words:
        """The views that the server has."""
        return ()

    @asks("setview", answers.view)
    def setview(self, view: str = "") -> Words:
        """Show only a view's groups in lists from now on; without a name, all again. Gives the view's name."""
        return [word(view)] if view else []

    @asks("getview", answers.view)
    def getview(self) -> Words:
        """The view that is selected; empty if none is."""
        return ()

    @asks("list aliases", answers.aliases)
    def list_aliases(self, *names: str) -> Words:
        """Aliases and their lines: all of them, or these."""
        return map(word, names)

    @asks("list aliasgroups", answers.words)
    def list_aliasgroups(self) -> Words:
        """The names of all aliases."""
        return ()

    @asks("enable watch", read_nothing)
    def enable_watch(self, watch: str) -> Words:
        """Watch a group again."""
        return [word(watch)]

    @asks("disable watch", read_nothing)
    def disable_watch(self, watch: str) -> Words:
        """Watch a group no more."""
        return [word(watch)]

    @asks("enable service", read_nothing)
    def enable_service(self, group: str, service: str) -> Words:
        """Check a service again."""
        return [word(group), word(service)]

    @asks("disable service", read_nothing)
    def disable_service(self, group: str, service: str) -> Words:
        """Check a service no more."""
        return [word(group), word(service)]

    @asks("enable host", read_nothing)
    def enable_host(self, *hosts: str) -> Words:
        """Check hosts again, in all their groups."""
        return map(word, hosts)

    @asks("disable host", read_nothing)
    def disable_host(self, *hosts: str) -> Words:
        """Check hosts no more, in all their groups. None of them is disabled if one does not exist (CommandFailed)."""
        return map(word, hosts)

    @asks("ack", read_nothing)
    def ack(self, group: str, service: str, comment: str) -> Words:
        """Acknowledge a failure: no more alerts until it is over. CommandFailed if the service does not fail."""
        return [word(group), word(service), quote(comment)]

    @asks("set", read_nothing)
    def set(self, group: str, service: str, variable: str, value: str | float) -> Words:
        """Set a service's variable, such as ``interval`` or ``opstatus`` (by its name), until the next reset."""
        text = word(str(value)) if variable == "opstatus" else quote(str(value))
        return [word(group), word(service), word(variable), text]

    @asks("get", answers.variable)
    def get(self, group: str, service: str, variable: str) -> Words:
        """A service's variable; empty if it has none of this name."""
        return [word(group), word(service), word(variable)]

    @asks("set maxkeep", read_nothing)
    def set_maxkeep(self, count: int) -> Words:
        """Set how many lines the histories keep."""
        return [f"{count:d}"]

    @asks("get maxkeep", answers.count)
    def get_maxkeep(self) -> Words:
        """How many lines the histories keep."""
        return ()

    @asks("test", answers.test_of_service)
    def test(self, what: str, group: str, service: str, retval: int | str = 0, period: str = "") -> Words:
        """Check a service now (``monitor``), or call its alerts as if it had failed with ``retval`` (``alert``,
        ``upalert``, ``startupalert``, ``ackalert``, ``disablealert``), in a period named by its label or text."""
        words = [word(what), word(group), word(service)]
        if what == "monitor":
            return words
        return [*words, word(str(retval)), *([period] if period else [])]

    @asks("test config", answers.test_of_config)
    def test_config(self) -> Words:
        """Check the server's configuration file, without using it."""
        return ()

    @asks("clear timers", read_nothing)
    def clear(self, group: str, service: str) -> Words:
        """Forget a service's counters for alertevery, alertafter and the like (``clear timers``)."""
        return [word(group), word(service)]

    @asks("reset", answers.text)
    def reset(self, *, stopped: bool = False, keepstate: bool = False) -> Words:
        """Read the configuration again and start again with it; gives the server's words.

        ``stopped`` stops the scheduler, ``keepstate`` keeps states and what is disabled. CommandFailed if the
        configuration has errors.
        """
        return ["stopped"] * stopped + ["keepstate"] * keepstate

    @asks("reload", read_nothing)
    def reload(self, what: str = "auth") -> Words:
        """Read the file of who may do what again."""
        return [word(what)]

    @asks("loadstate", read_nothing)
    def loadstate(self, *kinds: str) -> Words:
        """Take over saved state: ``disabled``, ``opstatus``, or (without a name) both."""
        return map(word, kinds or ("disabled", "opstatus"))

    @asks("savestate", read_nothing)
    def savestate(self, *kinds: str) -> Words:
        """Save state: ``disabled``, ``opstatus``, or (without a name) both."""
        return map(word, kinds or ("disabled", "opstatus"))

    @asks("start", read_nothing)
    def start(self) -> Words:
        """Let the scheduler run."""
        return ()

    @asks("stop", read_nothing)
    def stop(self) -> Words:
        """Stop the scheduler: no checks and no alerts."""
        return ()

    @asks("term", read_nothing)
    def term(self) -> Words:
        """End the server; the connection is closed, too."""
        return ()

    @asks("servertime", answers.first_number)
    def servertime(self) -> Words:
        """The server's clock."""
        return ()

    @asks("version", answers.count)
    def version(self) -> Words:
        """The number of the server's protocol."""
        return ()

    @asks("protid", answers.protocol_matches)
    def protid(self, number: int = PROTOCOL_VERSION) -> Words:
        """Ask whether the server speaks this version of the protocol. Raises ProtocolMismatch if not."""
        return [f"{number:d}"]

    @asks("checkauth", answers.authorized)
    def checkauth(self, command: str) -> Words:
        """Whether one may do this."""
        return [word(command)]

    login = Method(login)

    @asks("why", answers.lines)
    def why(self, group: str, service: str, since: float | str = "") -> Words:
        """What happened to a service, and which rule held which alert back: lines for people (pymon's servers only).

        ``since`` is a time, or how long ago as mon.cf writes it (``2h``); without it, all that is kept.
        """
        start = f"{since:.3f}" if isinstance(since, int | float) else since
        return [word(group), word(service), *([start] if start else [])]

    @asks("json", answers.document)
    def json(self, command: str) -> Words:
        """A list's answer as a JSON document: ``json("list opstatus")`` (pymon's servers only)."""
        return [command]


def _pair(service: str | tuple[str, str]) -> str:
    return word(service) if isinstance(service, str) else f"{word(service[0])},{word(service[1])}"
