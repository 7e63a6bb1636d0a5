"""``skymon``: commands to the server by mail, from a two-way pager, and the answers by mail.

The mail is read from the standard input, the address to reply to is the argument. A line ``/PASSWORD:cmd;cmd…`` is
obeyed if the password fits the crypt(3) hash in ``~/.skytel/password``, and of its commands those that are listed in
``~/.skytel/allow``. Neither password nor hash is ever shown; no shell sees a word of the mail; a wrong password is
answered with nothing at all.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from getopt import GetoptError, getopt
from typing import NamedTuple

from pymon.client.credentials import password_in
from pymon.client.protocol import ClientCommand, login
from pymon.client.sync import Client
from pymon.client.tls import context_of
from pymon.errors import ClientError, CommandFailed, ConnectionFailed, PymonError
from pymon.text import decode, printable

USAGE = """\
usage: skymon [--server host] [--port port] [--socket path]
              [--tls] [--ca file] [--cert file] [--key file]
              [--user name --password-file file] reply-address < mail

Reads a mail, does what its line '/PASSWORD:command;command' says, and mails the
answers to the address. The password is compared with the crypt hash in
~/.skytel/password; the commands allowed are listed in ~/.skytel/allow:

    lf                         list failures
    ld                         list what is disabled
    a  watch service comment   acknowledge a failure
    dh host    eh host         disable, enable a host
    dw watch   ew watch        disable, enable a watch
    ds watch service           disable a service (more words are your reason)
    es watch service           enable a service

With --user it logs in to the server. --tls connects over TLS; --ca is a file of
certificates to believe in instead of the system's, --cert and --key are files
with one's own, and each asks for TLS. PYMON_SENDMAIL is the program that mails.
"""
MAX_MAIL = 65536
"""bytes of a mail that are looked at"""
MAX_COMMANDS = 20
MAX_REPLY = 4000
"""characters of a reply: it goes to a pager"""
SENDMAILS = ("/usr/sbin/sendmail", "/usr/lib/sendmail")
SENDMAIL_LIMIT = 60.0
"""seconds that sendmail may take to accept a mail"""

WRONG_USAGE = 64
UNAVAILABLE = 69
WRONG_PASSWORD = 77
WRONG_SETUP = 78
"""exit statuses, those of sysexits(3)"""

_OPTIONS = (
    *("server=", "port=", "socket=", "tls", "ca=", "cert=", "key="),
    *("user=", "password-file=", "help"),
)
_ORDER = re.compile(r"/([^:]+):(.*)")
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\\x00-\x20-][^\s@<>,;:\"\\\x00-\x20]*@[A-Za-z0-9.\[\]:-]+|[A-Za-z0-9_][\w.+-]*")


class MailOrder(NamedTuple):
    """The order that a mail gives."""

    password: str
    commands: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        """Without the password."""
        return f"MailOrder({self.commands!r})"


class SetupError(PymonError):
    """A file, or a program, that skymon needs is missing."""


def read_order(mail: str) -> MailOrder | None:
    """The first line of a mail that is an order; None without one."""
    for line in mail.splitlines():
        match = _ORDER.fullmatch(line.strip())
        if match:
            commands = tuple(tuple(command.split()) for command in match[2].split(";") if command.strip())
            return MailOrder(match[1], commands[:MAX_COMMANDS])
    return None


def obey(client: Client, commands: Sequence[Sequence[str]], allowed: frozenset[str]) -> list[str]:
    """Perform commands, those that are allowed, and give the answers. Raises ClientError if there is no connection."""
    answers = []
    for word, *arguments in commands:
        act = _ACTS.get(word)
        if act is None or word not in allowed:
            answers.append(f"{word}: not allowed" if act else f"{word}: no such command")
            continue
        try:
            answers.append(act(client, arguments))
        except CommandFailed as error:
            answers.append(f"{word}: {error.text}")
        except (IndexError, ValueError):
            answers.append(f"{word}: a word is missing")
    return answers


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, 0 also for a mail without an order."""
    try:
        pairs, words = getopt(
            list(sys.argv[1:] if argv is None else argv),
            "h",
            _OPTIONS,
        )
    except GetoptError as error:
        return _fail(f"{error}\n{USAGE}", WRONG_USAGE)
    options = {name.strip("-"): value for name, value in pairs}
    if "help" in options or "h" in options:
        print(USAGE, end="")
        return 0
    if len(words) != 1 or not _ADDRESS.fullmatch(words[0]):
        return _fail(f"one address to reply to is needed\n{USAGE}", WRONG_USAGE)
    order = read_order(decode(sys.stdin.buffer.read(MAX_MAIL)))
    if order is None:
        return 0
    try:
        return _serve(order, words[0], options)
    except SetupError as error:
        return _fail(f"{error}", WRONG_SETUP)


