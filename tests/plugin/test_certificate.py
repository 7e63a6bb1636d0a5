"""What a certificate says, and for whom it is."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin.certificate import Certificate, Unreadable, read_certificate
from tests.servers.certificates import Authority, self_signed

AUTHORITY = Authority()


def certificate(*names: str, days: float = 90) -> Certificate:
    return read_certificate(AUTHORITY.issue(*names, days=days).certificate.public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("names", "host", "is_for"),
    [
        (["www.a.test"], "www.a.test", True),
        (["WWW.a.test"], "www.A.test.", True),
        (["b.test", "www.a.test"], "www.a.test", True),
        (["www.a.test"], "a.test", False),
        (["www.a.test"], "x.www.a.test", False),
        (["*.a.test"], "www.a.test", True),
        (["*.a.test"], "a.test", False),
        (["*.a.test"], "x.www.a.test", False),
        (["*.a.test"], ".a.test", False),
        (["w*.a.test"], "www.a.test", False),
        (["www.*.test"], "www.a.test", False),
        (["*"], "test", False),
        (["*.test"], "a.test", False),
        (["xn--bro-hoa.test"], "büro.test", True),
        (["*.test.example"], "büro.test.example", True),
        (["127.0.0.1"], "127.0.0.1", True),
        (["127.0.0.1"], "127.0.0.2", False),
        (["::1"], "0:0:0:0:0:0:0:1", True),
        (["fe80::1"], "fe80::1%eth0", True),
        (["*.0.0.1"], "127.0.0.1", False),
        (["a.test"], "", False),
        ([], "pymon test leaf", False),
        (["a.test"], "bad\udcff.test", False),
    ],
)
def test_whom_it_is_for(names: list[str], host: str, is_for: bool) -> None:
    assert certificate(*names).is_for(host) is is_for


def test_times() -> None:
    now = datetime.now(UTC)
    read = certificate("a.test", days=30)
    assert abs(read.not_after - now - timedelta(days=30)) < timedelta(minutes=5)
    assert read.not_before < now


def test_it_is_read_once() -> None:
    der = self_signed("a.test").certificate.public_bytes(Encoding.DER)
    assert read_certificate(der) is read_certificate(bytes(bytearray(der)))


def test_of_an_odd_serial_number_nobody_is_warned() -> None:
    """On standard error it would be the first line that people are told."""
    der = self_signed("a.test", days=30).with_odd_serial
    with pytest.warns(CryptographyDeprecationWarning):
        load_der_x509_certificate(der)
    read = read_certificate(der)  # here a warning is an error
    assert read.names == ("a.test",)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_what_is_no_certificate(rubbish: bytes, at: int) -> None:
    good = AUTHORITY.certificate.public_bytes(Encoding.DER)
    for der in (rubbish, good[:at]):
        with pytest.raises(Unreadable, match="cannot read the certificate"):
            read_certificate(der)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_spoilt_one_is_read_or_not(at: int, by: bytes) -> None:
    good = AUTHORITY.certificate.public_bytes(Encoding.DER)
    with contextlib.suppress(Unreadable):
        assert isinstance(read_certificate(good[:at] + by + good[at + len(by) :]), Certificate)
