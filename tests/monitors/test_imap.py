"""imap.monitor."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.addresses import own_address
from tests.monitors.adversity import check_adversity
from tests.monitors.mail import debians, plain, starttls, tls
from tests.monitors.servers import Check, Handler, Runs, serving
from tests.servers.adversity import ADVERSITIES, Adversity, Speech, rows_together
from tests.servers.certificates import Authority
from tests.servers.dovecot import MailStore, dovecot

ADDRESS = "127.0.0.1"
GREETING = b"* OK IMAP4rev1 ready\r\n"
LITERAL = b'* CAPABILITY IMAP4rev1\r\n* LIST {8}\r\nA1 NO \r\n" {2}\r\nhiA1 NO\r\nA1 OK done\r\n'


def scripted(*answers: bytes, greeting: bytes = GREETING) -> Handler:
    """Greet; answer each line with the next of these, ``TAG`` in it replaced, and hang up behind the last."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        for answer in answers:
            tag = (await reader.readline()).partition(b" ")[0]
            writer.write(answer.replace(b"TAG", tag))
        await writer.drain()

    return handler


CAPABLE = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
PARTING = b"* BYE\r\nTAG OK bye\r\n"


@pytest.fixture(name="authority", scope="module")
def authority_fixture() -> Authority:
    """Whom the monitor is to trust."""
    return Authority()


@pytest.fixture(name="server", scope="module")
def server_fixture(authority: Authority) -> Iterator[MailStore]:
    """A running Dovecot, which takes logins within TLS only; its certificate is for its addresses."""
    own = own_address()
    with dovecot(authority.issue("mail.test", own, "::1", days=30), host=own, plain_login=False) as server:
        yield server


@pytest.fixture(name="trust")
def trust_fixture(authority: Authority, tmp_path: Path) -> list[str]:
    """Options that make the monitor trust the authority."""
    return ["-C", str(authority.write(tmp_path / "authority.pem"))]


@pytest.fixture(name="account")
def account_fixture(server: MailStore, tmp_path: Path) -> list[str]:
    """Options to log in."""
    return ["--user", server.user, *password(tmp_path, server.password)]


def password(folder: Path, text: str) -> list[str]:
    """The option for this password."""
    (folder / "password").write_text(f"{text}\n")
    return ["--password-file", str(folder / "password")]


async def test_a_real_server(check: Check, server: MailStore) -> None:
    """M-imap-anonymous: CAPABILITY and LOGOUT, no login."""
    result = await check("imap.monitor", "-p", str(server.port), server.host)
    assert (result.exitval, result.output) == (0, "")
    assert {each.name for each in result.measurements} == {"connect", "greeting", "time"}


async def test_families(check_inside: Check, server: MailStore) -> None:
    """The server is on both."""
    for options in (["-6", server.host6], ["-4", server.host], [server.host6, server.host]):
        result = await check_inside("imap.monitor", "-p", str(server.port), *options)
        assert (result.exitval, result.output) == (0, "")


@pytest.mark.parametrize("how", ["--starttls", "--tls"])
async def test_login_and_mailbox_within_tls(
    check: Check, server: MailStore, trust: list[str], account: list[str], how: str
) -> None:
    """M-imap-tls, M-imap-login."""
    port = server.tls_port if how == "--tls" else server.port
    result = await check("imap.monitor", how, *trust, *account, "-m", "INBOX", "-p", str(port), server.host)
    assert (result.exitval, result.output) == (0, "")
    measured = {each.name: each.value for each in result.measurements}
    assert set(measured) == {"connect", "greeting", "tls", "expiry", "login", "messages", "time"}
    assert measured["expiry"] == pytest.approx(30, abs=0.1)
    assert measured["messages"] == 0


@pytest.mark.slow
async def test_anonymous_login_is_refused(check: Check, server: MailStore, trust: list[str]) -> None:
    """M-imap-anonymous: what mon's monitor tries always."""
    result = await check("imap.monitor", "-S", *trust, "--anonymous", "-p", str(server.tls_port), server.host)
    assert result.exitval == 1
    assert result.output.startswith(
        f"{server.host}\n\n{server.host}: bad response to login: NO [AUTHENTICATIONFAILED] Authentication failed.\n"
        "    < * OK"
    )
    assert "    > A2 LOGIN ANONYMOUS ANONYMOUS\n" in result.output


