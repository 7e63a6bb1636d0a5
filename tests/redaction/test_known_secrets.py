"""What servers say of a secret is not shown."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.redaction.known_secrets import mask_known

SECRET = 'p&ss/"wörd" +\udcff'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET.encode("utf-8", "surrogateescape")),
        quote(SECRET.encode("utf-8", "surrogateescape"), safe=""),
        base64.b64encode(SECRET.encode("utf-8", "surrogateescape")).decode(),
        json.dumps(SECRET),
        html.escape(SECRET),
    ],
)
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    said = mask_known(f"you sent {form}, {form}!", ["", SECRET])
    assert said.replace('"', "") == "you sent ***, ***!"


def test_the_longest_comes_first() -> None:
    assert mask_known("Bearer abcdef abc", ["abc", "abcdef"]) == "Bearer *** ***"
    assert mask_known("/a%20b/x and /a b/x", ["/a%20b/x"]) == "*** and ***"


def test_what_stands_in_any_text_is_no_secret() -> None:
    assert mask_known("a text", ["a", "te"]) == "a text"


@given(st.text(min_size=3).filter(lambda text: "*" not in text), st.text())
def test_no_secret_is_left(secret: str, text: str) -> None:
    assert secret not in mask_known(text + secret, [secret])
