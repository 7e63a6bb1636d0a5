"""What an HTTP check asks, and where a redirect leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin.http.request_options import (
    HttpTarget,
    field,
    header,
    method_after,
    proxy_url,
    redirected,
    without_private,
)

HERE = HttpTarget(False, "10.0.0.1", 8080, "www.example", "/a/b?c")


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ("www.example", "www.example"),
        ("www.example:8443", "www.example"),
        ("www.example.", "www.example"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("www.example:", "www.example"),
        ("odd:name", "odd:name"),
    ],
)
def test_name_in_tls(named: str, name: str) -> None:
    assert HttpTarget(True, "h", 443, named, "/").server_name == name


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/x", HttpTarget(False, "10.0.0.1", 8080, "www.example", "/x")),
        ("x?y z", HttpTarget(False, "10.0.0.1", 8080, "www.example", "/a/x?y%20z")),
        ("", HttpTarget(False, "10.0.0.1", 8080, "www.example", "/a/b?c")),
        ("http://www.example/x#y", HttpTarget(False, "10.0.0.1", 8080, "www.example", "/x")),
        ("https://www.example/x", HttpTarget(True, "10.0.0.1", 443, "www.example", "/x")),
        ("https://WWW.example:444", HttpTarget(True, "10.0.0.1", 444, "WWW.example:444", "/")),
        ("http://other.example/", HttpTarget(False, "other.example", 80, "other.example", "/")),
        ("//[::1]:81/x", HttpTarget(False, "::1", 81, "[::1]:81", "/x")),
        ("http://me:secret@other.example/", HttpTarget(False, "other.example", 80, "other.example", "/")),
        ("ftp://www.example/", None),
        ("mailto:x", None),
        ("https:///x", None),
        ("http://a:99999/", None),
        ("http://[::1/", None),
    ],
)
def test_redirects(location: str, leads_to: HttpTarget | None) -> None:
    assert redirected(HERE, location) == leads_to


@given(st.sampled_from(["", "//", "http://", "https://a", "http://[", "?"]), st.text(max_size=60))
def test_any_location_leads_somewhere_or_nowhere(begin: str, rest: str) -> None:
    place = redirected(HERE, begin + rest)
    assert place is None or (place.target.isascii() and place.target.startswith("/") and " " not in place.target)


def test_origins() -> None:
    assert HERE.is_served_as(HERE._replace(target="/other"))
    assert not HERE.is_served_as(HERE._replace(tls=True))
    assert not HERE.is_served_as(HERE._replace(port=80))
    assert not HERE.is_served_as(HERE._replace(named="other.example"))


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (307, "POST", "POST")],
)
def test_methods_after_a_redirect(status: int, method: str, then: str) -> None:
    assert method_after(status, method) == then


def test_what_is_private() -> None:
    assert without_private((("Accept", "x"), ("COOKIE", "y"), ("Authorization", "z"))) == (("Accept", "x"),)


def test_headers() -> None:
    assert field("Accept:  text/html ") == ("Accept", "text/html")
    assert field("X-Empty:") == ("X-Empty", "")
    for wrong in ("Accept", "A B: c", ": x"):
        with pytest.raises(ValueError, match=r"must be a header|is no name of a header"):
            field(wrong)
    for ours in ("Host: x", "content-length: 3", "Connection: y"):
        with pytest.raises(ValueError, match="is made by other options"):
            field(ours)
    with pytest.raises(ValueError, match="control characters"):
        header("a\r\nb")


def test_proxies() -> None:
    assert proxy_url("http://proxy.example:3128") == ("proxy.example", 3128)
    assert proxy_url("[::1]:3128/") == ("::1", 3128)
    assert proxy_url("proxy.example") == ("proxy.example", 80)
    for wrong in ("https://p", "socks5://p", "http://user:pass@p", "http://p/x", "", "http://:1"):
        with pytest.raises(ValueError, match="must be an HTTP proxy"):
            proxy_url(wrong)
