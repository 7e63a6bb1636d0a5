"""Reading answers: lines of the protocol → records. All raise ValueError for what cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pymon.client.protocol import Reply
from pymon.client.records import (
    CalledAlert,
    ConfigTest,
    DisabledItems,
    Downtime,
    Failure,
    GroupHost,
    ListedDebt,
    Processes,
    RunningMonitor,
    SchedulerState,
    ServiceDependency,
)
from pymon.errors import ProtocolMismatch
from pymon.model.depend import ServiceKey
from pymon.protocol.wire import unescape, unescape_quoted

T = TypeVar("T")

_ALERT = re.compile(r"(\S+) (\S+) (\S+) (\d+) (\S+) \((.*?)\)(?: (.*))?", re.DOTALL)
_FAILURE = re.compile(r"(\S+) (\S+) (\d+)(?: (.*))?", re.DOTALL)
_DOWNTIME = re.compile(r"(\d+) (\S+) (\S+) (\d+) (-?\d+) (\d+)(?: (.*))?", re.DOTALL)
_NO_DEPENDENCY = "NONE"


def each(read: Callable[[str], T]) -> Callable[[Reply], list[T]]:
    """One record for each line of data."""

    def read_all(reply: Reply) -> list[T]:
        return [read(line) for line in reply.lines]

    return read_all


def debts(reply: Reply) -> list[ListedDebt]:
    """The answer of ``json list debts``."""
    found = document(reply)
    try:
        return [
            ListedDebt(
                group=str(each["group"]),
                service=str(each["service"]),
                state=str(each["state"]),
                at=float(each["at"]),
                alert=str(each["alert"]),
                unpaid_since=float(each["unpaid_since"] or 0.0),
                why=str(each["why"]),
                upalerts=tuple(map(str, each["upalerts"])),
                by_hand=tuple(map(str, each["by_hand"])),
            )
            for each in found
        ]
    except (TypeError, KeyError) as error:
        raise ValueError(f"no list of debts: {error!r}") from error


def service_key(line: str) -> ServiceKey:
    """A line of ``list watch``."""
    group, service = line.split()
    return ServiceKey(group, service)


def descriptions(reply: Reply) -> dict[ServiceKey, str]:
    """The answer to ``list descriptions``."""
    found = {}
    for line in reply.lines:
        group, service, *text = line.split(" ")
        found[ServiceKey(group, service)] = unescape_quoted(" ".join(text))
    return found


def dependencies(reply: Reply) -> list[ServiceDependency]:
    """The answer to ``list deps``: an ``exp`` and a ``cmp`` line for each service."""
    expressions: dict[ServiceKey, str] = {}
    components: dict[ServiceKey, tuple[ServiceKey, ...]] = {}
    for line in reply.lines:
        kind, group, service, rest = line.split(" ", 3)
        key = ServiceKey(group, service)
        if kind == "exp":
            text = unescape_quoted(_unquote(rest))
            expressions[key] = "" if text == _NO_DEPENDENCY else text
        elif kind == "cmp":
            named = [] if rest == _NO_DEPENDENCY else [word.split(":", 1) for word in rest.split()]
            components[key] = tuple(ServiceKey(group, service) for group, service in named)
        else:
            raise ValueError(f"no dependency: {line[:80]!r}")
    return [ServiceDependency(*key, text, components.get(key, ())) for key, text in expressions.items()]


def members(reply: Reply) -> list[GroupHost]:
    """The answer to ``list group``: ``hostgroup G h1 *h2``; a star marks a disabled host."""
    _, _, *hosts = reply.lines[0].split()
    return [GroupHost(host.removeprefix("*"), host.startswith("*")) for host in hosts]


def disabled(reply: Reply) -> DisabledItems:
    """The answer to ``list disabled``."""
    hosts: dict[str, tuple[str, ...]] = {}
    watches: list[str] = []
    services: list[ServiceKey] = []
    for line in reply.lines:
        match line.split():
            case ["group", group, *names]:
                hosts[group.removesuffix(":")] = tuple(names)
            case ["watch", group, "service", service]:
                services.append(ServiceKey(group, service))
            case ["watch", group]:
                watches.append(group)
            case _:
                raise ValueError(f"nothing that can be disabled: {line[:80]!r}")
    return DisabledItems(hosts, tuple(watches), tuple(services))


def alert_call(line: str) -> CalledAlert:
    """A line of ``list alerthist``; arguments end at the first closing parenthesis."""
    kind, group, service, time, alert, args, summary = _groups(_ALERT, unescape(line))
    return CalledAlert(kind, group, service, float(time), alert, args, summary)


def failure(line: str) -> Failure:
    """A line of ``list failurehist``."""
    group, service, time, summary = _groups(_FAILURE, unescape(line))
    return Failure(group, service, float(time), summary)


def downtime(line: str) -> Downtime:
    """A line of ``list dtlog``."""
    timeup, group, service, failtime, length, interval, summary = _groups(_DOWNTIME, line)
    return Downtime(float(timeup), group, service, float(failtime), float(length), float(interval), summary)


def processes(reply: Reply) -> Processes:
    """The answer to ``list pids``."""
    server = 0
    monitors = []
    for line in reply.lines:
        match line.split():
            case ["server", pid]:
                server = int(pid)
            case [group, service, pid]:
                monitors.append(RunningMonitor(group, service, int(pid)))
            case _:
                raise ValueError(f"no process: {line[:80]!r}")
    return Processes(server, tuple(monitors))


def scheduler(reply: Reply) -> SchedulerState:
    """The answer to ``list state``."""
    match reply.lines[0].split():
        case ["scheduler", "running"]:
            return SchedulerState(running=True, stopped_since=0.0)
        case ["scheduler", "stopped", "since", since]:
            return SchedulerState(running=False, stopped_since=float(since))
    raise ValueError(f"no state: {reply.lines[0][:80]!r}")


def views(reply: Reply) -> list[str]:
    """The answer to ``list views``: ``views A B``."""
    return reply.lines[0].split()[1:]


def view(reply: Reply) -> str:
    """The answer to ``getview`` and ``setview``: the view's name, empty if none is selected."""
    match reply.lines[0].split():
        case ["view", name, "selected"]:
            return name
        case ["selecting", "view", name]:
            return name
    return ""


