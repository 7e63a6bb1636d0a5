"""Hashes of every kind: those that ``htpasswd`` and ``openssl passwd`` make, and libcrypt's own."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.access import crypt
from tests.tools import RequireTool

HASHES = {
    "DES": "abNANd1rDfiNc",
    "MD5": "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
    "Apache's MD5": "$apr1$abc$PZF73YJz5hJ9yyI.7OP.R.",
    "SHA-256": "$5$abc$qsg6EHbUzHQzF1POlD7zUwBINSELQxypPaeDcZe6vH0",
    "SHA-512": "$6$abc$IdWKNKTJEb8LxY7CGg8YBXlvtfZzFw7Mp/r6niK9YB2mdvgY..TKjv1T..8RadRt2qvUHYRLr/TsVArtr91iR1",
    "bcrypt": "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u",
    "bcrypt of htpasswd": "$2y$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u",
    "old bcrypt": "$2a$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u",
}
"""hashes of ``secret``"""
YESCRYPT = "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe."


@pytest.fixture
def no_libcrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system without libcrypt."""
    monkeypatch.setattr(crypt, "_libcrypt", lambda: None)


@pytest.mark.slow
@pytest.mark.parametrize("hashed", HASHES.values(), ids=HASHES)
def test_right_password_fits_and_no_other(hashed: str) -> None:
    assert crypt.fits("secret", hashed)
    assert not crypt.fits("Secret", hashed)
    assert not crypt.fits("", hashed)


@pytest.mark.usefixtures("no_libcrypt")
@pytest.mark.parametrize("hashed", HASHES.values(), ids=HASHES)
def test_without_libcrypt_the_libraries_do_it(hashed: str) -> None:
    assert crypt.fits("secret", hashed)
    assert not crypt.fits("Secret", hashed)


def test_yescrypt_fits_where_the_system_knows_it() -> None:
    if crypt._libcrypt() is None:
        pytest.skip("this system has no libcrypt")
    assert crypt.fits("secret", YESCRYPT)
    assert not crypt.fits("Secret", YESCRYPT)


@pytest.mark.parametrize(
    "hashed",
    ["", "*", "!", "x", "secret", "*0", "*1", "!$6$abc$xyz", "$6$", "$apr1$", "$2b$10$short", "$9$abc$def", "abé" * 5,
     "$6$rounds=999999999$abc$" + "x" * 86, "$5$rounds=99999999999999$abc$" + "x" * 43, "$2b$99$" + "a" * 53,
     "\0" * 13, "secretsecretsecret", crypt.DECOY],
)  # fmt: skip
def test_what_is_no_hash_fits_nothing(hashed: str) -> None:
    assert not crypt.fits("secret", hashed)
    assert not crypt.fits(hashed, hashed)


@pytest.mark.usefixtures("no_libcrypt")
@pytest.mark.parametrize("hashed", ["secretsecretsecret", "$6$abc", "$y$j9T$abc$def", "$apr1$x", YESCRYPT])
def test_without_libcrypt_neither(hashed: str) -> None:
    assert not crypt.fits("secret", hashed)


def test_password_beyond_ascii_is_its_bytes(require_tool: RequireTool) -> None:
    openssl = require_tool("openssl")
    made = subprocess.run([openssl, "passwd", "-6", "pä ß"], capture_output=True, text=True, check=True).stdout.strip()
    assert crypt.fits("pä ß", made)


def test_long_password_of_bcrypt_is_cut_as_in_crypt() -> None:
    import bcrypt  # noqa: PLC0415

    made = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert crypt.fits("x" * 100, made)


@pytest.mark.slow
@pytest.mark.parametrize("password", ["secret", "a b", "ü\udcff", "x" * 300])
def test_new_hash_fits_its_password_only(password: str) -> None:
    made = crypt.make(password)
    assert made.startswith("$6$rounds=100000$")
    assert crypt.fits(password, made)
    assert not crypt.fits(password + "x", made)
    assert crypt.make(password) != made, "each hash has a salt of its own"


@pytest.mark.usefixtures("no_libcrypt")
def test_new_hash_is_made_without_libcrypt_too() -> None:
    made = crypt.make("secret")
    assert crypt.fits("secret", made)
    assert made.startswith("$6$rounds=100000$")


def test_a_system_without_libcrypt_is_known_by_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a library that is missing nor one without crypt_r is libcrypt."""
    monkeypatch.setattr(crypt, "_LIBRARIES", ("libnosuch.so.9", "libm.so.6"))
    assert crypt._libcrypt.__wrapped__() is None
    assert crypt._libcrypt() is crypt._libcrypt(), "it is looked up once"


@pytest.mark.parametrize("password", ["", "a\0b"])
def test_password_that_no_hash_can_stand_for_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="not empty"):
        crypt.make(password)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=80) | st.text("$6152aby./0Axrounds=", max_size=60))
def test_any_text_is_looked_at_without_harm(password: str, hashed: str) -> None:
    assert not crypt.fits(password, hashed)
