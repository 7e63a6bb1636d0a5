"""mon's state files: what Debian's mon wrote is read, what is written reads back, and rubbish does no harm."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.periods import parse_period
from pymon.engine import mon_state_format
from pymon.model.depend import ServiceKey
from pymon.model.request import SavedKind
from pymon.model.service import DeclaredHost, Hostgroup, Period, Service, Watch
from pymon.model.site import Site
from pymon.model.state import Outage, PeriodState, ServiceState
from pymon.model.status import OpStatus
from tests.store.samples import states, texts

DAYS = Period("wd {Sun-Sat}", parse_period("wd {Sun-Sat}"))
LABELLED = Period("p1", parse_period("hr {0-23}"), label="p1")
S1 = Service("g1", "s1", periods=(DAYS, LABELLED), traptimeout=100.0)
S2 = Service("g1", "s2", periods=(replace(LABELLED, key="p2", label="p2"),))
S3 = Service("g2", "s3", periods=(DAYS,))
SITE = Site(
    hostgroups={
        "g1": Hostgroup("g1", (DeclaredHost("h1", disabled=True), DeclaredHost("h2"))),
        "g2": Hostgroup("g2", (DeclaredHost("h1", disabled=True),)),
    },
    watches={"g1": Watch("g1", (S1, S2)), "g2": Watch("g2", (S3,))},
    services={service.key: service for service in (S1, S2, S3)},
)
BY_MON = (
    "group=g1\tservice=s1\top_status=0\tfailure_count=3\talert_count=1\tlast_success=0\tfirst_success=\t"
    "consec_failures=3\tlast_failure=1795478005\tfirst_failure=1795477997\tlast_summary=sum\\20\\c3\\a9\\20%x\t"
    "last_failure_time=\tlast_failure_summary=\tlast_failure_detail=\tlast_detail=\\20\\20d1\\09tab\\0ad2\\ff\\0a\t"
    "ack=1795478003\tack_comment=:\\20on\tlast_trap=0\tlast_traphost=\texitval=3\tlast_check=1795478007\t"
    "last_op_status=0\tfailure_output=sum\\20\\c3\\a9\\20%x\\0a\\20\\20d1\\09tab\\0ad2\\ff\\0a\ttrap_timer=86\t"
    "wd {Sun-Sat}:last_alert=1795478001\twd {Sun-Sat}:alert_sent=1\twd {Sun-Sat}:1stfailtime=1795477997\t"
    "wd {Sun-Sat}:failcount=2\tp1:last_alert=\tp1:alert_sent=0\tp1:1stfailtime=1795477997\tp1:failcount=\n"
    "group=g1\tservice=s2\top_status=1\tfailure_count=0\talert_count=0\tlast_success=1795478005\tfirst_success=\t"
    "consec_failures=0\tlast_failure=0\tfirst_failure=0\tlast_summary=fine\tlast_failure_time=\t"
    "last_failure_summary=\tlast_failure_detail=\tlast_detail=\tack=0\tack_comment=\tlast_trap=0\tlast_traphost=\t"
    "exitval=0\tlast_check=1795478007\tlast_op_status=1\tfailure_output=\ttrap_timer=\tp2:last_alert=0\t"
    "p2:alert_sent=0\tp2:1stfailtime=0\tp2:failcount=0\n"
    "group=g2\tservice=s3\top_status=7\tfailure_count=0\talert_count=0\tlast_success=0\tfirst_success=\t"
    "consec_failures=0\tlast_failure=0\tfirst_failure=\tlast_summary=\tlast_failure_time=\tlast_failure_summary=\t"
    "last_failure_detail=\tlast_detail=\tack=0\tack_comment=\tlast_trap=0\tlast_traphost=\texitval=undef\t"
    "last_check=\tlast_op_status=7\tfailure_output=\ttrap_timer=\twd {Sun-Sat}:last_alert=\t"
    "wd {Sun-Sat}:alert_sent=0\twd {Sun-Sat}:1stfailtime=\twd {Sun-Sat}:failcount=\n"
)
"""what Debian's mon wrote of such services"""
READ = {
    S1.key: ServiceState(
        op_status=OpStatus.FAIL,
        last_op_status=OpStatus.FAIL,
        exitval=3,
        failure_count=3,
        alert_count=1,
        consec_failures=3,
        first_failure=1795477997.0,
        last_failure=1795478005.0,
        last_check=1795478007.0,
        has_result=True,
        has_output=True,
        last_summary="sum é %x",
        last_detail="  d1\ttab\nd2\udcff\n",
        last_output="sum é %x\n  d1\ttab\nd2\udcff\n",
        failure_output="sum é %x\n  d1\ttab\nd2\udcff\n",
        ack=1795478003.0,
        ack_comment=": on",
        periods={
            "wd {Sun-Sat}": PeriodState(1795478001.0, 1, 1, 1795477997.0, 2),
            "p1": PeriodState(0.0, 0, 0, 1795477997.0, 0),
        },
    ),
    S2.key: ServiceState(
        op_status=OpStatus.OK,
        last_op_status=OpStatus.OK,
        exitval=0,
        last_success=1795478005.0,
        last_check=1795478007.0,
        has_result=True,
        has_output=True,
        last_summary="fine",
        last_output="fine\n",
        periods={"p2": PeriodState()},
    ),
    S3.key: ServiceState(periods={"wd {Sun-Sat}": PeriodState()}),
}


