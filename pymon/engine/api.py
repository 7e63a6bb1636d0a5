"""The engine as the other rooms see it: server, web and director look at it and ask it through this, and nothing else.

They may look at the site and at a snapshot, have requests performed, hand in traps, and observe what changes. Tests of
these rooms put a stand-in in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pymon.core.traps import Addressee, Rejected
from pymon.model.auth import AuthRules
from pymon.model.change import Observer
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, Request
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.trap import Trap


class EngineAPI(Protocol):
    """One site that is watched. To be used from the engine's event loop only."""

    @property
    def site(self) -> Site:
        """The site that is watched now; a reload replaces it."""

    @property
    def auth(self) -> AuthRules:
        """Who may do what, as auth.cf was read last."""

    def snapshot(self) -> Snapshot:
        """All that is known at this moment."""

    async def perform(self, request: Request, asker: Asker) -> Outcome:
        """Do what somebody asks for (all but Login); it is on file when this returns."""

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call an observer after each change of a service's state, whatever it comes from; the return value ends that.

        The change is recorded by then, and its effects are performed.
        """

    def observe_reloads(self, observer: Callable[[Settings], None]) -> Callable[[], None]:
        """Call an observer with the settings after another configuration was taken over; the return value ends that."""

    async def settled(self) -> None:
        """Wait until all that has happened is on file, or was reported as impossible to write."""

    def route_trap(self, group: str, service: str) -> Addressee | Rejected:
        """Whom a trap is for."""

    def take_trap(self, key: ServiceKey, trap: Trap) -> None:
        """Take in what a trap says of a service."""

    def note_lost_traps(self) -> None:
        """Take note that traps were lost, nobody knows whose: none that is missing now may count as not sent."""
