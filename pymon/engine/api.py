"""What the server needs of an engine, so that its parts can be tried without a whole one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pymon.core.traps import Addressee, Rejected
from pymon.model.auth import AuthRules
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, Request
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.trap import Trap


class EngineFace(Protocol):
    """The engine as clients and trap senders reach it. To be used from its event loop only."""

    @property
    def site(self) -> Site:
        """The site that is watched now; a reload replaces it."""

    @property
    def auth(self) -> AuthRules:
        """Who may do what, as auth.cf was read last."""

    @property
    def reload_observers(self) -> list[Callable[[Settings], None]]:
        """Called with the settings after another configuration was taken over."""

    def snapshot(self) -> Snapshot:
        """All that is known at this moment."""

    async def control(self, request: Request, asker: Asker) -> Outcome:
        """Do what somebody asks for (all but Login); it is on file when this returns."""

    async def settled(self) -> None:
        """Wait until all that has happened is on file, or was reported as impossible to write."""

    def route_trap(self, group: str, service: str) -> Addressee | Rejected:
        """Whom a trap is for."""

    def take_trap(self, key: ServiceKey, trap: Trap) -> None:
        """Take in what a trap says of a service."""

    def note_lost_traps(self) -> None:
        """Take note that traps were lost, nobody knows whose: none that is missing now may count as not sent."""
