"""Password hashes of crypt(3): whether a password fits one, and how a new one is made.

The system's libcrypt does the work, through ctypes: it knows what the system's own passwords use (DES, MD5, SHA-256,
SHA-512, yescrypt and more), its crypt_r may run in threads, and ctypes lets the daemon go on meanwhile, which the
``crypt`` module (gone in Python 3.13) does not. Where there is no libcrypt, libpass stands in for DES, MD5 and SHA; it
is the only one that knows Apache's ``$apr1$``. bcrypt has a library of its own. They are imported when needed.
"""

from __future__ import annotations

import ctypes
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pymon.text import encode

ROUNDS = 100_000
"""rounds of SHA-512 in new hashes; some 25 ms of work"""
DECOY = f"$6$rounds={ROUNDS}$decoydecoydecoy$" + "." * 86
"""a hash that no password fits, and that takes as long as a new one"""

_ROOM = 256 * 1024
"""bytes that crypt_r has for its work; no libcrypt wants more (glibc's own 131232, libxcrypt's 32768)"""
_LIBRARIES = ("libcrypt.so.2", "libcrypt.so.1", "libcrypt.so", None)
"""None is the C library itself, which has crypt_r in musl"""
_SHORTEST = 13
"""characters of a DES hash, the shortest kind"""
_ROUNDS = re.compile(r"\$[56]\$rounds=([0-9]+)\$")
_MOST_ROUNDS = 10_000_000
"""a hash that asks for more (some seconds of work) fits nothing"""
_BCRYPT_LIMIT = 72
"""bytes of a password that bcrypt looks at"""
_SALT_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Crypt = Callable[[bytes, bytes], bytes | None]
"""a password and a hash → the password's hash by the same setting, None if the setting is not understood"""


def fits(password: str, hashed: str) -> bool:
    """Whether a password has this hash; False as well for text that is no hash, or of an unknown kind.

    It takes its time, up to seconds by the hash: not to be called on the event loop. Compares in constant time.
    """
    word = encode(password)
    if b"\0" in word or not is_plausible(hashed):
        return False
    if hashed.startswith("$apr1$"):
        return _libpass_fits(word, hashed)
    if hashed.startswith(("$2a$", "$2b$", "$2y$")):
        return _bcrypt_fits(word, hashed)
    crypt = _libcrypt()
    if crypt is None:
        return _libpass_fits(word, hashed)
    made = crypt(word, hashed.encode("ascii"))
    return made is not None and hmac.compare_digest(made, hashed.encode("ascii"))


def is_plausible(hashed: str) -> bool:
    """Whether a text may be a hash at all: not locked (``*``, ``!``), not too short, and no harm to work on."""
    rounds = _ROUNDS.match(hashed)
    if rounds and int(rounds[1][:10]) > _MOST_ROUNDS:
        return False
    return len(hashed) >= _SHORTEST and hashed[0] not in "*!" and hashed.isascii() and hashed.isprintable()


def make(password: str) -> str:
    """A hash for a password, with a salt of its own.

    SHA-512 with many rounds: every libcrypt of the last 15 years verifies it, so mon does, and so does libpass where
    the system has none. yescrypt costs an attacker more memory, but too many systems lack it, and the file may be
    copied to one of them.
    Raises ValueError for a password that no hash can stand for (empty, or with a NUL).
    """
    word = encode(password)
    if not word or b"\0" in word:
        raise ValueError("a password is not empty, and has no NUL byte")
    salt = "".join(secrets.choice(_SALT_LETTERS) for _ in range(16))
    crypt = _libcrypt()
    made = crypt(word, f"$6$rounds={ROUNDS}${salt}$".encode()) if crypt else None
    return made.decode("ascii") if made else _libpass_make(word, salt)


@cache
def _libcrypt() -> Crypt | None:
    """The system's crypt_r; None if it has no such function."""
    for name in _LIBRARIES:
        try:
            return _caller(ctypes.CDLL(name).crypt_r)
        except (OSError, AttributeError):
            continue
    return None


def _caller(crypt_r: Any) -> Crypt:
    crypt_r.restype = ctypes.c_char_p
    crypt_r.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]

    def crypt(word: bytes, setting: bytes) -> bytes | None:
        room = ctypes.create_string_buffer(_ROOM)  # the answer lies in it
        made: bytes | None = crypt_r(word, setting, room)
        return None if made is None or made.startswith(b"*") else made

    return crypt


def _bcrypt_fits(word: bytes, hashed: str) -> bool:
    import bcrypt  # noqa: PLC0415

    try:
        return bcrypt.checkpw(word[:_BCRYPT_LIMIT], hashed.encode("ascii"))
    except ValueError:
        return False


def _libpass_fits(word: bytes, hashed: str) -> bool:
    from passlib import hash as kinds  # noqa: PLC0415

    by_start: Mapping[str, str] = {
        "$apr1$": "apr_md5_crypt", "$1$": "md5_crypt", "$5$": "sha256_crypt", "$6$": "sha512_crypt",
    }  # fmt: skip
    name = next((name for start, name in by_start.items() if hashed.startswith(start)), "des_crypt")
    try:
        return bool(getattr(kinds, name).verify(word, hashed))
    except (ValueError, TypeError):
        return False


def _libpass_make(word: bytes, salt: str) -> str:
    from passlib.hash import sha512_crypt  # noqa: PLC0415

    return str(sha512_crypt.using(rounds=ROUNDS, salt=salt).hash(word))
