"""mail.alert against real servers, and against a sendmail that keeps what it is given."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pymon.contract.invocation import Invocation
from pymon.runner.registry import load
from tests.addresses import own_address
from tests.alerts.adversity import check_adversity
from tests.alerts.conftest import ALERTS, RunAlert, run_as_daemon
from tests.peers import require_peer
from tests.programs import write_program
from tests.servers.adversity import Adversity, Speech, rows
from tests.servers.certificates import Authority
from tests.servers.exim import exim
from tests.tools import RequireTool

MON = ("-s", "http", "-g", "web", "-h", "h1 h2", "-t", "1793700000")
NO_SENDMAIL = {"PYMON_SENDMAIL": "/nowhere/sendmail"}
STDIN = "www1 죽음\n자세한 내용\n.\nlast\n"


class Mailbox:
    """An SMTP server's handler: keeps mails, and answers as it is told to."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.replies.get("mail", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address) or self.replies.get("rcpt", "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self.replies.get("data", "250 taken")
        if reply.startswith("2"):
            self.envelopes.append(envelope)
            self.sessions.append(session)
        return reply

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret", handled=False)

    def mail(self) -> EmailMessage:
        """The one mail that came."""
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        return parsed(envelope.content)

    @asynccontextmanager
    async def serving(self, **options: Any) -> AsyncIterator[str]:
        """Serve on loopback; gives ``HOST:PORT``."""
        tls = options.pop("implicit_tls", None)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="test", **options), "127.0.0.1", 0, ssl=tls
        )
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


