"""Names of options as Perl's Getopt::Long takes them, which mon's programs are written with (pure).

A name stands behind one dash or two, and may be shortened while only one option begins so. A value follows after
``=``, or as the next word.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping


class UnknownOption(LookupError):
    """No option begins so. The text is the name as it was given."""


class AmbiguousOption(LookupError):
    """Several options begin so: ``names``, sorted. The text is the name as it was given."""

    def __init__(self, given: str, names: tuple[str, ...]) -> None:
        super().__init__(given)
        self.names = names


def split_word(word: str) -> tuple[str, str | None]:
    """Split ``--name=value`` into name and value; the value is None where there is no ``=``."""
    name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
    return name, value if equals else None


def find_name(given: str, *tables: Mapping[str, Hashable], ignore_case: bool = True) -> str:
    """Find the full name of an option that may be shortened.

    A table maps the full names (in lower case with ``ignore_case``) to what they stand for: names for the same thing
    are never ambiguous. A full name counts in whatever table it stands; short of that an earlier table goes before a
    later one. Raises UnknownOption or AmbiguousOption.
    """
    wanted = given.lower() if ignore_case else given
    if any(wanted in table for table in tables):
        return wanted
    for table in tables:
        meant = {stands_for: name for name, stands_for in table.items() if wanted and name.startswith(wanted)}
        if len(meant) == 1:
            return next(iter(meant.values()))
        if meant:
            raise AmbiguousOption(given, tuple(sorted(meant.values())))
    raise UnknownOption(given)
