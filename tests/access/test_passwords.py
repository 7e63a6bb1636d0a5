"""Users of a userfile, and of the system's."""

from __future__ import annotations

import os

import pytest

from pymon.access.passwords import check_passwd, parse_userfile
from tests.access.test_crypt import HASHES


def test_later_line_wins() -> None:
    assert parse_userfile("a:1\nb:2\na:3\n: x\nc\n#d:4\n  e : 5:6 \r\n") == {"a": "3", "b": "2", "e": "5:6"}


def test_getpwnam_takes_a_hash_of_the_passwd_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd  # noqa: PLC0415

    entry = pwd.getpwuid(os.getuid())
    with_hash = pwd.struct_passwd((entry.pw_name, HASHES["SHA-512"], *entry[2:]))
    assert not check_passwd(entry.pw_name, "secret"), "the hash is in shadow"
    monkeypatch.setattr(pwd, "getpwnam", {entry.pw_name: with_hash}.__getitem__)
    assert check_passwd(entry.pw_name, "secret")
    assert not check_passwd(entry.pw_name, "wrong")
    assert not check_passwd("nobody-of-that-name", "secret")