@pytest.fixture
def sendmail(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """``sendmail(exit=0, says="")`` makes a sendmail; gives the environment by which mail.alert finds it."""

    def make(exit: int = 0, says: str = "") -> dict[str, str]:  # noqa: A002  # the shell's word
        path = tmp_path / "sendmail"
        write_program(
            path, f'#!/bin/sh\necho "$*" >{tmp_path}/args\ncat >{tmp_path}/stdin\necho "{says}" >&2\nexit {exit}\n'
        )
        return {"PYMON_SENDMAIL": str(path)}

    return make


async def test_by_smtp(run_alert: RunAlert) -> None:
    box = Mailbox()
    async with box.serving() as server:
        result = await run_alert(
            *("mail.alert", *MON, "--smtp", server, "-f", "mon@here.example", "a@x.example", "Kim 김 <kim@y.example>"),
            stdin=STDIN,
            MON_ALERTTYPE="failure",
        )
    assert result == (0, "")
    assert box.envelopes[0].mail_from == "mon@here.example"
    assert box.envelopes[0].rcpt_tos == ["a@x.example", "kim@y.example"]
    mail = box.mail()
    assert re.fullmatch(r"ALERT web/http: www1 죽음 \(Tue Nov 3 \d\d:00:00\)", mail["Subject"])
    assert (mail["From"], mail["To"]) == ("mon@here.example", "a@x.example, Kim 김 <kim@y.example>")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail["Message-ID"]
    assert body(mail).endswith(
        "Detailed text (if any) follows:\n-------------------------------\n자세한 내용\n.\nlast\n"
    )


async def test_defaults_come_from_the_environment(run_alert: RunAlert, tmp_path: Path) -> None:
    template = tmp_path / "t"
    template.write_text("Subject: 알림 {{ summary }}\n\n<{{ detail }}>\n")
    box = Mailbox()
    async with box.serving() as server:
        result = await run_alert(
            *("mail.alert", *MON, "-u", "-S", "mine", "root"),
            stdin="sum\ndetail",
            PYMON_SMTP=server,
            PYMON_MAIL_FROM="mon@here.example",
            PYMON_MAIL_TEMPLATE=str(template),
        )
    assert result == (0, "")
    assert (box.mail()["Subject"], body(box.mail())) == ("알림 mine", "<detail>\n")
    assert re.fullmatch(r"root@\S+", box.envelopes[0].rcpt_tos[0])


async def test_a_broken_template_is_no_reason_to_tell_nobody(run_alert: RunAlert, tmp_path: Path) -> None:
    template = tmp_path / "t"
    template.write_text("{{ nothing }}")
    box = Mailbox()
    async with box.serving() as server:
        for path, problem in ((template, "'nothing' is undefined"), (tmp_path / "none", "No such file")):
            code, output = await run_alert(
                "mail.alert", *MON, "--smtp", server, "--template", str(path), "a@x", stdin="s\n"
            )
            assert (code, problem in output, "the usual one was" in output) == (0, True, True)
    assert len(box.envelopes) == 2


async def test_newlines_in_the_summary_make_no_headers(run_alert: RunAlert) -> None:
    box = Mailbox()
    async with box.serving() as server:
        arguments = (*MON, "--smtp", server, "-S", "x\r\nBcc: evil@x\r\n\r\nbody", "a@x")
        assert await run_alert("mail.alert", *arguments, stdin="s\n") == (0, "")
        assert box.mail()["Bcc"] is None
        assert box.envelopes[0].rcpt_tos == ["a@x"]
        code, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x\nBcc: b@x", stdin="s\n")
        assert (code, "no mail address" in output) == (64, True)


@pytest.mark.parametrize(
    ("replies", "code", "text"),
    [
        ({"mail": "451 later"}, 75, "refuses the mail: 451 later"),
        ({"mail": "550 not you"}, 69, "refuses the mail: 550 not you"),
        ({"rcpt": "450 greylisted"}, 75, "refuses all recipients: a@x (450 greylisted)"),
        ({"rcpt": "550 unknown"}, 69, "refuses all recipients: a@x (550 unknown)"),
        ({"data": "452 full"}, 75, "refuses the mail: 452 full"),
        ({"data": "554 spam"}, 69, "refuses the mail: 554 spam"),
    ],
)
async def test_refusals_for_now_and_for_good(
    run_alert: RunAlert, replies: dict[str, str], code: int, text: str
) -> None:
    box = Mailbox(**replies)
    async with box.serving() as server:
        given, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x", stdin="s\n", **NO_SENDMAIL)
    assert (given, box.envelopes) == (code, [])
    assert text in output


async def attempts(calls: int, *arguments: str, **environ: str) -> AsyncIterator[tuple[int, str]]:
    """Several attempts at the same call by the same daemon: what each gave."""
    file = load("mail.alert", str(ALERTS / "mail.alert"))
    assert file.plugin is not None
    call = Invocation(file.path, (*MON, *arguments), {"PATH": os.environ["PATH"], **environ}, "s\n")
    for _ in range(calls):
        answer = await file.plugin.run(call)
        yield answer.exitval, answer.output


async def test_one_of_two_refused_for_good_is_a_failure_that_is_not_repeated(run_alert: RunAlert) -> None:
    """Trying again would tell the other one twice."""
    box = Mailbox(**{"b@x": "550 who?"})
    async with box.serving() as server:
        code, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x", "b@x", stdin="s\n")
    assert (code, box.envelopes[0].rcpt_tos) == (69, ["a@x"])
    assert "took the mail, but not for b@x (550 who?)" in output


async def test_who_is_refused_for_now_is_told_by_another_attempt() -> None:
    """A-mail-greylist: and nobody is told twice; that one was refused for good is said at the end, too."""
    box = Mailbox(**{"b@x": "450 later", "c@x": "550 who?"})
    async with box.serving() as server:
        said = attempts(4, "--smtp", server, "a@x", "b@x", "c@x", **NO_SENDMAIL)
        took = f"{server} took the mail, but not for c@x (550 who?)"
        assert await anext(said) == (75, f"{took}, b@x (450 later)\n")
        others = "refuses the others: c@x (550 who?), b@x (450 later)"
        assert await anext(said) == (75, f"{server} {others}\n")
        assert [envelope.rcpt_tos for envelope in box.envelopes] == [["a@x"]]
        del box.replies["b@x"]
        assert await anext(said) == (69, f"{took}\n")
        assert [envelope.rcpt_tos for envelope in box.envelopes] == [["a@x"], ["b@x"]]
        assert await anext(said) == (69, f"{took}\n"), "it is done with, and begun anew"


async def test_the_local_sendmail_tells_none_twice_either(
    sendmail: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """A-mail-greylist."""
    box = Mailbox(**{"b@x": "450 later"})
    said = None
    async with box.serving() as server:
        said = attempts(2, "--smtp", server, "-f", "mon@x", "a@x", "b@x", **sendmail())
        assert (await anext(said))[0] == 75
    code, output = await anext(said)
    assert (code, "cannot be reached" in output) == (0, True), output
    assert (tmp_path / "args").read_text() == "-oi -f mon@x -- b@x\n"


@pytest.mark.slow
async def test_a_process_of_its_own_cannot_remember_who_was_told() -> None:
    """A-mail-greylist."""
    box = Mailbox(**{"b@x": "450 later"})
    async with box.serving() as server:
        arguments = (*MON, "--smtp", server, "a@x", "b@x")
        code, output = await run_as_daemon(False, "mail.alert", *arguments, stdin="s\n", **NO_SENDMAIL)
    assert (code, box.envelopes[0].rcpt_tos) == (69, ["a@x"]), output
    assert "took the mail, but not for b@x (450 later)" in output


@pytest.mark.parametrize("password", ["geheim", "päss wörd", "\udce4bc"])
@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_server_that_repeats_the_login_does_not_give_the_password_away(
    run_alert: RunAlert, tmp_path: Path, password: str, mechanisms: str
) -> None:
    """A-mail-secret: what the server says is in the log."""
    raw = password.encode("utf-8", "surrogateescape")
    sent: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := (await reader.readline()).rstrip():
            word = line.partition(b" ")[0].upper()
            if word == b"EHLO":
                writer.write(f"250-x\r\n250 AUTH {mechanisms}\r\n".encode())
            elif line == b"AUTH CRAM-MD5":
                writer.write(b"334 PDE4OTYuNjk3QHg+\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            elif line.startswith(b"AUTH LOGIN") and not sent:
                sent.append(line)
                writer.write(b"334 UGFzc3dvcmQ6\r\n")
            else:
                sent.append(line)
                writer.write(b"535 5.7.8 no: " + line + b", and not " + base64.b64encode(raw) + b"\r\n")

    (tmp_path / "password").write_bytes(raw)
    async with talking(talk) as server:
        options = ("--smtp", server, "--tls", "off", "--user", "kim", "--password-file", str(tmp_path / "password"))
        code, output = await run_alert("mail.alert", *MON, *options, "a@x", stdin="s\n", **NO_SENDMAIL)
    assert (code, "refuses the login: 535 5.7.8 no: " in output) == (77, True), output
    assert sent
    assert sent[-1].split()[-1].decode() not in output
    assert base64.b64encode(raw).decode() not in output


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """A server on loopback that says what the test has it say; gives ``HOST:PORT``."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()
        await writer.wait_closed()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(10):
            await done.wait()
    finally:
        server.close()
        await server.wait_closed()


async def closed_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


@pytest.mark.slow
async def test_server_refuses_the_connection(
    run_alert: RunAlert, sendmail: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The local sendmail takes over, for it has a queue; where it cannot, the daemon tries again: servers come back."""
    server = f"127.0.0.1:{await closed_port()}"
    code, output = await run_alert(
        "mail.alert", *MON, "--smtp", server, "-f", "mon@x", "a@x", stdin=STDIN, **sendmail()
    )
    assert code == 0
    assert f"{server} cannot be reached" in output
    assert "so " in output
    assert "sendmail was used" in output
    assert (tmp_path / "args").read_text() == "-oi -t -f mon@x\n"
    for failing in (NO_SENDMAIL, sendmail(exit=1), sendmail(exit=75)):
        code, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x", stdin=STDIN, **failing)
        assert (code, "sendmail failed" in output) == (75, True)


@pytest.mark.slow
@pytest.mark.parametrize("greeting", [b"", b"220 test\r\n"])
async def test_server_that_hangs(run_alert: RunAlert, greeting: bytes) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()

    async with talking(hang) as server:
        arguments = (*MON, "--smtp", server, "--timeout", "0.3", "--tls", "off", "a@x")
        code, output = await run_alert("mail.alert", *arguments, stdin="s\n", **NO_SENDMAIL)
    assert (code, server in output) == (75, True), output


async def test_server_that_goes_away(run_alert: RunAlert) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        await reader.readline()

    async with talking(leave) as server:
        code, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x", stdin="s\n", **NO_SENDMAIL)
    assert (code, f"{server} went away" in output) == (75, True), output


@pytest.mark.parametrize(("greeting", "expected"), [("421 busy", 75), ("554 no mail here", 69)])
async def test_server_that_is_busy_or_closed(run_alert: RunAlert, greeting: str, expected: int) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting.encode() + b"\r\n")

    async with talking(greet) as server:
        code, output = await run_alert("mail.alert", *MON, "--smtp", server, "a@x", stdin="s\n", **NO_SENDMAIL)
    assert (code, greeting in output) == (expected, True), output


# TLS and login


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory, require_tool: RequireTool) -> Path:
    """A certificate of our own for 127.0.0.1, with its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        *(str(require_tool("openssl")), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(folder / "key"), "-out", str(folder / "cert")),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    both = folder / "both.pem"
    both.write_text((folder / "cert").read_text() + (folder / "key").read_text())
    return both


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_tls_is_used_where_it_is_offered(run_alert: RunAlert, server_tls: ssl.SSLContext) -> None:
    box = Mailbox()
    async with box.serving(tls_context=server_tls) as server:
        assert await run_alert("mail.alert", *MON, "--smtp", server, "a@x", stdin="s\n") == (0, "")
        assert box.sessions[0].ssl is not None
        arguments = (*MON, "--smtp", server, "--tls", "off", "a@x")
        assert await run_alert("mail.alert", *arguments, stdin="s\n") == (0, "")
        assert box.sessions[1].ssl is None


async def test_tls_that_is_required_is_verified(
    run_alert: RunAlert, server_tls: ssl.SSLContext, certificate: Path
) -> None:
    box = Mailbox()
    async with box.serving(tls_context=server_tls) as server:
        arguments = ("mail.alert", *MON, "--smtp", server, "--tls", "starttls")
        code, output = await run_alert(*arguments, "a@x", stdin="s\n", **NO_SENDMAIL)
        assert (code, box.envelopes) == (75, [])
        assert f"TLS with {server} failed" in output
        assert "certificate verify failed" in output.lower()
        assert await run_alert(*arguments, "--ca", str(certificate), "a@x", stdin="s\n") == (0, "")
    async with Mailbox().serving() as server:
        arguments = ("mail.alert", *MON, "--smtp", server, "--tls", "starttls")
        code, output = await run_alert(*arguments, "a@x", stdin="s\n", **NO_SENDMAIL)
        assert (code, "STARTTLS extension not supported" in output) == (75, True), output


async def test_tls_from_the_first_byte(run_alert: RunAlert, server_tls: ssl.SSLContext, certificate: Path) -> None:
    box = Mailbox()
    async with box.serving(implicit_tls=server_tls) as server:
        arguments = ("mail.alert", *MON, "--smtp", server, "--tls", "tls", "a@x")
        code, output = await run_alert(*arguments, stdin="s\n", **NO_SENDMAIL)
        assert (code, f"TLS with {server} failed" in output) == (75, True), output
        assert await run_alert(*arguments, "--ca", str(certificate), stdin="s\n") == (0, "")
    assert len(box.envelopes) == 1


@pytest.mark.parametrize(("password", "code"), [("secret", 0), ("wrong", 77)])
async def test_login(
    run_alert: RunAlert, server_tls: ssl.SSLContext, certificate: Path, tmp_path: Path, password: str, code: int
) -> None:
    (tmp_path / "password").write_text(f"{password}\n")
    box = Mailbox()
    async with box.serving(tls_context=server_tls, authenticator=box.login, auth_required=True) as server:
        given, output = await run_alert(
            *("mail.alert", *MON, "--smtp", server, "--ca", str(certificate), "--user", "kim"),
            *("--password-file", str(tmp_path / "password"), "a@x"),
            stdin="s\n",
        )
    assert (given, len(box.envelopes)) == (code, 0 if code else 1), output
    assert box.logins[0] == (b"kim", password.encode())
    assert "secret" not in output


async def test_a_password_is_never_sent_in_clear(run_alert: RunAlert, tmp_path: Path) -> None:
    """With --user TLS is required, unless the user says otherwise."""
    (tmp_path / "password").write_text("secret\n")
    box = Mailbox()
    async with box.serving(authenticator=box.login, auth_require_tls=False) as server:
        arguments = (*MON, "--smtp", server, "--user", "kim", "--password-file", str(tmp_path / "password"), "a@x")
        code, output = await run_alert("mail.alert", *arguments, stdin="s\n", **NO_SENDMAIL)
        assert (code, box.logins, box.envelopes) == (75, [], []), output
        assert await run_alert("mail.alert", *arguments, "--tls", "off", stdin="s\n") == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--user", "kim", "a@x"), 64, "--user needs --password-file"),
        (("--user", "kim", "--password-file", "/nowhere/p", "a@x"), 75, "cannot read the secret in /nowhere/p"),
        (("--ca", "/nowhere/ca", "a@x"), 75, "no CA certificates in /nowhere/ca"),
        (("--tls", "maybe", "a@x"), 64, "must be one of auto, starttls, tls, off"),
        ((), 64, "no address to mail to"),
        (("",), 64, "is no mail address"),
        (("-f", "m@x>", "a@x"), 64, "is no mail address"),
    ],
)
async def test_wrong_options(run_alert: RunAlert, arguments: tuple[str, ...], code: int, text: str) -> None:
    given, output = await run_alert("mail.alert", *MON, "--smtp", "127.0.0.1:9", *arguments, stdin="s\n", **NO_SENDMAIL)
    assert (given, text in output) == (code, True), output


@pytest.mark.parametrize("server", ["", "h:", ":25", "h:x", "h:0", "h:70000", "[::1", "[::1]x"])
async def test_wrong_servers(run_alert: RunAlert, server: str) -> None:
    code, output = await run_alert("mail.alert", *MON, f"--smtp={server}", "a@x", stdin="s\n", **NO_SENDMAIL)
    assert code == (75 if server == "" else 64), output


# sendmail


async def test_by_sendmail(run_alert: RunAlert, sendmail: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    result = await run_alert("mail.alert", *MON, "-u", "root", "a@x,b@y", stdin=STDIN, **sendmail(says="taken"))
    assert result == (0, "taken\n")
    assert (tmp_path / "args").read_text() == "-oi -t\n"
    content = (tmp_path / "stdin").read_bytes()
    assert b"\r" not in content
    assert content.isascii()
    mail = parsed(content)
    assert mail["To"] == "root, a@x, b@y"
    assert mail["From"] is None
    assert mail["Subject"].startswith("UPALERT web/http: www1 죽음 (")
    assert body(mail).endswith("자세한 내용\n.\nlast\n")


@pytest.mark.parametrize(("exit_code", "code"), [(75, 75), (1, 69), (67, 69)])
async def test_sendmail_fails(
    run_alert: RunAlert, sendmail: Callable[..., dict[str, str]], exit_code: int, code: int
) -> None:
    given, output = await run_alert("mail.alert", *MON, "root", stdin="s\n", **sendmail(exit_code, "no\nroom"))
    assert given == code
    assert "no room" in output


async def test_sendmail_is_not_there(run_alert: RunAlert) -> None:
    code, output = await run_alert("mail.alert", *MON, "root", stdin="s\n", **NO_SENDMAIL)
    assert (code, "cannot run /nowhere/sendmail: No such file or directory" in output) == (75, True)


# Debian's


def mails_of(command: list[str], arguments: tuple[str, ...], stdin: str, folder: Path) -> dict[str, Any]:
    """What /usr/lib/sendmail is given by a mail.alert, seen in a mount namespace where there is such a program."""
    (folder / "upper").mkdir(parents=True)
    (folder / "work").mkdir()
    fake = folder / "upper/sendmail"
    write_program(
        fake,
        f"#!{sys.executable}\nimport json, sys\n"
        f'json.dump([sys.argv[1:], sys.stdin.buffer.read().decode("utf-8")], open("{folder}/mail.json", "w"))\n',
    )
    mount = f"mount -t overlay overlay -o lowerdir=/usr/lib,upperdir={folder}/upper,workdir={folder}/work /usr/lib"
    subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *command, *arguments],
        input=stdin.encode(),
        env={"PATH": os.environ["PATH"], "TZ": "Asia/Seoul", "MON_ALERTTYPE": "failure", "PYMON_SENDMAIL": str(fake)},
        check=True,
        timeout=30,
    )
    options, text = json.loads((folder / "mail.json").read_text())
    return {"options": options, "mail": text}


def can_mount(folder: Path) -> bool:
    for name in ("u", "w"):
        (folder / name).mkdir()
    mount = f"mount -t overlay overlay -o lowerdir=/usr/lib,upperdir={folder}/u,workdir={folder}/w /usr/lib"
    return subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.peer
def test_same_mail_as_debians(tmp_path: Path, require_tool: RequireTool) -> None:
    """Subject, recipients and body are those of Debian's; X-Mailer differs, other headers are new (A-mail)."""
    theirs = require_peer("mail.alert")
    require_tool("unshare", package="util-linux")
    if os.getuid() != 0 or not can_mount(tmp_path):
        pytest.skip("needs root and overlay mounts, to put a sendmail where Debian's mail.alert looks for it")
    hosts = " ".join(f"host-number-{number}.example.org" for number in range(12))
    cases: list[tuple[tuple[str, ...], str]] = [
        ((*MON, "root@x", "bob"), "www1\ndetail 1\n.\n  more\n"),
        (("-s", "http", "-g", "web", "-h", hosts, "-t", "1795466384", "-u", "-l", "60", "-S", "own", "a@x"), "w\n"),
        (("-s", "http", "-g", "web", "-h", "", "-t", "1793700000", "a@x"), ""),
        ((*MON, "-f", "mon@here", "a@x"), "one line only"),
    ]
    for number, (arguments, stdin) in enumerate(cases):
        debian = mails_of([str(theirs)], arguments, stdin, tmp_path / f"{number}-theirs")
        ours = mails_of([sys.executable, str(ALERTS / "mail.alert")], arguments, stdin, tmp_path / f"{number}-ours")
        head, _, text = debian["mail"].partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines())
        mail = parsed(ours["mail"].encode())
        assert str(mail["Subject"]) == fields["Subject"]
        assert str(mail["To"]) == fields["To"].replace(",", ", ")
        assert body(mail).rstrip("\n") == text.rstrip("\n")
        assert ours["options"] == debian["options"][: len(ours["options"])]


