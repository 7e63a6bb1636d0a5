"""Debian's mon takes up what we wrote, and writes what we take up."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.engine import mon_state_format
from pymon.model.depend import ServiceKey
from pymon.model.request import SavedKind
from pymon.model.service import DeclaredHost, Hostgroup
from pymon.model.site import Site
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from tests.differential.daemon import Rig, RiggedDaemon
from tests.peers import require_peer
from tests.ports import free_port

pytestmark = pytest.mark.peer

CONFIG = """
hostgroup g1 h1 h2
hostgroup g2 h3

watch g1
    service s1
        interval 1d
        monitor script.monitor
        traptimeout 100s
        period wd {Sun-Sat}
            alert rec.alert
        period p1: hr {0-23}
            alert rec.alert
    service s2
        interval 1d
        monitor script.monitor
        period wd {Sun-Sat}
            alert rec.alert
watch g2
    service s3
        interval 1d
        monitor script.monitor
        period wd {Sun-Sat}
            alert rec.alert
"""
S1, S2, S3 = ServiceKey("g1", "s1"), ServiceKey("g1", "s2"), ServiceKey("g2", "s3")
TRICKY = 'a=b é %x \\20 "q" it\'s\tc:\\ff \udcff'
STATES = {
    S1: ServiceState(
        op_status=OpStatus.FAIL,
        last_op_status=OpStatus.OK,
        exitval="abc",
        failure_count=7,
        alert_count=2,
        consec_failures=3,
        first_failure=1795477997.0,
        last_failure=1795478005.0,
        last_success=1795470000.0,
        last_check=1795478007.0,
        last_trap=1795478006.0,
        has_result=True,
        has_output=True,
        last_summary=TRICKY,
        last_detail="line 1\n line 2\n",
        last_output=f"{TRICKY}\nline 1\n line 2\n",
        failure_output=f"{TRICKY}\nline 1\n line 2\n",
        ack=1795478003.0,
        ack_comment="bob: on it",
        periods={"wd {Sun-Sat}": PeriodState(1795478001.0, 2, 2, 1795477997.0, 2), "p1": PeriodState()},
    ),
    S2: ServiceState(
        op_status=OpStatus.OK,
        last_op_status=OpStatus.FAIL,
        exitval=0,
        last_success=1795478005.0,
        last_check=1795478007.0,
        has_result=True,
        has_output=True,
        last_summary="fine",
        last_output="fine\n",
        periods={"wd {Sun-Sat}": PeriodState()},
    ),
    S3: ServiceState(periods={"wd {Sun-Sat}": PeriodState()}),
}

Say = Callable[[str], str]


@contextmanager
def mon_running(program: Path, rig: Rig, *options: str) -> Iterator[Say]:
    """Debian's mon on the rig; what is yielded sends it a command and gives the answer."""

    def say(command: str) -> str:
        with socket.create_connection(("127.0.0.1", rig.port), timeout=10) as client:
            client.sendall(f"{command}\n".encode())
            answer = b""
            while not re.search(rb"^\d{3} .*\n", answer, re.MULTILINE):
                received = client.recv(65536)
                assert received, answer
                answer += received
        return answer.decode("utf-8", "surrogateescape")

    def silence() -> str:
        try:
            socket.create_connection(("127.0.0.1", rig.port), timeout=10).close()
        except ConnectionRefusedError:
            return "its port"
        return ""

    with RiggedDaemon(program, rig, os.environ, options=options, ends_monitors=False) as daemon:
        daemon.wait_until(silence, 20)
        yield say


@pytest.fixture
def mon() -> Path:
    return require_peer("mon")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path / "rig", free_port())
    made.create()
    words = "list disable enable savestate loadstate get"
    (made.folder / "auth.cf").write_text("command section\n" + "".join(f"{word}: all\n" for word in words.split()))
    (made.folder / "mon.cf").write_text(made.settings() + CONFIG)
    return made


def with_disabled_host(site: Site) -> Site:
    """The same site with h1 disabled."""
    group = Hostgroup("g1", (DeclaredHost("h1", disabled=True), DeclaredHost("h2")))
    return Site(site.settings, {**site.hostgroups, "g1": group}, site.watches, site.services)


@pytest.mark.slow
def test_mon_takes_over_and_hands_back(mon: Path, rig: Rig) -> None:
    """R-escapes: mon -l all reads every value as it was meant, and what it saves then gives the same states."""
    site = load(rig.folder / "mon.cf").site
    state = rig.folder / "state"
    mon_state_format.write(state, SavedKind.OPSTATUS, mon_state_format.format_opstatus(site, STATES, {S1: 55}))
    mon_state_format.write(
        state, SavedKind.DISABLED, mon_state_format.format_disabled(with_disabled_host(site), {"g2"}, {S2})
    )
    with mon_running(mon, rig, "-l", "all") as say:
        summary = say("get g1 s1 _last_summary")
        disabled = set(say("list disabled").splitlines()[:-1])
        (state / "opstatus").unlink()
        (state / "disabled").unlink()
        assert say("savestate all").startswith("220")
    escaped = "".join(
        "\\\\" if byte == 0x5C else chr(byte) if 0x20 < byte < 0x7F and byte not in b"\"'" else f"\\{byte:02x}"
        for byte in TRICKY.encode("utf-8", "surrogateescape")
    )
    assert summary.splitlines()[0] == f"g1 s1 _last_summary='{escaped}'"
    assert disabled == {"group g1: h1", "watch g2", "watch g1 service s2"}
    back = mon_state_format.parse_opstatus(mon_state_format.read(state, SavedKind.OPSTATUS), site)
    assert back.notes == ()
    assert 30 < back.trap_timers[S1] <= 55
    # mon writes a backslash as it is, so that what looks like an escape is read as one
    mangled = TRICKY.replace("\\20", " ").replace("\\ff", "\udcff")
    output = f"{mangled}\nline 1\n line 2\n"
    expected = STATES | {S1: replace(STATES[S1], last_summary=mangled, last_output=output, failure_output=output)}
    assert dict(back.states) == expected
    read = mon_state_format.parse_disabled(mon_state_format.read(state, SavedKind.DISABLED), site)
    assert read == mon_state_format.SavedDisabled(frozenset({"g2"}), frozenset({S2}), frozenset({"h1"}))
