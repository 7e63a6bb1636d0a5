"""Texts that alerts send, filled with the values of an event: jinja2 templates, JSON ones, and ``{placeholders}``.

A template is the admin's own; what a monitor said is only ever a value in it, and is never looked at as a template.
So that a slip of the admin's does no harm either, templates run in jinja2's sandbox, and a name that is not known is
an error, not an empty text. jinja2 is imported when the first template is filled.

The names (``event_values`` makes them, docs/alerts.md lists them):

word           ALERT, UPALERT, STARTUP, ACK, DISABLE, TRAP, TRAPTIMEOUT or TEST
kind           what MON_ALERTTYPE says: failure, up, startup, ack, disable, trap, traptimeout or test
group service  whom it is about
hosts          the group's hosts, a list
failed         those of them that the summary names (at ACK and DISABLE the last failure's), a list
members        the hosts as a text, wrapped as in mon's mails
summary        one line; normally the hosts that failed
detail         the rest of what the monitor said
text           all in one line: ``ALERT web/http: www1``
description    the service's description
time           when it was noticed, in seconds since 1970; iso_time as 2026-11-03T10:00:00+00:00, when as
               ``Tue Nov 3 10:00:00`` and noticed as ``Tue Nov  3 10:00:00 2026``, both in local time
opstatus       the number of the operational status, as text; status is its name: fail, ok, untested, …
check          what the event is about: failed, or broken where the check could not be carried out (of an up event: what
               is over); nothing under mon
retval         what the monitor ended with, as text
first_failure  when the failure began, in seconds since 1970, or 0; last_failure and last_success likewise
duration       seconds from first_failure to time, or 0
ack            the comment of who acknowledged the failure
next_alert     what -l says, which mon never passes
id             the same for each attempt at the same event, and another for every other event
environ        the MON_ variables, by name
"""

from __future__ import annotations

import functools
import json
import re
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymon.errors import PluginUsageError
from pymon.model.status import EventKind, OpStatus
from pymon.model.variables import PREFIX, TRAP_PASSWORD, MonVariable
from pymon.text import one_line, readable

if TYPE_CHECKING:
    import jinja2

    from pymon.plugin.alert_event import Event

WORDS: Mapping[EventKind, str] = {
    EventKind.FAILURE: "ALERT",
    EventKind.UP: "UPALERT",
    EventKind.STARTUP: "STARTUP",
    EventKind.ACK: "ACK",
    EventKind.DISABLE: "DISABLE",
    EventKind.TRAP: "TRAP",
    EventKind.TRAPTIMEOUT: "TRAPTIMEOUT",
    EventKind.TEST: "TEST",
}
"""what a text calls a kind of event (mon knows the first two only)"""

IN_JSON = (
    *("id", "kind", "word", "text", "group", "service", "hosts", "failed", "summary", "detail", "description"),
    *(
        "time",
        "iso_time",
        "status",
        "check",
        "retval",
        "first_failure",
        "last_failure",
        "last_success",
        "duration",
        "ack",
    ),
)
"""the values that say all of an event, in the order in which ``event_json`` has them"""

_SECRET = frozenset({TRAP_PASSWORD})
_MEMBERS_INDENT = 24
_MEMBERS_WIDTH = 75
_REMEMBERED = 32
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|\{([a-z_]+)\}")


class TemplateProblem(PluginUsageError):
    """A template cannot be used; the text says why. An alert that lets it through exits as for a wrong option."""


def event_values(event: Event, summary: str | None = None) -> dict[str, Any]:
    """What a template can use, by name. ``summary`` stands in for the monitor's.

    Texts can all be written as UTF-8: bytes that were none show as in ``readable``.
    """
    environ = {
        name: readable(value)
        for name, value in event.environ.items()
        if name.startswith(PREFIX) and name not in _SECRET
    }
    said = one_line(event.summary if summary is None else summary)
    group, service, word = readable(event.group), readable(event.service), WORDS[event.kind]
    hosts = [readable(host) for host in event.hosts]
    began = _epoch(environ.get(MonVariable.FIRST_FAILURE, ""))
    return {
        "word": word,
        "kind": str(event.kind),
        "group": group,
        "service": service,
        "hosts": hosts,
        "failed": _named(hosts, _about_hosts(event, environ)),
        "members": _members(hosts),
        "summary": said,
        "detail": readable(event.detail),
        "text": f"{word} {group}/{service}: {said}".rstrip(": "),
        "description": environ.get(MonVariable.DESCRIPTION, ""),
        "time": int(event.time),
        "iso_time": iso_time(event.time),
        "when": event.when,
        "noticed": time.asctime(time.localtime(event.time)),
        "opstatus": readable(event.opstatus),
        "status": _status(event.opstatus),
        "check": environ.get(MonVariable.CHECK, ""),
        "retval": environ.get(MonVariable.RETVAL, ""),
        "first_failure": began,
        "last_failure": _epoch(environ.get(MonVariable.LAST_FAILURE, "")),
        "last_success": _epoch(environ.get(MonVariable.LAST_SUCCESS, "")),
        "duration": max(0, int(event.time) - began) if began else 0,
        "ack": environ.get(MonVariable.ACK, ""),
        "next_alert": readable(event.next_alert),
        "id": _identity(event),
        "environ": environ,
    }


