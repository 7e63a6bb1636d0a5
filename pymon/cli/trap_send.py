"""``pymon trap send``: report a result to a server, from a shell or a script."""

from __future__ import annotations

import sys
from pathlib import Path

from pymon.client.credentials import password_in
from pymon.client.traps import send_trap
from pymon.errors import ConnectionFailed
from pymon.model.status import OpStatus
from pymon.text import decode


def send(
    group: str,
    service: str,
    status: str,
    summary: str,
    detail: str,
    *,
    host: str,
    port: str,
    user: str,
    password_file: Path | None,
) -> int:
    """Send a trap; returns the exit status, 1 if it cannot be sent.

    ``status`` is an exit value (0: all is well) or an operational status by name, ``detail`` may be ``-`` for the
    standard input.
    """
    value, opstatus = _status(status)
    try:
        password = password_in(str(password_file)) if password_file else ""
        text = decode(sys.stdin.buffer.read()) if detail == "-" else detail
        send_trap(
            group,
            service,
            value,
            summary,
            text.removesuffix("\n"),
            opstatus=opstatus,
            host=host or None,
            port=port or None,
            username=user,
            password=password,
        )
    except OSError as error:
        print(f"pymon: {error.filename or 'standard input'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except (ConnectionFailed, ValueError) as error:
        print(f"pymon: {error}", file=sys.stderr)
        return 1
    return 0


def _status(text: str) -> tuple[str, OpStatus | None]:
    """The exit value and the operational status that a text stands for."""
    named = OpStatus.__members__.get(text.upper())
    if named is None:
        return text, None
    return ("0" if named is OpStatus.OK else "1"), named
