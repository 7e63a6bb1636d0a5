"""How tests call plugins: what they may give, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.errors import PluginError
from pymon.plugin.testing import EventKind, nobody, run_alert, run_monitor
from tests.programs import write_program

SHARED = Path(__file__).resolve().parents[2]
TCP = SHARED / "monitors/tcp.monitor"
FILE = SHARED / "alerts/file.alert"


def test_numbers_and_paths_are_words() -> None:
    with nobody() as port:
        trial = run_monitor(TCP, "-p", port, "-t", 0.5, "127.0.0.1")
    assert trial.invocation.arguments == ("-p", str(port), "-t", "0.5", "127.0.0.1")
    assert trial.exitval == 1


def test_what_is_no_word() -> None:
    with pytest.raises(PluginError, match="argument None is no text"):
        run_monitor(TCP, None, "127.0.0.1")  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize("kind", ["up", EventKind.UP])
def test_a_kind_by_its_word(tmp_path: Path, kind: str) -> None:
    trial = run_alert(FILE, "-d", tmp_path, "out", kind=kind)
    assert "-u" in trial.invocation.arguments
    assert trial.invocation.environ["MON_ALERTTYPE"] == "up"


def test_a_kind_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="sad is no kind of event: failure, trap"):
        run_alert(FILE, "-d", tmp_path, "out", kind="sad")


def test_a_monitor_is_no_alert(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"^tcp.monitor is no alert: try it by run_monitor or try_monitor"):
        run_alert(TCP)
    with pytest.raises(PluginError, match=r"^file.alert is no monitor: try it by run_alert or try_alert"):
        run_monitor(FILE, "out")
    shell = tmp_path / "own.alert"
    write_program(shell, "#!/bin/sh\n")
    with pytest.raises(PluginError, match=r"^own.alert is no monitor"):
        run_monitor(shell)
