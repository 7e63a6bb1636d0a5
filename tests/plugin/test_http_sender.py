"""Alerts that are HTTP requests: URLs and headers taken apart, whatever stands there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin import PluginUsageError, PostOptions
from pymon.plugin.http.transport import OneShotTransport, Request
from pymon.plugin.http_sender import Courier, Destination, destination, header


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", ("http", "h", 80, "/", "http://h:80", "")),
        ("https://h/", ("https", "h", 443, "/", "https://h:443", "")),
        ("https://H.example:8443/a/b?c=d#e", ("https", "h.example", 8443, "/a/b?c=d", "https://h.example:8443", "")),
        ("http://[::1]:81/x y", ("http", "::1", 81, "/x%20y", "http://[::1]:81", "")),
        ("http://h/%20ä\udcff", ("http", "h", 80, "/%20%C3%A4%FF", "http://h:80", "")),
        ("http://kim:p%40@h/", ("http", "h", 80, "/", "http://h:80", "Basic a2ltOnBA")),
        ("http://서울.example/", ("http", "서울.example", 80, "/", "http://xn--2i4bq6h.example:80", "")),
    ],
)
def test_a_url_taken_apart(url: str, expected: tuple[str, str, int, str, str, str]) -> None:
    found = destination(url)
    assert (found, found.is_secret) == ((*expected, False), False)


@pytest.mark.parametrize("url", ["http://h", "http://h/", "http://h/am/", "http://h/am"])
def test_a_suffix_stands_behind_the_path(url: str) -> None:
    assert destination(url, "/api").target in {"/api", "/am/api"}


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://h/{}".format))
def test_any_text_is_a_url_that_can_be_asked_for_or_refused(text: str) -> None:
    try:
        place = destination(text)
    except PluginUsageError:
        return
    assert 0 < place.port < 65536
    request = _request(place)
    assert request.extensions["target"].isascii()


@pytest.mark.slow
@given(st.text() | st.builds("{}:{}".format, st.from_regex(r"[A-Za-z0-9-]{1,9}", fullmatch=True), st.text()))
def test_any_text_is_a_header_or_refused(text: str) -> None:
    try:
        name, value = header(text)
    except ValueError:
        return
    request = _request(destination("http://h/"), (name, value))
    assert (name.encode(), value.encode("utf-8", "surrogateescape")) in request.headers.raw


def _request(place: Destination, *headers: tuple[str, str]) -> Request:
    courier = Courier((place,), OneShotTransport(), "", headers, PostOptions())
    return courier._request(place, b"{}", {}, "POST")
