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
letters that it may not know; a long name that is not declared is an error. A request for help is met whatever
else is wrong.

Some of mon's plugins have long names behind a single hyphen instead (``-zone example.org``), as Perl's Getopt::Long
reads them: with ``single_dash`` a word that begins with one or two hyphens is a name, in any case, and short of its
end as long as only one option begins so.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from pymon.errors import PluginError, PluginUsageError
from pymon.getopt_long import AmbiguousOption, UnknownOption, find_name, split_word

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
    """One option as declared. ``convert`` makes its value of text, and raises ValueError with what is wrong.

    ``is_text``: nothing was said of what to make of the text, so the field's type has to be that of text.
    """

    flags: tuple[str, ...]
    takes: _Takes
    convert: Callable[[str], Any]
    metavar: str
    about: str
    is_text: bool = False


def option(*flags: str, default: T, about: str, metavar: str = "VALUE", convert: Callable[[str], T] | None = None) -> T:
    """A field with one value. ``convert`` makes it of text; without it, the type of the default does.

    That is so for whole numbers, numbers, texts and paths, and None where the field is ``str | None``. With any other
    default there must be a ``convert``: else PluginError is raised, here or when the plugin is made of its options.
    """
    declared = Declared(
        _some(flags),
        _Takes.VALUE,
        convert or _converter(flags, default),
        metavar,
        about,
        not convert and default is None,
    )
    return _field(declared, default)


def many(*flags: str, about: str, metavar: str = "VALUE", convert: Callable[[str], T]) -> tuple[T, ...]:
    """A field with the values of an option that can be given more than once, in their order."""
    return _field(Declared(_some(flags), _Takes.MANY, convert, metavar, about), ())


def flag(*flags: str, about: str) -> bool:
    """A field that is True when the option is given."""
    return _field(Declared(_some(flags), _Takes.NOTHING, str, "", about), False)


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
    """Arguments that were read: a record for each declared class, the words, and the letters that nobody declared.

    ``unknown_at`` are the indexes of the arguments that those letters stand in.
    """

    __slots__ = ("records", "unknown", "unknown_at", "words")

    def __init__(
        self, records: Mapping[type[Any], Any], words: tuple[str, ...], unknown: Sequence[tuple[str, int]]
    ) -> None:
        self.records = records
        self.words = words
        self.unknown = tuple(letter for letter, _ in unknown)
        self.unknown_at = tuple(index for _, index in unknown)

    def of(self, record: type[R]) -> R:
        """The record of one class."""
        found: R = self.records[record]
        return found


class _Arguments:
    """Arguments while they are read. ``at`` is the index of the last one taken.

    ``problems`` gathers values that do not fit; None: the first is raised. The last ``hosts`` of them, which mon adds,
    are no values.
    """

    __slots__ = ("at", "given", "hosts", "problems", "unknown")

    def __init__(self, given: Sequence[str], problems: list[PluginUsageError] | None = None, hosts: int = 0) -> None:
        self.hosts = hosts
        self.given = given
        self.at = -1
        self.problems = problems
        self.unknown: list[tuple[str, int]] = []

    def take(self) -> str | None:
        """The next one; None if there is none."""
        if self.at + 1 >= len(self.given):
            return None
        self.at += 1
        return self.given[self.at]

    def rest(self) -> Sequence[str]:
        """All that were not taken yet, which are then."""
        rest, self.at = self.given[self.at + 1 :], len(self.given)
        return rest

    def value_of(self, name: str) -> str:
        """The next one as the value of an option."""
        option = self.at
        value = self.take()
        if value is None:
            raise PluginUsageError(f"option {name} needs a value", word=option)
        if self.at >= len(self.given) - self.hosts:
            raise PluginUsageError(f"option {name} needs a value: it would take the host {value} for it", word=option)
        return value


