"""Secrets of plugins: from a file or a systemd credential, never from the arguments, which everybody can read."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pymon.errors import NoCredentials, PluginUsageError, UnusableFile
from pymon.scarcity.symptoms import shortage_in
from pymon.scarcity.waiting import wait_in_thread
from pymon.text import decode

SECRET_LIMIT = 64 * 1024
"""bytes of a secret's file that are read"""


def read_secret(source: str, environ: Mapping[str, str]) -> str:
    """The first line of a secret. ``source`` is a file, or ``credential:NAME`` for one that systemd passes on.

    A file with a relative name is looked for in systemd's credentials first ($CREDENTIALS_DIRECTORY, systemd.exec(5)),
    so that the same configuration serves with and without systemd. Reads a file: call it in a thread, or where the
    file is known to be small and local. Raises PluginUsageError with what to mend, UnusableFile where that is the file;
    the text never holds the secret.
    """
    path, content = _read(source, environ)
    secret = content.partition("\n")[0].rstrip("\r")
    if not secret:
        raise UnusableFile(f"the secret in {path} is empty: its first line counts")
    return secret


def read_secrets(source: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The same for a file of several, one a line, without the blanks around; blank lines and ``#`` ones do not count.

    Raises UnusableFile also where there is none.
    """
    path, content = _read(source, environ)
    lines = [line.strip() for line in content.split("\n")]
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise UnusableFile(f"there is nothing in {path}")
    return found


def _read(source: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Where it is, and what is in it."""
    path = secret_path(source, environ)
    try:
        return path, wait_in_thread(lambda: _content(path), f"read {path}")
    except OSError as error:
        if shortage_in(error):
            raise
        raise UnusableFile(f"cannot read the secret in {path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise PluginUsageError(f"cannot read the secret in {path}: {error}") from error


def _content(path: str) -> str:
    with open(path, "rb") as file:
        return decode(file.read(SECRET_LIMIT))


def secret_path(source: str, environ: Mapping[str, str]) -> str:
    """The file that a secret is in; PluginUsageError where a credential is asked for and there are none."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    name = source.removeprefix("credential:")
    if name != source:
        if not folder:
            raise NoCredentials(f"no credential {name}: systemd passes none on ($CREDENTIALS_DIRECTORY is not set)")
        if "/" in name or not name:
            raise PluginUsageError(f"{name!r} is no name of a credential")
        return f"{folder}/{name}"
    if folder and "/" not in source and os.path.exists(f"{folder}/{source}"):
        return f"{folder}/{source}"
    return source
