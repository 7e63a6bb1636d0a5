"""What a plugin is that can run inside the daemon.

The SDKs (``pymon.plugin.monitor``, ``pymon.plugin.alert``) make such objects; an author need not know this module.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, runtime_checkable

from pymon.model.invocation import Invocation


@runtime_checkable
class Plugin(Protocol):
    """One plugin, imported once and called many times, also several times at once."""

    @property
    def ordered(self) -> bool:
        """Whether calls with the same ``order_key`` are done one after the other, so that the newest decision wins."""
        ...

    @property
    def retry_on(self) -> frozenset[int]:
        """The exit codes after which a later try can help."""
        ...

    async def run(self, invocation: Invocation) -> tuple[int, str]:
        """Do what the program would do with these arguments, environment and input: exit code and output."""
        ...

    def order_key(self, invocation: Invocation) -> Hashable:
        """What the call acts upon; only read of an ``ordered`` plugin."""
        ...
