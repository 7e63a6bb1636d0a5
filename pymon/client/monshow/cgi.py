"""monshow as a CGI program: what a request asks for, and how it is answered.

Keys of the query are watch, detail, disabled and view; they may be parted by ``&``, ``;`` or, as in mon's pages,
``?``. The command line is ignored: a web server may put the query there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO
from urllib.parse import unquote_plus

from pymon.client.monshow.options import MonshowOptions
from pymon.text import decode

MOST_BODY = 65536
"""bytes of a request's body that are read"""
_SEPARATORS = re.compile("[&;?]")


def options(environ: Mapping[str, str], body: BinaryIO) -> MonshowOptions:
    """The options of a request. A view may be named in the path; the query's beats it."""
    query = _fields(environ.get("QUERY_STRING", ""))
    if environ.get("REQUEST_METHOD", "").upper() == "POST":
        query |= _fields(decode(body.read(_length(environ))))
    return MonshowOptions(
        html=True,
        view=query.get("view") or environ.get("PATH_INFO", "").strip("/") or None,
        watch=query.get("watch") or None,
        detail=query.get("detail"),
        disabled="disabled" in query and query["disabled"] != "0",
    )


def header(status: str = "") -> str:
    """The lines before the page; ``status`` such as ``404 Not Found``, empty for success."""
    lines = [f"Status: {status}"] if status else []
    return "\n".join([*lines, "Content-Type: text/html; charset=utf-8", "Cache-Control: no-store", "", ""])


def _fields(text: str) -> dict[str, str]:
    found = {}
    for part in _SEPARATORS.split(text):
        name, _, value = part.partition("=")
        found[unquote_plus(name)] = unquote_plus(value, errors="surrogateescape")
    return found


def _length(environ: Mapping[str, str]) -> int:
    text = environ.get("CONTENT_LENGTH", "")
    return min(int(text), MOST_BODY) if text.isascii() and text.isdigit() else 0
