"""What an HTTP answer must be like."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin.http.assertions import (
    CONTENT_LIMIT,
    BadContent,
    absent_header,
    content_of,
    document_of,
    header_rule,
    json_rule,
    size,
    size_problem,
    statuses,
)
from pymon.plugin.http.http1 import HttpAnswer

HEADERS = [
    (b"server", b"x"),
    (b"Content-Type", b"text/html; charset=utf-8"),
    (b"set-cookie", b"a"),
    (b"set-cookie", b"b"),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def answer(body: bytes, encoding: bytes = b"", *, whole: bool = True) -> HttpAnswer:
    headers = [(b"content-encoding", encoding)] if encoding else []
    return HttpAnswer(200, b"OK", "1.1", b"", headers, body, len(body), whole, 0.0)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("Server", ""),
        ("SERVER: ^x$", ""),
        ("content-type: html", ""),
        ("Set-Cookie: ^b$", ""),
        ("Content-Type: json", "header Content-Type is text/html; charset=utf-8"),
        ("X-Cache", "no header X-Cache"),
        ("X-Cache: HIT", "no header X-Cache"),
        ("Server:", ""),
    ],
)
def test_headers_that_must_be_there(rule: str, wrong: str) -> None:
    assert header_rule(rule).problem(HEADERS) == wrong


def test_headers_that_must_not_be_there() -> None:
    assert absent_header("X-Powered-By").problem(HEADERS) == ""
    assert absent_header("server").problem(HEADERS) == "header server is there"


@pytest.mark.parametrize(
    ("rule", "document", "wrong"),
    [
        ("$.a.b", {"a": {"b": None}}, ""),
        ("a.b=3", {"a": {"b": 3}}, ""),
        ("a.b=3", {"a": {"b": 3.0}}, ""),
        ("a.b=3", {"a": {"b": "3"}}, ""),
        ("a.b=3", {"a": {"b": 4}}, "JSON $.a.b is 4"),
        ("$=[", "[", ""),
        ("$.a", '{"a": 1}', "JSON has no $.a"),
        ("$=[]", "[]", ""),
        ("$='x'", "'x'", ""),
        ("$ | $.a=3", "3", ""),
        ("$.a | $=3", "3", ""),
        ("$..*", "{", "JSON has no $..*"),
        ("$[?@]", "[3]", "JSON has no $[?@]"),
        ("$", "\ud800\udcff{", ""),
        ("a.b = 3", {"a": {"b": 3}}, ""),
        ("a", {}, "JSON has no $.a"),
        ("a!=1", {}, "JSON has no $.a"),
        ("[1]=x", ["y", "x"], ""),
        ("a=true", {"a": True}, ""),
        ("a=true", {"a": 1}, "JSON $.a is 1"),
        ("a=1", {"a": True}, "JSON $.a is true"),
        ("a=ok", {"a": "ok"}, ""),
        ('a="ok"', {"a": "ok"}, ""),
        ('a="ok"', {"a": '"ok"'}, ""),
        ("a=", {"a": ""}, ""),
        ("a=", {"a": None}, "JSON $.a is null"),
        ("a=null", {"a": None}, ""),
        ("a!=down", {"a": "up"}, ""),
        ("a!=down", {"a": "down"}, 'JSON $.a is "down"'),
        ("a<3", {"a": 2.5}, ""),
        ("a<=3", {"a": 3}, ""),
        ("a>=3", {"a": 2}, "JSON $.a is 2"),
        ("a>3", {"a": "4"}, 'JSON $.a is "4"'),
        ("a>3", {"a": [4]}, "JSON $.a is an array"),
        ("a>0", {"a": True}, "JSON $.a is true"),
        ("$..up=true", {"x": {"up": True}, "y": {"up": True}}, ""),
        ("$..up=true", {"x": {"up": True}, "y": {"up": False}}, "JSON $..up is false"),
        ("$.n[?@.name=='a=b'].up=true", {"n": [{"name": "a=b", "up": True}, {"name": "c", "up": False}]}, ""),
        ("$['a>b']>1", {"a>b": 2}, ""),
        ("a=" + "x" * 200, {"a": "y" * 200}, 'JSON $.a is "' + "y" * 78 + "…"),
        ("한글=좋음", {"한글": "좋음"}, ""),
    ],
)
def test_json(rule: str, document: Any, wrong: str) -> None:
    assert json_rule(rule).problem(document) == wrong


@pytest.mark.parametrize("text", ["a[", "", "$.", "a..", "$..[" * 500, "a<b", "a>true", "a>=", "a<NaN"])
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no JSONPath: [^\n]*$|compares numbers, and"):
        json_rule(text)


@pytest.mark.slow
@given(JSON, st.sampled_from(["$..*", "$.*", "$..a=1", "$[0]>1", "$..*!=x"]))
def test_json_rules_hold_for_any_document(document: Any, rule: str) -> None:
    assert isinstance(json_rule(rule).problem(document), str)


@pytest.mark.slow
@given(JSON)
def test_a_value_is_what_json_writes_of_it(document: Any) -> None:
    assert json_rule("$=" + json.dumps(document)).problem(document) == ""


def test_a_mere_text_is_never_read_as_a_document() -> None:
    """Neither one that is JSON, which would be judged in its place, nor one that looks so and is none."""
    for body in (b'"{\\"status\\": \\"ok\\"}"', b'"[1, 2"', b'"{"', b'"[\\"status\\"]"'):
        document = document_of(body, whole=True)
        assert isinstance(document, str)
        assert json_rule("$.status=ok").problem(document) == "JSON has no $.status"
        assert json_rule("$[0]").problem(document) == "JSON has no $[0]"
        assert json_rule("$").problem(document) == ""


def test_a_document_that_is_too_deep() -> None:
    document: Any = {}
    for _ in range(300):
        document = {"a": document}
    assert json_rule("$..b").problem(document) == "JSON $..b: recursion limit exceeded"


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff", b"[" * 100_000, b"1" * 5000 + b"x", b"<html>"])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(BadContent, match="the body is no JSON: "):
        document_of(body, whole=True)


def test_half_a_document_is_none() -> None:
    with pytest.raises(BadContent, match="too long to be read as JSON"):
        document_of(b"[]", whole=False)
    assert document_of('\ufeff{"a": 1}'.encode(), whole=True) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"hello", b""),
        (b"hello", b"identity"),
        (gzip.compress(b"hello", mtime=0), b"gzip"),
        (gzip.compress(b"hello", mtime=0), b"X-GZIP"),
        (gzip.compress(b"he", mtime=0) + gzip.compress(b"llo", mtime=0), b"gzip"),
        (zlib.compress(b"hello"), b"deflate"),
    ],
)
def test_encodings(body: bytes, encoding: bytes) -> None:
    assert content_of(answer(body, encoding)) == b"hello"


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"hello", b"gzip", "the body is no gzip"),
        (gzip.compress(b"hello" * 100, mtime=0)[:-12], b"gzip", "the compressed body is cut off"),
        (b"hello", b"br", "the body is encoded as br, which was not asked for"),
        (gzip.compress(gzip.compress(b"hello")), b"gzip, gzip", "encoded as gzip, gzip"),
        (gzip.compress(b"x" * (CONTENT_LIMIT + 1)), b"gzip", "comes to more than"),
        (gzip.compress(b"x" * (CONTENT_LIMIT // 2 + 1)) * 2, b"gzip", "comes to more than"),
    ],
    ids=["none", "cut", "br", "twice", "bomb", "bomb in pieces"],
)
def test_encodings_that_are_wrong(body: bytes, encoding: bytes, why: str) -> None:
    with pytest.raises(BadContent, match=why):
        content_of(answer(body, encoding))


def test_of_a_body_that_was_cut_what_came_is_read() -> None:
    assert content_of(answer(gzip.compress(b"hello")[:-3], b"gzip", whole=False)).startswith(b"hello")


@pytest.mark.parametrize(("text", "bytes_"), [("0", 0), ("500", 500), ("10K", 10240), ("2M", 2 << 20), ("1G", 1 << 30)])
def test_sizes(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "-1", "1k", "1.5M", "K", "１"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number of bytes"):
        size(text)


def test_size_problems() -> None:
    assert [size_problem(5, least, most) for least, most in [(None, None), (5, 5), (6, None), (None, 4)]] == [
        "",
        "",
        "5 bytes, less than 6",
        "more than 4 bytes",
    ]


def test_statuses() -> None:
    assert statuses("200,301-303") == {200, 301, 302, 303}
