"""moncmd's command line: mon's options, and some of pymon's own."""

from __future__ import annotations

from collections.abc import Sequence
from getopt import GetoptError, getopt
from typing import Any, NamedTuple

from pymon.client.connection import Connection
from pymon.client.endpoint import TIMEOUT
from pymon.client.tls import tls_context
from pymon.errors import PymonError

_WITH_VALUE = {
    "-l": "user",
    "-s": "host",
    "-p": "port",
    "-f": "file",
    "--socket": "socket",
    "--ca": "ca",
    "--cert": "cert",
    "--key": "key",
    "--timeout": "timeout",
    "--completion": "completion",
}
_FLAGS = {
    "-a": "log_in",
    "-h": "help",
    "--help": "help",
    "--version": "version",
    "--tls": "tls",
    "--json": "json",
    "--exit-zero": "exit_zero",
    "--complete": "complete",
}
_NO_EFFECT = "dr"


class MoncmdUsageError(PymonError):
    """The command line is wrong."""


class MoncmdOptions(NamedTuple):
    """The options of the command line. ``file`` is None without -f."""

    words: tuple[str, ...] = ()
    log_in: bool = False
    user: str = ""
    host: str = ""
    port: str = ""
    file: str | None = None
    socket: str = ""
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    timeout: float = TIMEOUT
    json: bool = False
    exit_zero: bool = False
    help: bool = False
    version: bool = False
    completion: str = ""
    complete: bool = False

    def connection(self, timeout: float | None = None) -> Connection:
        """A connection to the server meant, not yet made. Raises ConnectionFailed."""
        return Connection(
            self.host or None,
            self.port or None,
            path=self.socket or None,
            tls=tls_context(wanted=self.tls, ca=self.ca, cert=self.cert, key=self.key),
            timeout=self.timeout if timeout is None else timeout,
            check_protocol=False,
        )


def parse(arguments: Sequence[str]) -> MoncmdOptions:
    """Read the command line: options, then the words of the command, as they are. Raises MoncmdUsageError."""
    short = _NO_EFFECT + "".join(name[1] for name in _FLAGS if name[1] != "-")
    short += "".join(f"{name[1]}:" for name in _WITH_VALUE if name[1] != "-")
    long = [name[2:] for name in _FLAGS if name.startswith("--")]
    long += [f"{name[2:]}=" for name in _WITH_VALUE if name.startswith("--")]
    try:
        pairs, words = getopt(list(arguments), short, long)
    except GetoptError as error:
        raise MoncmdUsageError(str(error)) from None
    given: dict[str, Any] = {_FLAGS[name]: True for name, _ in pairs if name in _FLAGS}
    given |= {_WITH_VALUE[name]: value for name, value in pairs if name in _WITH_VALUE}
    if "timeout" in given:
        given["timeout"] = _seconds(given["timeout"])
    return MoncmdOptions(words=tuple(words), **given)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise MoncmdUsageError(f"option --timeout needs a number of seconds, not {text!r}")
    return seconds
