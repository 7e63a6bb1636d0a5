"""``pymon passwd``: adds, changes and deletes the entries of a userfile (authtype userfile)."""

from __future__ import annotations

import getpass
import os
import secrets
import stat
import sys
from pathlib import Path

from pymon.access import crypt
from pymon.errors import PymonError
from pymon.text import decode, encode

NEW_MODE = 0o600
"""permissions of a file that is made; one that exists keeps its own"""


def passwd(file: Path, user: str, *, from_stdin: bool, delete: bool) -> int:
    """Change a user's entry; the password is asked for twice without echo, or is the first line of standard input.

    The file is replaced at once, so that a daemon reads the old or the new one; its mode, owner, comments and order
    stay. Raises PymonError, and leaves the file as it is, if that cannot be done.
    """
    if not user or user.startswith("#") or any(each in ":\0" or each.isspace() for each in user):
        raise PymonError(f"{user!r} is no name for a user: it is empty, has blanks or ':' in it, or begins with #")
    file = _target(file)
    text = _read(file, must_exist=delete)
    if delete:
        changed = without(text, user)
        if changed == text:
            raise PymonError(f"{file} has no user {user}")
    else:
        changed = with_entry(text, user, crypt.make(_password_from_stdin() if from_stdin else _ask_password(user)))
    _replace(file, changed)
    return 0


def with_entry(text: str, user: str, hashed: str) -> str:
    """The text of a userfile in which a user has this hash: where it stood last, else at the end."""
    lines = text.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if _user_of(line) == user]
    entry = f"{user}:{hashed}\n"
    if not places:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        return "".join((*lines, entry))
    lines[places[-1]] = entry
    return "".join(line for number, line in enumerate(lines) if number not in places[:-1])


def without(text: str, user: str) -> str:
    """The text of a userfile without a user."""
    return "".join(line for line in text.splitlines(keepends=True) if _user_of(line) != user)


def _user_of(line: str) -> str | None:
    """The user of a line; None for a comment, or what is no entry."""
    name, colon, _ = line.partition(":")
    return name.strip() if colon and not name.lstrip().startswith("#") else None


def _ask_password(user: str) -> str:
    try:
        first = getpass.getpass(f"New password for {user}: ")
        second = getpass.getpass("Once more: ")
    except (EOFError, KeyboardInterrupt):
        raise PymonError("nothing was changed") from None
    if first != second:
        raise PymonError("the two are not the same; nothing was changed")
    return _check_password(first)


def _password_from_stdin() -> str:
    line = sys.stdin.buffer.readline().rstrip(b"\r\n")
    return _check_password(decode(line))


def _check_password(password: str) -> str:
    """A password as the protocol can carry it: the rest of a line."""
    if not password or password != password.strip(" \t\r\n") or "\0" in password:
        raise PymonError("a password is not empty, has no blanks around it, and no NUL byte; nothing was changed")
    return password


def _target(file: Path) -> Path:
    """What a symbolic link leads to, for that is what is replaced."""
    try:
        return file.resolve()
    except (OSError, RuntimeError) as error:
        raise PymonError(f"cannot find {file}: {error}") from error


def _read(file: Path, *, must_exist: bool) -> str:
    try:
        return decode(file.read_bytes())
    except FileNotFoundError:
        if must_exist:
            raise PymonError(f"there is no file {file}") from None
        return ""
    except OSError as error:
        raise PymonError(f"cannot read {file}: {error.strerror}") from error


def _replace(file: Path, text: str) -> None:
    """Replace a file by another with the same mode and owner. It is synced to the disk before it appears."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        old = file.stat() if file.exists() else None
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, NEW_MODE)
        with os.fdopen(descriptor, "wb") as new:
            if old is not None:
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, old.st_uid, old.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
            new.write(encode(text))
            new.flush()
            os.fsync(descriptor)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PymonError(f"cannot write {file}: {error.strerror}") from error
