"""Whether a check runs, on which hosts, and when it is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from pymon.config.periods import parse_period
from pymon.core.admission import NotRun, Obstacle, Run, admit
from pymon.model.depend import DependBehavior
from pymon.model.service import DeclaredHost, MonitorCommand
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from tests.core.build import T0, Site, depend, hosts_of, service

HOSTS = (DeclaredHost("h1"), DeclaredHost("h2"), DeclaredHost("h3", disabled=True))
ALWAYS = parse_period("")
NEVER = parse_period("none")


def gate(site: Site, hosts: tuple[DeclaredHost, ...] = HOSTS) -> Run | NotRun:
    """Ask for the first service of a site."""
    return admit(site.service, site.state, hosts, T0, site.context)


def lone(**rest: Any) -> Site:
    """A site of one service, and a parent ``g:par`` for it."""
    return Site((service(**rest), service(name="par")))


def test_hosts_in_the_order_of_the_group() -> None:
    """Without the disabled ones."""
    answer = gate(lone())
    assert answer == Run(("h1", "h2"), ServiceState(), ("h3 is disabled",))


def test_exclude_hosts_and_hostdepend() -> None:
    """Each that is left out with its reason; whole names only (D5)."""
    hosts = (DeclaredHost("h1"), DeclaredHost("h11"), DeclaredHost("h2"), DeclaredHost("h3"))
    site = lone(exclude_hosts=frozenset({"h2"}), hostdepend=hosts_of("g:par"))
    site.set("g:par", op_status=OpStatus.FAIL, last_summary="h11 h2")
    answer = gate(site, hosts)
    assert isinstance(answer, Run)
    assert answer.hosts == ("h1", "h3")
    assert answer.left_out == ("h11 fails in g:par", "h2 is in exclude_hosts")


def test_no_hosts_left() -> None:
    """Not before the next regular slot, and the status stays."""
    site = lone(exclude_hosts=frozenset({"h1", "h2"}))
    answer = gate(site)
    assert isinstance(answer, NotRun)
    assert (answer.obstacle, answer.retry_after) == (Obstacle.NO_HOSTS, None)
    assert answer.reason == "no host arguments (h1 is in exclude_hosts, h2 is in exclude_hosts, h3 is disabled)"
    assert answer.state is site.state
    empty = gate(lone(), ())
    assert isinstance(empty, NotRun)
    assert empty.reason == "no host arguments (the group is empty)"


def test_allow_empty_group_and_no_hosts_wanted() -> None:
    """allow_empty_group runs without hosts; a line that ends in ``;;`` does not care for hosts at all."""
    answer = gate(lone(allow_empty_group=True), (DeclaredHost("h1", disabled=True),))
    assert isinstance(answer, Run)
    assert answer.hosts == ()
    answer = gate(lone(monitor=MonitorCommand("m", append_hosts=False)), (DeclaredHost("h1", disabled=True),))
    assert answer == Run((), ServiceState())


@pytest.mark.parametrize(("interval", "after"), [(5.0, 5.0), (60.0, 60.0), (3600.0, 60.0), (None, 60.0)])
def test_exclude_period(interval: float | None, after: float) -> None:
    """S-exclude: tried again after a minute, or an interval if that is shorter (mon: each second)."""
    answer = gate(lone(interval=interval, exclude_period=ALWAYS))
    assert isinstance(answer, NotRun)
    assert (answer.obstacle, answer.retry_after, answer.reason) == (
        Obstacle.EXCLUDE_PERIOD, after, "exclude_period ''",
    )  # fmt: skip
    assert isinstance(gate(lone(interval=interval, exclude_period=NEVER)), Run)


def test_exclude_period_with_failure_interval() -> None:
    """The interval in force counts."""
    site = lone(interval=30.0, failure_interval=2.0, exclude_period=ALWAYS)
    site.set(failure_interval_active=True)
    answer = gate(site)
    assert isinstance(answer, NotRun)
    assert answer.retry_after == 2


def test_global_exclude_period() -> None:
    """For all services."""
    site = Site((service(),), settings=Settings(exclude_period=ALWAYS))
    answer = gate(site)
    assert isinstance(answer, NotRun)
    assert answer.reason == "global exclude_period ''"
    assert isinstance(gate(Site((service(),), settings=Settings(exclude_period=NEVER))), Run)


def test_d9_an_unfulfilled_dependency_is_looked_at_each_second() -> None:
    """D9: the check does not run, the status stays, depend_status says why."""
    site = lone(depend=depend("g:par"), dep_behavior=DependBehavior.MONITOR)
    site.set("g:par", op_status=OpStatus.FAIL)
    answer = gate(site)
    assert isinstance(answer, NotRun)
    assert (answer.obstacle, answer.retry_after) == (Obstacle.DEPEND, 1.0)
    assert answer.reason == "depend g:par: g:par is failing"
    assert answer.state.depend_status is False
    assert answer.state.op_status is OpStatus.UNTESTED
    site.set("g:par", op_status=OpStatus.OK)
    ran = gate(site)
    assert isinstance(ran, Run)
    assert ran.state.depend_status is True


def test_d6_a_dependency_that_cannot_be_evaluated_does_not_blind() -> None:
    """D6: the check runs; it is said once, and again only after it went well in between."""
    site = lone(monitordepend=depend("1 / g:par"))
    texts = []
    for status in (OpStatus.FAIL, OpStatus.FAIL, OpStatus.OK, OpStatus.FAIL):
        site.set("g:par", op_status=status)
        answer = gate(site)
        assert isinstance(answer, Run)
        texts.append([noticed.text for noticed in answer.noticed])
        site.states[site.service.key] = answer.state
    said = ["monitordepend 1 / g:par cannot be evaluated and counts as fulfilled: a division by zero"]
    assert texts == [said, [], [], said]


def test_dependency_before_hosts() -> None:
    """What mon looks at first gives the reason; what is noticed is not lost on the way."""
    site = lone(monitordepend=depend("0"))
    answer = gate(site, ())
    assert isinstance(answer, NotRun)
    assert answer.obstacle is Obstacle.DEPEND
    site = lone(monitordepend=depend("1 / 0"))
    answer = gate(site, ())
    assert isinstance(answer, NotRun)
    assert answer.obstacle is Obstacle.NO_HOSTS
    assert len(answer.noticed) == 1
    assert answer.state.depend_status is True
    switched_off = lone(monitordepend=depend("1 / 0"), monitor=MonitorCommand("m", append_hosts=False))
    assert len(gate(switched_off).noticed) == 1


def test_disabled_services_are_checked() -> None:
    """As in mon: disabling holds back alerts only."""
    site = lone()
    site.disabled_services.add(site.service.key)
    site.disabled_watches.add("g")
    assert isinstance(gate(site), Run)


def test_stopped_and_without_a_monitor() -> None:
    """Neither is tried again before its time."""
    for site, obstacle in ((lone(monitor=None), Obstacle.NO_MONITOR), (lone(), Obstacle.STOPPED)):
        site.stopped = obstacle is Obstacle.STOPPED
        answer = gate(site)
        assert isinstance(answer, NotRun)
        assert (answer.obstacle, answer.retry_after) == (obstacle, None)
