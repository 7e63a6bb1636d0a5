"""Would a plugin take these arguments? Answered without running it, for ``pymon check`` and the daemon's start.

The options as declared are tried by the SDK. What a plugin asks besides is its own to say, by ``validate=``: a
function of a Given that raises PluginUsageError, or gives ArgumentProblems. It may read files, and
must neither connect nor change anything.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pymon.errors import NoCredentials, PluginUsageError, UnusableFile
from pymon.model.argument import ArgumentProblem, Fault
from pymon.model.status import EventKind

if TYPE_CHECKING:
    from pymon.plugin.alert_event import Event

OptionsT = TypeVar("OptionsT")


class Given(NamedTuple, Generic[OptionsT]):
    """What a plugin would be called with: its options, all of its arguments, its environment.

    Of a monitor, ``hosts`` are those of its arguments that name what to check, and ``families`` as in a Call.
    """

    options: OptionsT
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    hosts: tuple[str, ...] = ()
    families: tuple[socket.AddressFamily, ...] = (socket.AF_UNSPEC,)


Validate = Callable[[Given[Any]], Iterable[ArgumentProblem] | None]
"""what a plugin says itself; may raise PluginUsageError"""

_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_QUOTED = re.compile(r"'([^']{2,})'")
_TELLING = 4
"""letters of an argument that make it known in a message without quotes"""


def sample_event(given: Given[Any]) -> Event:
    """An event by which a plugin can try its placeholders and templates."""
    from pymon.model.variables import MonVariable  # noqa: PLC0415  # only to look over a mon.cf
    from pymon.plugin.alert_event import Event  # noqa: PLC0415  # a monitor needs none of it

    return Event(
        group="group",
        service="service",
        hosts=("host",),
        time=time.time(),
        kind=EventKind.FAILURE,
        summary="summary",
        detail="detail\n",
        environ={
            **given.environ,
            MonVariable.LAST_SUMMARY: "summary",
            MonVariable.OPSTATUS: "0",
            MonVariable.RETVAL: "1",
        },
        arguments=given.arguments,
    )


def problem_of(error: PluginUsageError, arguments: Sequence[str]) -> ArgumentProblem:
    """What a plugin refuses, at the argument that it is about."""
    fault = Fault.FILE if isinstance(error, UnusableFile) else Fault.REFUSED
    word = error.word if error.word is not None else word_meant(str(error), arguments)
    return ArgumentProblem(str(error), word, fault)


def ask(validate: Validate | None, given: Given[Any]) -> tuple[ArgumentProblem, ...]:
    """What the plugin itself says of its options."""
    if validate is None:
        return ()
    arguments, environ = given.arguments, given.environ
    try:
        found = tuple(validate(given) or ())
    except NoCredentials as error:
        # systemd may pass credentials to the daemon, and none to who checks
        return (problem_of(error, arguments),) if environ.get("CREDENTIALS_DIRECTORY") else ()
    except PluginUsageError as error:
        return (problem_of(error, arguments),)
    return tuple(
        each if each.word is not None else each._replace(word=word_meant(each.text, arguments)) for each in found
    )


def word_meant(text: str, arguments: Sequence[str]) -> int | None:
    """The index of the argument that a message is about: one that it quotes, else the option that it names first."""
    subject, colon, _ = text.partition(": ")
    if colon and subject in arguments:
        return list(arguments).index(subject)
    for index, argument in enumerate(arguments):
        if argument and (repr(argument) in text or f"'{argument}'" in text):
            return index
    for index, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--") else argument
        if (
            len(value) >= _TELLING
            and not value.startswith("-")
            and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)
        ):
            return index
    for quoted in _QUOTED.findall(text):
        for index, argument in enumerate(arguments):
            if quoted in argument:
                return index
    for flag in _FLAG.findall(text):
        for index, argument in enumerate(arguments):
            if argument == flag or argument.startswith(f"{flag}="):
                return index
            if len(flag) == len("-x") and argument.startswith(flag) and not argument.startswith("--"):
                return index
    return None
