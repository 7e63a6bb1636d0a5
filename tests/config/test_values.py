"""Values of keywords: which periods mon would stumble over at any time, and which only at times that nothing is for."""

from __future__ import annotations

import pytest

from pymon.config.keyword import InvalidValue
from pymon.config.values import period


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("bogus {1}", "malformed-period"),
        ("wd {Sun-Sat}, bogus {1}", "malformed-later-period"),
        ("bogus {1}, wd {Sun-Sat}", "malformed-period"),
        ("bogus {1}, wd {Sun}, bogus {2}", "malformed-period"),
        (", bogus {1}", "malformed-period"),
        ("wd {Sun} bogus {1}", "malformed-period"),
    ],
)
def test_malformed_period_tells_when_mon_notices(text: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        period(text, "period")
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["", "wd {Mon-Fri}", "wd {Mon-Fri} hr {9am-5pm}, wd {Sat}"])
def test_period_is_read_as_a_whole(text: str) -> None:
    assert period(text, "period").text == text