def _serve(order: MailOrder, address: str, options: dict[str, str]) -> int:
    allowed = frozenset(_setup("allow").split())
    if not _fits(order.password, _setup("password").strip()):
        return _fail("wrong password", WRONG_PASSWORD)
    try:
        tls = context_of(options)
    except ConnectionFailed as error:
        raise SetupError(f"{error}") from error
    try:
        with Client(options.get("server"), options.get("port"), path=options.get("socket"), tls=tls) as client:
            if options.get("user"):
                client.perform(_login(options))
            answers = obey(client, order.commands, allowed)
    except ClientError as error:
        answers = [f"no answer from the server: {error}"]
    return _mail(address, "\n".join(answers))


def _fits(password: str, hashed: str) -> bool:
    from pymon.access.crypt import fits  # noqa: PLC0415  # loads the system's library

    return fits(password, hashed)


def _setup(name: str) -> str:
    """The text of a file of ``~/.skytel``. Raises SetupError."""
    path = os.path.expanduser(f"~/.skytel/{name}")  # noqa: PTH111
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs 5 ms
            return decode(file.read(MAX_MAIL))
    except OSError as error:
        raise SetupError(f"could not load {path}: {error.strerror}") from error


def _login(options: dict[str, str]) -> ClientCommand[None]:
    file = options.get("password-file")
    try:
        return login(options["user"], password_in(file) if file else "")
    except OSError as error:
        raise SetupError(f"could not load {file}: {error.strerror}") from error


def _mail(address: str, text: str) -> int:
    """Hand a mail to sendmail, the address as an argument of its own. Returns the exit status."""
    program = os.environ.get("PYMON_SENDMAIL") or next(filter(os.path.exists, SENDMAILS), None)
    if program is None:
        raise SetupError("there is no sendmail")
    mail = (
        f"To: {address}\nSubject: mon\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-replied\n\n{_for_pager(text)}\n"
    )
    try:
        done = subprocess.run(
            [program, "-oi", "--", address],
            input=mail.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            timeout=SENDMAIL_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _fail(f"{program} takes too long", UNAVAILABLE)
    except OSError as error:
        raise SetupError(f"could not run {program}: {error.strerror}") from error
    return UNAVAILABLE if done.returncode else 0


def _for_pager(text: str) -> str:
    """Text without what could steer a terminal, and not too long."""
    plain = printable(text, keep="\n", mark=" ")
    return plain if len(plain) <= MAX_REPLY else f"{plain[:MAX_REPLY]}\n(cut)"


def _failures(client: Client, _words: Sequence[str]) -> str:
    lines = [
        f"{status.group} {status.service}{' (acked)' if status.ack else ''}: {status.last_summary}"
        for status in sorted(client.list_failures(), key=lambda status: status.key)
    ]
    return "\n".join(lines) or "no failures"


def _list_disabled(client: Client, _words: Sequence[str]) -> str:
    disabled = client.list_disabled()
    lines = [f"watch {watch}" for watch in disabled.watches]
    lines += [f"service {group} {service}" for group, service in disabled.services]
    lines += [f"hosts of {group}: {' '.join(hosts)}" for group, hosts in disabled.hosts.items()]
    return "\n".join(lines) or "nothing is disabled"


def _acknowledge(client: Client, words: Sequence[str]) -> str:
    group, service, *comment = words
    client.ack(group, service, " ".join(comment))
    return f"acked {group} {service}"


def _disable_host(client: Client, words: Sequence[str]) -> str:
    client.disable_host(words[0])
    return f"disabled host {words[0]}"


def _disable_watch(client: Client, words: Sequence[str]) -> str:
    client.disable_watch(words[0])
    return f"disabled watch {words[0]}"


def _disable_service(client: Client, words: Sequence[str]) -> str:
    client.disable_service(words[0], words[1])
    return f"disabled service {words[0]} {words[1]}"


def _enable_host(client: Client, words: Sequence[str]) -> str:
    client.enable_host(words[0])
    return f"enabled host {words[0]}"


def _enable_watch(client: Client, words: Sequence[str]) -> str:
    client.enable_watch(words[0])
    return f"enabled watch {words[0]}"


def _enable_service(client: Client, words: Sequence[str]) -> str:
    client.enable_service(words[0], words[1])
    return f"enabled service {words[0]} {words[1]}"


def _fail(message: str, status: int) -> int:
    print(f"skymon: {message}", file=sys.stderr)
    return status


_ACTS: dict[str, Callable[[Client, Sequence[str]], str]] = {
    "lf": _failures,
    "ld": _list_disabled,
    "a": _acknowledge,
    "dh": _disable_host,
    "dw": _disable_watch,
    "ds": _disable_service,
    "eh": _enable_host,
    "ew": _enable_watch,
    "es": _enable_service,
}

if __name__ == "__main__":
    sys.exit(main())