def test_what_mon_wrote_is_read() -> None:
    saved = mon_state_format.parse_opstatus(BY_MON, SITE)
    assert dict(saved.states) == READ
    assert saved.trap_timers == {S1.key: 86.0}
    assert saved.notes == ()


def test_what_is_written_is_what_mon_writes() -> None:
    assert mon_state_format.format_opstatus(SITE, READ, {S1.key: 86.9}) == BY_MON


ALERTED = {"p1": PeriodState(alert_sent=1, counted_sent=1)}


def read_back(state: ServiceState) -> ServiceState:
    return mon_state_format.parse_opstatus(mon_state_format.format_opstatus(SITE, {S1.key: state}), SITE).states[S1.key]


def test_a_broken_check_is_known_by_exit_value_and_summary() -> None:
    """R-broken"""
    state = ServiceState(
        op_status=OpStatus.FAIL,
        exitval=126,
        first_failure=5.0,
        last_summary="broken: no module",
        last_detail="more\n",
        failure_output="broken: no module\nmore\n",
        periods=ALERTED,
        broken=True,
    )
    assert read_back(state).is_broken
    assert read_back(state).period("p1").alert_sent == 1
    for other in (replace(state, exitval=1), replace(state, last_summary="h1")):
        assert read_back(other).is_failing


def test_of_two_outages_the_services_own_is_written() -> None:
    """R-broken: what it has alerted, such as a real server that was taken out, is owed its end."""
    failed = Outage(first_failure=5.0, last_failure=6.0, consec_failures=2, failure_output="h1\nwhy\n", periods=ALERTED)
    state = ServiceState(
        op_status=OpStatus.FAIL,
        exitval=126,
        first_failure=7.0,
        last_summary="broken: no module",
        failure_output="broken: no module\n",
        broken=True,
        other_outage=failed,
    )
    read = read_back(state)
    assert (read.is_failing, read.first_failure, read.last_summary) == (True, 5.0, "h1")
    assert read.period("p1").alert_sent == 1


KEPT_BY_MON = (
    *("op_status", "last_op_status", "failure_count", "alert_count", "consec_failures", "last_summary", "last_detail"),
    *("failure_output", "ack_comment"),
)


