"""Where password hashes come from: the userfile and the system's passwd. It blocks: nothing here runs on the loop."""

from __future__ import annotations

import hashlib
import hmac
import pwd
import secrets
from collections.abc import Mapping
from pathlib import Path

from pymon.access import crypt
from pymon.errors import AuthenticationError
from pymon.text import decode, encode

FILE_LIMIT = 16 * 2**20
"""bytes of a userfile that are read"""

_KEY = secrets.token_bytes(16)
"""makes the hash that is checked for an unknown user the same each time, and impossible to guess"""


def check_userfile(path: str, user: str, password: str) -> bool:
    """Whether a user and password are in a userfile. Raises AuthenticationError if it cannot be read.

    An unknown user takes the work of a known one, so that time does not tell who exists.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(FILE_LIMIT)
    except OSError as error:
        raise AuthenticationError(f"cannot read the userfile {path}: {error.strerror}") from error
    return _check(parse_userfile(decode(data)), user, password)


def parse_userfile(text: str) -> dict[str, str]:
    """Read ``user:hash`` lines: blank ones and those that begin with ``#`` are passed over, a later one wins."""
    hashes: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, hashed = line.partition(":")
        if colon and name.strip() and not name.lstrip().startswith("#"):
            hashes[name.strip()] = hashed.strip()
    return hashes


def check_passwd(user: str, password: str) -> bool:
    """Whether a password fits the passwd entry (getpwnam); with shadow passwords the hash is not there, so no."""
    try:
        hashed = pwd.getpwnam(user).pw_passwd
    except (KeyError, ValueError):  # a NUL, or what is no text
        hashed = ""
    return _check({user: hashed} if crypt.is_plausible(hashed) else {}, user, password)


def _check(hashes: Mapping[str, str], user: str, password: str) -> bool:
    """Compare with the user's hash. For an unknown user compare with another hash, which takes as long, and fail."""
    known = hashes.get(user)
    if known is not None and crypt.is_plausible(known):
        return crypt.fits(password, known)
    usable = sorted(hashed for hashed in hashes.values() if crypt.is_plausible(hashed))
    crypt.fits(password, usable[_choice(user, len(usable))] if usable else crypt.DECOY)
    return False


def _choice(user: str, count: int) -> int:
    digest = hmac.digest(_KEY, encode(user), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") % count
