"""What survives a re-read of the configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymon.engine.carry_over import carry_over, resume
from pymon.model.debt import Debt, Target
from pymon.model.depend import ServiceKey
from pymon.model.period import PeriodSpec
from pymon.model.service import Alert, AlertKind, Command, DeclaredHost, Hostgroup, Period, Service, Watch
from pymon.model.site import Site
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus

ALWAYS = PeriodSpec("", ((),))


def site(*services: Service, hosts: dict[str, tuple[str, ...]] | None = None) -> Site:
    groups = {service.group for service in services}
    return Site(
        hostgroups={
            group: Hostgroup(group, tuple(map(DeclaredHost, (hosts or {}).get(group, (f"{group}-host",)))))
            for group in groups
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


# Other names

OUT = Command("pool.sh", "", ())
TOLD = Command("told.alert", "", ())


def paging(group: str, name: str = "http", command: Command = OUT, interval: float = 5.0) -> Service:
    """A service whose alert and upalert are the same line."""
    alerts = (Alert(AlertKind.ALERT, command), Alert(AlertKind.UPALERT, command))
    return Service(group, name, interval=interval, periods=(Period("always", ALWAYS, alerts=alerts),))


def owing(command: Command = OUT) -> ServiceState:
    debt = Debt(command, "always", 7.0, (command,))
    return replace(FAILED, periods={"always": PeriodState(alert_sent=1)}, debts=(debt,))


def about_the_service(service: Service, command: Command) -> Target:
    """What acts upon the service itself, by its name, as trap.alert does; and what nobody knows."""
    return Target(f"{command.name} {service.key}", is_meant=True) if command is TOLD else Target(command.name)


OWES = ServiceKey("b", "http")
HOSTS: dict[str, tuple[str, ...]] = {"a": ("h1",), "b": ("h2",), "x": ("h1",), "y": ("h2",)}
RENAMED: dict[str, tuple[tuple[Service, ...], dict[str, tuple[str, ...]], ServiceKey | None]] = {
    "both groups": ((paging("x"), paging("y")), HOSTS, ServiceKey("y", "http")),
    "one of them": ((paging("a"), paging("y")), HOSTS, ServiceKey("y", "http")),
    "the other one": ((paging("x"), paging("z")), HOSTS, None),
    "and its hosts": ((paging("a"), paging("y")), {**HOSTS, "y": ("h3",)}, None),
    "crosswise": ((paging("x"), paging("y")), {**HOSTS, "x": ("h2",), "y": ("h1",)}, ServiceKey("x", "http")),
    "a twin": ((paging("x"), paging("y")), dict.fromkeys("abxy", ("h",)), None),
    "two for one": ((paging("x"), paging("y")), {**HOSTS, "x": ("h2",)}, None),
    "the service": ((paging("a"), paging("b", "www")), HOSTS, ServiceKey("b", "www")),
    "and what it does": ((paging("a"), paging("b", "www", interval=9.0)), HOSTS, None),
}  # fmt: skip


@pytest.mark.parametrize("case", RENAMED)
def test_a_debt_of_words_goes_with_the_hosts(case: str) -> None:
    """R-debts: not to the first service that is declared likewise, which would call an upalert for others' servers."""
    services, hosts, heir = RENAMED[case]
    old = site(paging("a"), paging("b"), hosts=HOSTS)
    states = {ServiceKey("a", "http"): ServiceState(has_result=True), OWES: owing()}
    carried = carry_over(old, site(*services, hosts=hosts), states, target=about_the_service)
    assert {key for key, state in carried.states.items() if state.debts} == ({heir} if heir else set())
    assert bool(carried.departed[OWES].debts) is (heir is None)
    (notice,) = carried.notices
    assert (notice.heir, notice.has_left) == (heir, heir is None)


def test_a_service_is_followed_to_another_group_by_its_name() -> None:
    old = site(paging("b"), paging("b", "www"), hosts=HOSTS)
    new = site(paging("y"), paging("y", "www"), hosts=HOSTS)
    carried = carry_over(old, new, {OWES: owing()}, target=about_the_service)
    assert carried.states[ServiceKey("y", "http")].debts
    assert not carried.states[ServiceKey("y", "www")].debts


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_told_of_a_service_is_not_taken_back_by_another_one(restarted: bool) -> None:
    """R-debts: an alert at Alertmanager, or at another pymon, bears the name of its service."""
    old, new = site(paging("b", command=TOLD), hosts=HOSTS), site(paging("y", command=TOLD), hosts=HOSTS)
    states = {OWES: owing(TOLD)}
    if restarted:
        carried = resume(new, states, 8.0, 9.0, about_the_service)
    else:
        carried = carry_over(old, new, states, target=about_the_service)
    assert not carried.states[ServiceKey("y", "http")].debts
    assert carried.departed[OWES].debts
    assert [notice.has_left for notice in carried.notices] == [True]
