"""The live table's knowledge, and its picture."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pymon.client.monshow.live_state import HIGHLIGHT, LiveState
from pymon.client.monshow.report import Row, Selection, StatusReport
from pymon.client.monshow.screen import draw, short, state_word
from pymon.client.records import SchedulerState
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus

NOW = 1_800_000_000.0


def service(name: str, status: OpStatus = OpStatus.FAIL, **more: object) -> Row:
    return Row(ServiceStatus("g", name, status, **more))  # type: ignore[arg-type]  # any field


def report(*rows: Row, now: float = NOW, scheduler: SchedulerState | None = None) -> StatusReport:
    return StatusReport("mon.example", now, scheduler or SchedulerState(True, 0.0), rows=rows)


def names(board: LiveState, now: float) -> list[str]:
    return [row.status.service for row in board.visible_rows(now)]


def picture(board: LiveState, now: float, *, height: int = 24, width: int = 100, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, height=height, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(draw(board, now, height, "mon.example"))
    return file.getvalue()


def test_failures_come_first() -> None:
    rows = [
        service("cold", OpStatus.COLDSTART),
        service("dependent", OpStatus.FAIL, depend="a:b"),
        service("fine", OpStatus.OK),
        service("slow", OpStatus.TIMEOUT),
        service("down"),
    ]
    board = LiveState(Selection()).after(report(*rows), NOW)
    assert names(board, NOW) == ["down", "slow", "dependent", "cold"]
    assert names(board.with_other_selection(), NOW) == ["down", "slow", "dependent", "cold", "fine"]
    assert names(board.with_other_selection().with_other_selection(), NOW) == ["down", "slow", "dependent", "cold"]


def test_a_change_is_fresh_for_a_while() -> None:
    board = LiveState(Selection()).after(report(service("a"), service("b", OpStatus.OK)), NOW)
    assert board.changed == {}
    board = board.after(report(service("a", OpStatus.OK), service("b", OpStatus.OK)), NOW + 2)
    assert names(board, NOW + 2) == ["a"]  # it is well again: still shown
    assert board.is_fresh(("g", "a"), NOW + 2)  # type: ignore[arg-type]  # a plain pair is the same key
    assert names(board, NOW + 2 + HIGHLIGHT) == []
    board = board.after(report(service("a", OpStatus.OK), service("b")), NOW + 3 + HIGHLIGHT)
    assert list(board.changed) == [("g", "b")]


def test_an_ack_is_a_change() -> None:
    board = LiveState(Selection()).after(report(service("a")), NOW).after(report(service("a", ack=5.0)), NOW + 1)
    assert list(board.changed) == [("g", "a")]


def test_trouble_is_remembered_from_its_beginning() -> None:
    board = LiveState(Selection()).after(report(service("a")), NOW).after_silence("gone since {since}", NOW + 5)
    board = board.after_silence("still gone since {since}", NOW + 10)
    assert board.trouble_since == NOW + 5
    assert board.trouble == "still gone since {since}"
    assert names(board, NOW + 10) == ["a"]
    assert board.after(report(), NOW + 20).trouble_since == 0.0


@pytest.mark.parametrize(
    ("status", "ack", "word"),
    [
        (OpStatus.FAIL, 0.0, "FAIL"),
        (OpStatus.TIMEOUT, 5.0, "ACK TIMEOUT"),
        (OpStatus.LINKDOWN, 0.0, "LINKDOWN"),
        (OpStatus.OK, 5.0, "ok"),
        (OpStatus.COLDSTART, 0.0, "coldstart"),
    ],
)
def test_states_have_their_own_names(status: OpStatus, ack: float, word: str) -> None:
    assert state_word(ServiceStatus("g", "s", status, ack=ack)) == word


def test_the_picture() -> None:
    row = service(
        "http", last_check=NOW - 5, timer=10.0, failure_duration=50.0, alerts_sent=2, last_summary="refused\nmore"
    )
    board = LiveState(Selection()).after(report(row._replace(held="alertevery 10m: last alert 3m12s ago")), NOW)
    lines = picture(board, NOW).split("\n")
    assert "mon.example" in lines[0]
    assert "   1 fail   scheduler running" in lines[0]
    assert lines[1].split() == ["STATUS", "GROUP", "SERVICE", "FOR", "LAST", "NEXT", "SENT", "SUMMARY"]
    assert lines[2].split() == ["FAIL", "g", "http", "50s", "5s", "10s", "2", "refused"]
    assert lines[3].strip() == "held back: alertevery 10m: last alert 3m12s ago"


def test_times_tick_between_two_answers() -> None:
    row = service("http", last_check=NOW - 5, timer=10.0, failure_duration=50.0)
    board = LiveState(Selection()).after(report(row), NOW)
    assert picture(board, NOW + 7).split("\n")[2].split() == ["FAIL", "g", "http", "57s", "12s", "3s", "-"]
    assert picture(board, NOW + 20).split("\n")[2].split()[5] == "0s"


@pytest.mark.parametrize(
    ("seconds", "word"),
    [(-5, "0s"), (0.9, "0s"), (59, "59s"), (192, "3m12s"), (3600, "1h00m"), (7500, "2h05m"), (1_047_600, "12d3h")],
)
def test_durations_are_short(seconds: float, word: str) -> None:
    assert short(seconds) == word


def test_no_answer_yet_and_nothing_wrong() -> None:
    board = LiveState(Selection())
    assert "asking…" in picture(board, NOW)
    assert "All systems OK" in picture(board.after(report(service("a", OpStatus.OK)), NOW), NOW)


def test_all_is_well_only_where_that_is_known() -> None:
    """Not while a service waits for its first result, while nothing is checked, or while the server is silent."""
    well = report(service("a", OpStatus.OK))
    for board in (
        LiveState(Selection()).after(report(service("a", OpStatus.OK), service("b", OpStatus.UNTESTED)), NOW),
        LiveState(Selection()).after(report(service("a", OpStatus.OK), scheduler=SchedulerState(False, NOW)), NOW),
        LiveState(Selection()).after(well, NOW).after_silence("silent since {since}", NOW),
    ):
        assert "All systems OK" not in picture(board, NOW)
        assert "Nothing is known to fail" in picture(board, NOW)


def test_a_silent_server_is_said_with_the_time() -> None:
    board = (
        LiveState(Selection())
        .after(report(service("a")), NOW)
        .after_silence("server not reachable since {since}: no", NOW)
    )
    text = picture(board, NOW + 100)
    assert "server not reachable since " in text
    assert ": no" in text
    assert "FAIL" in text


@pytest.mark.slow
@pytest.mark.parametrize("height", [7, 10, 24, 50])
@pytest.mark.parametrize("held", ["", "alertafter 3: failure 2 of 3"])
@pytest.mark.parametrize("trouble", ["", "server not reachable since {since}: x"])
def test_it_fits_the_screen(height: int, held: str, trouble: str) -> None:
    rows = [service(f"s{number:02d}", last_summary="x" * 200)._replace(held=held) for number in range(40)]
    board = LiveState(Selection()).after(report(*rows), NOW)
    board = board.after_silence(trouble, NOW) if trouble else board
    text = picture(board, NOW, height=height, width=80)
    assert len(text.rstrip("\n").split("\n")) <= height
    assert (" more" in text) == (height < 50 or bool(held))
    assert "q quit" in text


def test_text_cannot_drive_the_terminal() -> None:
    """W-control: nor is it markup of the drawing library."""
    row = service("[bold]s[/bold]", last_summary="\x1b[2J[red]x[/red]")
    text = picture(LiveState(Selection()).after(report(row), NOW), NOW, width=120)
    assert "\x1b" not in text
    assert "[red]x[/red]" in text
    assert "[bold]s[/bold]" in text


def test_failures_are_red_and_changes_stand_out() -> None:
    board = LiveState(Selection()).after(report(service("a", OpStatus.OK)), NOW).after(report(service("a")), NOW + 1)
    assert "\x1b[1;7;31mFAIL" in picture(board, NOW + 1, colour=True)
    assert "\x1b[1;31mFAIL" in picture(board, NOW + 1 + HIGHLIGHT, colour=True)
