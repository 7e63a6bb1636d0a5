"""Which table is used, and who pays for opening the kernel's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pymon.errors import (
    IpvsError,
    IpvsUnavailable,
)
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.table import kernel_table, memory_table, open_table, prepare, table_name, why_no_kernel_table


def _loads(code: str, **environ: str) -> bool:
    """Whether a fresh interpreter has pyroute2 loaded after this code."""
    code = f"{code}; import sys; print('pyroute2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    return done.stdout == "True\n"


@pytest.mark.slow
def test_only_who_opens_the_kernels_table_pays_for_pyroute2() -> None:
    room = "import pymon.ipvs.apply, pymon.ipvs.listing, pymon.ipvs.memory, pymon.ipvs.plan, pymon.ipvs.table"
    assert not _loads(room)
    assert not _loads(f"{room}; pymon.ipvs.table.prepare({{'PYMON_IPVS': 'memory'}})")
    assert not _loads(f"{room}; pymon.ipvs.table.open_table({{'PYMON_IPVS': 'memory'}})")
    assert _loads(f"{room}; pymon.ipvs.table.prepare({{}})")
    assert _loads(f"{room}; pymon.ipvs.table.why_no_kernel_table()")


@pytest.mark.slow
def test_the_daemon_pays_for_it_when_it_loads_lvs_alert_and_not_when_a_server_dies() -> None:
    alert = Path(__file__).resolve().parents[2] / "alerts" / "lvs.alert"
    load = f"from pymon.runner.registry import load; assert load('lvs.alert', {str(alert)!r}).plugin"
    assert _loads(load)
    assert not _loads(load, PYMON_IPVS="memory")


def test_the_environment_names_the_table() -> None:
    assert table_name({}) == table_name({"PYMON_IPVS": ""}) == "kernel"
    assert open_table({"PYMON_IPVS": "memory"}) is open_table({"PYMON_IPVS": "memory"}) is memory_table()
    with pytest.raises(IpvsError, match="kernel and memory"):
        open_table({"PYMON_IPVS": "Kernel"})


def test_the_kernels_table_is_opened_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported before, so that a death does not wait for that; each failure to open it is tried again."""
    opened: list[MemoryTable] = []

    def open_kernel() -> MemoryTable:
        if not opened:
            opened.append(MemoryTable())
            raise IpvsUnavailable("no IPVS here")
        return opened[0]

    monkeypatch.setattr("pymon.ipvs.kernel.KernelTable", open_kernel)
    kernel_table.cache_clear()
    try:
        prepare({})
        assert why_no_kernel_table() == "no IPVS here"
        assert why_no_kernel_table() is None
        assert open_table({}) is opened[0]
    finally:
        kernel_table.cache_clear()
