"""What a plugin is that can run inside the daemon.

The SDK (``pymon.plugin``) makes such objects; an author need not know this module.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from pymon.contract.invocation import Invocation
from pymon.model.measurement import Measurement
from pymon.model.result import NO_HOSTS, HostOutcome


class Answer(NamedTuple):
    """What one call gave: exit code and output, as a program would give them, what was measured, and of a check what
    each of its hosts is (nothing, where only exit code and summary tell).

    An exit code of 126 (BROKEN_EXIT) is that of a check that could not be carried out.
    """

    exitval: int
    output: str
    measurements: tuple[Measurement, ...] = ()
    hosts: Mapping[str, HostOutcome] = NO_HOSTS


class Subject(NamedTuple):
    """What one call acts upon, by the addresses that its names have at this moment.

    Two calls are about the same where one of the ``things`` of one is among the ``things``, or ``also``, of the other.
    (``also`` is for what can have several names and is not the same under all of them: two names of one address can be
    two web sites, but either is what the bare address is.)

    ``arguments`` are words to be put behind the call's own, so that it acts upon just that and looks nothing up.
    ``warning`` says which names cannot be looked up, and are compared by their text. ``answer`` is what the call
    gives instead of being run, if nothing can be done without them; it is looked up again before the next attempt.
    """

    things: frozenset[str]
    also: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    warning: str = ""
    answer: Answer | None = None


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
        """What the call acts upon, as its text says it: no name is looked up. Only read of an ``ordered`` plugin."""
        ...

    def main(self) -> None:
        """Run as a program: arguments, environment and standard input in; output and exit code out. Ends Python."""
        ...


@runtime_checkable
class WithSubject(Protocol):
    """An ordered plugin whose arguments can name the same thing in several ways."""

    async def look_up(self, invocation: Invocation) -> Subject:
        """What the call acts upon, its names looked up without holding up the event loop."""
        ...