def aliases(reply: Reply) -> dict[str, tuple[str, ...]]:
    """The answer to ``list aliases``: ``alias A``, its lines, and an empty line, each."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in reply.lines:
        if not line:
            name = ""
        elif name:
            found[name] += (line,)
        else:
            name = line.removeprefix("alias ")
            found[name] = ()
    return found


def words(reply: Reply) -> list[str]:
    """The words of the first line, if there is one."""
    return reply.lines[0].split() if reply.lines else []


def variable(reply: Reply) -> str:
    """The value in ``G S VAR='value'``, or in ``maxkeep = N``."""
    _, _, value = reply.lines[0].partition("=")
    return unescape_quoted(_unquote(value.strip()))


def count(reply: Reply) -> int:
    """A number: ``version 9745``, ``maxkeep = 100``."""
    return int(reply.lines[0].replace("=", " ").split()[-1])


def first_number(reply: Reply) -> float:
    """The number that an answer begins with, such as the server's time."""
    return float(reply.lines[0].split()[0])


def text(reply: Reply) -> str:
    """The closing line's text."""
    return reply.text


def lines(reply: Reply) -> tuple[str, ...]:
    """The lines of data as they are."""
    return reply.lines


def test_of_service(reply: Reply) -> str:
    """The answer to ``test``: mon says 220 of an unknown service as well, but complains in a line before it."""
    if reply.lines and reply.lines[0].endswith("not defined"):
        raise type(reply.failure())(reply.code, reply.lines[0], reply.lines)
    return reply.text


def test_of_config(reply: Reply) -> ConfigTest:
    """The answer to ``test config``."""
    if not reply.text.startswith("test config"):
        raise reply.failure()
    return ConfigTest(reply.ok, "\n".join(reply.lines))


def authorized(reply: Reply) -> bool:
    """The answer to ``checkauth``."""
    return reply.ok


def protocol_matches(reply: Reply) -> None:
    """The answer to ``protid``. Raises ProtocolMismatch if the server speaks another version."""
    if not reply.ok:
        raise ProtocolMismatch(f"the server speaks another version of the protocol: {reply.final}")


def document(reply: Reply) -> Any:
    """The answer to ``json …``: one line of JSON."""
    return json.loads(reply.lines[0])


def _groups(pattern: re.Pattern[str], line: str) -> Iterable[str]:
    match = pattern.fullmatch(line)
    if match is None:
        raise ValueError(f"not as it should be: {line[:80]!r}")
    return match.groups(default="")


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == "'" else value
