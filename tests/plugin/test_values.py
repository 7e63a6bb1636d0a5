"""Values of options."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.plugin.values import count, duration, milliseconds, port, seconds


@given(st.integers(min_value=1, max_value=65535))
def test_ports(number: int) -> None:
    assert port(str(number)) == number


def test_port_names() -> None:
    assert (port("ftp"), port("https")) == (21, 443)


@given(st.floats(min_value=0, allow_infinity=False))
def test_durations(value: float) -> None:
    assert seconds(str(value)) == milliseconds(str(value)) == value


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("1D", 86400), ("0", 0)]
)
def test_durations_with_units(text: str, value: float) -> None:
    assert duration(text) == value


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        *((port, text) for text in ("", "0", "-1", "65536", "80.5", "no-such-service", "\0", "８０", "\udcff")),
        *((seconds, text) for text in ("", "-1", "nan", "inf", "1s", "-0.1")),
        *((duration, text) for text in ("", "s", "5w", "5 m", "-1h", "nan", "infs", "1h30m", "1_0s", "\udcff")),
        *((count, text) for text in ("", "-1", "1.5", "x", "٣")),
    ],
)
def test_everything_else_is_refused(convert: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"must|port"):
        convert(text)
