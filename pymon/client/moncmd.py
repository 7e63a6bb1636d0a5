"""``moncmd``: send commands to a server, and show its answers.

mon's options and output; beyond that, the exit status says whether the server did what it was told.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from pymon.client.credentials import Credentials, NoPassword, ask, read
from pymon.client.moncmd_options import MoncmdOptions, MoncmdUsageError, parse
from pymon.client.protocol import Reply, login
from pymon.errors import AuthenticationFailed, ClientError, ConnectionFailed, HostNotFound
from pymon.text import blank_controls, decode, encode, from_locale

USAGE = """\
usage: moncmd [-a] [-l user] [-s host] [-p port] [-f file] [commands]

    -a               log in: asks for the password, or reads USER= and PASS=
                     lines from the standard input if that is no terminal
    -l user          the user's name; implies nothing without -a
    -s host          the server (default: MONHOST, else localhost)
    -p port          its port, a number or a name (default: mon, else 2583)
    -f file          read commands from a file; - is the standard input
    -d, -r           do nothing, as in mon
    --json           answers as JSON: 'list opstatus' sends 'json list opstatus'
    --socket path    connect to a Unix socket
    --tls            use TLS; --ca file: with these authorities; --cert file,
                     --key file: with a certificate of one's own
    --timeout secs   time limit of each command (default: 30)
    --exit-zero      exit 0 even if the server refused a command, as mon's does
    --completion sh  print what makes bash (or zsh) complete commands
    -h, --help       this
    --version        the version

Without commands they are read from the standard input, one a line. The exit
status is 0 if the server did it all, 1 if it refused something, 2 for wrong
usage, else the number of the system's error.

Valid commands are:
"""
NOBODY_THERE = """\
You did not give a command on the command line nor a -f flag and
the program is running interactively (e.g. reading from terminal).
This is not supported.  Exiting"""

REFUSED = 1
WRONG_USAGE = 2
NOT_FOUND = 255
_NOT_ALLOWED = "520 command could not be executed, unknown command"
"""mon's exit status for a server that cannot be found"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        return _main(parse([from_locale(word) for word in arguments]))
    except MoncmdUsageError as error:
        return _fail(f"moncmd: {error}\ntry moncmd -h", WRONG_USAGE)
    except HostNotFound as error:
        return _fail(f"Unable to find server: {error}", NOT_FOUND)
    except ConnectionFailed as error:
        return _report_no_connection(error)
    except AuthenticationFailed:
        return _fail("Could not authenticate", REFUSED)
    except OSError as error:  # nobody reads it, or the disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # let the last flush pass
        return REFUSED if isinstance(error, BrokenPipeError) else _fail(f"moncmd: {error.strerror}", REFUSED)
    except KeyboardInterrupt:
        return 130
    except (ClientError, NoPassword, ValueError) as error:
        return _fail(f"moncmd: {error}", REFUSED)


def run(options: MoncmdOptions, source: Iterable[str], credentials: Credentials | None, output: IO[bytes]) -> int:
    """Send the lines of ``source`` and write the answers; returns the exit status. Raises ClientError."""
    refused = 0
    with options.connection() as connection:
        if credentials is not None:
            connection.perform(login(*credentials))
        for line in source:
            if not line.strip():
                output.write(b"\n\n")  # as mon's does
                continue
            reply = connection.ask(f"json {line}" if options.json and not line.startswith("json ") else line)
            refused |= not reply.ok
            _show(reply, output, as_json=options.json)
    return REFUSED if refused and not options.exit_zero else 0


def _main(options: MoncmdOptions) -> int:
    if options.help:
        from pymon.client import command_syntax  # noqa: PLC0415  # nothing else needs it

        print(USAGE + command_syntax.listing())
        return 0
    if options.version:
        import pymon  # noqa: PLC0415  # only for this

        print(f"moncmd (pymon) {pymon.__version__}")
        return 0
    if options.completion or options.complete:
        from pymon.client import completion  # noqa: PLC0415  # only for this

        return completion.show(options)
    if options.file is None and not options.words and sys.stdin.isatty():
        return _fail(NOBODY_THERE, REFUSED)
    try:
        source = _lines(options)
    except OSError as error:
        return _fail(f"could not open input file: {error.strerror}", error.errno or WRONG_USAGE)
    credentials, source = _credentials(options, source)
    return run(options, source, credentials, sys.stdout.buffer)


def _lines(options: MoncmdOptions) -> Iterator[str]:
    """The commands: of -f, else the words, else of the standard input. Raises OSError."""
    if options.file not in (None, "-"):
        return _read_and_close(open(options.file, "rb"))  # noqa: PTH123  # pathlib costs 5 ms
    if options.file is None and options.words:
        return iter((" ".join(options.words),))
    return _stdin()


def _credentials(options: MoncmdOptions, source: Iterator[str]) -> tuple[Credentials | None, Iterator[str]]:
    """Name and password if they are wanted, and the commands that remain. Raises NoPassword."""
    if not options.log_in:
        return None, source
    if sys.stdin.isatty() or options.socket:
        from pymon.client.credentials import own_name  # noqa: PLC0415  # only for this

        user = options.user or own_name()
        return (Credentials(user, "") if options.socket else ask(user)), source
    shares_stdin = not options.words and options.file in (None, "-")
    credentials, rest = read(_stdin(), options.user, only_credentials=not shares_stdin)
    if not shares_stdin or rest is None:
        return credentials, source
    return credentials, _with_first(rest, source)


def _with_first(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _stdin() -> Iterator[str]:
    return _read(sys.stdin.buffer)


def _read(file: IO[bytes]) -> Iterator[str]:
    """The lines of a file, without their ends."""
    for line in iter(file.readline, b""):
        yield decode(line.rstrip(b"\r\n"))


def _read_and_close(file: IO[bytes]) -> Iterator[str]:
    with file:
        yield from _read(file)


def _show(reply: Reply, output: IO[bytes], *, as_json: bool) -> None:
    """Write an answer. JSON does not have the closing line; a refusal goes to the standard error.

    On a terminal control characters are blanks: what a monitor said does not steer it (K-terminal).
    """
    lines: Iterable[str] = reply.lines if as_json else (*reply.lines, reply.final)
    if output.isatty():
        lines = (blank_controls(line, lines=True) for line in lines)
    output.write(b"".join(encode(line) + b"\n" for line in lines))
    output.flush()
    if as_json and not reply.ok:
        print(reply.final, file=sys.stderr)
    if reply.final == _NOT_ALLOWED and sys.stderr.isatty():
        print("moncmd: most likely auth.cf does not let you do that: log in with -a", file=sys.stderr)


def _report_no_connection(error: ConnectionFailed) -> int:
    """Say why, and give the system's number for it, as mon's does."""
    if 0 < error.errno < NOT_FOUND:
        return _fail(f"could not connect: {os.strerror(error.errno)}", error.errno)
    return _fail(f"could not connect: {error}", REFUSED)


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
