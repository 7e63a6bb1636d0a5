"""monshow's command line, read as mon's monshow reads it, with a few words of our own.

Names may be shortened as long as they are unambiguous, one dash does as well as two, case does not matter, and a
value follows after ``=`` or as the next word. mon's names are looked up before ours, so that a shortened name means
what it means to mon's monshow (W-prefix).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pymon.errors import PymonError
from pymon.getopt_long import AmbiguousOption, UnknownOption, find_name, split_word

USAGE = """
usage: monshow [--auth] [--showall] [--full] [--login user] [--disabled]
               [--server host] [--port num] [--rcfile file]
               [--detail group,service] [--view name] [--watch group]
               [--live [seconds]] [--filter glob] [--state names] [--failures]
               [--reasons] [--html] [--socket path] [--tls] [--ca file]
               [--cert file] [--key file]
    --showall      show opstatus of all services, whatever rcfile selects
    --full         show disabled, failures, successes, and untested
    --detail g,s   show detail (alert acks, etc.) for group,service
    --view name    display a pre-defined view
    --watch group  show only this group
    --auth         authenticate to mon server
    --disabled     show disabled
    --prot ver     accepted for compatibility, must match 1.2.3 format
    --login user   use "login" as username while authenticating
    --server host  use "host" as monhost, instead of MONHOST
    --port num     use "num" as port number instead of default
    --rcfile file  use "file" as config file instead of $HOME/.monshowrc

    --live [secs]  a live table, refreshed every secs seconds (2);
                   --watch without a group is the same
    --filter glob  show only groups matching glob, or services matching
                   group/service; may be given several times
    --state names  show only services in these states: fail, ok, timeout, ...
    --failures     show only failures: fail, linkdown, timeout
    --reasons      say why alerts about failures are held back, if the server
                   can tell (always on a terminal)
    --html         write an HTML page, as for CGI
    --socket path  ask over the server's Unix socket
    --tls          connect over TLS, as each of these does:
    --ca file      certificates to believe in instead of the system's
    --cert file    one's own certificate, with its key if there is no --key
    --key file     the key of one's own certificate
"""

LIVE_SECONDS = 2.0
"""how often the live table is refreshed by default"""
LEAST_LIVE_SECONDS = 0.2
STATE_NAMES = (
    *("fail", "ok", "coldstart", "warmstart", "linkdown"),
    *("unknown", "timeout", "untested", "dependency", "warn"),
)
"""the names of the operational states, at the place of their number"""
FAILURES = ("fail", "linkdown", "timeout")
"""what ``list failures`` counts as one"""


class MonshowUsageError(PymonError):
    """The command line is wrong; the text is empty if only the usage was asked for."""


class MonshowOptions(NamedTuple):
    """The options of the command line, or of a CGI request. None and empty mean: not given.

    ``live`` is how many seconds lie between two looks at the server, None for a single one. ``states`` are names
    of STATE_NAMES. ``detail`` is ``group,service``, not yet split. ``ca``, ``cert`` and ``key`` are files, and ask for
    TLS as ``tls`` does.
    """

    showall: bool = False
    full: bool = False
    disabled: bool = False
    auth: bool = False
    rcfile: str | None = None
    login: str = ""
    server: str = ""
    port: int | None = None
    detail: str | None = None
    watch: str | None = None
    view: str | None = None
    live: float | None = None
    filters: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    reasons: bool = False
    html: bool = False
    socket: str = ""
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""


class _Kind(NamedTuple):
    """How an option is read: ``convert`` makes its value of a text; None: it takes none.

    With ``lone`` its value may be missing: that is what it has then, and ``follows`` says whether the next word is
    its value. ``repeats``: the values are collected. ``flag`` is what an option without a value stands for.
    """

    field: str
    convert: Callable[[str, str], Any] | None = None
    lone: tuple[str, Any] | None = None
    follows: Callable[[str], bool] | None = None
    repeats: bool = False
    flag: Any = True


def parse(words: Sequence[str]) -> MonshowOptions:
    """Read the words after the program's name. Raises MonshowUsageError."""
    given: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            raise MonshowUsageError("No non-switch args expected")
        name, value = split_word(word)
        _take(given, _full_name(name), value, rest)
    if rest:
        raise MonshowUsageError("No non-switch args expected")
    return MonshowOptions(**given)


