"""What survives a re-read of the configuration."""

from __future__ import annotations

from dataclasses import replace

from pymon.engine.reload import carry_over
from pymon.model.depend import ServiceKey
from pymon.model.period import PeriodSpec
from pymon.model.service import Host, Hostgroup, Period, Service, Watch
from pymon.model.site import Site
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus

ALWAYS = PeriodSpec("", ((),))


def site(*services: Service, hosts: dict[str, tuple[str, ...]] | None = None) -> Site:
    groups = {service.group for service in services}
    return Site(
        hostgroups={
            group: Hostgroup(group, tuple(map(Host, (hosts or {}).get(group, (f"{group}-host",))))) for group in groups
        },
        watches={group: Watch(group, tuple(s for s in services if s.group == group)) for group in groups},
        services={service.key: service for service in services},
    )


PING = Service("web", "ping", line=3, interval=5.0, periods=(Period("always", ALWAYS),))
HTTP = Service("web", "http", line=9, interval=3.0, failure_interval=1.0)
FAILED = ServiceState(
    op_status=OpStatus.FAIL,
    consec_failures=3,
    ack=1.0,
    failure_interval_active=True,
    periods={"always": PeriodState(alert_sent=2), "nights": PeriodState(alert_sent=1)},
)


def test_a_service_that_only_moved_in_the_file_is_unchanged() -> None:
    carried = carry_over(site(PING), site(replace(PING, line=77)), {PING.key: FAILED})
    assert carried.unchanged == {PING.key}
    assert carried.states[PING.key] is FAILED
    assert not carried.changed | carried.added | carried.removed


def test_a_changed_service_keeps_status_and_acknowledgement() -> None:
    carried = carry_over(site(PING), site(replace(PING, interval=60.0)), {PING.key: FAILED})
    assert carried.changed == {PING.key}
    state = carried.states[PING.key]
    assert (state.op_status, state.consec_failures, state.ack) == (OpStatus.FAIL, 3, 1.0)
    assert dict(state.periods) == {"always": PeriodState(alert_sent=2)}, "periods it no longer has are dropped"
    assert not state.failure_interval_active, "it has no failure_interval"


def test_other_hosts_change_every_service_of_the_group() -> None:
    old, new = site(PING, HTTP), site(PING, HTTP, hosts={"web": ("elsewhere",)})
    carried = carry_over(old, new, {PING.key: FAILED, HTTP.key: FAILED})
    assert carried.changed == {PING.key, HTTP.key}
    assert carried.states[HTTP.key].failure_interval_active


def test_new_and_gone() -> None:
    carried = carry_over(site(PING), site(HTTP), {PING.key: FAILED})
    assert carried.added == {HTTP.key}
    assert carried.removed == {PING.key}
    assert carried.states == {HTTP.key: ServiceState()}
    assert ServiceKey("web", "ping") not in carried.states
