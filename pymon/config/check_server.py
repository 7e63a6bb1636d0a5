"""Checks of how the server's settings go together."""

from __future__ import annotations

import importlib

from pymon.config.build import ParsedSite
from pymon.config.report import ProblemReport

SERVER_PORT = 2583
"""the port of clients where the file does not name one"""
_FOR_TLS = ("servertlscert", "servertlskey", "servertlsca")


def check_server(parsed: ParsedSite, report: ProblemReport) -> None:
    """How TLS and logins are set up."""
    _check_tls(parsed, report)
    _check_pam(parsed, report)


def _check_pam(parsed: ParsedSite, report: ProblemReport) -> None:
    """Whether logins by PAM can work at all."""
    token = parsed.assignments.get("authtype")
    if token is None or "pam" not in parsed.site.settings.authtype:
        return
    try:
        importlib.import_module("pamela")
    except ImportError as error:
        reason = f"pamela is not installed ({error})"
    except (OSError, AttributeError) as error:
        reason = f"the system's PAM library cannot be loaded ({error})"
    else:
        return
    report.add("no-pam", token.line or 0, (token.start_pos or 0) + max(0, token.find("pam")), reason=reason)


def _check_tls(parsed: ParsedSite, report: ProblemReport) -> None:
    """TLS: it needs a certificate and a port of its own; what is given for it does nothing without the port."""
    settings, token = parsed.site.settings, parsed.assignments.get("servertls")
    if settings.servertls is None or token is None:
        for name in _FOR_TLS:
            if unused := parsed.assignments.get(name):
                report.add("tls-unused", unused.line or 0, 0, keyword=name)
        return
    line, offset = token.line or 0, token.start_pos or 0
    if not settings.servertlscert:
        report.add("tls-certificate", line, offset)
    if settings.servertls == (settings.serverport or SERVER_PORT):
        report.add("tls-port", line, offset, port=settings.servertls)
