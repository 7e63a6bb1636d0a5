"""Period strings mean what Time::Period says."""

from __future__ import annotations

import calendar
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.periods import parse_period
from pymon.config.time_values import BLANKS
from pymon.core.context import utc
from pymon.core.period import in_period, week_of_month
from pymon.errors import PeriodError
from pymon.local_time import local_time
from tests.config.period_answers import ANSWERS, HIDDEN, MOMENTS
from tests.peers import require_peer
from tests.tools import RequireTool


def time_period(text: str, now: int) -> int:
    """Answer as Time::Period's ``inPeriod`` does: 1 inside, 0 outside, -1 malformed.

    It looks at the alternatives from left to right and stops at the first that matches, so that something malformed
    after it goes unnoticed: this is what mon does when it reads a file, and why it may accept a file at one
    hour and reject it at another.
    """
    pieces = text.rstrip(BLANKS + ",").split(",")
    if pieces == [""]:
        return int(not text.strip(BLANKS))
    for piece in pieces:
        try:
            if "," in text and piece.strip(BLANKS).lower() in ("", "none"):
                return -1
            if in_period(parse_period(piece), utc(now)):
                return 1
        except PeriodError:
            return -1
    return 0


@pytest.mark.parametrize(("moment", "text", "answer"), ANSWERS)
def test_time_periods_own_answer(moment: str, text: str, answer: int) -> None:
    assert time_period(text, MOMENTS[moment]) == answer


@pytest.mark.parametrize(
    ("moment", "text", "answer"), [each for each in ANSWERS if each[2] >= 0 and each[1] not in HIDDEN]
)
def test_in_period(moment: str, text: str, answer: int) -> None:
    assert in_period(parse_period(text), utc(MOMENTS[moment])) is bool(answer)


@pytest.fixture
def _seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_seoul")
def test_local_time_decides() -> None:
    spec = parse_period("hr {9am-5pm} wd {Mon-Fri}")
    monday_morning_in_seoul = calendar.timegm((2026, 11, 23, 0, 30, 0))
    assert not in_period(spec, utc(monday_morning_in_seoul))
    assert in_period(spec, local_time(monday_morning_in_seoul))
    assert local_time(monday_morning_in_seoul + 0.999_999_6).second == 0, "a second has begun when it has begun"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1e18, datetime.max), (-1e18, datetime.min), (float("inf"), datetime.max)]
)
def test_time_beyond_the_calendar_is_its_end(seconds: float, shown: datetime) -> None:
    assert local_time(seconds) == shown


UNITS = {"mo": (1, 12), "md": (1, 31), "wd": (1, 7), "hr": (0, 23), "min": (0, 59), "sec": (0, 59), "yd": (1, 366)}


def unit(scale: str, local: time.struct_time) -> int:
    return {
        "mo": local.tm_mon, "md": local.tm_mday, "wd": (local.tm_wday + 1) % 7 + 1, "hr": local.tm_hour,
        "min": local.tm_min, "sec": local.tm_sec, "yd": local.tm_yday,
    }[scale]  # fmt: skip


@st.composite
def ranges(draw: st.DrawFn) -> tuple[str, int, int]:
    scale = draw(st.sampled_from(sorted(UNITS)))
    low, high = UNITS[scale]
    return scale, draw(st.integers(low, high)), draw(st.integers(low, high))


@given(st.lists(st.lists(ranges(), min_size=1, max_size=3), min_size=1, max_size=3), st.integers(0, 4_000_000_000))
def test_agrees_with_a_simple_model(alternatives: list[list[tuple[str, int, int]]], now: int) -> None:
    """Walk from the first value of a range to its last, one by one and around the end, as on a clock."""

    def holds(scale: str, first: int, last: int) -> bool:
        low, high = UNITS[scale]
        value = first
        while value != last:
            if value == unit(scale, local):
                return True
            value = low if value == high else value + 1
        return value == unit(scale, local)

    local = time.gmtime(now)
    text = ", ".join(" ".join(f"{s} {{{a}-{b}}}" for s, a, b in each) for each in alternatives)
    expected = False
    for each in alternatives:
        scales = {scale for scale, _, _ in each}
        expected |= all(any(holds(s, a, b) for s, a, b in each if s == scale) for scale in scales)
    assert in_period(parse_period(text), utc(now)) is expected


@given(st.integers(0, 4_000_000_000))
def test_week_of_month_counts_sundays(now: int) -> None:
    local = utc(now)
    sundays = sum(calendar.weekday(local.year, local.month, day) == 6 for day in range(2, local.day + 1))
    assert week_of_month(local) == 1 + sundays


@pytest.mark.slow
@pytest.mark.peer
def test_perls_time_period_agrees(require_tool: RequireTool) -> None:
    """Time::Period itself (a module that mon brings along) is asked about many periods in one go."""
    perl = require_tool("perl")
    require_peer("mon")  # which uses Time::Period
    questions = [
        (moment, f"{scale} {{{first}{dash}{last}}}{tail}")
        for moment in MOMENTS.values()
        for scale, first, last in (
            ("hr", "9am", "5pm"), ("hr", "22", "3"), ("wd", "sa", "mon"), ("wk", "5", "1"), ("mo", "Nov", "feb"),
            ("yr", "99", "2030"), ("yr", "23", "24"), ("md", "28", "3"), ("yd", "300", "60"), ("hr", "12noon", "12am"),
            ("min", "50", "0"), ("sec", "7", "5"), ("wd", "7", "1"), ("mo", "13", "1"), ("hr", "13pm", "1"),
        )
        for dash in ("-", " - ", " ", "-,")
        for tail in ("", ", md {14 31}", " min {0-29}", " wd {", ", yr {1969}")
    ]  # fmt: skip
    script = (
        'use Time::Period; while (<STDIN>) { chomp; my ($t, $p) = split /\\|/, $_, 2; print inPeriod($t, $p), "\\n" }'
    )
    asked = "".join(f"{moment}|{text}\n" for moment, text in questions)
    answer = subprocess.run(
        [str(perl), "-e", script], input=asked, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    answers = [int(line) for line in answer.stdout.split()]
    assert [(text, time_period(text, moment)) for moment, text in questions] == [
        (text, answer) for (_, text), answer in zip(questions, answers, strict=True)
    ]
