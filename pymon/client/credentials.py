"""Who one is and the password: asked for on a terminal, or read from the standard input.

Input that is no terminal may begin with lines ``USER=name`` and ``PASS=password``, in any case. The password never
stands on a command line, where every user of the machine could read it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from pymon.errors import PymonError
from pymon.text import decode

_LINE = re.compile(r"\s*(user|pass)=(.*)", re.IGNORECASE | re.DOTALL)


class Credentials(NamedTuple):
    """A user's name and password. The password may be empty: trustlocal and a Unix socket want none."""

    user: str
    password: str


class NoPassword(PymonError):
    """A name or a password is missing."""

    def __init__(self) -> None:
        super().__init__("inadequate authentication information supplied")


def ask(user: str) -> Credentials:
    """Ask for the password on the terminal, without echo. Raises NoPassword if nobody gives one."""
    import getpass  # noqa: PLC0415  # only if there is somebody to ask

    try:
        password = getpass.getpass("Password: ")
    except (EOFError, KeyboardInterrupt):
        raise NoPassword from None
    if not user:
        raise NoPassword
    return Credentials(user, password)


def read(lines: Iterator[str], user: str = "", *, only_credentials: bool = False) -> tuple[Credentials, str | None]:
    """Read the lines that credentials stand in, and give the line after them, if one was read (None: the end).

    ``user`` counts more than what is read; without either it is one's own. With ``only_credentials`` nothing
    else follows, so that the line with the password is the last that is waited for. Raises NoPassword.
    """
    said_user, password = "", None
    rest: str | None = None
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            rest = line
            break
        if match[1].lower() == "user":
            said_user = match[2]
        else:
            password = match[2]
            if only_credentials:
                break
    name = user or said_user or own_name()
    if not name or password is None:
        raise NoPassword
    return Credentials(name, password), rest


def password_in(path: str) -> str:
    """The password in a file: its first line. Raises OSError."""
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs 5 ms
        return decode(file.readline().rstrip(b"\r\n"))


def own_name() -> str:
    """The name of the user that this process acts for; empty if it has no name."""
    import pwd  # noqa: PLC0415  # only where no name was given

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""
