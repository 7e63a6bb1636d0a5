"""Which plugins may not run inside the daemon for a while, for which service, and how long (no I/O; clock handed in).

A plugin that blocks the event loop does so by what one service asks of it: its options, its hosts. The others go on
inside the daemon. The first time it is a process for a minute; each time that it misbehaves again soon after, twice as
long. If most services that use a file misbehave with it, the fault is the file's, and it is banished for all.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pymon.runner.limits import BanishmentLimits
from pymon.runner.registry import PluginFile


class Term(NamedTuple):
    """One banishment: since when (seconds of the clock that was handed in), for how many seconds, and for what."""

    since: float
    length: float
    reason: str

    @property
    def until(self) -> float:
        """When it is over."""
        return self.since + self.length


ALL = object()
"""stands for all services"""


@dataclass(slots=True)
class _Conduct:
    """How one file was used. ``terms`` are kept until they are forgotten, also those that are over."""

    terms: dict[Hashable, Term] = field(default_factory=dict)
    well: set[Hashable] = field(default_factory=set)


class Banishments:
    """Remembers terms by plugin and by who used it; a plugin that is loaded again begins with none."""

    def __init__(self, clock: Callable[[], float], limits: BanishmentLimits | None = None) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock = clock
        self._limits = limits or BanishmentLimits()
        self._conduct: weakref.WeakKeyDictionary[PluginFile, _Conduct] = weakref.WeakKeyDictionary()

    def term_of(self, file: PluginFile, user: Hashable) -> Term | None:
        """The term that is being served by this use of the file, None if it may run inside the daemon."""
        conduct = self._conduct.get(file)
        if conduct is None or not conduct.terms:
            return None
        now = self._clock()
        for who in (ALL, user):
            term = conduct.terms.get(who)
            if term is not None and now < term.until:
                return term
        return None

    def note_good_run(self, file: PluginFile, user: Hashable) -> bool:
        """Take note that a run inside the daemon kept to the rules; after long enough all is forgotten.

        True if it is the first one after a term.
        """
        conduct = self._conduct.setdefault(file, _Conduct())
        is_back = user not in conduct.well and user in conduct.terms
        conduct.well.add(user)
        for who in (ALL, user):
            term = conduct.terms.get(who)
            if term is not None and self._clock() >= term.until + max(self._limits.probation, term.length):
                del conduct.terms[who]
        return is_back

    def banish(self, file: PluginFile, user: Hashable, reason: str) -> Term:
        """Begin a term; gives the one that counts, which is for all if most users misbehave."""
        conduct = self._conduct.setdefault(file, _Conduct())
        conduct.well.discard(user)
        term = conduct.terms[user] = self._next(conduct.terms.get(user), reason)
        serving = sum(term.until > self._clock() for who, term in conduct.terms.items() if who is not ALL)
        if serving >= self._limits.file_after and serving > len(conduct.well):
            term = conduct.terms[ALL] = self._next(conduct.terms.get(ALL), reason)
        return term

    def is_for_all(self, file: PluginFile, term: Term) -> bool:
        """Whether a term is every user's."""
        conduct = self._conduct.get(file)
        return conduct is not None and conduct.terms.get(ALL) is term

    def serving(self) -> Iterator[tuple[PluginFile, Hashable, Term]]:
        """Every term that is not over; its user is ALL where it is every user's."""
        now = self._clock()
        for file, conduct in list(self._conduct.items()):
            for who, term in conduct.terms.items():
                if now < term.until:
                    yield file, who, term

    def _next(self, before: Term | None, reason: str) -> Term:
        now, limits = self._clock(), self._limits
        length = limits.first
        if before is not None and now < before.until + max(limits.probation, before.length):
            length = min(before.length * 2, limits.longest)
        return Term(now, length, reason)