def event_json(known: Mapping[str, Any]) -> dict[str, Any]:
    """All of an event, of its ``event_values``, for receivers that want it as JSON."""
    return {name: known[name] for name in IN_JSON}


def fill_template(template: str, known: Mapping[str, Any]) -> str:
    """Fill in a jinja2 template. Raises TemplateProblem. Call it in a thread: a template may take its time."""
    return _render(template, known, as_json=False)


def fill_json(template: str, known: Mapping[str, Any]) -> str:
    r"""Fill in a jinja2 template of JSON: no value can break out of the text that it stands in.

    ``"title": "{{ summary }}"`` is as right as ``"title": {{ summary | tojson }}``: what is not JSON yet is escaped,
    lists and numbers stand without quotes (``"hosts": {{ hosts }}``). Raises TemplateProblem also where what comes out
    is no JSON.
    """
    text = _render(template, known, as_json=True)
    try:
        json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise TemplateProblem(f"what it makes is no JSON: {error}") from error
    return text


def expand(text: str, known: Mapping[str, Any], *, encode: Callable[[str], str] = str) -> str:
    """Fill in ``{name}`` by one of the values (lists with blanks between); ``{{name}}`` stands for ``{name}``.

    Other braces stay. ``encode`` makes each value fit for its place, ``urllib.parse.quote`` for one in a URL. Raises
    ValueError for a name that is not known.
    """

    def filled(match: re.Match[str]) -> str:
        if match[1]:
            return "{" + match[1] + "}"
        name = match[2]
        value = known.get(name)
        if value is None or isinstance(value, Mapping):
            usable = ", ".join(sorted(each for each in known if not isinstance(known[each], Mapping)))
            named = f"there is no {{{name}}} to fill in (for a text in braces write {{{{{name}}}}})"
            raise ValueError(f"{named}; there are: {usable}")
        return encode(" ".join(value) if isinstance(value, list) else str(value))

    return _PLACEHOLDER.sub(filled, text)


def iso_time(moment: float) -> str:
    """A time (seconds since 1970) as RFC 3339 has it, in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))


def _render(template: str, known: Mapping[str, Any], *, as_json: bool) -> str:
    try:
        return _compile(template, as_json).render(known)
    except Exception as error:  # a template can raise anything
        line = _line_of(error)
        raise TemplateProblem(f"{type(error).__name__}: {error}" + (f" (line {line})" if line else "")) from error


@functools.lru_cache(maxsize=_REMEMBERED)
def _compile(template: str, as_json: bool) -> jinja2.Template:
    """Made once for the same text: a daemon fills the same ones again and again."""
    import jinja2  # noqa: PLC0415  # most alerts fill in no template
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # as above

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=as_json,  # so that what a macro makes counts as JSON already; nothing is escaped for HTML
        # with the context, as jinja2 would escape constants for HTML while it compiles
        finalize=jinja2.pass_context(_as_json) if as_json else None,
    )
    return environment.from_string(template)


def _as_json(_context: object, value: Any) -> Any:
    """A value as it stands in JSON; a text as it stands between quotes, unless it is JSON already."""
    import jinja2  # noqa: PLC0415  # it is loaded already
    from markupsafe import Markup  # noqa: PLC0415  # as above

    if isinstance(value, Markup | jinja2.Undefined):
        return value
    if isinstance(value, str):
        return Markup(json.dumps(value)[1:-1])  # noqa: S704  # it is JSON, and goes nowhere else
    return Markup(json.dumps(value))  # noqa: S704  # as above


def _line_of(error: BaseException) -> int | None:
    """The line of the template that raised this."""
    line: int | None = getattr(error, "lineno", None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _named(hosts: Sequence[str], summary: str) -> list[str]:
    """The hosts that a summary names as words of their own."""
    said = {word.strip(",;:()[]") for word in summary.split()} | set(summary.split())
    return [host for host in hosts if host in said]


def _about_hosts(event: Event, environ: Mapping[str, str]) -> str:
    """The summary that names the hosts: with the news of an acknowledgement comes its comment instead."""
    if event.kind in (EventKind.ACK, EventKind.DISABLE):
        return one_line(environ.get(MonVariable.LAST_SUMMARY, ""))
    return one_line(event.summary)


def _members(hosts: Sequence[str]) -> str:
    """The hosts as mon's mail lists them: lines of up to 75 columns, the further ones indented by tabs."""
    return textwrap.fill(
        " ".join(hosts),
        width=_MEMBERS_WIDTH - _MEMBERS_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\n", "\n" + "\t" * (_MEMBERS_INDENT // 8))


def _epoch(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _status(number: str) -> str:
    """The name of an operational status."""
    try:
        return OpStatus(int(number)).name.lower()
    except ValueError:
        return ""


def _identity(event: Event) -> str:
    import hashlib  # noqa: PLC0415  # only where values are asked for: it costs a millisecond

    what = (event.group, event.service, repr(event.time), str(event.kind), event.summary, event.detail)
    return hashlib.sha256("\0".join(what).encode("utf-8", "surrogatepass")).hexdigest()[:32]
