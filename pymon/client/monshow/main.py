"""monshow: what a mon server watches, as text, as a live table, or as a web page (also as a CGI program).

The exit status is 0 even when there are failures, as mon's; 1 if nothing can be shown.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pymon.client import credentials
from pymon.client.credentials import Credentials
from pymon.client.monshow import options as monshow_options
from pymon.client.monshow import rc as monshow_rc
from pymon.client.monshow.fetch import NoSuchService, Query, ReportError, fetch
from pymon.client.monshow.options import MonshowOptions, MonshowUsageError
from pymon.client.monshow.rc import Preferences, RcError
from pymon.client.monshow.report import Selection, StatusReport
from pymon.client.monshow.text import render
from pymon.client.sync import Client
from pymon.client.tls import tls_context
from pymon.errors import (
    ClientError,
    CommandFailed,
    ConnectionFailed,
    ProtocolMismatch,
    PymonError,
)
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.text import encode, first_line

if TYPE_CHECKING:
    from pymon.client.monshow.html import LinkTarget


def main(argv: Sequence[str] | None = None) -> int:
    """Run monshow with these words, the process's own if None; the exit status."""
    if os.environ.get("REQUEST_METHOD"):
        return cgi()
    try:
        options = monshow_options.parse(sys.argv[1:] if argv is None else argv)
    except MonshowUsageError as error:
        sys.stderr.write(f"{error}\n{monshow_options.USAGE}\n" if str(error) else f"{monshow_options.USAGE}\n")
        return 1
    try:
        status = show(options)
        sys.stdout.flush()
    except OSError as error:
        # the reader has seen enough, or the disk is full; nothing may be written when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            _complain(f"monshow: {error.strerror}")
        return 1
    except PymonError as error:
        _write(f"Error: {first_line(str(error))}\n\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def show(options: MonshowOptions) -> int:
    """Show what the options say. Raises PymonError with what to tell the user."""
    home = os.environ.get("HOME")
    path = monshow_rc.find(options.rcfile, options.view, Path(home) if home else None)
    preferences = monshow_rc.read(path)
    for complaint in preferences.complaints:
        _complain(complaint)
    query = make_query(options, preferences)
    who = _read_credentials(options.login) if options.auth else None
    if options.live is not None:
        return _live(query, options, preferences, who)
    on_terminal = sys.stdout.isatty() and not options.html
    query = query._replace(reasons=options.reasons or options.html or on_terminal, descriptions=options.html)
    try:
        report = ask(query, make_client(options, preferences, who))
    except NoSuchService as missing:
        if not options.html:
            _write(render(missing.report).removesuffix("\n"))
        raise
    if options.html:
        from pymon.client.monshow import html as monshow_html  # noqa: PLC0415  # the template engine costs more than all the rest

        _write(monshow_html.render(report, preferences, _link_target(options)))
    else:
        _write(render(report, colour=on_terminal and _colours(), guard=on_terminal))
    return 0


def cgi() -> int:
    """Answer a web server's request; the command line is ignored."""
    from pymon.client.monshow import cgi as monshow_cgi  # noqa: PLC0415  # the template engine costs more than the rest
    from pymon.client.monshow import html as monshow_html  # noqa: PLC0415  # as above

    preferences = Preferences()
    try:
        options = monshow_cgi.options(os.environ, sys.stdin.buffer)
        preferences = monshow_rc.read(monshow_rc.find(None, options.view, Path()))
        query = make_query(options, preferences)._replace(reasons=True, descriptions=True, complain=lambda _text: None)
        report = ask(query, make_client(options, preferences, None))
    except (RcError, NoSuchService) as error:
        _write(monshow_cgi.header("404 Not Found") + monshow_html.render_error(str(error), preferences))
        return 1
    except PymonError as error:
        _write(monshow_cgi.header("502 Bad Gateway") + monshow_html.render_error(str(error), preferences))
        return 1
    _write(monshow_cgi.header() + monshow_html.render(report, preferences, _link_target(options)))
    return 0


def ask(query: Query, client: Client) -> StatusReport:
    """Connect, log in if need be, and ask for everything. Raises ReportError."""
    try:
        client.connect()
        report = fetch(client, query, time.time)
    except ReportError:
        client.close()
        raise
    except ClientError as error:
        client.close()
        raise ReportError(connect_error(error)) from error
    except ValueError as error:
        client.close()
        raise ReportError(f"Could not authenticate: {error}") from error
    client.quit()
    return report


def make_client(
    options: MonshowOptions, preferences: Preferences, who: Credentials | None, timeout: float = 30.0
) -> Client:
    """A client that is not connected yet; ``timeout`` in seconds. Raises ConnectionFailed for useless files of TLS."""
    user, password = who or ("", "")
    return Client(
        server_of(options, preferences),
        options.port or preferences.port,
        path=options.socket or None,
        username=user,
        password=password,
        timeout=timeout,
        tls=tls_context(wanted=options.tls, ca=options.ca, cert=options.cert, key=options.key),
    )


def connect_error(error: ClientError) -> str:
    """The message of mon's monshow for a failure to connect or to log in."""
    if isinstance(error, CommandFailed):
        return f"Could not authenticate: {error}"
    if isinstance(error, ProtocolMismatch):
        return "Could not connect to server: connect failed, protocol mismatch"
    if isinstance(error, ConnectionFailed) and error.errno in errno.errorcode:
        return f"Could not connect to server: connect failed, {os.strerror(error.errno)}"
    if isinstance(error, ConnectionFailed) and str(error).startswith("cannot find"):
        return "Could not connect to server: could not resolve host"
    return f"Could not connect to server: {error}"


def make_query(options: MonshowOptions, preferences: Preferences) -> Query:
    """Make the query from the command line and the configuration. The command line beats the file."""
    if options.watch is not None:
        wanted: tuple[tuple[str, str | None], ...] = ((options.watch, None),)
    else:
        wanted = () if options.showall else preferences.selected
    selection = Selection(
        wanted=wanted,
        filters=options.filters,
        states=frozenset(OpStatus[name.upper()] for name in options.states),
        full=options.full or preferences.full,
    )
    return Query(
        server=options.socket or server_of(options, preferences),
        selection=selection,
        detail=None if options.detail is None else ServiceKey(*monshow_options.split_detail(options.detail)),
        table=not options.disabled,
        disabled=options.disabled or preferences.show_disabled,
        view=options.view or "",
        summary_len=preferences.summary_len,
        complain=_complain,
    )


def server_of(options: MonshowOptions, preferences: Preferences) -> str:
    """The server's host (W-host)."""
    return options.server or preferences.host or os.environ.get("MONHOST") or "localhost"


def _read_credentials(login: str) -> Credentials:
    """The user and the password, asked for on a terminal, else read from the standard input."""
    if sys.stdin.isatty():
        return credentials.ask(login or credentials.own_name())
    return credentials.read((line.rstrip("\r\n") for line in sys.stdin), login, only_credentials=True)[0]


def _live(query: Query, options: MonshowOptions, preferences: Preferences, who: Credentials | None) -> int:
    from pymon.client.monshow import live as monshow_live  # noqa: PLC0415  # what draws on terminals costs more than all the rest

    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        raise ReportError("a live table needs a terminal")
    if query.detail is not None or options.html:
        raise ReportError("only the table of services can be live")
    client = make_client(options, preferences, who, timeout=10.0)
    seconds = options.live or monshow_options.LIVE_SECONDS
    return monshow_live.run(query, lambda: client, seconds)


def _link_target(options: MonshowOptions) -> LinkTarget:
    from pymon.client.monshow.html import LinkTarget  # noqa: PLC0415  # as above

    return LinkTarget(view=options.view or "", watch=options.watch or "")


def _colours() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _write(text: str) -> None:
    """Write to the standard output; any bytes that came from the server leave as they were."""
    sys.stdout.flush()
    sys.stdout.buffer.write(encode(text))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
