"""monshow's text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.client.monshow.report import Row, ServiceDetail, StatusReport
from pymon.client.monshow.text import columns, fit, render, row_text
from pymon.client.records import DisabledItems, GroupHost, SchedulerState
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from pymon.text import first_line

NOW = 1_800_000_000.0
RUNNING = SchedulerState(True, 0.0)
FAILING = ServiceStatus(
    "web",
    "http",
    OpStatus.FAIL,
    timer=5.0,
    last_check=NOW - 7,
    last_summary="refused",
    exitval=1,
    fields={"timer": "5"},
)


def body(report: StatusReport, **options: bool) -> list[str]:
    """The lines after the header."""
    return render(report, **options).split("\n")[5:]


def test_the_table() -> None:
    report = StatusReport("mon.example", NOW, RUNNING, rows=(Row(FAILING),))
    head, *rows = render(report).split("\n     time", 1)[0].split("\n"), *body(report)
    assert head[:2] == ["", "     server: mon.example"]
    assert render(report).split("\n")[3:5] == ["      state: scheduler running", ""]
    assert rows == [
        "  GROUP           SERVICE      STATUS      LAST       NEXT       ALERTS SUMMARY",
        "R web             http         FAIL        7s         5s         none   refused",
        "",
        "",
    ]


def test_no_rows_and_nothing_disabled() -> None:
    report = StatusReport("h", NOW, RUNNING, rows=(), disabled=DisabledItems({}, (), ()))
    assert body(report) == ["All systems OK", "", "Nothing is disabled.", "", ""]


def test_what_is_disabled() -> None:
    disabled = DisabledItems(
        {"g": ("a", "b"), "a-very-long-group": ("c",)}, ("w", "x"), (ServiceKey("g", "s"), ServiceKey("g", "t"))
    )
    assert body(StatusReport("h", NOW, RUNNING, disabled=disabled)) == [
        *("DISABLED WATCHES:", "w", "x", ""),
        *("DISABLED SERVICES", "g s", "g t", ""),
        *("DISABLED HOSTS:", "g               a b", "a-very-long-group c", ""),
        "",
    ]


def test_the_detail() -> None:
    """W-detail: mon's monshow leaves ``depend`` and ``monitor`` empty."""
    hosts = tuple(GroupHost(f"host{number:02d}.example.org", number % 2 == 0) for number in range(5))
    status = ServiceStatus(
        "g",
        "s",
        OpStatus.FAIL,
        last_detail="one\ntwo\n",
        last_summary="a\nb",
        ack=5.0,
        ackcomment="joe: on it",
        depend="x:y",
        monitor="tcp.monitor -p 80",
    )
    held = "alertevery 10m: last alert 3m12s ago"
    report = StatusReport("h", NOW, RUNNING, detail=ServiceDetail(Row(status, "line 1\nline 2", held), hosts))
    assert body(report) == [
        "Detail for group g service s",
        "",
        *("description", "-----------", "    line 1", "    line 2"),
        *("summary", "-------", "    a", "    b"),
        *("hosts", "-----"),
        "    host00.example.org host01.example.org host02.example.org",
        "    host03.example.org host04.example.org",
        "",
        *("-----DETAIL-----", "one", "two", "", "-----DETAIL-----", ""),
        *("alert ack:  joe: on it", ""),
        *(f"held back:  {held}", ""),
        "  opstatus: fail (0)",
        "   exitval: undef",
        "    depend: x:y",
        "   monitor: tcp.monitor -p 80",
        "last check: never",
        "next_check: not scheduled",
        *("", "", ""),
    ]


def test_empty_parts_of_the_detail_are_empty_lines() -> None:
    lines = body(StatusReport("h", NOW, RUNNING, detail=ServiceDetail(Row(FAILING), ())))
    assert lines[2:5] == ["description", "-----------", ""]
    assert lines[8:13] == ["hosts", "-----", "", "", "-----DETAIL-----"]


def test_reasons_stand_under_their_rows() -> None:
    """W-held: why an alert was held back is said under the row; mon does not know."""
    report = StatusReport("h", NOW, RUNNING, rows=(Row(FAILING, held="alertevery 10m: last alert 3m12s ago"),))
    assert body(report)[2] == "    held back: alertevery 10m: last alert 3m12s ago"
    assert body(report, colour=True)[2] == "\x1b[33m    held back: alertevery 10m: last alert 3m12s ago\x1b[0m"


def test_colours_change_nothing_else() -> None:
    plain = row_text(Row(FAILING), NOW)
    coloured = row_text(Row(FAILING), NOW, colour=True)
    assert coloured.replace("\x1b[1;31m", "").replace("\x1b[0m", "") == plain
    assert "\x1b[1;31mFAIL      \x1b[0m" in coloured


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\tb\vc", "a b c"),
        ("a\rb\nc", "a b"),
        ("\nempty", ""),
        ("  lead   ", "  lead"),
    ],
)
def test_summaries_are_one_line(text: str, line: str) -> None:
    assert first_line(text).rstrip() == line


def test_a_detail_cannot_drive_the_terminal() -> None:
    """W-control: mon's monshow passes escape sequences of details on."""
    status = ServiceStatus("g", "s", OpStatus.FAIL, last_detail="\x1b]0;title\x07\ttab\n\x9b2J")
    report = StatusReport("h", NOW, RUNNING, detail=ServiceDetail(Row(status), ()))
    assert "\x1b]0;title\x07\ttab\n\x9b2J" in render(report)
    assert " ]0;title \ttab\n 2J" in render(report, guard=True)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("abc", "abc  "),
        ("abcdefg", "abcde"),
        ("é\u0301ö", "é\u0301ö   "),
        ("가나다", "가나 "),
        ("a가나", "a가나"),
        ("한", "한   "),
    ],
)
def test_cells_have_a_width_on_the_screen(text: str, cell: str) -> None:
    """W-width: mon's monshow counts bytes, so that columns are out of line after an umlaut."""
    assert fit(text, 5) == cell


@given(st.text(max_size=30), st.integers(1, 20))
def test_every_cell_has_its_width(text: str, width: int) -> None:
    cell = fit(text, width)
    assert sum(columns(character) for character in cell) == width
    assert not any(unicodedata.category(character) == "Cc" for character in cell)


def test_many_alerts_are_not_cut() -> None:
    """W-alerts: mon's monshow shows the first four digits."""
    line = row_text(Row(ServiceStatus("g", "s", OpStatus.OK, alerts_sent=123456, last_summary="x")), NOW)
    assert line.endswith(" 123456 x")


@given(st.lists(st.from_regex(r"[a-z]{1,90}", fullmatch=True), min_size=1, max_size=30))
def test_hosts_fit_the_line_and_none_is_lost(words: list[str]) -> None:
    hosts = tuple(GroupHost(word, False) for word in words)
    lines = body(StatusReport("h", NOW, RUNNING, detail=ServiceDetail(Row(FAILING), hosts)))
    shown = lines[lines.index("hosts") + 2 : lines.index("-----DETAIL-----") - 1]
    assert all(line.startswith("    ") and len(line) <= 69 for line in shown)
    assert "".join(shown).replace(" ", "") == "".join(words)
