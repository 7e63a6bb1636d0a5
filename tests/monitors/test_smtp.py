"""smtp.monitor."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.addresses import own_address
from tests.monitors.adversity import check_adversity
from tests.monitors.mail import debians, plain, starttls, tls
from tests.monitors.servers import Check, Handler, Runs, serving
from tests.ports import free_port
from tests.servers.adversity import ADVERSITIES, Adversity, Speech, rows_together
from tests.servers.certificates import Authority
from tests.servers.exim import MailServer, exim

RULER = "=" * 78
ADDRESS = "127.0.0.1"


def scripted(answers: Mapping[bytes, bytes], greeting: bytes = b"220 mail.test ESMTP\r\n") -> Handler:
    """Greet, and answer each command as its first word has it; hang up where that has no answer, and after QUIT."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            word = line.split()[0].upper()
            if word not in answers:
                return
            writer.write(answers[word])
            if word == b"QUIT":
                return

    return handler


GOOD = {
    b"EHLO": b"250-mail.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
    b"HELO": b"250 mail.test\r\n",
    b"MAIL": b"250 ok\r\n",
    b"RCPT": b"250 ok\r\n",
    b"RSET": b"250 ok\r\n",
    b"QUIT": b"221 bye\r\n",
}


@pytest.fixture(name="authority", scope="module")
def authority_fixture() -> Authority:
    """Whom the monitor is to trust."""
    return Authority()


@pytest.fixture(name="server", scope="module")
def server_fixture(authority: Authority) -> Iterator[MailServer]:
    """A running Exim, whose certificate is for its addresses and for mail.test."""
    own = own_address()
    with exim(authority.issue("mail.test", own, "::1", days=30), host=own) as server:
        yield server


@pytest.fixture(name="trust")
def trust_fixture(authority: Authority, tmp_path: Path) -> list[str]:
    """Options that make the monitor trust the authority."""
    return ["-C", str(authority.write(tmp_path / "authority.pem"))]


@pytest.fixture(name="account")
def account_fixture(server: MailServer, tmp_path: Path) -> list[str]:
    """Options to log in."""
    (tmp_path / "password").write_text(f"{server.password}\n")
    return ["--user", server.user, "--password-file", str(tmp_path / "password")]


def secrets(password: str) -> list[str]:
    """What must not be shown: the password, and what could be read as it."""
    return [
        password,
        base64.b64encode(password.encode()).decode(),
        base64.b64encode(b"\0alice\0" + password.encode()).decode(),
    ]


@pytest.mark.slow
async def test_a_real_server(check: Check, server: MailServer) -> None:
    """M-smtp-dialogue: what we said is shown, too."""
    result = await check("smtp.monitor", "-p", str(server.port), server.host)
    assert result.exitval == 0, result.output
    assert result.output.startswith(
        f"\n\n{server.host} succeeded\ndetail for {server.host}\n{RULER}\n    < 220 mail.test"
    )
    assert f"    > EHLO {socket.gethostname()}\n    < 250-mail.test Hello" in result.output
    assert result.output.endswith("    > QUIT\n    < 221 mail.test closing connection\r\n\n")
    assert {each.name for each in result.measurements} == {"connect", "greeting", "time"}


@pytest.mark.slow
async def test_families(check_inside: Check, server: MailServer) -> None:
    """The server is on both."""
    for options in (["-6", server.host6], ["-4", server.host], [server.host6, server.host]):
        result = await check_inside("smtp.monitor", "-p", str(server.port), *options)
        assert result.exitval == 0, result.output


@pytest.mark.slow
@pytest.mark.parametrize("how", ["--starttls", "--tls"])
async def test_tls(check: Check, server: MailServer, trust: list[str], how: str) -> None:
    """M-smtp-tls."""
    port = server.tls_port if how == "--tls" else server.port
    result = await check("smtp.monitor", how, *trust, "-p", str(port), server.host)
    assert result.exitval == 0, result.output
    measured = {each.name: each.value for each in result.measurements}
    assert set(measured) == {"connect", "greeting", "tls", "expiry", "time"}
    assert measured["expiry"] == pytest.approx(30, abs=0.1)
    assert 0 < measured["tls"] < measured["time"]
    assert result.output.count("    > EHLO") == (2 if how == "--starttls" else 1)


@pytest.mark.slow
async def test_tls_by_name(check_inside: Check, server: MailServer, trust: list[str]) -> None:
    """M-smtp-tls: the name to verify need not be the host's."""
    common = ["--starttls", *trust, "-p", str(server.port), server.host]
    assert (await check_inside("smtp.monitor", "-N", "mail.test", *common)).exitval == 0
    result = await check_inside("smtp.monitor", "-N", "other.test", *common)
    assert f"{server.host} failed with error certificate: Hostname mismatch" in result.output
    assert (await check_inside("smtp.monitor", "-k", "-N", "other.test", *common)).exitval == 0


