"""The mail about one event: text from a template, and a message that nothing in the text can break (pure).

A template looks like the mail: a ``Subject:`` line, an empty line, the body, in jinja2. Without a ``Subject:`` line
it is all body, and the subject is the usual one. It can use what ``pymon.plugin.event_values`` gives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, getaddresses
from pathlib import Path

from pymon.plugin import Event, event_values, fill_template, one_line, readable

SUBJECT_LIMIT = 500
"""characters of a subject that are kept"""

DEFAULT_TEMPLATE = Path(__file__).with_name("templates") / "mail.txt"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAME = r'(?:"(?:[^"\\]|\\.)*"|[^"<>,;:@()\\]*)'
_ADDRESS = re.compile(rf"(?P<name>{_NAME}) *<(?P<named>[^<>, ]+)>|(?P<bare>[^<>,\" ]+)")
_ADDRESSES = re.compile(rf"(?:{_NAME} *<[^<>, ]+>|[^<>,\" ]+)(?: *, *(?:{_NAME} *<[^<>, ]+>|[^<>,\" ]+))*")
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of a mail."""

    subject: str
    body: str


def write(event: Event, summary: str, template: str) -> Text:
    """Fill in a template; raises TemplateProblem."""
    subject, body = _halves(template)
    known = event_values(event, summary)
    return Text(fill_template(subject, known), fill_template(body, known))


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
    """Read the recipients in words as mon.cf has them: ``a@x``, ``a@x,b@y``, ``"Kim <kim@x>"``, ``root``.

    An internationalised domain is given in its ASCII form (IDNA 2008). Raises ValueError, which says what is wrong with
    which address. Python's own reader of addresses takes ``not an address`` for ``not``: the form is looked at first.
    """
    found: list[str] = []
    for word in words:
        text = readable(word).strip(" ")
        if _CONTROL.search(word) or not _ADDRESSES.fullmatch(text):
            raise ValueError(f"{word!r} is no mail address")
        for match in _ADDRESS.finditer(text):
            name, address = _unquote(match["name"] or ""), _mailbox(match["named"] or match["bare"])
            found.append(formataddr((name, address)) if name else address)
    return tuple(found)


def _mailbox(address: str) -> str:
    """The address as it is sent: all of it ASCII. Without a domain it is a mailbox of this machine."""
    import email_validator  # noqa: PLC0415  # 14 ms, for mail.alert alone

    # Sites alert people at names of their own, such as localhost and .local.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    is_local = "@" not in address
    try:
        valid = email_validator.validate_email(
            f"{address}@localhost" if is_local else address,
            check_deliverability=False,
            allow_domain_literal=True,
            allow_smtputf8=False,
            globally_deliverable=False,
        )
    except email_validator.EmailNotValidError as error:
        raise ValueError(f"{address!r} is no mail address: {error}") from error
    if address.startswith("-") or valid.ascii_email is None:
        raise ValueError(f"{address!r} is no mail address: it would be read as an option of sendmail")
    return valid.local_part if is_local else valid.ascii_email


def _unquote(name: str) -> str:
    name = name.strip(" ")
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name


def bare(address: str) -> str:
    """The address without its name."""
    return getaddresses([address])[0][1]


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
