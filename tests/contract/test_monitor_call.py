"""argv and environment of a monitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pymon.contract.environ import ENVIRON_LIMIT
from pymon.contract.invocation import Invocation
from pymon.contract.monitor_call import monitor_invocation, order_check
from pymon.model.service import MonitorCommand, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState

SERVICE = Service("web", "http", monitor=MonitorCommand("http.monitor", "-p 80", ("-p", "80")))
SETTINGS = Settings(statedir="/state", logdir="/log", cfbasedir="/etc/mon")
ALWAYS = {
    "MON_GROUP": "web",
    "MON_SERVICE": "http",
    "MON_LAST_FAILURE": "0",
    "MON_LAST_SUCCESS": "0",
    "MON_STATEDIR": "/state",
    "MON_LOGDIR": "/log",
    "MON_CFBASEDIR": "/etc/mon",
}


def call(
    service: Service, path: str, hosts: tuple[str, ...], state: ServiceState, base: Mapping[str, str]
) -> Invocation:
    """The call that the order of a check leads to."""
    assert service.monitor is not None
    return monitor_invocation(order_check(service, service.monitor, hosts, state, SETTINGS, time_limit=60), path, base)


def environ(service: Service = SERVICE, state: ServiceState | None = None, **base: str) -> dict[str, str]:
    """The environment of a call."""
    return dict(call(service, "/m", ("a",), state or ServiceState(), base).environ)


def test_arguments() -> None:
    called = call(SERVICE, "/mon.d/http.monitor", ("web1", "web2"), ServiceState(), {})
    assert called.path == "/mon.d/http.monitor"
    assert called.arguments == ("-p", "80", "web1", "web2")
    assert called.stdin == ""


def test_hosts_are_left_out_after_two_semicolons() -> None:
    service = replace(SERVICE, monitor=MonitorCommand("x", "/", ("/",), append_hosts=False))
    assert call(service, "/x", ("web1",), ServiceState(), {}).arguments == ("/",)


def test_before_the_first_result() -> None:
    assert environ() == ALWAYS


def test_after_results() -> None:
    state = ServiceState(
        has_result=True,
        first_failure=100.9,
        last_failure=200.9,
        last_success=50.5,
        last_summary="web1",
        last_output="web1\ndetail\n",
        depend_status=False,
    )
    service = replace(SERVICE, description="the shop")
    assert environ(service, state) == ALWAYS | {
        "MON_FIRST_FAILURE": "100",
        "MON_LAST_FAILURE": "200",
        "MON_LAST_SUCCESS": "50",
        "MON_LAST_SUMMARY": "web1",
        "MON_LAST_OUTPUT": "web1\ndetail\n",
        "MON_DEPEND_STATUS": "0",
        "MON_DESCRIPTION": "the shop",
    }


def test_what_overrides_what() -> None:
    service = replace(SERVICE, environment=(("PATH", "/service"), ("MON_GROUP", "other"), ("X", "y")))
    found = environ(service, PATH="/daemon", HOME="/root")
    assert (found["PATH"], found["HOME"], found["X"], found["MON_GROUP"]) == ("/service", "/root", "y", "web")


def test_long_output_is_shortened_q21() -> None:
    """Q21: mon hands over output of any size, and the kernel then refuses to run the monitor."""
    found = environ(state=ServiceState(has_result=True, last_summary="s" * 200_000, last_output="가" * 100_000))
    assert len(found["MON_LAST_SUMMARY"].encode()) == ENVIRON_LIMIT
    assert found["MON_LAST_OUTPUT"] == "가" * (ENVIRON_LIMIT // 3)
