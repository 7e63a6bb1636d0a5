"""file.alert: byte for byte what Debian's writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.alerts.conftest import ALERTS, RunAlert
from tests.peers import require_peer

MON = ("-s", "http", "-g", "web", "-h", "h1 h2", "-t", "1793700000")


async def test_entry(run_alert: RunAlert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"MON_ALERTTYPE": "failure", "MON_DESCRIPTION": "the desc", "MON_OPSTATUS": "0"}
    arguments = (*MON, "-d", str(tmp_path), "out")
    assert await run_alert("file.alert", *arguments, stdin="sum 한글\ndetail\n", **environ) == (0, "")
    head, *rest = (tmp_path / "out").read_text().splitlines()
    assert head.startswith("failure web http 1793700000 (")
    assert head.endswith(":00) sum 한글")
    assert rest == ["DESCR=the desc", "OPSTATUS=0", "detail", "."]
    await run_alert("file.alert", *arguments, "-S", "mine", stdin="x\n", **environ)
    assert (tmp_path / "out").read_text().splitlines()[5].endswith(") mine")


async def test_both_ways(both_ways: RunAlert, tmp_path: Path) -> None:
    arguments = (*MON, "-d", str(tmp_path), "out")
    assert await both_ways("file.alert", *arguments, stdin="sum \udcff\ndetail\n", MON_ALERTTYPE="up") == (0, "")
    assert (tmp_path / "out").read_bytes().endswith(b") sum \xff\nDESCR=\nOPSTATUS=UNKNOWN OPSTATUS\ndetail\n.\n")
    code, output = await both_ways("file.alert", *MON, "-d", "/dev", "full", stdin="x\n")
    assert (code, output) == (75, "file.alert: [Errno 28] No space left on device\n")


@pytest.mark.slow
async def test_a_file_that_does_not_let_itself_be_written(both_ways: RunAlert, tmp_path: Path) -> None:
    """A pipe that nobody reads: it is given up after the time limit, and tried again."""
    os.mkfifo(tmp_path / "pipe")
    arguments = (*MON, "--timeout", "0.3", "-d", str(tmp_path), "pipe")
    assert await both_ways("file.alert", *arguments, stdin="x\n") == (75, "file.alert: timeout after 0.3 seconds\n")
    os.close(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK))  # lets go of the thread that waits


async def test_folder_that_is_not_there(run_alert: RunAlert, tmp_path: Path) -> None:
    code, output = await run_alert("file.alert", "-d", str(tmp_path / "none"), stdin="x\n")
    assert (code, output) == (73, f"could not append to {tmp_path}/none/file: No such file or directory\n")


CASES: dict[str, tuple[tuple[str, ...], bytes, dict[str, str]]] = {
    "failure": ((*MON, "out"), b"sum\ndetail\nmore\n", {"MON_ALERTTYPE": "failure", "MON_OPSTATUS": "0"}),
    "up": ((*MON, "-u", "out"), b"sum\n", {"MON_ALERTTYPE": "up", "MON_OPSTATUS": "1", "MON_DESCRIPTION": "a  b"}),
    "other bytes": ((*MON, "out"), b"sum \xff \xed\x95\x9c\n.\n \xfe\r\n\n", {"MON_ALERTTYPE": "trap"}),
    "no input": ((*MON, "out"), b"", {"MON_ALERTTYPE": "startup"}),
    "no newline": ((*MON, "out"), b"sum\ndetail", {"MON_ALERTTYPE": "failure"}),
    "empty summary": ((*MON, "out"), b"\ndetail\n", {"MON_ALERTTYPE": "failure"}),
    "by hand": ((*MON, "out"), b"sum\n", {}),
    "summary given": ((*MON, "-S", "over  ride", "out"), b"sum\ndetail\n", {}),
    "empty summary given": ((*MON, "-S", "", "out"), b"sum\ndetail\n", {}),
    "one digit day": (("-s", "s", "-g", "g", "-h", "", "-t", "1793700000", "out"), b"sum\n", {}),
    "two digit day": (("-s", "s", "-g", "g", "-h", "", "-t", "1795466384", "out"), b"sum\n", {}),
    "trap": ((*MON, "-T", "out"), b"sum\n", {"MON_ALERTTYPE": "trap"}),
    "absolute": ((*MON, "{folder}/out"), b"sum\n", {}),
    "folder": ((*MON, "-d", "{folder}", "out"), b"sum\n", {}),
    "folder and absolute": ((*MON, "-d", "{folder}", "/out"), b"sum\n", {}),
    "no name": ((*MON, "-d", "{folder}"), b"sum\n", {}),
    "more names": ((*MON, "out", "second"), b"sum\n", {}),
}


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize("name", CASES)
def test_same_bytes_as_debians(name: str, tmp_path: Path) -> None:
    theirs = require_peer("file.alert")
    arguments, stdin, environ = CASES[name]
    written: list[dict[str, bytes]] = []
    for label, command in (("theirs", [str(theirs)]), ("ours", [sys.executable, str(ALERTS / "file.alert")])):
        folder = tmp_path / label
        folder.mkdir()
        subprocess.run(
            [*command, *(argument.replace("{folder}", str(folder)) for argument in arguments)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "TZ": "Asia/Seoul", "LC_ALL": "C", **environ},
            input=stdin,
            check=True,
            timeout=20,
        )
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0]
    assert written[1] == written[0]