@pytest.mark.slow
@given(states)
def test_what_is_written_reads_back(state: ServiceState) -> None:
    """R-escapes: any text survives; times lose their fractions, as in mon."""
    state = replace(state, periods={"p1": PeriodState(5.5, 2, 9, 7.25, 3)})
    text = mon_state_format.format_opstatus(SITE, {S1.key: state})
    assert text.isascii()
    assert text.count("\n") == 3
    saved = mon_state_format.parse_opstatus(text, SITE)
    assert saved.notes == ()
    read = saved.states[S1.key]
    for name in KEPT_BY_MON:
        assert getattr(read, name) == getattr(state, name), name
    for name in ("first_failure", "last_failure", "last_success", "last_check", "last_trap", "ack"):
        assert getattr(read, name) == int(getattr(state, name)), name
    assert read.period("p1") == PeriodState(5.0, 2, 2, 7.0, 3)


@given(texts)
def test_values_survive_as_mon_reads_them(text: str) -> None:
    """R-escapes."""
    escaped = mon_state_format.escape(text)
    assert not set(escaped) & set(" \t\n\"'=")
    assert mon_state_format.unescape(escaped) == text


def test_equals_signs_and_backslashes_of_mon_are_read_too() -> None:
    """R-escapes: mon leaves them as they are."""
    line = "group=g1\tservice=s1\tlast_summary=a=b=c\tlast_detail=c:\\dir\\zz"
    state = mon_state_format.parse_opstatus(line, SITE).states[S1.key]
    assert (state.last_summary, state.last_detail) == ("a=b=c", "c:\\dir\\zz")


def test_what_a_line_does_not_say_stays() -> None:
    before = {S1.key: ServiceState(ack=5.0, failure_count=3, periods={"p1": PeriodState(alert_sent=2)})}
    saved = mon_state_format.parse_opstatus("group=g1\tservice=s1\tfailure_count=4\tp1:failcount=1\n", SITE, before)
    state = saved.states[S1.key]
    assert (state.ack, state.failure_count) == (5.0, 4)
    assert state.period("p1") == PeriodState(alert_sent=2, counted_sent=2, fail_count=1)


def test_statuses_by_name_as_mons_own_command_leaves_them() -> None:
    line = "group=g1\tservice=s1\top_status=timeout\tlast_op_status=OK"
    state = mon_state_format.parse_opstatus(line, SITE).states[S1.key]
    assert (state.op_status, state.last_op_status) == (OpStatus.TIMEOUT, OpStatus.OK)


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("group=gone\tservice=s1", "there is no service gone s1"),
        ("op_status=0", "there is no service  "),
        ("rubbish", "no field of a service: 'rubbish'"),
        ("group=g1\tservice=s1\top_status=77", "op_status cannot be '77'"),
        ("group=g1\tservice=s1\top_status=bad", "op_status cannot be 'bad'"),
        ("group=g1\tservice=s1\tfailure_count=many", "failure_count cannot be 'many'"),
        ("group=g1\tservice=s1\tack=nan", "ack cannot be 'nan'"),
        ("group=g1\tservice=s1\tack=-1", "ack cannot be '-1'"),
        ("group=g1\tservice=s1\tack=1e300", "ack cannot be '1e300'"),
        ("group=g1\tservice=s1\tgone:alert_sent=1", "there is no period 'gone'"),
        ("group=g1\tservice=s1\tp1:alert_sent=x", "a counter of period 'p1' is no number"),
        ("group=g1\tservice=s1\tp1:else=x", "no field of a service: 'p1:else=x'"),
    ],
)
def test_what_makes_no_sense_is_noted_and_passed_over(line: str, note: str) -> None:
    saved = mon_state_format.parse_opstatus(f"{line}\ngroup=g1\tservice=s2\tack=5\n", SITE)
    assert any(note in each for each in saved.notes), saved.notes
    assert saved.states[S2.key].ack == 5.0


def test_period_keys_may_hold_anything() -> None:
    odd = Period("a=b: c {d}:e", parse_period(""))
    site = replace(SITE, services={S1.key: replace(S1, periods=(odd,))})
    state = ServiceState(periods={odd.key: PeriodState(1.0, 2, 2, 3.0, 4)})
    saved = mon_state_format.parse_opstatus(mon_state_format.format_opstatus(site, {S1.key: state}), site)
    assert saved.states[S1.key].periods == state.periods