class OptionParser:
    """Reads arguments into records; made once, used for each call."""

    def __init__(
        self,
        *records: type[Any],
        common: Sequence[type[Any]] = (),
        single_dash: bool = False,
        subject: str = "",
        options_first: bool = False,
    ) -> None:
        """``records`` are dataclasses of declared fields; PluginError when two of them declare the same flag, or one
        declares what can never be given, or never be of the type of its field.

        The first of ``records`` is the plugin's own; a flag ``help`` of another one is the SDK's, and wins over errors.
        ``common`` are records of the SDK, which give way: a field that one of ``records`` has too is dropped, and a
        flag that one declares as well. ``single_dash``: long names behind one hyphen (see above). ``subject`` is what
        the words are called in the help, where no record declares them. ``options_first``: the first word that is no
        option ends them, as of env(1), for what stands behind it is another program's.
        """
        self._records = (*records, *common)
        self._options_first = options_first
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
        self._helping: type[Any] | None = next(
            (
                record
                for record, name, declared in self._by_flag.values()
                if record is not self._records[0] and name == "help" and declared.takes is _Takes.NOTHING
            ),
            None,
        )

    def _declare(self, record: type[Any], name: str, declared: Declared) -> None:
        if declared.takes is _Takes.WORDS:
            self._words = self._words or (record, name, declared)
        for spelling in declared.flags:
            _check_spelling(spelling, single_dash=self._single_dash)
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
                lines.append(
                    (", ".join(declared.flags) + value, declared.about + _format_default(_default(record, field)))
                )
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
        """Read arguments; raises PluginUsageError with what is wrong.

        Where help is asked for nothing is: the records are then the defaults, which their ``__post_init__`` has not
        seen.
        """
        return self._parse(_Arguments(arguments))

    def problems(self, arguments: Sequence[str], hosts: int = 0) -> tuple[PluginUsageError, ...]:
        """Everything that is wrong with arguments; what makes the others hard to tell ends the list.

        ``hosts`` is how many of them, the last ones, were added by mon: to take one for an option's value is wrong.
        """
        gathered: list[PluginUsageError] = []
        try:
            parsed = self._parse(_Arguments(arguments, gathered, hosts))
        except PluginUsageError as error:
            gathered.append(error)
        else:
            if self._helping is not None and parsed.records[self._helping].help:
                return ()
        return tuple(gathered)

    def _parse(self, given: _Arguments) -> Parsed:
        values: dict[type[Any], dict[str, Any]] = {record: {} for record in self._records}
        try:
            plain = self._read(given, values)
            if given.problems:
                raise given.problems.pop()
            records = {record: record(**values[record]) for record in self._records}
        except PluginUsageError:
            if not self._asks_for_help(given.given, values):
                raise
            records = {record: _make_default(record) for record in self._records}
            if self._helping is not None:
                records[self._helping] = self._helping(help=True)
            return Parsed(records, (), ())
        helps = self._asks_for_help((), values)
        return Parsed(records, tuple(plain), () if helps else given.unknown)

    def _asks_for_help(self, arguments: Sequence[str], values: Mapping[type[Any], Mapping[str, Any]]) -> bool:
        """Whether the SDK's flag ``help`` was read, or is among the arguments, be it where a value should be."""
        if self._helping is None:
            return False
        if values[self._helping].get("help"):
            return True
        spellings = {
            flag for flag, (record, name, _) in self._by_flag.items() if (record, name) == (self._helping, "help")
        }
        if self._single_dash:
            spellings |= {spelling[1:] for spelling in spellings if spelling.startswith("--")}
        return any(word in spellings for word in itertools.takewhile(lambda word: word != "--", arguments))

    def _read(self, given: _Arguments, values: dict[type[Any], dict[str, Any]]) -> list[str]:
        """Fill in the values; gives the words that are no options."""
        plain: list[str] = []
        while (word := given.take()) is not None:
            if word == "--":
                plain.extend(given.rest())
            elif self._options_first and not (len(word) > 1 and word.startswith("-")):
                plain.extend((word, *given.rest()))
            elif word.startswith("--") or (self._single_dash and len(word) > 1 and word.startswith("-")):
                self._long(word, given, values)
            elif len(word) > 1 and word.startswith("-"):
                self._letters(word, given, values)
            else:
                plain.append(word)
        if self._words is not None:
            record, name, _ = self._words
            values[record][name] = tuple(plain)
        return plain

    def _long(self, word: str, given: _Arguments, values: dict[type[Any], dict[str, Any]]) -> None:
        spelling, equals, value = word.partition("=")
        name = self._long_name(spelling, given.at)
        if self._by_flag[name][2].takes is _Takes.NOTHING:
            if equals:
                raise PluginUsageError(f"option {name} takes no value", word=given.at)
        elif not equals:
            value = given.value_of(name)
        self._set(name, value, given, values)

    def _long_name(self, given: str, at: int) -> str:
        """The declared flag that is meant; raises PluginUsageError."""
        if given in self._by_flag:
            return given
        if self._single_dash:
            names = {split_word(flag)[0].lower(): flag for flag in self._by_flag}
            stands_for = {name: self._by_flag[flag][1] for name, flag in names.items()}
            try:
                return names[find_name(split_word(given)[0], stands_for)]
            except AmbiguousOption as error:
                meant = sorted(names[name] for name in error.names)
                raise PluginUsageError(f"option {given} could be {' or '.join(meant)}", word=at) from error
            except UnknownOption:
                pass  # said below, as for every option
        from pymon.suggestions import most_alike  # noqa: PLC0415  # only where something is wrong: it costs a millisecond

        close = most_alike(given, self._by_flag, cutoff=0.6)
        raise PluginUsageError(f"unknown option {given}" + (f"; did you mean {close}?" if close else ""), word=at)

    def _letters(self, word: str, given: _Arguments, values: dict[type[Any], dict[str, Any]]) -> None:
        letters = word[1:]
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if name not in self._by_flag:
                given.unknown.append((name, given.at))
                continue
            value = ""
            if self._by_flag[name][2].takes is not _Takes.NOTHING:
                value, letters = letters or given.value_of(name), ""
            self._set(name, value, given, values)

    def _set(self, flag_given: str, value: str, given: _Arguments, values: dict[type[Any], dict[str, Any]]) -> None:
        record, name, declared = self._by_flag[flag_given]
        if declared.takes is _Takes.NOTHING:
            values[record][name] = True
            return
        try:
            converted = declared.convert(value)
        except (ValueError, OverflowError) as error:
            refused = PluginUsageError(f"option {flag_given} {value!r}: {_why(error, declared)}", word=given.at)
            if given.problems is None:
                raise refused from error
            given.problems.append(refused)
            return
        if declared.takes is _Takes.MANY:
            values[record][name] = (*values[record].get(name, ()), converted)
        else:
            values[record][name] = converted