@pytest.mark.slow
async def test_a_login_that_goes_wrong(
    check_inside: Check, server: MailStore, trust: list[str], account: list[str], tmp_path: Path
) -> None:
    common = ["-S", *trust, "-p", str(server.tls_port), server.host]
    result = await check_inside("imap.monitor", *account, "-m", "no such box", *common)
    assert f"{server.host}: bad response to examine: NO Mailbox doesn't exist: no such box" in result.output
    assert '    > A2 LOGIN "alice" ***\n' in result.output
    assert server.password not in result.output
    result = await check_inside("imap.monitor", "-u", server.user, *password(tmp_path, "geheim"), *common)
    assert f"{server.host}: bad response to login: NO [AUTHENTICATIONFAILED]" in result.output
    assert "geheim" not in result.output


async def test_login_disabled(check_inside: Check, server: MailStore, account: list[str]) -> None:
    """Dovecot's without TLS."""
    result = await check_inside("imap.monitor", "--cleartext", *account, "-p", str(server.port), server.host)
    assert f"{server.host}: offers no AUTH=PLAIN, and LOGIN is disabled" in result.output


async def test_a_certificate_that_nobody_vouches_for(check_inside: Check, server: MailStore, trust: list[str]) -> None:
    result = await check_inside("imap.monitor", "--starttls", "-p", str(server.port), server.host)
    assert f"\n{server.host}: certificate: unable to get local issuer certificate\n" in result.output
    result = await check_inside("imap.monitor", "-S", *trust, "-N", "x.test", "-p", str(server.tls_port), server.host)
    assert f"\n{server.host}: certificate: Hostname mismatch" in result.output


@pytest.mark.parametrize(
    ("offer", "user", "secret", "heard"),
    [
        (b"AUTH=PLAIN", 'a"li\\ce', 'ge"heim', b'A2 LOGIN "a\\"li\\\\ce" "ge\\"heim"\r\n'),
        (b"LOGINDISABLED AUTH=PLAIN SASL-IR", "alice", "geheim", b"A2 AUTHENTICATE PLAIN AGFsaWNlAGdlaGVpbQ==\r\n"),
        (b"LOGINDISABLED AUTH=PLAIN", "alice", "geheim", b"A2 AUTHENTICATE PLAIN\r\nAGFsaWNlAGdlaGVpbQ==\r\n"),
        (
            b"AUTH=PLAIN SASL-IR",
            "alice",
            "pässwort",
            b"A2 AUTHENTICATE PLAIN " + base64.b64encode("\0alice\0pässwort".encode()) + b"\r\n",
        ),
    ],
    ids=["quoted", "initial response", "continued", "beyond ASCII"],
)
async def test_ways_to_log_in(
    check_inside: Check, tmp_path: Path, offer: bytes, user: str, secret: str, heard: bytes
) -> None:
    """M-imap-login; a server that says back what it heard must not make us show it."""
    said: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write(b"* CAPABILITY IMAP4rev1 " + offer + b"\r\nA1 OK done\r\n")
        said.append(await reader.readline())
        if said[0] == b"A2 AUTHENTICATE PLAIN\r\n":
            writer.write(b"+ \r\n")
            said.append(await reader.readline())
        writer.write(b"A2 NO what is " + said[-1].strip() + b"?\r\n")
        await reader.read()

    account = ["--cleartext", "-u", user, *password(tmp_path, secret)]
    async with serving(handler) as port:
        result = await check_inside("imap.monitor", *account, "-p", str(port), ADDRESS)
    assert b"".join(said) == heard
    assert result.exitval == 1
    assert f"{ADDRESS}: bad response to " in result.output
    assert "***?\n" in result.output
    for shown in (secret, secret.replace('"', '\\"'), base64.b64encode(f"\0{user}\0{secret}".encode()).decode()):
        assert shown not in result.output


