"""Traps: what one says, whom it is for, and its two timers."""

from __future__ import annotations

import pytest

from pymon.core import events
from pymon.core.context import utc
from pymon.core.traps import Addressee, Rejected, expiry_due, route, timeout_due, timeout_output
from pymon.model.depend import ServiceKey
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from tests.core.build import T0, Site, service


@pytest.mark.parametrize(
    ("summary", "detail", "output"),
    [("s", "d", "s\n\nd"), ("s\n", "d\n", "s\n\nd\n"), ("", "", "\n\n"), ("s", "", "s\n\n")],
)
def test_output(summary: str, detail: str, output: str) -> None:
    """Summary and detail with an empty line between them, byte for byte as mon joins them."""
    assert Trap("1", summary, detail).output == output


def test_detail_begins_with_an_empty_line() -> None:
    """It is what programs downstream see from mon."""
    site = Site((service(),))
    site.trap("1", "s", "d")
    assert (site.state.last_summary, site.state.last_detail) == ("s", "\nd")
    assert site.state.last_trap == site.now


WITH_DEFAULT = {ServiceKey("g", "s"), ServiceKey("default", "default"), ServiceKey("default", "web")}


@pytest.mark.parametrize(
    ("group", "name", "services", "expected"),
    [
        ("g", "s", WITH_DEFAULT, Addressee(ServiceKey("g", "s"))),
        ("zz", "yy", WITH_DEFAULT, Addressee(ServiceKey("default", "default"), "zz:yy")),
        ("zz", "web", WITH_DEFAULT, Addressee(ServiceKey("default", "web"), "zz:web")),
        ("default", "yy", WITH_DEFAULT, Addressee(ServiceKey("default", "default"))),
        ("g", "nosuch", WITH_DEFAULT, Rejected("trap received for undefined service type g/nosuch")),
        ("zz", "s", {ServiceKey("g", "s")}, Rejected("trap received for undefined group zz")),
        (
            "zz",
            "yy",
            {ServiceKey("default", "web")},
            Rejected("trap received for undefined service type default/yy"),
        ),
    ],
)
def test_route(group: str, name: str, services: set[ServiceKey], expected: Addressee | Rejected) -> None:
    """The default group catches what is for nobody; an unknown service of a known group is nobody's."""
    assert route({key.group for key in services}, services, group, name) == expected


def test_timers() -> None:
    """Both count from the trap (traptimeout from its own start before the first)."""
    watched = service(traptimeout=60.0, trapduration=30.0)
    assert timeout_due(watched, T0) == T0 + 60
    assert expiry_due(watched, ServiceState(last_trap=T0)) == T0 + 30
    assert expiry_due(watched, ServiceState()) is None
    assert timeout_due(service(), T0) is None
    assert expiry_due(service(), ServiceState(last_trap=T0)) is None


@pytest.mark.parametrize(("seconds", "said"), [(6.0, "6s"), (120.0, "120s"), (0.5, "0.5s")])
def test_timeout_output(seconds: float, said: str) -> None:
    """In mon's words, with the local time."""
    expected = f"trap timeout\ntrap timeout after {said} at {utc(T0).ctime()}\n"
    assert timeout_output(service(traptimeout=seconds), utc(T0)) == expected


def test_timeout_is_a_failure_like_others() -> None:
    """Never status ``timeout``; the trap's own time stays."""
    site = Site((service(traptimeout=60.0),))
    site.happen("trap_timeout")
    assert (site.state.op_status, site.state.exitval, site.state.last_trap) == (OpStatus.FAIL, 1, 0.0)
    assert site.state.last_summary == "trap timeout"


def test_the_end_of_trapduration_over_a_success_changes_little() -> None:
    """There was no outage to end."""
    site = Site((service(trapduration=30.0),))
    site.trap("0")
    state = events.trap_expired(site.service, site.state, site.now + 30).state
    assert (state.op_status, state.outage_ended) == (OpStatus.OK, 0.0)
    site.trap("1", "h1")
    state = events.trap_expired(site.service, site.state, site.now + 30).state
    assert (state.outage_ended, state.outage_summary) == (site.now + 30, "h1")