async def test_a_certificate_that_nobody_vouches_for(check_inside: Check, server: MailServer) -> None:
    result = await check_inside("smtp.monitor", "--starttls", "-p", str(server.port), server.host)
    assert result.exitval == 1
    assert "failed with error certificate: unable to get local issuer certificate\n" in result.output


async def test_a_server_without_starttls(check_inside: Check) -> None:
    answers = GOOD | {b"EHLO": b"250 mail.test\r\n"}
    async with serving(scripted(answers)) as port:
        result = await check_inside("smtp.monitor", "--starttls", "-p", str(port), ADDRESS)
    assert f"{ADDRESS} failed with error does not offer STARTTLS\n" in result.output


@pytest.mark.parametrize("answer", [b"454 not now\r\n", b"220 go\r\n250 injected\r\n"], ids=["refused", "injected"])
async def test_starttls_that_fails(check_inside: Check, answer: bytes) -> None:
    """What is said in the clear behind the answer must not count as said in TLS (CVE-2011-0411)."""
    async with serving(scripted(GOOD | {b"STARTTLS": answer})) as port:
        result = await check_inside("smtp.monitor", "--starttls", "-p", str(port), ADDRESS)
    assert result.exitval == 1
    reason = "STARTTLS: 454 not now" if b"454" in answer else "more was said in the clear than the answer to STARTTLS"
    assert f"{ADDRESS} failed with error {reason}\n" in result.output


@pytest.mark.slow
async def test_login(check: Check, server: MailServer, trust: list[str], account: list[str]) -> None:
    """M-smtp-login."""
    result = await check("smtp.monitor", "--starttls", *trust, *account, "-p", str(server.port), server.host)
    assert result.exitval == 0, result.output
    assert "    > AUTH PLAIN ***\n    < 235 Authentication succeeded" in result.output
    assert not any(secret in result.output for secret in secrets(server.password))


async def test_a_wrong_password(check_inside: Check, server: MailServer, trust: list[str], tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("geheim\n")
    account = ["-u", server.user, "-P", str(tmp_path / "wrong")]
    result = await check_inside("smtp.monitor", "-S", *trust, *account, "-p", str(server.tls_port), server.host)
    assert result.exitval == 1
    assert "failed with error AUTH PLAIN ***: 535 Incorrect authentication data\n" in result.output


async def test_login_by_login_and_passwords_that_come_back(check_inside: Check, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"220 x\r\n", b"250-x\r\n250 AUTH=LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"):
            writer.write(answer)
            heard.append(await reader.readline())
        writer.write(b"535 what is " + heard[-1].strip() + b" and geheim?\r\n")
        await reader.read()

    (tmp_path / "password").write_text("geheim\n")
    account = ["--cleartext", "-u", "alice", "-P", str(tmp_path / "password")]
    async with serving(handler) as port:
        result = await check_inside("smtp.monitor", *account, "-p", str(port), ADDRESS)
    assert heard[1:] == [b"AUTH LOGIN\r\n", b"YWxpY2U=\r\n", b"Z2VoZWlt\r\n"]
    assert "failed with error AUTH LOGIN: 535 what is *** and ***?\n" in result.output
    assert not any(secret in result.output for secret in secrets("geheim"))


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (b"250 AUTH CRAM-MD5\r\n", "offers neither AUTH PLAIN nor LOGIN but CRAM-MD5"),
        (b"250 HELP\r\n", "does not offer AUTH"),
    ],
)
async def test_no_login(check_inside: Check, tmp_path: Path, offer: bytes, reason: str) -> None:
    (tmp_path / "password").write_text("geheim\n")
    account = ["--cleartext", "-u", "alice", "-P", str(tmp_path / "password")]
    async with serving(scripted(GOOD | {b"EHLO": b"250-x\r\n" + offer})) as port:
        result = await check_inside("smtp.monitor", *account, "-p", str(port), ADDRESS)
    assert f"{ADDRESS} failed with error {reason}\n" in result.output


@pytest.mark.slow
async def test_sender_and_recipients(check: Check, server: MailServer) -> None:
    """M-smtp-to: they are tried, and nothing is sent."""
    common = ["-p", str(server.port), server.host]
    result = await check("smtp.monitor", "--to", "bob@mail.test", "--to", "carol@mail.test", *common)
    assert result.exitval == 0, result.output
    said = [line[6:] for line in result.output.splitlines() if line.startswith("    > ")]
    assert said[1:] == ["MAIL FROM:<>", "RCPT TO:<bob@mail.test>", "RCPT TO:<carol@mail.test>", "RSET", "QUIT"]
    result = await check("smtp.monitor", "--from", "mon@mail.test", "--to", "bob@elsewhere.test", *common)
    assert result.exitval == 1
    assert "failed with error RCPT TO:<bob@elsewhere.test>: 550 relay not permitted\n" in result.output


