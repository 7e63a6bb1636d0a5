"""ssh.monitor."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.monitors.adversity import check_adversity
from tests.monitors.mail import plain
from tests.monitors.servers import Check, Handler, serving
from tests.programs import write_program
from tests.servers.adversity import Adversity, Facing, Speech, rows_together
from tests.servers.sshd import ShellServer, sshd

ADDRESS = "127.0.0.1"
STRANGE = "SHA256:" + "A" * 43
BANNER = b"SSH-2.0-test\r\n"


@pytest.fixture(name="server", scope="module")
def server_fixture() -> Iterator[ShellServer]:
    """A running sshd with a key of each type."""
    with sshd(("ed25519", "ecdsa", "rsa")) as server:
        yield server


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
    assert reason.startswith(f"{server.host}: no host key that is expected, but ecdsa-sha2-nistp256 SHA256:")
    assert all(known in reason for known in server.fingerprints.values())


@pytest.mark.slow
async def test_families(check_inside: Check, server: ShellServer) -> None:
    """The server is on both."""
    known = ["-p", str(server.port), "-f", server.fingerprints["ed25519"]]
    for options in (["-6", server.host6], ["-4", server.host], [server.host6, server.host]):
        result = await check_inside("ssh.monitor", *known, *options)
        assert result.exitval == 0, result.output


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


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (hearing(b"220 mail.test ESMTP\r\n"), "no SSH banner but 220 mail.test ESMTP: hung up"),
        (hearing(b""), "no SSH banner: hung up"),
        (hearing(b"SSH-1.5-old\r\n"), "does not speak SSH 2: SSH-1.5-old"),
        (hearing(b"x\r\n" * 1100), "no SSH banner but xxx"),
        (hearing((b"x" * 60_000 + b"\r\n") * 2), "no SSH banner but xxx"),
        (hearing(BANNER, b"HTTP/1.1 400 Bad Request\r\n"), "shows no host key: Bad packet length"),
        (hearing(BANNER), "shows no host key"),
        (hearing(BANNER, offer(keys=b"ssh-dss")), "shows no host key"),
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


async def test_a_server_that_hangs_up_silently_is_failed(check_inside: Check) -> None:
    """ssh-keyscan is ended by SIGPIPE then, which says something of the server."""

    async def silent_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BANNER)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.transport.abort()

    async with serving(silent_end) as port:
        result = await check_inside("ssh.monitor", "-t", "5", "-f", STRANGE, "-p", str(port), ADDRESS)
    assert result.exitval == 1, result.output
    assert result.output.startswith(f"{ADDRESS}\n{ADDRESS}: ")


@pytest.mark.slow
async def test_a_key_check_without_ssh_keyscan_is_broken(
    check: Check, server: ShellServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What could not be asked for says nothing of the server; without --fingerprint nothing is missing."""
    (tmp_path / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await check("ssh.monitor", "-p", str(server.port), "-f", server.fingerprints["rsa"], server.host)
    assert result.exitval == 126, result.output
    assert "cannot be judged: there is no ssh-keyscan in PATH: it comes with OpenSSH's client" in result.output
    assert (await check("ssh.monitor", "-p", str(server.port), server.host)).exitval == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("echo refused >&2; exit 1", (1, "shows no host key: refused")),
        ("echo '# h:22 SSH-2.0-x' >&2; exit 1", (1, "shows no host key")),
        ("kill -PIPE $$", (1, "shows no host key: hung up")),
        ("kill -SEGV $$", (126, "cannot be judged: ssh-keyscan: ")),
        ("exit 127", (126, "cannot be judged: ssh-keyscan: ")),
        ("echo 'h ssh-ed25519 !!!'", (1, "shows no host key: h ssh-ed25519 !!!")),
    ],
)
async def test_what_ssh_keyscan_answers(
    check_inside: Check,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: str,
    expected: tuple[int, str],
) -> None:
    program = tmp_path / "ssh-keyscan"
    write_program(program, f"#!/bin/sh\n{words}\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with serving(hearing(BANNER, b"")) as port:
        result = await check_inside("ssh.monitor", "-t", "5", "-f", STRANGE, "-p", str(port), ADDRESS)
    assert (result.exitval, expected[1] in result.output) == (expected[0], True), result.output