def declarations(record: type[Any]) -> list[tuple[str, Declared]]:
    """The declared fields of a dataclass, in order, by name. Raises PluginError for one whose type no text has."""
    found = []
    for field in dataclasses.fields(record):
        declared: Declared | None = field.metadata.get(_KEY)
        if declared is None:
            continue
        if declared.is_text and _type_name(field.type) not in _TEXT_OR_NONE:
            raise PluginError(
                f"option {declared.flags[0]} ({field.name}: {_type_name(field.type)}) has the default None and no"
                " convert=, so that its value would be text; name the function that makes it of text: convert=int"
            )
        found.append((field.name, declared))
    return found


_TEXT_OR_NONE = {"str | None", "None | str", "Optional[str]", "typing.Optional[str]", "Any", "typing.Any", "object"}


def _type_name(written: object) -> str:
    """A field's type as written: text where the plugin has postponed annotations, else the type itself."""
    if isinstance(written, type):
        return written.__qualname__
    return str(written)


def _field(declared: Declared, default: T) -> T:
    made: T = dataclasses.field(default=default, metadata={_KEY: declared})
    return made


def _default(record: type[Any], name: str) -> object:
    return next(field.default for field in dataclasses.fields(record) if field.name == name)


def _make_default(record: type[R]) -> R:
    """A record of the defaults that ``__post_init__`` has not seen: it may want an option that is not given."""
    made = object.__new__(record)
    for field in dataclasses.fields(record):  # type: ignore[arg-type]  # a dataclass, which type[R] cannot say
        if field.default is not dataclasses.MISSING:
            object.__setattr__(made, field.name, field.default)
        elif field.default_factory is not dataclasses.MISSING:
            object.__setattr__(made, field.name, field.default_factory())
    return made


def _some(flags: tuple[str, ...]) -> tuple[str, ...]:
    if not flags:
        raise PluginError('an option needs a name at least: option("-p", "--port", …)')
    return flags


def _check_spelling(spelling: str, *, single_dash: bool) -> None:
    """Refuse what nobody could ever give."""
    name = spelling.lstrip("-")
    dashes = len(spelling) - len(name)
    if not name or dashes not in (1, 2) or "=" in name or any(map(str.isspace, name)):
        raise PluginError(f"option {spelling!r} can never be given: names are like '-p' and '--port'")
    if dashes == 1 and len(name) > 1 and not single_dash:
        raise PluginError(
            f"option {spelling!r} can never be given: behind one hyphen is one letter; call it '-{spelling}'"
        )


def _converter(flags: tuple[str, ...], default: object) -> Callable[[str], Any]:
    """What makes a value of text that is of the default's type. Raises PluginError where that is not plain."""
    if isinstance(default, bool):
        raise PluginError(f"option {flags[0]} is True or False: declare it by flag(), which is True when it is given")
    if default is None or type(default) is str:
        return str
    if type(default) in (int, float) or hasattr(default, "__fspath__"):
        return type(default)
    raise PluginError(
        f"option {flags[0]} has a default of type {type(default).__name__} and no convert=, so that its value would be"
        " text; name the function that makes it of text: convert=…"
    )


def _why(error: ValueError | OverflowError, declared: Declared) -> str:
    if declared.convert is int:
        return "must be a whole number"
    if declared.convert is float:
        return "must be a number"
    return str(error)


def _format_default(default: object) -> str:
    if default is None or default is False or default in ("", ()):
        return ""
    shown = ",".join(map(str, sorted(default))) if isinstance(default, frozenset) else default
    return f" (default: {shown})"