async def test_a_server_that_knows_no_ehlo(check_inside: Check) -> None:
    """M-smtp-ehlo."""
    async with serving(scripted(GOOD | {b"EHLO": b"502 what?\r\n"})) as port:
        result = await check_inside("smtp.monitor", "--helo", "mon.test", "-p", str(port), ADDRESS)
    assert result.exitval == 0
    assert "    > EHLO mon.test\n    < 502 what?\r\n    > HELO mon.test\n    < 250 mail.test\r\n" in result.output


@pytest.mark.slow
async def test_good_and_bad_hosts_side_by_side(check: Check, server: MailServer) -> None:
    result = await check("smtp.monitor", "-p", str(server.port), "no-such-host.invalid", server.host, "127.255.0.1")
    assert result.exitval == 1
    assert result.output.startswith("127.255.0.1 no-such-host.invalid\nno-such-host.invalid failed with error ")
    assert (
        "127.255.0.1 failed with error Unable to create SMTP connection: Connection refused\n"
        f"detail for 127.255.0.1\n{RULER}\nno detail\n\n\n{server.host} succeeded\n" in result.output
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--to", "a@b>\r\nDATA"], "is no mail address"),
        (["--helo", "a b"], "is no host name"),
        (["-p", "no-such-port"], "option -p"),
        (["-u", "alice", "-P", "/no/such/file", "-S"], "cannot read the secret in /no/such/file"),
        (["-u", "alice", "-P", "/dev/null"], "--user needs --tls or --starttls"),
        (["-S", "-C", "/no/such.pem"], "no CA certificates in /no/such.pem"),
    ],
)
async def test_wrong_options(check: Check, arguments: list[str], problem: str) -> None:
    result = await check("smtp.monitor", *arguments, ADDRESS)
    assert result.exitval == 126
    assert problem in result.output


async def lead_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Up to the handshake."""
    for answer in (b"220 mail.test ESMTP\r\n", b"250-mail.test\r\n250 STARTTLS\r\n"):
        writer.write(answer)
        await reader.readline()
    writer.write(b"220 go ahead\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    await check_adversity("smtp.monitor", plain, *adversities, speech=Speech(b"220 mail.test ESMTP\r\n"))


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tls"))
async def test_adversities_of_starttls(adversities: Sequence[Adversity]) -> None:
    await check_adversity("smtp.monitor", starttls, *adversities, speech=Speech(b"250 mail.test\r\n", lead_in=lead_in))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain text", "no handshake", "wrong name"])
async def test_adversities_of_tls(name: str) -> None:
    """From the start; the others are test_imap.py's."""
    await check_adversity("smtp.monitor", tls, ADVERSITIES[name], speech=Speech(b"220 mail.test ESMTP\r\n"))


SCRIPTS = {
    "well": scripted(GOOD),
    "no greeting": scripted(GOOD, b"554 no\r\n"),
    "hangs up": scripted(GOOD, b""),
    "no helo": scripted({b"EHLO": b"550 no\r\n", b"HELO": b"550 no\r\n"}),
    "hangs up at helo": scripted({}),
    "no farewell": scripted(GOOD | {b"QUIT": b"421 busy\r\n"}),
    "hangs up at quit": scripted({b"EHLO": GOOD[b"EHLO"], b"HELO": GOOD[b"HELO"]}),
    "silent": scripted({}, b"220"),
}


@pytest.mark.peer
async def test_debians_fails_whatever_it_meets_m_smtp_works() -> None:
    """M-smtp-works: under Perl 5.36 and later."""
    async with serving(SCRIPTS["well"]) as port:
        exitval, output = await debians("smtp.monitor", "-t", "5", "-p", str(port), ADDRESS)
        assert (exitval, output.partition("\n")[0]) == (1, ADDRESS)
        assert (await Runs(inprocess=True)("smtp.monitor", "-p", str(port), ADDRESS)).exitval == 0


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize("script", SCRIPTS)
async def test_beside_debians_under_an_older_perl(script: str, tmp_path: Path) -> None:
    """Same exit code, summary and verdict."""
    async with serving(SCRIPTS[script]) as port:
        arguments = ("-t", "1", "-p", str(port), ADDRESS)
        (exitval, output), ours = await asyncio.gather(
            debians("smtp.monitor", *arguments, older_perl=tmp_path), Runs(inprocess=True)("smtp.monitor", *arguments)
        )
    assert ours.exitval == exitval
    assert verdict(ours.output) == verdict(output)


@pytest.mark.peer
async def test_beside_debians_where_nobody_listens(tmp_path: Path) -> None:
    """M-smtp-why."""
    arguments = ("-p", str(free_port()), ADDRESS)
    exitval, output = await debians("smtp.monitor", *arguments, older_perl=tmp_path)
    ours = await Runs(inprocess=True)("smtp.monitor", *arguments)
    assert ours.exitval == exitval == 1
    assert "failed with error Unable to create SMTP connection to port" in output
    assert "failed with error Unable to create SMTP connection: Connection refused\n" in ours.output


def verdict(output: str) -> list[str]:
    """All but the dialogue, of which Debian's shows the server's part."""
    return [line for line in output.splitlines() if not line.startswith("    ") and not line[:3].isdigit() and line]
