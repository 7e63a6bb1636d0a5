"""ssh.monitor."""

from __future__ import annotations

import asyncio
import base64
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.plugin import Conversation, ProtocolProblem
from pymon.runner.loading import module_of
from tests.monitors.adversity import check_adversity
from tests.monitors.mail import plain
from tests.monitors.servers import MONITORS, Check, Handler, serving
from tests.servers.adversity import Adversity, Facing, Speech, rows_together
from tests.servers.needs import needs
from tests.servers.sshd import ShellServer, sshd

ADDRESS = "127.0.0.1"
STRANGE = "SHA256:" + "A" * 43
BANNER = b"SSH-2.0-test\r\n"
EXCHANGES = [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "mlkem768x25519-sha256",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1",
]


@pytest.fixture(name="server", scope="module")
def server_fixture() -> Iterator[ShellServer]:
    """A running sshd with a key of each type."""
    with sshd(("ed25519", "ecdsa", "rsa")) as server:
        yield server


@pytest.fixture(name="ssh", scope="module")
def ssh_fixture() -> ModuleType:
    """The monitor as a module."""
    return module_of(str(MONITORS / "ssh.monitor"))


def hearing(*sayings: bytes) -> Handler:
    """Say each of these, and hear something behind each but the last."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for said in sayings[:-1]:
            writer.write(said)
            await reader.read(65536)
        writer.write(sayings[-1])
        await writer.drain()

    return handler


def packet(payload: bytes) -> bytes:
    """A packet in the clear."""
    padding = 4 + -(len(payload) + 9) % 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def message(number: int, *strings: bytes) -> bytes:
    """A packet with a message of strings."""
    return packet(bytes([number]) + b"".join(struct.pack(">I", len(each)) + each for each in strings))


def offer(exchanges: bytes = b"curve25519-sha256", keys: bytes = b"ssh-ed25519") -> bytes:
    """A server's KEXINIT."""
    lists = [
        exchanges,
        keys,
        b"aes128-ctr",
        b"aes128-ctr",
        b"hmac-sha2-256",
        b"hmac-sha2-256",
        b"none",
        b"none",
        b"",
        b"",
    ]
    return packet(bytes([20]) + bytes(16) + b"".join(struct.pack(">I", len(each)) + each for each in lists) + bytes(5))


