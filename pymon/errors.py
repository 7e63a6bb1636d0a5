"""Every exception that pymon raises on purpose.

    PymonError                  (caught by the commands: its text is for the user)
    ├── ConfigError             mon.cf or auth.cf cannot be used; carries the problems
    ├── ConfigShrunk            a re-read would take away too much of what is watched
    ├── PeriodError             a period string is malformed
    ├── TimevalError            a time value is malformed
    ├── SettingError            a value given while the daemon runs does not fit
    ├── DependencyError         a dependency expression is malformed
    │   └── DependencyCycle     evaluation went deeper than dep_recur_limit
    ├── WordSplitError          quotes in a monitor's or alert's arguments do not pair
    ├── PluginError             a plugin cannot be loaded, or was given wrong options
    │   └── PluginUsageError    its options are wrong (exit code 2, with its usage)
    │       ├── UnusableFile    a file that they name cannot be used now
    │       └── NoCredentials   systemd passes no credentials on to this process
    ├── ProtocolError           what came over the wire is not mon's protocol
    ├── PacketError             a trap's datagram cannot be read
    ├── ServerError             the server cannot listen, or its certificate cannot be used
    ├── AuthenticationError     a way to check passwords does not work (no password is wrong because of it)
    ├── RecordError             the daemon's record of events cannot be read
    ├── ClientError             a client did not get what it asked a server for
    │   ├── NotConnected        there is no connection: never made, or closed
    │   ├── ConnectionFailed    it could not be made
    │   │   └── HostNotFound    the server's name cannot be looked up
    │   ├── ConnectionLost      the server closed it, or the network broke
    │   ├── ServerTimeout       no answer in time
    │   ├── BadAnswer           the server says what is not mon's protocol
    │   │   └── ProtocolMismatch the server speaks another version of it
    │   └── CommandFailed       the server refused the command; carries code and text
    │       └── AuthenticationFailed  it refused the user name or the password
    └── IpvsError               the IPVS table cannot be read or changed
        ├── IpvsUnavailable     this kernel has no IPVS
        ├── IpvsPermission      CAP_NET_ADMIN is missing
        ├── IpvsNoService       the virtual service is not in the table
        ├── IpvsNoServer        the real server is not in its virtual service
        ├── IpvsServerExists    the real server is in its virtual service already
        ├── IpvsAddressError    a text is no address, port, firewall mark or protocol
        │   └── IpvsLookupError a host name in it cannot be looked up
        └── IpvsBusy            the kernel refused for now; a retry can help

A failing check is not an exception but a result, and so is a plugin that crashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # clients import this module when they start: no dataclasses for them
    from pymon.model.problem import Problem
    from pymon.model.seen import FileSeen


class PymonError(Exception):
    """Base of all; its text can be shown to the user as it is."""


class ConfigError(PymonError):
    """A configuration cannot be used; ``problems`` holds everything found, errors and warnings.

    ``files`` are those that it was read from, as they were before that; empty if that is not known.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
        self.files: tuple[FileSeen, ...] = ()


class ConfigShrunk(PymonError):
    """A re-read is refused: it would drop so many services that an operator has to insist on it."""


class PeriodError(PymonError):
    """A period string is malformed; ``column`` (from 0) is where in the string."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


class TimevalError(PymonError):
    """A time value is malformed; the text says what would be right."""


class SettingError(PymonError):
    """A variable cannot be set, or not to this value; the text says why."""


class DependencyError(PymonError):
    """A dependency expression is malformed; ``column`` (from 0) is where in the text."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


class DependencyCycle(DependencyError):
    """Dependencies are nested deeper than ``dep_recur_limit``, which a cycle always is."""


class WordSplitError(PymonError):
    """A quote in a command's arguments is never closed; ``column`` (from 0) is where it stands."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


class PluginError(PymonError):
    """A plugin cannot be loaded."""


class PluginUsageError(PluginError):
    """A plugin was given options that it does not understand; ``word`` is the index of the argument, if known."""

    def __init__(self, message: str = "", *, word: int | None = None) -> None:
        super().__init__(message)
        self.word = word


class UnusableFile(PluginUsageError):
    """A file that the options name (a secret, a certificate) cannot be read, or holds nothing of use.

    Unlike an option, a file may be mended, or be there again, while an alert waits for another attempt.
    """


class NoCredentials(PluginUsageError):
    """A credential is needed, but systemd does not pass it to this process (it may pass it to the daemon)."""


class ProtocolError(PymonError):
    """The other side does not speak mon's protocol; ``lines`` are the complete ones that came before."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = tuple(lines)


class PacketError(PymonError):
    """A datagram is no trap; the text says why, and holds nothing of it."""


class RecordError(PymonError):
    """The daemon's record cannot be read."""


class ServerError(PymonError):
    """The server cannot listen where it should, or its certificate cannot be used."""


class AuthenticationError(PymonError):
    """A way to check passwords does not work at all; the text never holds a password."""


class IpvsError(PymonError):
    """The kernel's IPVS table could not be read or changed."""


class IpvsUnavailable(IpvsError):
    """This kernel has no IPVS, or its module is not loaded."""


class IpvsPermission(IpvsError):
    """The process lacks CAP_NET_ADMIN."""


class IpvsNoService(IpvsError):
    """The virtual service is not in the table."""


class IpvsNoServer(IpvsError):
    """The real server is not in its virtual service."""


class IpvsServerExists(IpvsError):
    """The real server is in its virtual service already."""


class IpvsAddressError(IpvsError):
    """A text is no address, port, firewall mark or protocol."""


class IpvsLookupError(IpvsAddressError):
    """A host name cannot be looked up, now at least."""


class IpvsBusy(IpvsError):
    """The kernel refused for now; the same call may go through later."""


class ClientError(PymonError):
    """A client did not get what it asked a server for."""


class NotConnected(ClientError):
    """There is no connection: it was never made, or it is closed."""


class ConnectionFailed(ClientError):
    """A connection could not be made; ``errno`` is the system's number for the reason, 0 if it has none."""

    def __init__(self, message: str, errno: int = 0) -> None:
        super().__init__(message)
        self.errno = errno


class HostNotFound(ConnectionFailed):
    """A server's name cannot be looked up, now at least."""


class ConnectionLost(ClientError):
    """The server closed the connection, or the network broke, before the answer was complete."""


class ServerTimeout(ClientError):
    """The server did not answer in time; the connection is closed, since the answer may still come."""


class BadAnswer(ClientError):
    """The server's answer is not of the form that mon's protocol gives it."""


class ProtocolMismatch(BadAnswer):
    """The server speaks another version of the protocol."""


class CommandFailed(ClientError):
    """The server refused a command: ``code`` (5xx) and ``text`` of its closing line, ``lines`` before it."""

    def __init__(self, code: int, text: str, lines: Sequence[str] = ()) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.lines = tuple(lines)


class AuthenticationFailed(CommandFailed):
    """The server refused the user name or the password."""
