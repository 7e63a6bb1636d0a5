"""The options of a plugin: declared as the fields of a frozen dataclass, read from its arguments (pure).

    @dataclass(frozen=True)
    class Options:
        port: int = option("-p", default=80, metavar="PORT", about="TCP port")
        quiet: bool = flag("-q", about="say nothing")
        hosts: tuple[str, ...] = words("host", about="what to check")

The rules are those of getopt(3), which mon's own plugins keep to as well: ``-p80`` and ``-p 80``, single letters in
one word (``-qv``), ``--name=value`` and ``--name value``, ``--`` ends the options, and any word is taken as an
option's value, even one with a hyphen. Options may stand after other words. Of an option given twice the last one
counts, except of ``many``. Single letters that are not declared are passed over, since mon hands every plugin
letters that it may not know; a long name that is not declared is an error.

Some of mon's plugins have long names behind a single hyphen instead (``-zone example.org``), as Perl's Getopt::Long
reads them: with ``single_dash`` a word that begins with one or two hyphens is a name, in any case, and short of its
end as long as only one option begins so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from pymon.errors import PluginError, PluginUsageError

T = TypeVar("T")
R = TypeVar("R")

_KEY = "pymon option"


class _Takes(Enum):
    """What a field takes from the arguments."""

    VALUE = "value"
    MANY = "many values"
    NOTHING = "nothing"
    WORDS = "the words that are no options"


class Declared(NamedTuple):
    """One option as declared. ``convert`` makes its value of text, and raises ValueError with what is wrong."""

    flags: tuple[str, ...]
    takes: _Takes
    convert: Callable[[str], Any]
    metavar: str
    about: str


def option(*flags: str, default: T, about: str, metavar: str = "VALUE", convert: Callable[[str], T] | None = None) -> T:
    """A field with one value. ``convert`` makes it of text; without it, the type of the default does."""
    return _field(Declared(flags, _Takes.VALUE, convert or _converter(default), metavar, about), default)


def many(*flags: str, about: str, metavar: str = "VALUE", convert: Callable[[str], T]) -> tuple[T, ...]:
    """A field with the values of an option that can be given more than once, in their order."""
    return _field(Declared(flags, _Takes.MANY, convert, metavar, about), ())


def flag(*flags: str, about: str) -> bool:
    """A field that is True when the option is given."""
    return _field(Declared(flags, _Takes.NOTHING, str, "", about), False)


def words(metavar: str, *, about: str) -> tuple[str, ...]:
    """A field with the words that are no options, in their order."""
    return _field(Declared((), _Takes.WORDS, str, metavar, about), ())


def choice(*allowed: str) -> Callable[[str], str]:
    """A ``convert`` that takes only these words."""

    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return convert


class Parsed:
    """Arguments that were read: a record for each declared class, the words, and the letters that nobody declared."""

    __slots__ = ("records", "unknown", "words")

    def __init__(self, records: Mapping[type[Any], Any], words: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        self.records = records
        self.words = words
        self.unknown = unknown

    def of(self, record: type[R]) -> R:
        """The record of one class."""
        found: R = self.records[record]
        return found


class OptionParser:
    """Reads arguments into records; made once, used for each call."""

    def __init__(
        self, *records: type[Any], common: Sequence[type[Any]] = (), single_dash: bool = False, subject: str = ""
    ) -> None:
        """``records`` are dataclasses of declared fields; PluginError when two of them declare the same flag.

        ``common`` are records of the SDK, which give way: a field that one of ``records`` has too is dropped, and a
        flag that one declares as well. ``single_dash``: long names behind one hyphen (see above). ``subject`` is what
        the words are called in the help, where no record declares them.
        """
        self._records = (*records, *common)
        self._single_dash = single_dash
        self._subject = subject
        self._by_flag: dict[str, tuple[type[Any], str, Declared]] = {}
        self._words: tuple[type[Any], str, Declared] | None = None
        for record in records:
            for name, declared in declarations(record):
                self._declare(record, name, declared)
        own = {name for record in records for name, _ in declarations(record)}
        for record in common:
            for name, declared in declarations(record):
                flags = tuple(spelling for spelling in declared.flags if spelling not in self._by_flag)
                if name not in own and (flags or not declared.flags):
                    self._declare(record, name, declared._replace(flags=flags))

    def _declare(self, record: type[Any], name: str, declared: Declared) -> None:
        if declared.takes is _Takes.WORDS:
            self._words = self._words or (record, name, declared)
        for spelling in declared.flags:
            if spelling in self._by_flag:
                raise PluginError(f"option {spelling} is declared twice")
            self._by_flag[spelling] = (record, name, declared)

    def usage(self, name: str, about: str) -> str:
        """The help text of a plugin: what it is called, what it does, and its options with their defaults."""
        synopsis = f"usage: {name} [options]"
        lines: list[tuple[str, str]] = []
        seen: set[tuple[type[Any], str]] = set()
        for record, field, declared in self._by_flag.values():
            if (record, field) not in seen and declared.about:
                seen.add((record, field))
                value = "" if declared.takes is _Takes.NOTHING else f" {declared.metavar}"
                lines.append((", ".join(declared.flags) + value, declared.about + _shown(getattr(record(), field))))
        if self._words is not None:
            declared = self._words[2]
            synopsis += f" [{declared.metavar} ...]"
            lines.insert(0, (declared.metavar, declared.about))
        elif self._subject:
            synopsis += f" {self._subject} ..."
        width = min(28, max((len(left) for left, _ in lines), default=0))
        table = [
            f"  {left:{width}}  {right}" if len(left) <= width else f"  {left}\n  {'':{width}}  {right}"
            for left, right in lines
        ]
        return "\n".join([synopsis, "", about.strip(), "", *table, ""])

    def parse(self, arguments: Sequence[str]) -> Parsed:
        """Read arguments; raises PluginUsageError with what is wrong."""
        values: dict[type[Any], dict[str, Any]] = {record: {} for record in self._records}
        unknown: list[str] = []
        plain: list[str] = []
        rest = list(reversed(arguments))
        while rest:
            word = rest.pop()
            if word == "--":
                plain.extend(reversed(rest))
                break
            if word.startswith("--") or (self._single_dash and len(word) > 1 and word.startswith("-")):
                self._long(word, rest, values)
            elif len(word) > 1 and word.startswith("-"):
                self._letters(word, rest, values, unknown)
            else:
                plain.append(word)
        if self._words is not None:
            record, name, _ = self._words
            values[record][name] = tuple(plain)
        return Parsed({record: record(**values[record]) for record in self._records}, tuple(plain), tuple(unknown))

    def _long(self, word: str, rest: list[str], values: dict[type[Any], dict[str, Any]]) -> None:
        given, equals, value = word.partition("=")
        name = self._long_name(given)
        if self._by_flag[name][2].takes is _Takes.NOTHING:
            if equals:
                raise PluginUsageError(f"option {name} takes no value")
        elif not equals:
            value = _next(name, rest)
        self._set(name, value, values)

    def _long_name(self, given: str) -> str:
        """The declared flag that is meant; raises PluginUsageError."""
        if given in self._by_flag:
            return given
        if self._single_dash:
            wanted = given.lstrip("-").lower()
            by_name = {flag.lstrip("-").lower(): flag for flag in self._by_flag}
            if wanted in by_name:
                return by_name[wanted]
            begun = sorted(
                {self._by_flag[flag][1]: flag for name, flag in by_name.items() if name.startswith(wanted)}.values()
            )
            if len(begun) == 1:
                return begun[0]
            if wanted and begun:
                raise PluginUsageError(f"option {given} could be {' or '.join(begun)}")
        import difflib  # noqa: PLC0415  # only where something is wrong: it costs a millisecond

        close = difflib.get_close_matches(given, self._by_flag, n=1)
        raise PluginUsageError(f"unknown option {given}" + (f"; did you mean {close[0]}?" if close else ""))

    def _letters(self, word: str, rest: list[str], values: dict[type[Any], dict[str, Any]], unknown: list[str]) -> None:
        letters = word[1:]
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if name not in self._by_flag:
                unknown.append(name)
                continue
            value = ""
            if self._by_flag[name][2].takes is not _Takes.NOTHING:
                value, letters = letters or _next(name, rest), ""
            self._set(name, value, values)

    def _set(self, flag_given: str, value: str, values: dict[type[Any], dict[str, Any]]) -> None:
        record, name, declared = self._by_flag[flag_given]
        if declared.takes is _Takes.NOTHING:
            values[record][name] = True
            return
        try:
            converted = declared.convert(value)
        except (ValueError, OverflowError) as error:
            raise PluginUsageError(f"option {flag_given} {value!r}: {_why(error, declared)}") from error
        if declared.takes is _Takes.MANY:
            values[record][name] = (*values[record].get(name, ()), converted)
        else:
            values[record][name] = converted


def declarations(record: type[Any]) -> list[tuple[str, Declared]]:
    """The declared fields of a dataclass, in order, by name."""
    return [(field.name, field.metadata[_KEY]) for field in dataclasses.fields(record) if _KEY in field.metadata]


def _field(declared: Declared, default: T) -> T:
    made: T = dataclasses.field(default=default, metadata={_KEY: declared})
    return made


def _converter(default: object) -> Callable[[str], Any]:
    return type(default) if isinstance(default, int | float) and not isinstance(default, bool) else str


def _next(name: str, rest: list[str]) -> str:
    if not rest:
        raise PluginUsageError(f"option {name} needs a value")
    return rest.pop()


def _why(error: ValueError | OverflowError, declared: Declared) -> str:
    if declared.convert is int:
        return "must be a whole number"
    if declared.convert is float:
        return "must be a number"
    return str(error)


def _shown(default: object) -> str:
    if default is None or default is False or default in ("", ()):
        return ""
    shown = ",".join(map(str, sorted(default))) if isinstance(default, frozenset) else default
    return f" (default: {shown})"