@given(st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_no_text_does_harm(text: str) -> None:
    assert mon_state_format.parse_opstatus(text, SITE) is not None
    assert mon_state_format.parse_opstatus(f"group=g1\tservice=s1\t{text}", SITE) is not None
    assert mon_state_format.parse_disabled(text, SITE) is not None


def test_disabled_is_written_as_mon_does() -> None:
    """Hosts group by group, so that one in two groups stands twice."""
    text = mon_state_format.format_disabled(SITE, {"g2"}, {S2.key, S3.key, ServiceKey("gone", "x")})
    assert text == "disable host h1\ndisable host h1\ndisable service g1 s2\ndisable watch g2\ndisable service g2 s3\n"
    read = mon_state_format.parse_disabled(text, SITE)
    assert read == mon_state_format.SavedDisabled(frozenset({"g2"}), frozenset({S2.key, S3.key}), frozenset({"h1"}))


def test_what_cannot_be_disabled_is_noted() -> None:
    text = "disable host gone\ndisable watch gone\ndisable service g1 gone\nenable host h1\n\n disable\twatch  g1 \n"
    read = mon_state_format.parse_disabled(text, SITE)
    assert read.watches == {"g1"}
    assert read.notes == (
        "line 1: there is no host gone",
        "line 2: there is no watch gone",
        "line 3: there is no service g1 gone",
        "line 4 says nothing that can be disabled: 'enable host h1'",
    )


def test_files_are_replaced_as_a_whole(tmp_path: Path) -> None:
    """R-atomic: the old file or the new one, never half of it; and readable by the web server's pages."""
    mon_state_format.write(tmp_path, SavedKind.DISABLED, "old\n")
    reader = (tmp_path / "disabled").open(encoding="utf-8")
    mon_state_format.write(tmp_path, SavedKind.DISABLED, "n\udcffew\n")
    assert reader.read() == "old\n"
    reader.close()
    assert (tmp_path / "disabled").read_bytes() == b"n\xffew\n"
    assert mon_state_format.read(tmp_path, SavedKind.DISABLED) == "n\udcffew\n"
    assert (tmp_path / "disabled").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["disabled"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "opstatus").mkdir()
    with pytest.raises(OSError, match="opstatus"):
        mon_state_format.write(tmp_path, SavedKind.OPSTATUS, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["opstatus"]
    with pytest.raises(FileNotFoundError):
        mon_state_format.write(tmp_path / "gone", SavedKind.OPSTATUS, "x")


def test_text_that_no_bytes_stand_for_is_written_all_the_same(tmp_path: Path) -> None:
    """A monitor inside the daemon may say a lone surrogate; that cannot keep the whole file from being written."""
    assert mon_state_format.escape("a\ud800\udcff") == "a?\\ff"
    mon_state_format.write(tmp_path, SavedKind.DISABLED, "disable watch \ud800\n")
    assert mon_state_format.read(tmp_path, SavedKind.DISABLED) == "disable watch ?\n"


def test_what_a_killed_daemon_left_half_written_is_removed(tmp_path: Path) -> None:
    old, names = (
        time.time() - 3600,
        (".opstatus.abc_12z9", ".opstatus.other", ".disabled.abcdefgh", "opstatus.abcdefgh"),
    )
    for name in (*names, ".opstatus.deadbeef"):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / ".opstatus.deadbeef")
    (tmp_path / ".opstatus.linklink").symlink_to(tmp_path / ".opstatus.other")
    os.utime(tmp_path / ".opstatus.linklink", (old, old), follow_symlinks=False)
    mon_state_format.write(tmp_path, SavedKind.OPSTATUS, "x")
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {"opstatus", ".opstatus.deadbeef", ".opstatus.linklink", *names[1:]}, (
        "what somebody may still write stays"
    )
