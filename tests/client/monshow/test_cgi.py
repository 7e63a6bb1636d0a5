"""monshow as a CGI program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.client.monshow.cgi import MOST_BODY, header, options
from pymon.client.monshow.options import MonshowOptions
from tests.client.scripted import ScriptedServer, status_line

GET = {"REQUEST_METHOD": "GET"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (GET, MonshowOptions(html=True)),
        ({**GET, "QUERY_STRING": "watch=web"}, MonshowOptions(html=True, watch="web")),
        ({**GET, "QUERY_STRING": "detail=web,http"}, MonshowOptions(html=True, detail="web,http")),
        (
            {**GET, "QUERY_STRING": "detail=web%2Chttp&view=a+b"},
            MonshowOptions(html=True, detail="web,http", view="a b"),
        ),
        (
            {**GET, "QUERY_STRING": "view=a?watch=web;disabled"},
            MonshowOptions(html=True, view="a", watch="web", disabled=True),
        ),
        ({**GET, "QUERY_STRING": "disabled=1"}, MonshowOptions(html=True, disabled=True)),
        ({**GET, "QUERY_STRING": "disabled=0&bogus=1&&="}, MonshowOptions(html=True)),
        ({**GET, "PATH_INFO": "/team"}, MonshowOptions(html=True, view="team")),
        ({**GET, "PATH_INFO": "/"}, MonshowOptions(html=True)),
        ({**GET, "PATH_INFO": "/team", "QUERY_STRING": "view=x"}, MonshowOptions(html=True, view="x")),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9"}, MonshowOptions(html=True, watch="web")),
        ({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "x"}, MonshowOptions(html=True)),
        ({"REQUEST_METHOD": "POST"}, MonshowOptions(html=True)),
        (GET | {"CONTENT_LENGTH": "9"}, MonshowOptions(html=True)),
    ],
)
def test_requests_are_read(environ: dict[str, str], expected: MonshowOptions) -> None:
    """W-query: mon's monshow parts keys by ``?`` only, decodes no ``%2C``, and wants a value for ``disabled``."""
    assert options(environ, io.BytesIO(b"watch=web&detail=x,y")) == expected


def test_a_body_is_not_read_without_end() -> None:
    body = io.BytesIO(b"watch=web&x=" + b"y" * MOST_BODY * 2)
    options({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(MOST_BODY * 2)}, body)
    assert body.tell() == MOST_BODY


def test_headers() -> None:
    assert header() == "Content-Type: text/html; charset=utf-8\nCache-Control: no-store\n\n"
    assert header("404 Not Found").startswith("Status: 404 Not Found\nContent-Type: ")


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        (tmp_path / ".monshowrc").write_text(f"set host 127.0.0.1\nset port {server.port}\nset full\n")
        server.show([status_line("web", "http", 0, last_summary="<b>"), status_line("db", "sql", 1)])
        yield server


def run(folder: Path, *words: str, **environ: str) -> tuple[int, str]:
    """Run the program as a web server does; exit status and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pymon.client.monshow.main", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "REQUEST_METHOD": "GET", "HOME": "/nonexistent", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


def test_a_web_server_gets_the_page(tmp_path: Path, scripted: ScriptedServer) -> None:
    """The command line is ignored: some web servers put the query there."""
    status, page = run(tmp_path, "--rcfile", "/etc/passwd", "nonsense", QUERY_STRING="watch=web")
    assert status == 0
    head, _, rest = page.partition("\n\n")
    assert head.split("\n")[0] == "Content-Type: text/html; charset=utf-8"
    assert rest.startswith("<!DOCTYPE html>")
    assert "&lt;b&gt;" in rest
    assert "?detail=web,http" in rest
    assert "db" not in rest


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("detail=web,nope", "404 Not Found", "web/nope not a valid service"),
        ("view=../../etc/passwd", "404 Not Found", "no view found"),
        ("watch=<b>", "502 Bad Gateway", "no watch &lt;b&gt; on the server"),
    ],
)
def test_errors_are_pages(tmp_path: Path, scripted: ScriptedServer, query: str, status: str, text: str) -> None:
    exit_status, page = run(tmp_path, QUERY_STRING=query)
    assert exit_status == 1
    assert page.startswith(f"Status: {status}\nContent-Type: text/html")
    assert text in page


def test_an_unreachable_server_is_a_page(tmp_path: Path) -> None:
    (tmp_path / ".monshowrc").write_text("set host 127.0.0.1\nset port 1\n")
    status, page = run(tmp_path)
    assert status == 1
    assert "Could not connect to server: connect failed, Connection refused" in page
