"""Views: what of the site a client has chosen to see.

A view that a reload has taken away limits nothing: an empty list would look as if all were well.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from pymon.model.depend import ServiceKey
from pymon.model.service import Service, View
from pymon.server.commands.context import CommandContext


@dataclass(frozen=True, slots=True)
class ViewFilter:
    """The services that a client sees. ``entries`` are its view's (``group``, ``group:service``), None without one."""

    entries: Set[str] | None

    def has_watch(self, group: str) -> bool:
        """Whether a whole watch is shown."""
        return self.entries is None or group in self.entries

    def has(self, key: ServiceKey) -> bool:
        """Whether a service is shown."""
        return self.entries is None or key.group in self.entries or str(key) in self.entries


def chosen_view(context: CommandContext) -> View | None:
    """The view that the client has chosen, if there is (still) one of that name."""
    return context.snapshot.site.views.get(context.session.view)


def view_filter(context: CommandContext) -> ViewFilter:
    """Return the filter by the client's view."""
    view = chosen_view(context)
    return ViewFilter(None if view is None else frozenset(view.entries))


def services(context: CommandContext) -> Iterable[tuple[ServiceKey, Service]]:
    """The services that the client sees, in the order of the file."""
    seen, declared = view_filter(context), context.snapshot.site.services.items()
    return declared if seen.entries is None else [item for item in declared if seen.has(item[0])]
