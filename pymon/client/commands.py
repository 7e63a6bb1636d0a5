"""The commands of mon's protocol: each function gives the line to send and how to read the answer.

Names and order are Mon::Client's. Names of groups, services, hosts and the like are words: ValueError for one that is
empty or has blanks in it. Texts (comments, values) may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pymon.client import answers
from pymon.client.protocol import Command, Reply, done, login
from pymon.client.records import (
    AlertCall,
    ConfigTest,
    Debt,
    Disabled,
    Downtime,
    Failure,
    GroupHost,
    Processes,
    SchedulerState,
    ServiceDependency,
)
from pymon.errors import ProtocolMismatch
from pymon.model.depend import ServiceKey
from pymon.protocol.service_status import ServiceStatus, from_line
from pymon.protocol.wire import PROTOCOL_VERSION, quote

__all__ = ["login"]

T = TypeVar("T")


def list_opstatus(services: Iterable[str | tuple[str, str]] = ()) -> Command[list[ServiceStatus]]:
    """The status of every service, or of some: of groups (``"web"``) and services (``("web", "http")``)."""
    return _list("opstatus", answers.each(from_line), *(_pair(service) for service in services))


def list_failures() -> Command[list[ServiceStatus]]:
    """The status of the services that fail."""
    return _list("failures", answers.each(from_line))


def list_successes() -> Command[list[ServiceStatus]]:
    """The status of the services that do not fail, untested ones too."""
    return _list("successes", answers.each(from_line))


def list_warnings() -> Command[list[ServiceStatus]]:
    """The status of the services that were started, are unknown, or warn."""
    return _list("warnings", answers.each(from_line))


def list_disabled() -> Command[Disabled]:
    """What is disabled."""
    return _list("disabled", answers.disabled)


def list_alerthist() -> Command[list[AlertCall]]:
    """The last alerts that were called, oldest first."""
    return _list("alerthist", answers.each(answers.alert_call))


def list_failurehist() -> Command[list[Failure]]:
    """The last failures, oldest first."""
    return _list("failurehist", answers.each(answers.failure))


def list_dtlog() -> Command[list[Downtime]]:
    """The downtime log. CommandFailed if the server keeps none."""
    return _list("dtlog", answers.each(answers.downtime))


def list_debts() -> Command[list[Debt]]:
    """The down alerts whose end is not told yet, and what pays them (pymon's servers only)."""
    return Command("json list debts", answers.debts)


def list_pids() -> Command[Processes]:
    """The server's process id and those of the monitors that run now."""
    return _list("pids", answers.processes)


def list_state() -> Command[SchedulerState]:
    """Whether the scheduler runs."""
    return _list("state", answers.scheduler)


def list_watch() -> Command[list[ServiceKey]]:
    """Every service."""
    return _list("watch", answers.each(answers.service_key))


def list_descriptions() -> Command[dict[ServiceKey, str]]:
    """The description of every service; empty for those without."""
    return _list("descriptions", answers.descriptions)


def list_deps() -> Command[list[ServiceDependency]]:
    """What every service depends on."""
    return _list("deps", answers.dependencies)


def list_group(group: str) -> Command[list[GroupHost]]:
    """The members of a group."""
    return _list("group", answers.members, _word(group))


def list_views() -> Command[list[str]]:
    """The views that the server has."""
    return _list("views", answers.views)


def setview(view: str = "") -> Command[str]:
    """Show only a view's groups in lists from now on; without a name, all again. Gives the view's name."""
    return Command(_line("setview", *([_word(view)] if view else [])), answers.view)


def getview() -> Command[str]:
    """The view that is selected; empty if none is."""
    return Command("getview", answers.view)


def list_aliases(*names: str) -> Command[dict[str, tuple[str, ...]]]:
    """Aliases and their lines: all of them, or these."""
    return _list("aliases", answers.aliases, *map(_word, names))


def list_aliasgroups() -> Command[list[str]]:
    """The names of all aliases."""
    return _list("aliasgroups", answers.words)


def enable_watch(watch: str) -> Command[None]:
    """Watch a group again."""
    return Command(_line("enable watch", _word(watch)), done)


def disable_watch(watch: str) -> Command[None]:
    """Watch a group no more."""
    return Command(_line("disable watch", _word(watch)), done)


def enable_service(group: str, service: str) -> Command[None]:
    """Check a service again."""
    return Command(_line("enable service", _word(group), _word(service)), done)


def disable_service(group: str, service: str) -> Command[None]:
    """Check a service no more."""
    return Command(_line("disable service", _word(group), _word(service)), done)


def enable_host(*hosts: str) -> Command[None]:
    """Check hosts again, in all their groups."""
    return Command(_line("enable host", *map(_word, hosts)), done)


def disable_host(*hosts: str) -> Command[None]:
    """Check hosts no more, in all their groups. None of them is disabled if one does not exist (CommandFailed)."""
    return Command(_line("disable host", *map(_word, hosts)), done)


def ack(group: str, service: str, comment: str) -> Command[None]:
    """Acknowledge a failure: no more alerts until it is over. CommandFailed if the service does not fail."""
    return Command(_line("ack", _word(group), _word(service), quote(comment)), done)


def set(group: str, service: str, variable: str, value: str | float) -> Command[None]:  # noqa: A001  # mon's name
    """Set a service's variable, such as ``interval`` or ``opstatus`` (by its name), until the next reset."""
    text = _word(str(value)) if variable == "opstatus" else quote(str(value))
    return Command(_line("set", _word(group), _word(service), _word(variable), text), done)


def get(group: str, service: str, variable: str) -> Command[str]:
    """A service's variable; empty if it has none of this name."""
    return Command(_line("get", _word(group), _word(service), _word(variable)), answers.variable)


def set_maxkeep(count: int) -> Command[None]:
    """Set how many lines the histories keep."""
    return Command(f"set maxkeep {count:d}", done)


def get_maxkeep() -> Command[int]:
    """How many lines the histories keep."""
    return Command("get maxkeep", answers.count)


def test(  # Mon::Client's name
    what: str,
    group: str,
    service: str,
    retval: int | str = 0,  # noqa: PT028  # no test of pytest's
    period: str = "",  # noqa: PT028
) -> Command[str]:
    """Check a service now (``monitor``), or call its alerts as if it had failed with ``retval`` (``alert``,
    ``upalert``, ``startupalert``, ``ackalert``, ``disablealert``), in a period named by its label or text."""
    words = ["test", _word(what), _word(group), _word(service)]
    if what != "monitor":
        words += [_word(str(retval)), period]
    return Command(_line(*words).rstrip(), answers.test_of_service)


def test_config() -> Command[ConfigTest]:
    """Check the server's configuration file, without using it."""
    return Command("test config", answers.test_of_config, reads_refusal=True)


def clear(group: str, service: str) -> Command[None]:
    """Forget a service's counters for alertevery, alertafter and the like (``clear timers``)."""
    return Command(_line("clear timers", _word(group), _word(service)), done)


def reset(*, stopped: bool = False, keepstate: bool = False) -> Command[str]:
    """Read the configuration again and begin anew; gives the server's words.

    ``stopped`` stops the scheduler, ``keepstate`` keeps states and what is disabled. CommandFailed if the configuration
    has errors.
    """
    return Command(" ".join(["reset"] + ["stopped"] * stopped + ["keepstate"] * keepstate), answers.text)


def reload(what: str = "auth") -> Command[None]:
    """Read the file of who may do what again."""
    return Command(_line("reload", _word(what)), done)


def loadstate(*kinds: str) -> Command[None]:
    """Take over saved state: ``disabled``, ``opstatus``, or (without a name) both."""
    return Command(_line("loadstate", *map(_word, kinds or ("disabled", "opstatus"))), done)


def savestate(*kinds: str) -> Command[None]:
    """Save state: ``disabled``, ``opstatus``, or (without a name) both."""
    return Command(_line("savestate", *map(_word, kinds or ("disabled", "opstatus"))), done)


def start() -> Command[None]:
    """Let the scheduler run."""
    return Command("start", done)


def stop() -> Command[None]:
    """Stop the scheduler: no checks and no alerts."""
    return Command("stop", done)


def term() -> Command[None]:
    """End the server; the connection is closed, too."""
    return Command("term", done)


def servertime() -> Command[float]:
    """The server's clock."""
    return Command("servertime", answers.first_number)


def version() -> Command[int]:
    """The number of the server's protocol."""
    return Command("version", answers.count)


def protid(number: int = PROTOCOL_VERSION) -> Command[None]:
    """Ask whether the server speaks this version of the protocol. Raises ProtocolMismatch if not."""
    return Command(f"protid {number:d}", _matching, reads_refusal=True)


def checkauth(command: str) -> Command[bool]:
    """Whether one may do this."""
    return Command(_line("checkauth", _word(command)), answers.authorized, reads_refusal=True)


def why(group: str, service: str, since: float | str = "") -> Command[tuple[str, ...]]:
    """What happened to a service, and which rule held which alert back: lines for people (pymon's servers only).

    ``since`` is a time, or how long ago as mon.cf writes it (``2h``); without it, all that is kept.
    """
    start = f"{since:.3f}" if isinstance(since, int | float) else since
    return Command(_line("why", _word(group), _word(service), start).rstrip(), answers.lines)


def json(command: str) -> Command[Any]:
    """A list's answer as a JSON document: ``json("list opstatus")`` (pymon's servers only)."""
    return Command(f"json {command}", answers.document)


def _list(what: str, read: Callable[[Reply], T], *words: str) -> Command[T]:
    return Command(_line("list", what, *words), read)


def _line(*words: str) -> str:
    return " ".join(words)


def _word(name: str) -> str:
    if len(name.split()) != 1 or name != name.strip():
        raise ValueError(f"a name is one word, not {name!r}")
    return name


def _pair(service: str | tuple[str, str]) -> str:
    return _word(service) if isinstance(service, str) else f"{_word(service[0])},{_word(service[1])}"


def _matching(reply: Reply) -> None:
    if not reply.ok:
        raise ProtocolMismatch(f"the server speaks another version of the protocol: {reply.final}")
