"""The TLS port: certificates, those of clients, and what is said when a file is of no use."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from pymon.errors import ServerError
from pymon.server.limits import ServerLimits
from tests.ports import free_port
from tests.server.conftest import Client, Live
from tests.tools import RequireTool

PORT = free_port()
Told = Callable[[], str]


class Files:
    """A certificate for the name ``mon.test`` with its key, as PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        self.issue()

    def issue(self) -> trustme.LeafCert:
        """Write another certificate."""
        made = self.authority.issue_cert("mon.test")
        (self.folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(self.folder / "key.pem")
        return made

    @property
    def settings(self) -> str:
        """What mon.cf says of them."""
        return f"servertls = {PORT}\nservertlscert = cert.pem\nservertlskey = key.pem"

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts the authority."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def connect(live: Live, context: ssl.SSLContext) -> Client:
    return await live.connect_tls(PORT, context, "mon.test")


async def test_commands_over_tls(live: Live, files: Files, told: Told) -> None:
    """N-TLS: mon has no such port."""
    await live.start(files.settings)
    client = await connect(live, files.trusting())
    assert (await client.ask("list watch")) == ["g s", "g t", "220 list watch completed"]
    await client.send("x" * 70_000)
    assert await client.rest() == b"520 line too long\n"
    assert f"listening for clients over TLS on {live.address} port {PORT} (TCP)" in told()


async def test_tls_has_its_own_number_of_connections(live: Live, files: Files, told: Told) -> None:
    """N-CROWD: each has large buffers as soon as it begins."""
    await live.start(files.settings, limits=ServerLimits(tls_connections=4))
    first = [await connect(live, files.trusting()) for _ in range(2)]
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await connect(live, files.trusting())
    assert "2 from there are connected, no more are accepted" in told()
    assert (await first[0].ask("version"))[-1] == "220 version completed"
    assert (await (await live.connect()).ask("version"))[-1] == "220 version completed", "without TLS there is room"


async def test_plain_talk_to_the_tls_port_is_closed_and_the_next_client_served(live: Live, files: Files) -> None:
    await live.start(files.settings)
    plain = await live.connect(PORT)
    await plain.send("list watch\n")
    assert b"220" not in await plain.rest()
    assert (await (await connect(live, files.trusting())).ask("version"))[-1] == "220 version completed"


async def test_clients_certificate_can_be_demanded(live: Live, files: Files) -> None:
    await live.start(f"{files.settings}\nservertlsca = ca.pem")
    nobody = await connect(live, files.trusting())
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        assert await nobody.ask("version") != [""]
    context = files.trusting()
    files.authority.issue_cert("ann@mon.test").configure_cert(context)
    assert (await (await connect(live, context)).ask("version"))[-1] == "220 version completed"


async def test_reload_reads_the_certificate_again(live: Live, files: Files, told: Told) -> None:
    await live.start(files.settings)
    before = await connect(live, files.trusting())
    files.issue()
    await live.reload(files.settings)
    after = await connect(live, files.trusting())

    def certificate(client: Client) -> bytes:
        made = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(made, bytes)
        return made

    assert certificate(before) != certificate(after)
    (files.folder / "cert.pem").write_text("no certificate")
    await live.reload(files.settings)
    assert "the old certificate stays in use" in told()
    assert (await (await connect(live, files.trusting())).ask("version"))[-1] == "220 version completed"
    await live.reload("")
    with pytest.raises(ConnectionError):
        await connect(live, files.trusting())


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cert.pem", "rubbish", "servertls: cannot use certificate .*cert.pem and key .*key.pem: it is no PEM file"),
        ("key.pem", "rubbish", "servertls: cannot use certificate"),
        ("ca.pem", "rubbish", "servertlsca: cannot use .*ca.pem"),
    ],
)
async def test_file_of_no_use_is_named_at_the_start(live: Live, files: Files, name: str, text: str, said: str) -> None:
    (files.folder / name).write_text(text)
    with pytest.raises(ServerError, match=said):
        await live.start(f"{files.settings}\nservertlsca = ca.pem")


async def test_key_of_another_certificate_is_told(live: Live, files: Files) -> None:
    certificate = (files.folder / "cert.pem").read_bytes()
    files.issue()
    (files.folder / "cert.pem").write_bytes(certificate)
    with pytest.raises(ServerError, match="the key is not that of the certificate"):
        await live.start(files.settings)


@pytest.fixture
def locked(files: Files, require_tool: RequireTool) -> Files:
    """The same with a key that needs a passphrase."""
    key, locked = files.folder / "key.pem", files.folder / "locked.pem"
    command = [str(require_tool("openssl")), "pkey", "-in", str(key), "-aes256", "-passout", "pass:x"]
    subprocess.run([*command, "-out", str(locked)], check=True, capture_output=True)
    locked.replace(key)
    return files


async def test_encrypted_key_is_refused_instead_of_asked_for(live: Live, locked: Files) -> None:
    with pytest.raises(ServerError, match="the key is encrypted"):
        await live.start(locked.settings)
