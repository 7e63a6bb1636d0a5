"""TLS options and the contexts they make."""

from __future__ import annotations

import contextlib
import os
import resource
import ssl
import time
from pathlib import Path

import pytest

from pymon.options import OptionParser
from pymon.plugin import PluginUsageError, TlsOptions, days_left, tls_context, tls_problem
from pymon.plugin.tls import _context
from tests.servers.certificates import Authority, self_signed


def test_by_default_the_systems_authorities_verify_name_and_chain() -> None:
    context = TlsOptions().context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert TlsOptions().context() is context, "made once"


def test_options_make_a_context(tmp_path: Path) -> None:
    authority = Authority()
    files = authority.issue("client.test", client=True).write(tmp_path)
    arguments = [
        "-N",
        "web.test",
        "-C",
        str(files.authority),
        "--cert",
        str(files.certificate),
        "--key",
        str(files.key),
    ]
    options = OptionParser(TlsOptions).parse(arguments).of(TlsOptions)
    assert options.server_name == "web.test"
    context = options.context(alpn=("h2",))
    assert len(context.get_ca_certs()) == 1
    assert TlsOptions(insecure=True).context().verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("-C", "/no/such.pem"), r"no CA certificates in /no/such\.pem: No such file"),
        (("--cert", "/no/such.pem"), r"no client certificate with key in /no/such\.pem: No such file"),
        (("--key", "x"), "--key needs --cert"),
        (("-C", __file__), "no CA certificates in .*test_tls"),
        (("--cert", __file__), "no client certificate with key in .*test_tls"),
    ],
)
def test_what_cannot_be_used_is_said(arguments: tuple[str, ...], problem: str) -> None:
    options = OptionParser(TlsOptions).parse(arguments).of(TlsOptions)
    with pytest.raises(PluginUsageError, match=problem):
        options.context()


class Full:
    """A process that has no descriptor left."""

    def __enter__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._held: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, self._limits[1]))
        with contextlib.suppress(OSError):
            while True:
                self._held.append(os.open("/dev/null", os.O_RDONLY))

    def __exit__(self, *_: object) -> None:
        for descriptor in self._held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)


async def test_without_a_descriptor_the_context_made_before_serves(tmp_path: Path) -> None:
    """A-unusable: a shortage must not fail a check, and even less have a context that trusts nobody kept for ever."""
    path = Authority().write(tmp_path / "ca.pem")
    _context.cache_clear()
    before, system = tls_context(ca_file=str(path)), tls_context()
    now = time.time() + 10
    os.utime(path, (now, now))
    _context.cache_clear()
    with Full():
        assert tls_context(ca_file=str(path)) is before
        assert tls_context() is system
        with pytest.raises(OSError, match="Too many open files"):
            tls_context(ca_file=str(path), alpn=("h2",))
        with pytest.raises(OSError, match="Too many open files"):
            tls_context(cert=str(path))
    assert tls_context(ca_file=str(path)) is not before
    assert tls_context().cert_store_stats() == system.cert_store_stats()


def test_an_encrypted_key_does_not_wait_for_a_password(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  # this test alone

    pair = Authority().issue("client.test", client=True)
    key = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"geheim"),
    )
    path = tmp_path / "both.pem"
    path.write_bytes(pair.pem + key)
    with pytest.raises(PluginUsageError, match="no client certificate with key in"):
        tls_context(cert=str(path))


def test_problems_are_said_for_people() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    assert tls_problem(error) == "TLS: wrong version number"


def test_a_context_for_any_name_still_verifies_the_chain() -> None:
    context = TlsOptions().context(any_name=True)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, False)


def test_a_context_is_made_anew_when_a_file_changes(tmp_path: Path) -> None:
    path = Authority("before").write(tmp_path / "ca.pem")
    before = tls_context(ca_file=str(path))
    assert tls_context(ca_file=str(path)) is before
    Authority("after, with a longer name").write(path)
    after = tls_context(ca_file=str(path))
    assert [context.get_ca_certs()[0]["subject"][0][0][1] for context in (before, after)] == [
        "before",
        "after, with a longer name",
    ]


def test_the_end_of_an_odd_certificate_that_nobody_verifies(tmp_path: Path) -> None:
    """A serial number below 1 is against the rules, but nobody is warned of it on standard error."""
    pair = self_signed("a.test", days=30)
    path = tmp_path / "both.pem"
    path.write_bytes(pair.key_pem + ssl.DER_cert_to_PEM_cert(pair.with_odd_serial).encode())
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(up, down, server_side=True)
    client = TlsOptions(insecure=True).context().wrap_bio(down, up)
    for _ in range(3):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    left = days_left(client, time.time())
    assert left is not None
    assert 29.9 < left < 30.1