# a real server


@pytest.mark.slow
@pytest.mark.parametrize("by_ipv6", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_debians_exim(both_ways: RunAlert, tmp_path: Path, mode: str, by_ipv6: bool) -> None:
    """Login with a password of systemd's; and what it refuses: a wrong password, and relaying."""
    host = own_address()
    authority = Authority()
    trusted = str(authority.write(tmp_path / "ca.pem"))
    with exim(authority.issue(host, "::1"), host=host) as server:
        (tmp_path / "right").write_text(f"{server.password}\n")
        (tmp_path / "wrong").write_text("wrong\n")
        place = f"[{server.host6}]" if by_ipv6 else server.host
        port = server.tls_port if mode == "tls" else server.port

        async def mail(password: str, recipient: str) -> tuple[int, str]:
            options = ("--smtp", f"{place}:{port}", "--tls", mode, "--ca", trusted, "--user", server.user)
            return await both_ways(
                *("mail.alert", *MON, *options, "--password-file", f"credential:{password}", "-f", "mon@x", recipient),
                stdin=STDIN,
                CREDENTIALS_DIRECTORY=str(tmp_path),
                **NO_SENDMAIL,
            )

        assert await mail("right", f"root@{server.name}") == (0, "")
        code, output = await mail("wrong", f"root@{server.name}")
        assert (code, "refuses the login: 535" in output) == (77, True), output
        code, output = await mail("right", "root@elsewhere.example")
        assert (code, "refuses all recipients: root@elsewhere.example (550" in output) == (69, True), output


# servers that misbehave

SPEECH = Speech(b"220 mail.test ESMTP\r\n")


async def starttls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The dialogue up to the handshake."""
    for reply in (b"220 mail.test ESMTP\r\n", b"250-mail.test\r\n250 STARTTLS\r\n", b"220 go on\r\n"):
        writer.write(reply)
        await writer.drain()
        if reply.startswith(b"220 go"):
            break
        await reader.readline()


@pytest.mark.slow
@pytest.mark.parametrize("adversity", rows("tcp"))
async def test_adversities(adversity: Adversity) -> None:
    """The daemon tries again; meanwhile the local sendmail is asked where there is no connection at all."""
    await check_adversity(
        "mail.alert",
        lambda enemy: (
            *(*MON, "--timeout", str(enemy.limit), "--tls", "off"),
            *("--smtp", f"{enemy.host}:{enemy.port}", "-f", "mon@x", "a@x"),
        ),
        adversity,
        SPEECH,
        ways=(True, False) if adversity.name in {"refusal", "silence", "reset later"} else (True,),
        PYMON_SENDMAIL="/nowhere/sendmail",
    )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["tls", "starttls"])
@pytest.mark.parametrize("adversity", rows("tls"))
async def test_adversities_of_tls(adversity: Adversity, mode: str) -> None:
    said = await check_adversity(
        "mail.alert",
        lambda enemy: (
            *(*MON, "--timeout", str(enemy.limit), "--tls", mode, "--ca", str(enemy.trusted)),
            *("--smtp", f"{enemy.host}:{enemy.port}", "-f", "mon@x", "a@x"),
        ),
        adversity,
        Speech(b"220 mail.test ESMTP\r\n", lead_in=starttls if mode == "starttls" else None),
        ways=(True,),
        PYMON_SENDMAIL="/nowhere/sendmail",
    )
    assert not (adversity.prompt and "cannot be reached" in said), "sendmail went round the TLS that was asked for"
