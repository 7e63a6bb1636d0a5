"""``monfailures``: the services that fail now, as a table; exit status 1 if there are any."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from getopt import GetoptError, getopt
from itertools import islice

from pymon.client.credentials import password_in
from pymon.client.protocol import login
from pymon.client.sync import Client
from pymon.client.tls import context_of
from pymon.errors import AuthenticationFailed, ClientError, ConnectionFailed
from pymon.protocol.service_status import ServiceStatus
from pymon.text import blank_controls, encode

USAGE = """\
usage: monfailures [--server host] [--port port] [--user name]
                   [--password password] [--password-file file]
                   [--socket path] [--tls] [--ca file] [--cert file]
                   [--key file] [--debug] [--help]

Lists the services that fail. The exit status is 1 if there are any, 0 if there
are none, 2 for wrong usage, and 255 or the number of the system's error if the
server cannot be asked. It logs in if there is a user. Other users of the
machine can see a password given as --password.

--tls connects over TLS. --ca is a file of certificates to believe in instead of
the system's, --cert and --key are files with one's own; each asks for TLS.
"""
HEAD = (("Hostgroup:Service", 30), ("Down Since", 19), ("Error Summary", 26))
"""titles and widths of the columns"""

FAILURES = 1
WRONG_USAGE = 2
NO_ANSWER = 255

_MONS = ("debug", "server=", "port=", "user=", "password=")
_OPTIONS = (
    *_MONS,
    *("password-file=", "socket=", "tls", "ca=", "cert=", "key=", "help"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        pairs, words = getopt(_in_full(given), "", _OPTIONS)
    except GetoptError as error:
        return _fail(f"{error}\n{USAGE}", WRONG_USAGE)
    options = {name[2:]: value for name, value in pairs}
    if "help" in options:
        print(USAGE, end="")
        return 0
    if words:
        return _fail(f"unexpected argument {words[0]!r}\n{USAGE}", WRONG_USAGE)
    try:
        failures = _ask(options)
    except AuthenticationFailed as error:
        return _fail(f"login failure: {error}", NO_ANSWER)
    except ConnectionFailed as error:
        return _fail(f"Could not connect to server: {error}", error.errno if error.errno > 0 else NO_ANSWER)
    except (ClientError, OSError, ValueError) as error:
        return _fail(f"{error}", NO_ANSWER)
    try:
        sys.stdout.buffer.write(encode(report(failures)))
        sys.stdout.flush()
    except OSError as error:  # nobody reads it, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # let the last flush pass
        return _fail(f"cannot write: {error.strerror}", NO_ANSWER)
    return FAILURES if failures else 0


def report(failures: Sequence[ServiceStatus]) -> str:
    """The table in mon's form, which begins with a bell and ends with an empty line."""
    if not failures:
        return "No failures found.\n"
    titles = [title for title, _ in HEAD]
    lines = ["\a", _line(titles), _line(["-" * len(title) for title in titles])]
    lines += [_row(status) for status in sorted(failures, key=lambda status: status.key)]
    return "\n".join([*lines, "", ""])


def _in_full(words: Sequence[str]) -> list[str]:
    """The options as getopt wants them; values and what follows the options stay as they are."""
    full: list[str] = []
    rest = iter(words)
    for word in rest:
        full.append(_option(word))
        if not word.startswith("-") or word == "--":
            full += rest
        elif f"{full[-1].removeprefix('--')}=" in _OPTIONS:
            full += islice(rest, 1)
    return full


def _option(word: str) -> str:
    """An option with two hyphens (mon takes one as well), and in full if it is one of mon's: they count first."""
    name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
    if not word.startswith("-") or not name or not any(option.startswith(name) for option in _OPTIONS):
        return word
    mons = [option.removesuffix("=") for option in _MONS if option.startswith(name)]
    is_whole = name in _OPTIONS or f"{name}=" in _OPTIONS
    return f"--{mons[0] if len(mons) == 1 and not is_whole else name}{equals}{value}"


def _row(status: ServiceStatus) -> str:
    since = time.ctime(status.first_failure) if status.first_failure else "-"
    acked = "[acked] " if status.ack else ""
    return _line([f"{status.group}:{status.service}", since, acked + status.last_summary])


def _line(cells: Sequence[str]) -> str:
    """Cells, cut and padded to the columns; what could steer a terminal is shown as blanks."""
    printable = (blank_controls(cell) for cell in cells)
    return "  ".join(f"{cell[:width]:{width}}" for cell, (_, width) in zip(printable, HEAD, strict=True)).rstrip()


def _ask(options: dict[str, str]) -> list[ServiceStatus]:
    """The failures. Raises ClientError, OSError, ValueError."""
    with Client(
        options.get("server", "localhost"),
        options.get("port"),
        path=options.get("socket"),
        tls=context_of(options),
    ) as client:
        if options.get("user"):
            client.perform(login(options["user"], _password(options)))
        return client.list_failures()


def _password(options: dict[str, str]) -> str:
    """The password given, or the first line of its file. Raises OSError."""
    file = options.get("password-file")
    return options.get("password", "") if file is None else password_in(file)


def _fail(message: str, status: int) -> int:
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)  # noqa: PTH119
    return status


if __name__ == "__main__":
    sys.exit(main())
