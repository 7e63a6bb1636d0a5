"""``pymon lvs show`` where there is nothing to show."""

from __future__ import annotations

import pytest

from pymon.cli import lvs
from pymon.ipvs.table import kernel_table


@pytest.fixture
def _no_ipvs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without IPVS, whatever this machine's is: the netlink family has another name."""
    monkeypatch.setattr("pymon.ipvs.kernel.table.FAMILY", "NO-SUCH-FAMILY")
    monkeypatch.delenv("PYMON_IPVS", raising=False)
    kernel_table.cache_clear()


@pytest.mark.usefixtures("_no_ipvs")
@pytest.mark.parametrize("as_json", [False, True])
def test_pymon_lvs_show_says_when_the_kernel_has_no_ipvs(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    assert lvs.show(as_json=as_json) == 69
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "modprobe ip_vs" in captured.err


def test_pymon_lvs_show_cannot_look_into_another_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYMON_IPVS", "memory")
    assert lvs.show(as_json=False) == 78
    assert "cannot be shown from outside" in capsys.readouterr().err
