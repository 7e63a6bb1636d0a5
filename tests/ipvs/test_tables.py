"""The table in memory, which one is used, and wishes carried out on it."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymon.cli import lvs
from pymon.errors import (
    IpvsBusy,
    IpvsError,
    IpvsLookupError,
    IpvsNoServer,
    IpvsNoService,
    IpvsPermission,
    IpvsUnavailable,
)
from pymon.ipvs.apply import NODEST, QUIESCENT, carry_out
from pymon.ipvs.exitcode import EXIT_CODES, RETRY_CAN_HELP, exit_code
from pymon.ipvs.memory import MemoryTable
from pymon.ipvs.model import Forwarding, Listening, Protocol, RealServer, Virtual, VirtualService
from pymon.ipvs.plan import Absent, Present, Quiesced
from pymon.ipvs.table import kernel_table, memory_table, open_table, prepare, table_name, why_no_kernel_table
from tests.ipvs import table_cases

WEB = VirtualService(Listening(Protocol.TCP, ip_address("10.0.0.100"), 80))
ONE = RealServer(ip_address("10.0.0.1"), 80, Forwarding.DR, 100)


@pytest.fixture
def table() -> MemoryTable:
    table = MemoryTable()
    table.add_service(WEB)
    return table


@pytest.mark.parametrize("case", table_cases.cases())
def test_in_memory(case: str) -> None:
    check_case = table_cases.cases()[case]
    check_case(MemoryTable())


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


class Meddled(MemoryTable):
    """A table in which somebody else removes the real server right before each of the first ``times`` removals."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.add_service(WEB)
        self.add_server(WEB.identity, ONE)

    def remove_server(self, virtual: Virtual, server: RealServer) -> None:
        if self.times:
            self.times -= 1
            raise IpvsNoServer("somebody else was faster")
        super().remove_server(virtual, server)


def test_a_change_that_somebody_else_crosses_is_planned_anew() -> None:
    table = Meddled(2)
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80)]).changed
    assert table.find_service(WEB.identity).servers == ()


def test_a_change_that_is_crossed_for_ever_gives_up() -> None:
    with pytest.raises(IpvsBusy, match="changed by somebody else"):
        carry_out(Meddled(1000), WEB.identity, [Absent(ONE.address, 80)])


class Set(MemoryTable):
    """A table of a kernel whose settings are all the same."""

    def __init__(self, value: int | None) -> None:
        super().__init__()
        self.value = value

    def setting(self, name: str) -> int | None:
        del name
        return self.value


@pytest.mark.parametrize(
    ("forwarding", "value", "expected"),
    [
        (Forwarding.DR, 0, (NODEST,)),
        (Forwarding.TUN, 0, (NODEST,)),
        (Forwarding.NAT, 0, ()),
        (Forwarding.DR, 1, ()),
        (Forwarding.DR, None, ()),
    ],
)
def test_it_is_said_when_connections_of_a_removed_server_stay(
    forwarding: Forwarding, value: int | None, expected: tuple[str, ...]
) -> None:
    table = Set(value)
    table.add_service(WEB)
    assert carry_out(table, WEB.identity, [Present(ONE.address, 80, forwarding)]).cautions == ()
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80, forwarding)]).cautions == expected
    assert carry_out(table, WEB.identity, [Absent(ONE.address, 80, forwarding)]).cautions == ()


@pytest.mark.parametrize(("persistence", "value", "expected"), [(300, 0, (QUIESCENT,)), (300, 1, ()), (None, 0, ())])
def test_it_is_said_when_persistence_still_leads_to_a_quiesced_server(
    persistence: int | None, value: int, expected: tuple[str, ...]
) -> None:
    table = Set(value)
    table.add_service(VirtualService(WEB.identity, persistence=persistence))
    assert carry_out(table, WEB.identity, [Present(ONE.address, 80)]).cautions == ()
    assert carry_out(table, WEB.identity, [Quiesced(ONE.address, 80)]).cautions == expected


def test_each_error_has_an_exit_code_of_its_own() -> None:
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert exit_code(IpvsNoServer("gone")) == 70
    retried = {kind for kind, code in EXIT_CODES.items() if code in RETRY_CAN_HELP}
    assert retried == {IpvsNoService, IpvsLookupError, IpvsUnavailable, IpvsBusy}
    assert exit_code(IpvsPermission("no")) == 77


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
