"""What an exception of a probe says: that the host is down, or that the check itself is broken.

The line between them is whose trouble it is. The network and the host have theirs in an OSError, which fails the host:
refused, unreachable, timeout, a name that is not found, a firewall's "permission denied" to a connection. All else is
this machine's or the monitor's own, and says nothing about the host: a file that may not be read, a socket that may
not be opened, no descriptor left, an exception that nobody expected.
"""

from __future__ import annotations

import ssl
import traceback

from pymon.errors import PluginError
from pymon.plugin.net import CannotConnect, NameNotFound
from pymon.plugin.outcome import Broken, Down, Wording
from pymon.scarcity.symptoms import is_ours


def told_of(error: BaseException, host: object, wording: Wording, timeout: str, transcript: str) -> Down | Broken:
    """The outcome of a host whose probe raised; ``timeout`` is what is said if it has run into its time limit.

    ``transcript`` is the detail, so far as there was a conversation.
    """
    if is_ours(error):
        return broken_by(error)
    match error:
        case NameNotFound():
            return Down(wording.name_not_found.format(host=host, reason=reason_of(error)))
        case CannotConnect():
            return Down(wording.cannot_connect.format(host=host, reason=reason_of(error)))
        case TimeoutError():
            return Down(timeout or error.strerror or "timeout", transcript)
        case ssl.SSLError():
            from pymon.plugin.tls import tls_problem  # noqa: PLC0415  # few speak TLS, and it takes a millisecond

            return Down(tls_problem(error), transcript)
        case OSError():
            return Down(reason_of(error), transcript)
    return Down(f"the connection ended: {error}" if str(error) else "the connection ended", transcript)


def broken_by(error: BaseException) -> Broken:
    """The outcome of a check that an exception ended which ``is_ours``."""
    if isinstance(error, PluginError):
        return Broken(str(error))
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename is not None else ""
        return Broken(f"{named}{reason_of(error)}{_place(error)}", _trace(error))
    return Broken(f"the monitor raised {type(error).__name__}: {error}{_place(error)}", _trace(error))


def reason_of(error: OSError) -> str:
    """The system's words."""
    return error.strerror or str(error) or type(error).__name__


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename} line {frames[-1].lineno})" if frames else ""


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
