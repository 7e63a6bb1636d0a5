"""Checks of how the server's settings go together."""

from __future__ import annotations

from pymon.config.build import Draft
from pymon.config.report import Report

SERVER_PORT = 2583
"""the port of clients where the file names none"""
_FOR_TLS = ("servertlscert", "servertlskey", "servertlsca")


def check_server(draft: Draft, report: Report) -> None:
    """TLS: it needs a certificate and a port of its own; what is given for it does nothing without the port."""
    settings, token = draft.site.settings, draft.assignments.get("servertls")
    if settings.servertls is None or token is None:
        for name in _FOR_TLS:
            if unused := draft.assignments.get(name):
                report.add("tls-unused", unused.line or 0, 0, keyword=name)
        return
    line, offset = token.line or 0, token.start_pos or 0
    if not settings.servertlscert:
        report.add("tls-certificate", line, offset)
    if settings.servertls == (settings.serverport or SERVER_PORT):
        report.add("tls-port", line, offset, port=settings.servertls)
