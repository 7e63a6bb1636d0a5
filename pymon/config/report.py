"""The problems found in one configuration: gathered, given their texts and places, and put in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from lark import Token

from pymon.config.keyword import InvalidValue
from pymon.config.limits import ConfigLimits
from pymon.config.lines import Source
from pymon.config.problems import PROBLEM_KINDS
from pymon.model.place import Place
from pymon.model.problem import Problem, Severity
from pymon.redaction.command_words import cut_before_secret
from pymon.suggestions import most_alike


class ProblemReport:
    """Gathers problems of one source; it only grows."""

    def __init__(self, source: Source, limits: ConfigLimits | None = None) -> None:
        self.source = source
        self._limits = limits or ConfigLimits()
        self._problems: list[Problem] = []
        self._others: list[Problem] = []
        self._counts = dict.fromkeys(Severity, 0)
        self._comparisons = 0
        self._fatal = 0

    def __len__(self) -> int:
        """How many problems were found, those that are not kept included."""
        return sum(self._counts.values())

    def add(self, kind: str, number: int, offset: int | None = None, /, **facts: object) -> None:
        """Add a problem of a kind at an offset of a logical line (None: the line as a whole).

        Line 0 stands for the file as a whole.
        """
        if offset is None:
            self.add_at(kind, Place(self.source.name, number), **facts)
        else:
            self.add_at(kind, self.source.locate(number, offset), **facts)

    def add_at(self, kind: str, place: Place, /, **facts: object) -> None:
        """Add a problem of a kind at a place of the source."""
        known = PROBLEM_KINDS[kind]
        self._counts[known.severity] += 1
        self._fatal += known.severity is Severity.ERROR and not known.starts
        if self._counts[known.severity] > self._limits.problems:
            return
        text = cut_before_secret(self.source.physical_line(place.line))
        message, advice = known.message.format(**facts), known.advice.format(**facts)
        self._problems.append(Problem(known.severity, kind, place, message, advice, text))

    def include(self, problems: Iterable[Problem]) -> None:
        """Add the problems of another file that belongs to this one; they come after its own."""
        for problem in problems:
            self._counts[problem.severity] += 1
            self._fatal += problem.severity is Severity.ERROR
            self._others.append(problem)

    def guess(self, word: str, known: Collection[str]) -> str:
        """``did_you_mean``, as long as it does not take too long: a site may have thousands of names."""
        self._comparisons += len(known)
        return did_you_mean(word, known) if self._comparisons <= self._limits.comparisons else ""

    def note_of(self, token: Token) -> Callable[..., None]:
        """Return a function by which a converter adds a note about the value of a token."""

        def note(kind: str, offset: int = 0, /, **facts: object) -> None:
            self.add(kind, token.line or 0, max(0, (token.start_pos or 0) + offset), **facts)

        return note

    def add_invalid(self, invalid: InvalidValue, token: Token, further: int = 0) -> None:
        """Add an error about text that a converter could not read, ``further`` characters into the value of a token."""
        self.add(invalid.code, token.line or 0, (token.start_pos or 0) + further + invalid.offset, **invalid.facts)

    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order of the file; those of other files last."""
        here = [*self._problems, *(each for each in self._others if each.place.file == self.source.name)]
        own = sorted(here, key=lambda problem: (problem.place.line, problem.place.column))
        return (*own, *(each for each in self._others if each.place.file != self.source.name))

    @property
    def has_errors(self) -> bool:
        """Whether the configuration cannot be used."""
        return self._fatal > 0


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the known word that is most like a misspelt one: ``did you mean 'interval'?``; empty if no
    word is like it, or only its opposite."""
    close = most_alike(word, known)
    return f"did you mean '{close}'?" if close else ""
