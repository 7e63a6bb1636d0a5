"""The text of a status is made again only when its service or its state is another record."""

from __future__ import annotations

from dataclasses import replace

from pymon.model.service import Service
from pymon.model.state import ServiceState
from pymon.server.commands.render_cache import RenderCache
from pymon.server.limits import ServerLimits
from tests.server.samples import FAILING, S1, S2, SNAPSHOT, WELL


def test_value_is_kept_for_the_very_same_records_only() -> None:
    made: list[ServiceState] = []

    def make(_service: Service, state: ServiceState) -> int:
        made.append(state)
        return len(made)

    cache = RenderCache(make, ServerLimits())
    service, state = SNAPSHOT.site.services[S1], replace(FAILING)
    assert [cache.get(S1, service, state) for _ in range(3)] == [1, 1, 1]
    assert cache.get(S1, service, replace(state)) == 2
    assert cache.get(S1, replace(service), made[-1]) == 3
    assert cache.get(S1, service, state) == 4


def test_long_detail_is_not_kept() -> None:
    calls: list[None] = []
    cache = RenderCache(lambda _service, _state: calls.append(None), ServerLimits(rendered_text=10))
    for size, made in ((10, 1), (11, 3)):
        calls.clear()
        state = replace(WELL, last_summary="", last_detail="x" * size)
        for _ in range(3):
            cache.get(S1, SNAPSHOT.site.services[S1], state)
        assert len(calls) == made


def test_too_many_services_begin_again() -> None:
    calls: list[None] = []
    cache = RenderCache(lambda _service, _state: calls.append(None), ServerLimits(rendered_services=1))
    for key in (S1, S1, S2, S1):
        cache.get(key, SNAPSHOT.site.services[key], WELL)
    assert len(calls) == 3