@pytest.mark.parametrize(
    ("server", "options", "reason"),
    [
        (scripted(greeting=b"hello\r\n"), [], "No IMAP banner received"),
        (scripted(greeting=b"* BYE too many\r\n"), [], "refused: BYE too many"),
        (scripted(), [], "No response to capability"),
        (scripted(b"* BYE going down\r\n"), [], "No response to capability: BYE going down"),
        (scripted(b"TAG BAD what?\r\n"), [], "bad response to capability: BAD what?"),
        (scripted(b"TAG OK done\r\n"), [], "says no capabilities"),
        (scripted(CAPABLE), [], "No response to logout"),
        (scripted(CAPABLE, b"TAG NO stay\r\n"), [], "bad response to logout: NO stay"),
        (scripted(CAPABLE, b"TAG OK\r\n"), ["--starttls"], "does not offer STARTTLS"),
        (
            scripted(CAPABLE.replace(b"rev1", b"rev1 STARTTLS"), b"TAG OK go\r\nA3 OK injected\r\n"),
            ["--starttls"],
            "more was said in the clear than the answer to STARTTLS",
        ),
        (
            scripted(CAPABLE.replace(b"rev1", b"rev1 STARTTLS"), greeting=b"* PREAUTH hi\r\n"),
            ["--starttls"],
            "does not offer STARTTLS",
        ),
        (scripted(CAPABLE, b"+ more\r\n"), ["--anonymous"], "asks for more after login"),
        (scripted(b"* X {1048577}\r\n"), [], "answer to capability has more than 1048576 bytes of literals"),
        (
            scripted(b"* X {3}\r\na\r\n\r\n* X {1048574}\r\n"),
            [],
            "answer to capability has more than 1048576 bytes of literals",
        ),
        (scripted(b"* X {5}\r\nab"), [], "hung up after 2 of 5 bytes"),
        (scripted(b"* X\r\n" * 1001), [], "no answer to capability within 1000 lines"),
    ],
)
async def test_servers_that_fail(check_inside: Check, server: Handler, options: list[str], reason: str) -> None:
    """The words are mon's where it has some; injection behind STARTTLS (CVE-2011-0411) is none of its."""
    async with serving(server) as port:
        result = await check_inside("imap.monitor", "-t", "5", *options, "-p", str(port), ADDRESS)
    assert result.exitval == 1
    assert result.output.startswith(f"{ADDRESS}\n\n{ADDRESS}: {reason}\n")


@pytest.mark.parametrize(
    "server",
    [
        scripted(CAPABLE, PARTING),
        scripted(CAPABLE, b"* BYE\r\n"),
        scripted(LITERAL, PARTING),
        scripted(CAPABLE, PARTING, greeting=b"* PREAUTH hi\r\n"),
        scripted(b"* CAPABILITY IMAP4rev1\r\nTAG ok done\r\n", b"* bye\r\n", greeting=b"* ok\r\n"),
    ],
    ids=["well", "leaves after BYE", "literals", "preauth", "small letters"],
)
async def test_servers_that_are_well(check_inside: Check, server: Handler) -> None:
    async with serving(server) as port:
        result = await check_inside("imap.monitor", "-t", "5", "-p", str(port), ADDRESS)
    assert (result.exitval, result.output) == (0, "")


