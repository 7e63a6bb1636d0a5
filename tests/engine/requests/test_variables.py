"""``set GROUP SERVICE VARIABLE VALUE``: what is taken, and why the rest is not."""

from __future__ import annotations

import pytest

from pymon.engine.requests.variables import set_variable
from pymon.errors import SettingError
from pymon.model.depend import DependBehavior
from pymon.model.service import MonitorCommand, Service
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.timer import Timer

SERVICE = Service("web", "x", interval=60.0, description="old", monitor=MonitorCommand("x.monitor"))
STATE = ServiceState(failure_count=3)
NOW = 1_795_458_000.0


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("interval", "20", "interval", 20.0),
        ("interval", "2m", "interval", 120.0),
        ("interval", "", "interval", None),
        ("failure_interval", "7", "failure_interval", 7.0),
        ("description", "new one", "description", "new one"),
        ("description", "", "description", None),
        ("exclude_hosts", "h1 h2", "exclude_hosts", frozenset({"h1", "h2"})),
        ("unack_summary", "1", "unack_summary", True),
        ("allow_empty_group", "1", "allow_empty_group", True),
        ("randskew", "3", "randskew", 3.0),
        ("dep_memory", "90s", "dep_memory", 90.0),
        ("dep_behavior", "m", "dep_behavior", DependBehavior.MONITOR),
        ("traptimeout", "1h", "traptimeout", 3600.0),
        ("monitor", "y.monitor -a 'b c' ;;", "monitor", MonitorCommand("y.monitor", "-a 'b c'", ("-a", "b c"), False)),
    ],
)
def test_a_keyword_is_read_as_in_mon_cf(name: str, value: str, field: str, wanted: object) -> None:
    change = set_variable(SERVICE, STATE, name, value, NOW)
    assert getattr(change.service, field) == wanted
    assert change.state is STATE


def test_a_dependency_may_name_the_services_own_group() -> None:
    depend = set_variable(SERVICE, STATE, "depend", "SELF:ping", NOW).service.depend
    assert depend is not None
    assert depend.text == "web:ping"


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("_failure_count", "77", "failure_count", 77),
        ("_op_status", "0", "op_status", OpStatus.FAIL),
        ("_op_status", "fail", "op_status", OpStatus.FAIL),
        ("_last_success", "1234567890", "last_success", 1234567890.0),
        ("_last_summary", "it's", "last_summary", "it's"),
        ("_exitval", "3", "exitval", 3),
        ("_exitval", "undef", "exitval", None),
        ("_depend_status", "1", "depend_status", True),
        ("_ack_comment", "x", "ack_comment", "x"),
    ],
)
def test_variables_of_the_state(name: str, value: str, field: str, wanted: object) -> None:
    change = set_variable(SERVICE, STATE, name, value, NOW)
    assert getattr(change.state, field) == wanted
    assert change.service is SERVICE
    assert change.retimed is None


@pytest.mark.parametrize(
    ("name", "value", "timer", "due_in"),
    [
        ("interval", "20", Timer.CHECK, None),
        ("traptimeout", "20", Timer.TRAP_TIMEOUT, None),
        ("_timer", "5", Timer.CHECK, 5.0),
        ("_trap_timer", "0", Timer.TRAP_TIMEOUT, 0.0),
        ("_trap_duration_timer", "1.5", Timer.TRAP_EXPIRY, 1.5),
    ],
)
def test_variables_that_set_a_timer(name: str, value: str, timer: Timer, due_in: float | None) -> None:
    change = set_variable(SERVICE, STATE, name, value, NOW)
    assert (change.retimed, change.due_in) == (timer, due_in)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("interval", "abc", "invalid time interval 'abc'"),
        ("interval", "-3", "invalid time interval '-3'"),
        ("interval", "0", "invalid time interval"),
        ("foo", "1", "foo is no keyword"),
        ("INTERVAL", "1", "INTERVAL is no keyword"),
        ("", "1", "no keyword"),
        ("periods", "x", "periods is no keyword"),
        ("alertevery", "1h", "alertevery is no keyword"),
        ("_foo", "1", "_foo is no variable"),
        ("_op_status", "13", "_op_status is one of fail, ok"),
        ("_failure_count", "many", "a whole number"),
        ("_last_success", "yesterday", "seconds since 1970"),
        ("_ack", "100000000000000", "_ack cannot be 100000000000000: that is in the future"),
        ("_timer", "-1", "_timer is in seconds"),
        ("_depend_status", "2", "1, 0 or empty"),
        ("depend", "web:x &&", "depend: "),
        ("monitor", "x.monitor 'a", "never closed"),
        ("dep_behavior", "z", "'z'"),
        ("exclude_period", "wd {Nosuch}", "wd {Nosuch}"),
        ("allow_empty_group", "maybe", "1 or 0"),
        ("disable", "1", "use: disable service web x"),
    ],
)
def test_p_set_unknown_is_refused_and_what_makes_no_sense(name: str, value: str, reason: str) -> None:
    """P-set-unknown: mon takes anything, and then shows it, or never runs the monitor again."""
    with pytest.raises(SettingError) as error:
        set_variable(SERVICE, STATE, name, value, NOW)
    assert reason in str(error.value)
