"""What a plugin is that can run inside the daemon.

The SDK (``pymon.plugin``) makes such objects; an author need not know this module.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple, Protocol, runtime_checkable

from pymon.model.invocation import Invocation
from pymon.model.measurement import Measurement


class Answer(NamedTuple):
    """What one call gave: exit code and output, as a program would give them, and what was measured."""

    exitval: int
    output: str
    measurements: tuple[Measurement, ...] = ()


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

    async def run(self, invocation: Invocation) -> Answer:
        """Do what the program would do with these arguments, environment and input."""
        ...

    def order_key(self, invocation: Invocation) -> Hashable:
        """What the call acts upon; only read of an ``ordered`` plugin."""
        ...

    def main(self) -> None:
        """Run as a program: arguments, environment and standard input in; output and exit code out. Ends Python."""
        ...