@pytest.mark.slow
async def test_a_real_server(check: Check, server: ShellServer) -> None:
    result = await check("ssh.monitor", "-p", str(server.port), "--banner", "^SSH-2.0-OpenSSH_", server.host)
    assert result.exitval == 0
    assert result.output.startswith(f"\n{server.host}: SSH-2.0-OpenSSH_")
    assert {each.name for each in result.measurements} == {"connect", "greeting", "time"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_a_key_of_each_type_is_known(check: Check, server: ShellServer, kind: str) -> None:
    """M-ssh-key: whichever of its keys the server would show a client."""
    expected = server.fingerprints[kind]
    result = await check("ssh.monitor", "-p", str(server.port), "-f", STRANGE, "--fingerprint", expected, server.host)
    assert result.exitval == 0, result.output
    assert result.output.rstrip().endswith(f", {server.keys[kind].split()[0]} {expected}")
    assert "kex" in {each.name for each in result.measurements}


@pytest.mark.slow
async def test_no_key_is_known(check: Check, server: ShellServer) -> None:
    result = await check("ssh.monitor", "-p", str(server.port), "--fingerprint", STRANGE, server.host)
    assert result.exitval == 1
    reason = result.output.splitlines()[1]
    assert reason.startswith(f"{server.host}: no host key that is expected, but ssh-ed25519 SHA256:")
    assert all(known in reason for known in server.fingerprints.values())


@pytest.mark.slow
async def test_families(check_inside: Check, server: ShellServer) -> None:
    """The server is on both."""
    known = ["-p", str(server.port), "-f", server.fingerprints["ed25519"]]
    for options in (["-6", server.host6], ["-4", server.host], [server.host6, server.host]):
        result = await check_inside("ssh.monitor", *known, *options)
        assert result.exitval == 0, result.output


def known_exchanges() -> set[str]:
    """Those of this system's OpenSSH."""
    ssh = needs("ssh-keyscan").with_name("ssh")
    return set(subprocess.run([ssh, "-Q", "kex"], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.slow
async def test_key_exchanges(check_inside: Check) -> None:
    """With each exchange that this system's OpenSSH knows as well: mlkem768x25519 from 9.9 on."""
    shared = [name for name in EXCHANGES if name in known_exchanges()]
    assert "curve25519-sha256" in shared
    for name in shared:
        with sshd(("ed25519",), options=f"KexAlgorithms {name}") as server:
            result = await check_inside(
                "ssh.monitor", "-p", str(server.port), "-f", server.fingerprints["ed25519"], server.host
            )
        assert result.exitval == 0, (name, result.output)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"])
async def test_ways_to_sign(check_inside: Check, name: str) -> None:
    with sshd(("rsa",), options=f"HostKeyAlgorithms {name}") as server:
        result = await check_inside(
            "ssh.monitor", "-p", str(server.port), "-f", server.fingerprints["rsa"], server.host
        )
    assert result.exitval == 0, result.output


@pytest.mark.slow
async def test_a_banner_that_is_not_expected(check: Check, server: ShellServer) -> None:
    """M-ssh-banner."""
    result = await check("ssh.monitor", "-p", str(server.port), "--banner", "dropbear", server.host)
    assert result.exitval == 1
    assert result.output.startswith(f"{server.host}\n{server.host}: banner SSH-2.0-OpenSSH_")
    assert " does not match dropbear\n" in result.output


async def test_lines_before_the_banner(check_inside: Check, server: ShellServer) -> None:
    """RFC 4253, 4.2."""

    def chatty(data: bytes) -> bytes:
        return b"Welcome\r\n\r\nto us\r\n" + data if data.startswith(b"SSH-") else data

    async with serving(between(server, chatty)) as port:
        result = await check_inside("ssh.monitor", "-f", server.fingerprints["ed25519"], "-p", str(port), ADDRESS)
    assert result.exitval == 0, result.output


def between(server: ShellServer, change: Callable[[bytes], bytes]) -> Handler:
    """One that sits between client and server, and changes what the server says."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(server.host, server.port)

        async def forth() -> None:
            while data := await reader.read(65536):
                ours.write(data)
            ours.close()

        task = asyncio.create_task(forth())
        try:
            while data := await theirs.read(65536):
                writer.write(change(data))
        finally:
            task.cancel()
            ours.transport.abort()

    return handler


def blob(key: str) -> bytes:
    """A key of known_hosts as it is sent."""
    return base64.b64decode(key.split()[1])


@pytest.mark.parametrize("what", ["key", "signature", "offer", "banner"])
async def test_a_man_in_the_middle_is_not_believed(check_inside: Check, server: ShellServer, what: str) -> None:
    """M-ssh-key: to show a key that is expected is not enough: all that was said is signed with it."""
    with sshd(("ed25519",)) as other:
        own, expected = blob(other.keys["ed25519"]), blob(server.keys["ed25519"])

        def change(data: bytes) -> bytes:
            if what == "key":
                return data.replace(own, expected)
            if what == "signature" and (at := data.find(b"\0\0\0\x0bssh-ed25519\0\0\0\x40")) >= 0:
                return data[: at + 30] + bytes([data[at + 30] ^ 1]) + data[at + 31 :]
            if what == "offer":
                return data.replace(b"hmac-sha2-512-etm@openssh.com,", b"hmac-sha2-512-xxx@openssh.com,")
            return data.replace(b"SSH-2.0-OpenSSH", b"SSH-2.0-OpenSSX")

        fingerprint = (server if what == "key" else other).fingerprints["ed25519"]
        async with serving(between(other, change)) as port:
            result = await check_inside("ssh.monitor", "-f", fingerprint, "-p", str(port), ADDRESS)
    assert result.exitval == 1
    assert "ssh-ed25519 failed: the server does not own the key that it shows\n" in result.output


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (hearing(b"220 mail.test ESMTP\r\n"), "no SSH banner but 220 mail.test ESMTP: hung up"),
        (hearing(b""), "no SSH banner: hung up"),
        (hearing(b"SSH-1.5-old\r\n"), "does not speak SSH 2: SSH-1.5-old"),
        (hearing(b"x\r\n" * 1100), "no SSH banner but xxx"),
        (hearing((b"x" * 60_000 + b"\r\n") * 2), "no SSH banner but xxx"),
        (hearing(BANNER, b"HTTP/1.1 400 Bad Request\r\n"), "what follows the banner is no SSH packet"),
        (hearing(BANNER, b"\0\0\0\x0c\x0b" + bytes(11)), "what follows the banner is no SSH packet"),
        (hearing(BANNER, b"\0\0\0\x0c"), "hung up after 4 of 5 bytes"),
        (hearing(BANNER, b""), "hung up after 0 of 5 bytes"),
        (hearing(BANNER, packet(b"\1\0\0\0\2\0\0\0\7go\naway")), "disconnected: go?away"),
        (hearing(BANNER, packet(b"\1\0\0\0\2\0\0\xff\6go")), "an SSH packet ends too early"),
        (hearing(BANNER, packet(b"\2") * 30), "SSH message 20 does not come"),
        (hearing(BANNER, packet(b"\x63")), "SSH message 99 came in place of 20"),
        (hearing(BANNER, packet(b"\x14")), "an SSH packet ends too early"),
        (
            hearing(BANNER, offer(b"sntrup761x25519-sha512")),
            "offers no key exchange that we know: sntrup761x25519-sha512",
        ),
        (hearing(BANNER, offer(keys=b"ssh-dss")), "offers no type of host key that we know: ssh-dss"),
        (hearing(BANNER, offer(keys=b"\xff,\n")), "offers what are no names"),
        (
            hearing(BANNER, offer(), message(31, b"key", b"short", b"proof")),
            "key exchange curve25519-sha256 with ssh-ed25519 failed: An X25519 public key is 32 bytes long",
        ),
        (
            hearing(BANNER, offer(), message(31, b"key", bytes(32), b"proof")),
            "key exchange curve25519-sha256 with ssh-ed25519 failed: ",
        ),
        (
            hearing(BANNER, offer(b"diffie-hellman-group14-sha256"), message(31, b"key", b"\1", b"proof")),
            "key exchange diffie-hellman-group14-sha256 with ssh-ed25519 failed: the server's number is out of range",
        ),
    ],
)
async def test_servers_that_fail(check_inside: Check, server: Handler, reason: str) -> None:
    async with serving(server) as port:
        result = await check_inside("ssh.monitor", "-t", "5", "-f", STRANGE, "-p", str(port), ADDRESS)
    assert result.exitval == 1
    assert result.output.startswith(f"{ADDRESS}\n{ADDRESS}: {reason}")


@pytest.mark.slow
async def test_silence_behind_the_banner(check_inside: Check) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BANNER)
        while await reader.read(65536):
            pass

    async with serving(silent) as port:
        result = await check_inside("ssh.monitor", "-t", "0.3", "-f", STRANGE, "-p", str(port), ADDRESS)
    assert result.output.startswith(f"{ADDRESS}\n{ADDRESS}: timeout after 0.3 seconds\n    < SSH-2.0-test\r\n")


@pytest.mark.slow
async def test_good_and_bad_hosts_side_by_side(check: Check, server: ShellServer) -> None:
    result = await check("ssh.monitor", "-p", str(server.port), "127.255.0.1", server.host)
    assert result.exitval == 1
    assert result.output.startswith(f"127.255.0.1\n127.255.0.1: Connection refused\n{server.host}: SSH-2.0-OpenSSH")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--banner", "("], "is no regular expression: "),
        (["--fingerprint", "MD5:aa:bb"], "must be SHA256: and 43 letters"),
        (["--fingerprint", "SHA256:AAAA"], "must be SHA256: and 43 letters"),
    ],
)
async def test_wrong_options(check_inside: Check, arguments: list[str], problem: str) -> None:
    result = await check_inside("ssh.monitor", *arguments, ADDRESS)
    assert result.exitval == 126
    assert problem in result.output


def asking_for_a_key(enemy: Facing) -> list[str]:
    return ["--fingerprint", STRANGE, *plain(enemy)]


@pytest.mark.slow
@pytest.mark.parametrize("adversities", rows_together("tcp"))
async def test_adversities(adversities: Sequence[Adversity]) -> None:
    await check_adversity("ssh.monitor", asking_for_a_key, *adversities, speech=Speech(b"SSH-2.0-test\r\n"))


def conversation(data: bytes) -> Conversation:
    """One in which the other side has said this, and hung up."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    writer = cast(asyncio.StreamWriter, None)
    return Conversation(reader, writer, server_name="", transcript=[], measure=lambda *_: None)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200), numbered=st.sampled_from([1, 2, 4, 20, 31]))
def test_any_packet_is_read_or_refused(ssh: ModuleType, data: bytes, numbered: int) -> None:
    """Whatever comes, it is a reason and no traceback."""

    async def read() -> Any:
        return await ssh.Offer.hear(conversation(packet(bytes([numbered]) + data)))

    try:
        heard = asyncio.run(read())
        heard.exchange()
        heard.signatures()
    except (ssh.Unwell, ProtocolProblem):
        return


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from([b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ssh-dss"]) | st.binary(max_size=20),
    rest=st.binary(max_size=100),
    signed=st.binary(max_size=100),
    signature=st.sampled_from(["ssh-ed25519", "rsa-sha2-256", "ecdsa-sha2-nistp256"]),
)
def test_no_key_is_believed_by_chance(ssh: ModuleType, kind: bytes, rest: bytes, signed: bytes, signature: str) -> None:
    proof = ssh.string(signature.encode()) + ssh.string(signed)
    with pytest.raises((ssh.Unwell, ValueError)):
        ssh.prove(ssh.string(kind) + rest, proof, signature, bytes(32))


@given(st.integers(min_value=0, max_value=1 << 300))
def test_numbers_are_written_as_rfc_4251_has_it(ssh: ModuleType, number: int) -> None:
    written = ssh.mpint(number)
    assert int.from_bytes(written, "big", signed=True) == number
    assert number or written == b""
    assert len(written) == (number.bit_length() // 8 + 1 if number else 0)


def test_a_prime_of_rfc_3526(ssh: ModuleType) -> None:
    """A safe prime, as Fermat's test has it of both."""
    assert ssh.GROUP14.bit_length() == 2048
    for prime in (ssh.GROUP14, (ssh.GROUP14 - 1) // 2):
        assert pow(2, prime - 1, prime) == 1
