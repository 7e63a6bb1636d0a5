"""The mail about one event: text from a template, and a message that nothing in the text can break (pure).

A template looks like the mail: a ``Subject:`` line, an empty line, the body, in jinja2. Without a ``Subject:`` line
it is all body, and the subject is the usual one. It can use: word (ALERT, UPALERT, STARTUP, ACK, DISABLE, TRAP,
TRAPTIMEOUT, TEST), group, service, summary, detail, when (``Tue Nov 3 10:00:00``), noticed (with year), time (epoch),
next_alert, hosts (a list), members (the hosts as text, wrapped), description, opstatus, and environ (MON_* variables).
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, getaddresses
from pathlib import Path

import jinja2

from pymon.plugin import Event, EventKind

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
"""what the subject calls a kind of event (mon knows the first two only)"""

SUBJECT_LIMIT = 500
"""characters of a subject that are kept"""

DEFAULT_TEMPLATE = Path(__file__).with_name("templates") / "mail.txt"
_MEMBERS_INDENT = 24
_MEMBERS_WIDTH = 75
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_POLICY = SMTP.clone(cte_type="7bit")


class TemplateProblem(Exception):
    """A template cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of a mail."""

    subject: str
    body: str


def write(event: Event, summary: str, template: str) -> Text:
    """Fill in a template; raises TemplateProblem."""
    subject, body = _halves(template)
    values = _values(event, summary)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701  # mail is plain text
    try:
        return Text(
            environment.from_string(subject).render(values),
            environment.from_string(body).render(values),
        )
    except Exception as error:  # a template can raise anything
        line = getattr(error, "lineno", None)
        raise TemplateProblem(f"{type(error).__name__}: {error}" + (f" (line {line})" if line else "")) from error


def compose(
    text: Text, *, sender: str, recipients: Sequence[str], domain: str, program: str, now: float, unique: str
) -> EmailMessage:
    """Make the message: UTF-8, with Date and Message-ID.

    Subject and addresses lose control characters, line ends among them, so that nothing a monitor says becomes a
    header. Without ``sender`` there is no From (sendmail adds one). ``unique`` names the event: a mail that is tried
    again has the same Message-ID, by which receivers recognise it.
    """
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = one_line(text.subject)[:SUBJECT_LIMIT]
    if sender:
        message["From"] = _header_address(sender)
    message["To"] = ", ".join(_header_address(recipient) for recipient in recipients)
    message["Date"] = format_datetime(datetime.fromtimestamp(now).astimezone())
    digest = hashlib.sha256(unique.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Mailer"] = one_line(f"{program} (pymon)")
    message.set_content(_CONTROL_IN_BODY.sub("\ufffd", readable(text.body)), charset="utf-8")
    return message


def addresses(words: Sequence[str]) -> tuple[str, ...]:
    """The recipients in words as mon.cf has them: ``a@x``, ``a@x,b@y``, ``"Kim <kim@x>"``; raises ValueError."""
    found: list[str] = []
    for word in words:
        pairs = getaddresses([readable(word)])
        if not pairs or _CONTROL.search(word):
            raise ValueError(f"{word!r} is no mail address")
        for name, address in pairs:
            if not address or re.search(r"[\s<>]", address):
                raise ValueError(f"{word!r} is no mail address")
            if not address.isascii():
                raise ValueError(f"{word!r}: a mail address of other than ASCII letters is not supported")
            found.append(formataddr((name, address)) if name else address)
    return tuple(found)


def bare(address: str) -> str:
    """The address without its name."""
    return getaddresses([address])[0][1]


def one_line(text: str) -> str:
    """The text without line ends and other control characters."""
    return _CONTROL.sub(" ", readable(text)).strip()


def readable(text: str) -> str:
    r"""Text that can be written as UTF-8: bytes that were no UTF-8 show as ``\xe9``."""
    return text.encode("utf-8", "surrogateescape" if _is_encodable(text) else "replace").decode(
        "utf-8", "backslashreplace"
    )


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _header_address(address: str) -> str:
    return one_line(address)


def _halves(template: str) -> tuple[str, str]:
    """Subject and body of a template."""
    head, _, body = template.partition("\n")
    if not head.startswith("Subject:"):
        default, _ = _halves(DEFAULT_TEMPLATE.read_text(encoding="utf-8"))
        return default, template
    separator, _, rest = body.partition("\n")
    return head.removeprefix("Subject:").strip(), body if separator.strip() else rest


def _values(event: Event, summary: str) -> dict[str, object]:
    return {
        "word": WORDS[event.kind],
        "group": event.group,
        "service": event.service,
        "summary": one_line(summary),
        "detail": event.detail,
        "when": event.when,
        "noticed": time.asctime(time.localtime(event.time)),
        "time": int(event.time),
        "next_alert": event.next_alert,
        "hosts": list(event.hosts),
        "members": _members(event.hosts),
        "description": event.description,
        "opstatus": event.opstatus,
        "environ": {name: value for name, value in event.environ.items() if name.startswith("MON_")},
    }


def _members(hosts: Sequence[str]) -> str:
    """The hosts as mon's mail lists them: lines of up to 75 columns, the further ones indented by tabs."""
    return textwrap.fill(
        " ".join(hosts),
        width=_MEMBERS_WIDTH - _MEMBERS_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\n", "\n" + "\t" * (_MEMBERS_INDENT // 8))
