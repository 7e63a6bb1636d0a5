"""The mail about an event: text from a template, and headers that nothing can break."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin import Event, EventKind, TemplateProblem, readable
from pymon.plugin.mail import DEFAULT_TEMPLATE, Text, addresses, bare, compose, write

TEMPLATE = DEFAULT_TEMPLATE.read_text(encoding="utf-8")


def event(kind: EventKind = EventKind.FAILURE, detail: str = "detail\n", **environ: str) -> Event:
    return Event("web", "http", ("h1", "h2"), 1793700000.0, kind, "sum", detail, environ)


def composed(subject: str = "s", body: str = "b", sender: str = "mon@x", *recipients: str) -> EmailMessage:
    return compose(
        Text(subject, body),
        sender=sender,
        recipients=recipients or ("a@x",),
        domain="host.example",
        program="mail.alert",
        now=1793700000.0,
        unique="u",
    )


def reread(message: EmailMessage) -> EmailMessage:
    read = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (EventKind.FAILURE, "ALERT"),
        (EventKind.UP, "UPALERT"),
        (EventKind.STARTUP, "STARTUP"),
        (EventKind.ACK, "ACK"),
        (EventKind.DISABLE, "DISABLE"),
        (EventKind.TRAP, "TRAP"),
        (EventKind.TRAPTIMEOUT, "TRAPTIMEOUT"),
        (EventKind.TEST, "TEST"),
    ],
)
def test_a_subject_says_what_kind_of_event(kind: EventKind, word: str) -> None:
    """A-subject: mon says ALERT for all but the second."""
    assert re.fullmatch(
        rf"{word} web/http: the sum \(Tue Nov 3 \d\d:00:00\)", write(event(kind), "the sum", TEMPLATE).subject
    )


def test_a_template_of_ones_own() -> None:
    template = (
        "Subject: {{ word }} {{ hosts|join('+') }}\n\n"
        "{{ description }} {{ opstatus }} {{ time }} {{ environ.MON_ACK }}\n{{ detail }}\n"
    )
    made = write(event(MON_DESCRIPTION="desc", MON_OPSTATUS="0", MON_ACK="kim", PATH="/bin"), "sum", template)
    assert made == Text("ALERT h1+h2", "desc 0 1793700000 kim\ndetail\n")
    assert write(event(), "sum", "only {{ summary }}\n").body == "only sum"
    assert write(event(), "sum", "only {{ summary }}\n").subject.startswith("ALERT web/http: sum (")
    assert write(event(), "sum", "Subject: x\nno blank line\n") == Text("x", "no blank line")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Subject: {{ nothing }}\n\nx", "'nothing' is undefined"),
        ("{% if %}", "Expected an expression"),
        ("Subject: x\n\nline\n{{ 1/0 }}", "ZeroDivisionError"),
        ("{{ environ.PATH }}", "no attribute 'PATH'"),
    ],
)
def test_a_template_that_cannot_be_used(template: str, message: str) -> None:
    with pytest.raises(TemplateProblem, match=message):
        write(event(PATH="/bin"), "sum", template)


def test_headers() -> None:
    message = reread(composed("한글 subject", "본문\n", "몬 <mon@here>", "a@x", "Kim <kim@y>"))
    assert message["Subject"] == "한글 subject"
    assert message["From"] == "몬 <mon@here>"
    assert message["To"] == "a@x, Kim <kim@y>"
    assert message["Date"].datetime.timestamp() == 1793700000.0
    assert re.fullmatch(r"<[0-9a-f]{32}@host\.example>", message["Message-ID"])
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Mailer"] == "mail.alert (pymon)"
    assert message.get_content() == "본문\r\n"
    assert composed().as_bytes().isascii()
    assert "From" not in composed(sender="")


def test_a_mail_that_is_sent_again_is_the_same_mail() -> None:
    assert composed()["Message-ID"] == composed()["Message-ID"]


def test_bytes_that_are_no_utf8_and_control_characters() -> None:
    message = reread(composed("a\udcffb\x1b[31m", "x\udce9\x00\x07\ty\n"))
    assert message["Subject"] == r"a\xffb [31m"
    assert message.get_content() == "x\\xe9\ufffd\ufffd\ty\r\n"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\x85", "\x0b", "\x00"])
def test_no_header_can_be_slipped_in(end: str) -> None:
    message = reread(
        composed(f"sum{end}Bcc: evil@x{end}{end}body", "b", f"m{end}Bcc: evil@x <mon@x>", f"a@x{end}Bcc: evil@x")
    )
    assert set(message.keys()) == {
        *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Mailer"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    }
    assert message["Subject"].startswith("sum Bcc: evil@x ")


def test_addresses() -> None:
    assert addresses(["a@x,b@y", "root", '"Kim, C." <kim@z>', "김 <kim@w>"]) == (
        *("a@x", "b@y", "root", '"Kim, C." <kim@z>'),
        "=?utf-8?b?6rmA?= <kim@w>",
    )
    assert bare("=?utf-8?b?6rmA?= <kim@w>") == "kim@w"
    assert addresses([" a@x , b@[192.0.2.1] ", r'"K \"C\" M" <o+hara.mon@z-1.example>']) == (
        *("a@x", "b@[192.0.2.1]"),
        r'"K \"C\" M" <o+hara.mon@z-1.example>',
    )
    assert addresses([]) == ()
    assert addresses(["kim@exämple.org", "ann@localhost", "bo@lvs1.local", "jo@h.test"]) == (
        *("kim@xn--exmple-cua.org", "ann@localhost", "bo@lvs1.local", "jo@h.test"),
    )


@pytest.mark.parametrize(
    "word",
    [
        *("", "a@x\nBcc: b@x", "a b@x", "<>", "한@x", "a@x, ,", "not an address", "a@x b", "@x", "a@", "a@@x"),
        *("-oQ/tmp", "Kim kim@x", "a@x,,b@y", "a@x,", "a@x>", "<a@x", "all: a@x;", "a(b)@x", '"a b"@x'),
        *(
            "Kim <k@x> Lee",
            "a@x\udcff",
            "a@[x",
            "a@x]",
            "a..b@x",
            ".a@x",
            "a@-x.org",
            "a@x..org",
            "-a@x",
            "k@exa\u0300_.org",
        ),
    ],
)
def test_what_is_no_address(word: str) -> None:
    """A-mail-address: Python takes ``not an address`` for ``not``."""
    with pytest.raises(ValueError, match="mail address"):
        addresses([word])


any_text = st.text(st.characters(), max_size=300)


@given(subject=any_text, body=any_text, detail=any_text)
def test_any_text_makes_a_message_that_can_be_read(subject: str, body: str, detail: str) -> None:
    message = reread(composed(subject, body))
    assert len(message.keys()) == 10
    assert message.get_content()
    assert "\n" not in message["Subject"]
    text = write(event(detail=detail), subject, TEMPLATE)
    assert "\n" not in text.subject
    assert readable(detail) in text.body


@pytest.mark.slow
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=100))
def test_plain_subjects_arrive_as_they_are(subject: str) -> None:
    assert reread(composed(f"[{subject}]"))["Subject"] == f"[{subject}]"
