"""The state of a site: each transition gives another one, and leaves the one before it as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from pymon.core.context import by_words, utc
from pymon.engine.plugin_lookup import Programs
from pymon.engine.state import SiteState
from pymon.model.depend import ServiceKey
from pymon.model.service import DeclaredHost, Hostgroup, Service, Watch
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.state import ServiceState

A, B, GONE = ServiceKey("web", "a"), ServiceKey("web", "b"), ServiceKey("old", "x")
PROGRAMS = Programs({}, {}, frozenset({"no.alert"}))


def site(*names: str) -> Site:
    services = tuple(Service("web", name) for name in names)
    return Site(
        settings=Settings(),
        hostgroups={"web": Hostgroup("web", (DeclaredHost("h1"), DeclaredHost("h2", disabled=True)))},
        watches={"web": Watch("web", services)},
        services={service.key: service for service in services},
    )


BEGIN = SiteState(
    site("a", "b"),
    PROGRAMS,
    1000.0,
    {A: ServiceState(last_check=900.0), B: ServiceState()},
    {GONE: ServiceState(left=800.0)},
    disabled_watches=frozenset({"old", "web"}),
    disabled_services=frozenset({B, GONE}),
    host_switches={"h1": True, "h2": False},
)
Transition = Callable[[SiteState], SiteState]


@pytest.mark.parametrize(
    ("transition", "changed"),
    [
        (
            lambda state: state.with_site(site("a"), PROGRAMS, {A: ServiceState()}, {}),
            {"disabled_watches": {"web"}, "disabled_services": set(), "departed": {}, "states": {A: ServiceState()}},
        ),
        (
            lambda state: state.with_site(site("a"), PROGRAMS, {A: ServiceState()}, state.departed),
            {"disabled_watches": {"web", "old"}, "disabled_services": {GONE}, "states": {A: ServiceState()}},
        ),
        (
            lambda state: state.with_programs(replace(PROGRAMS, missing_alerts=frozenset())),
            {"programs": Programs({}, {}, frozenset())},
        ),
        (
            lambda state: state.with_hosts_switched(["h1", "h3"], disabled=False),
            {"host_switches": {"h1": False, "h2": False, "h3": False}},
        ),
        (lambda state: state.with_enabled_hosts_forgotten(), {"host_switches": {"h1": True}}),
        (lambda state: state.with_disabled(services=[A]), {"disabled_services": {A, B, GONE}}),
        (lambda state: state.with_disabled(["web", "ftp"]), {"disabled_watches": {"old", "web", "ftp"}}),
        (lambda state: state.with_enabled(["web"], [B]), {"disabled_watches": {"old"}, "disabled_services": {GONE}}),
        (lambda state: state.with_scheduler_stopped(1010.0), {"stopped_since": 1010.0}),
        (lambda state: state.with_scheduler_stopped(1010.0).with_scheduler_stopped(1020.0), {"stopped_since": 1010.0}),
        (
            lambda state: replace(state, stopped_since=1000.0, is_stopped_by_option=True).with_scheduler_stopped(1.0),
            {"stopped_since": 1000.0, "is_stopped_by_option": False},
        ),
        (
            lambda state: replace(state, stopped_since=1000.0, is_stopped_by_option=True).with_scheduler_started(),
            {"stopped_since": None, "is_stopped_by_option": False},
        ),
        (lambda state: state.with_clock_set(60.0), {"started": 1060.0}),
        (
            lambda state: state.with_scheduler_stopped(1010.0).with_clock_set(-60.0),
            {"started": 940.0, "stopped_since": 950.0},
        ),
        (lambda state: state.copied(), {}),
    ],
)
def test_a_transition_changes_what_it_is_to_and_nothing_else(
    transition: Transition, changed: dict[str, object]
) -> None:
    before = repr(BEGIN)
    after = transition(BEGIN)
    fields = [name for name in SiteState.__dataclass_fields__ if name != "site"]
    expected = {name: getattr(BEGIN, name) for name in fields} | changed
    assert {name: getattr(after, name) for name in fields} == expected
    assert repr(BEGIN) == before, "the one before stays as it was"


def test_hosts_are_switched_in_the_groups_that_have_them() -> None:
    after = BEGIN.with_hosts_switched(["h2"], disabled=False).with_hosts_switched(["h1"], disabled=True)
    assert after.hosts("web") == ("h2",)
    assert BEGIN.hosts("web") == ("h1",), "as the site has it"
    assert after.disabled_hosts == {"h1"}
    assert after.enabled_hosts == {"h2"}


def test_a_service_is_declared_otherwise_in_both_places() -> None:
    declared = replace(BEGIN.site.services[A], description="new")
    after = BEGIN.with_service(declared).site
    assert after.services == {**BEGIN.site.services, A: declared}
    assert [service.description for service in after.watches["web"].services] == ["new", None]


@pytest.mark.parametrize(("key", "is_disabled"), [(A, True), (ServiceKey("ftp", "a"), False), (GONE, True)])
def test_a_disabled_watch_disables_its_services(key: ServiceKey, is_disabled: bool) -> None:
    assert BEGIN.is_disabled(key) is is_disabled


def test_decisions_look_at_it_as_it_is() -> None:
    context = BEGIN.with_scheduler_stopped(1010.0).context(by_words, utc)
    assert context.services is BEGIN.site.services
    assert context.states is BEGIN.states, "no copy"
    assert (context.stopped, context.started, context.missing_alerts) == (True, 1000.0, {"no.alert"})
    assert (context.disabled_watches, context.disabled_services) == (BEGIN.disabled_watches, BEGIN.disabled_services)


def test_a_copy_keeps_the_moment_and_a_view_does_not() -> None:
    """What the docstring guarantees of the owner's tables."""
    own = {A: ServiceState(), B: ServiceState()}
    state = replace(BEGIN, states=MappingProxyType(own))
    kept = state.copied()
    own[A] = ServiceState(last_check=1.0)
    assert (state.states[A].last_check, kept.states[A].last_check) == (1.0, 0.0)
    with pytest.raises(TypeError):
        state.states[A] = ServiceState()  # type: ignore[index]  # what is tried