@pytest.mark.parametrize(
    ("mailbox", "heard"),
    [
        ("Sent Items", '"Sent Items"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("R&D", '"R&D"'),
        ("Entwürfe & Co", '"Entw&APw-rfe &- Co"'),
        ("台北/日本語", '"&U,BTFw-/&ZeVnLIqe-"'),
    ],
)
async def test_names_of_mailboxes(check_inside: Check, mailbox: str, heard: str) -> None:
    """M-imap-mailbox."""
    said: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        for answer in (CAPABLE, b"TAG OK welcome\r\n", b"* 17 EXISTS\r\n* 1 RECENT\r\nTAG OK open\r\n", PARTING):
            said.append(await reader.readline())
            writer.write(answer.replace(b"TAG", said[-1].partition(b" ")[0]))

    async with serving(handler) as port:
        result = await check_inside("imap.monitor", "-m", mailbox, "-p", str(port), ADDRESS)
    assert result.exitval == 0, result.output
    assert said[1:] == [b"A2 LOGIN ANONYMOUS ANONYMOUS\r\n", f"A3 EXAMINE {heard}\r\n".encode(), b"A4 LOGOUT\r\n"]
    assert {each.name: each.value for each in result.measurements}["messages"] == 17


async def test_good_and_bad_hosts_side_by_side(check: Check, server: MailStore) -> None:
    """M-imap-why."""
    result = await check("imap.monitor", "-p", str(server.port), "127.255.0.1", server.host, "no-such-host.invalid")
    assert result.exitval == 1
    assert result.output.startswith(
        "127.255.0.1 no-such-host.invalid\n\n127.255.0.1: Unable to connect: Connection refused\nno-such-host.invalid: "
    )
    assert server.host not in result.output


@pytest.mark.slow
async def test_silence_behind_the_greeting(check_inside: Check) -> None:
    """M-imap-why: what was said up to there is shown."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while await reader.read(65536):
            pass

    async with serving(silent) as port:
        result = await check_inside("imap.monitor", "-t", "0.3", "-p", str(port), ADDRESS)
    assert result.output == (
        f"{ADDRESS}\n\n{ADDRESS}: timeout after 0.3 seconds\n    < * OK IMAP4rev1 ready\r\n    > A1 CAPABILITY\n"
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--anonymous", "-S", "-u", "alice", "-P", "x"], "--anonymous and --user exclude each other"),
        (["-m", "IN\r\nBOX"], "is no name of a mailbox"),
        (["--tls", "--starttls"], "--tls and --starttls exclude each other"),
    ],
)
async def test_wrong_options(check: Check, arguments: list[str], problem: str) -> None:
    result = await check("imap.monitor", *arguments, ADDRESS)
    assert result.exitval == 126
    assert problem in result.output


async def lead_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Up to the handshake."""
    for answer in (GREETING, b"* CAPABILITY IMAP4rev1 STARTTLS\r\nA1 OK done\r\n"):
        writer.write(answer)
        await reader.readline()
    writer.write(b"A2 OK go ahead\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    await check_adversity("imap.monitor", plain, *adversities, speech=Speech(GREETING))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain text", "no handshake", "wrong name"])
async def test_adversities_of_starttls(name: str) -> None:
    """The others are test_smtp.py's."""
    await check_adversity("imap.monitor", starttls, ADVERSITIES[name], speech=Speech(b"* CAPABILITY", lead_in=lead_in))


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tls"))
async def test_adversities_of_tls(adversities: Sequence[Adversity]) -> None:
    await check_adversity("imap.monitor", tls, *adversities, speech=Speech(GREETING))


LOGIN = b"TAG OK welcome\r\n"
SCRIPTS = {
    "well": [LOGIN, b"* FLAGS ()\r\nTAG OK open\r\n", PARTING],
    "no login": [b"TAG NO ok\r\n"],
    "no mailbox": [LOGIN, b"TAG NO gone\r\n", PARTING],
    "hangs up": [],
}


@pytest.mark.peer
async def test_debians_fails_whatever_it_meets_m_imap_works() -> None:
    """M-imap-works: under Perl 5.36 and later."""
    async with serving(scripted(*SCRIPTS["well"])) as port:
        exitval, output = await debians("imap.monitor", "-t", "5", "-m", "INBOX", "-p", str(port), ADDRESS)
    assert (exitval, output.partition("\n")[0]) == (1, ADDRESS)


@pytest.mark.peer
@pytest.mark.parametrize("script", SCRIPTS)
async def test_beside_debians_under_an_older_perl(script: str, tmp_path: Path) -> None:
    """Same exit code, summary and reason; ours asks for CAPABILITY first."""
    common = ("-t", "3", "-m", "INBOX")
    async with serving(scripted(*SCRIPTS[script])) as port:
        exitval, output = await debians("imap.monitor", *common, "-p", str(port), ADDRESS, older_perl=tmp_path)
    async with serving(scripted(*([CAPABLE] if script != "hangs up" else []), *SCRIPTS[script])) as port:
        ours = await Runs(inprocess=True)("imap.monitor", *common, "-p", str(port), ADDRESS)
    assert ours.exitval == exitval
    said = [line for line in ours.output.splitlines() if not line.startswith("    ")]
    theirs = [line.rstrip() for line in output.splitlines()]
    assert [line.replace("capability", "login") for line in said] == theirs[: len(said)]
    assert not any(theirs[len(said) :])