def split_detail(detail: str) -> tuple[str, str]:
    """Group and service of ``group,service``; the service is empty if there is no comma."""
    group, _, service = detail.partition(",")
    return group, service


def _take(given: dict[str, Any], name: str, value: str | None, rest: list[str]) -> None:
    kind = _KINDS[name]
    if name == "help":
        raise MonshowUsageError("")
    if kind.convert is None:
        if value is not None:
            raise MonshowUsageError(f"Option {name} does not take an argument")
        given[kind.field] = kind.flag
        return
    if value is None and rest and (kind.follows is None or kind.follows(rest[0])):
        value = rest.pop(0)
    if value is None and kind.lone is not None:
        field, lone = kind.lone
        given[field] = lone
    elif not value:
        raise MonshowUsageError(f"Option {name} requires an argument")
    elif name == "prot":
        kind.convert(name, value)
    elif kind.repeats:
        given[kind.field] = given.get(kind.field, ()) + kind.convert(name, value)
    else:
        given[kind.field] = kind.convert(name, value)


def _full_name(given: str) -> str:
    """The option that a name, perhaps shortened, means: one of mon's, else one of ours."""
    try:
        return find_name(given, _MON_NAMES, _OUR_NAMES)
    except AmbiguousOption as error:
        raise MonshowUsageError(f"Option {given.lower()} is ambiguous ({', '.join(error.names)})") from error
    except UnknownOption as error:
        raise MonshowUsageError(f"Unknown option: {given.lower()}") from error


def _text(_name: str, value: str) -> str:
    return value


def _texts(_name: str, value: str) -> tuple[str, ...]:
    return (value,)


def _number(name: str, value: str) -> int:
    """A port's number."""
    digits = value.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        raise MonshowUsageError(f'Value "{value}" invalid for option {name} (number expected)')
    if not 0 < int(digits) <= 65535:
        raise MonshowUsageError(f'Value "{value}" invalid for option {name} (1 to 65535 expected)')
    return int(digits)


def protocol_version(name: str, value: str) -> str:
    """A version such as ``0.38.21``, as Mon::Client wants it. Raises MonshowUsageError."""
    parts = value.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise MonshowUsageError(f'Value "{value}" invalid for option {name} (1.2.3 format expected)')
    return value


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = float("nan")
    if not LEAST_LIVE_SECONDS <= seconds <= 86400:
        raise MonshowUsageError(f'Value "{value}" invalid for option {name} ({LEAST_LIVE_SECONDS:g} to 86400 seconds)')
    return seconds


def _states(name: str, value: str) -> tuple[str, ...]:
    states = tuple(state.strip().lower() for state in value.split(","))
    if unknown := [state for state in states if state not in STATE_NAMES]:
        known = ", ".join(STATE_NAMES)
        raise MonshowUsageError(f'Value "{unknown[0]}" invalid for option {name} (known are {known})')
    return states


def _is_no_option(word: str) -> bool:
    return not word.startswith("-")


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isascii() and word.replace(".", "", 1).isdigit()


_MON: dict[str, _Kind] = {
    "auth": _Kind("auth"),
    "detail": _Kind("detail", _text),
    "disabled": _Kind("disabled"),
    "full": _Kind("full"),
    "help": _Kind("help"),
    "login": _Kind("login", _text),
    "port": _Kind("port", _number),
    "prot": _Kind("prot", protocol_version),
    "rcfile": _Kind("rcfile", _text),
    "server": _Kind("server", _text),
    "showall": _Kind("showall"),
    "view": _Kind("view", _text),
    "watch": _Kind("watch", _text, lone=("live", LIVE_SECONDS), follows=_is_no_option),
}
_OURS: dict[str, _Kind] = {
    "ca": _Kind("ca", _text),
    "cert": _Kind("cert", _text),
    "failures": _Kind("states", flag=FAILURES),
    "filter": _Kind("filters", _texts, repeats=True),
    "html": _Kind("html"),
    "key": _Kind("key", _text),
    "live": _Kind("live", _seconds, lone=("live", LIVE_SECONDS), follows=_is_number),
    "reasons": _Kind("reasons"),
    "socket": _Kind("socket", _text),
    "state": _Kind("states", _states, repeats=True),
    "tls": _Kind("tls"),
}
_KINDS = _MON | _OURS
_MON_NAMES = {name: name for name in _MON}
_OUR_NAMES = {name: name for name in _OURS}
