"""A row of the table of keywords; ``keywords.py`` is the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, replace
from enum import Enum
from re import Pattern
from typing import Any, Protocol

from pymon.config.time_values import BLANKS
from pymon.model.depend import DependBehavior
from pymon.model.service import Period, Service
from pymon.model.settings import Settings
from pymon.model.timer import Timer

Record = Settings | Service | Period


class Scope(Enum):
    """Where a keyword stands."""

    SITE = "site"
    """``name = value``, outside of the watches: a global variable"""
    SERVICE = "service"
    """after ``service`` and before its first ``period``"""
    PERIOD = "period"
    """after ``period``"""


_RECORDS: Mapping[Scope, type[Record]] = {Scope.SITE: Settings, Scope.SERVICE: Service, Scope.PERIOD: Period}
"""the record whose fields a keyword sets"""


class Inheritance(Enum):
    """What counts for a service that does not give a keyword: the global variable of the same name."""

    EARLIER = "the last assignment before the service"
    LAST = "the last assignment of the file"


class InvalidValue(Exception):
    """A value that does not fit its keyword. Converters raise it, and their callers make a Problem of it.

    ``code`` and ``facts`` are those of a kind of problem; ``offset`` is counted from the start of the value.
    """

    def __init__(self, code: str, offset: int = 0, /, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.offset = offset
        self.facts = facts


class Note(Protocol):
    """Mentions something odd about a value: its kind, the offset in the value, and the facts for the message."""

    def __call__(self, kind: str, offset: int = 0, /, **facts: object) -> None: ...


Converter = Callable[[str, "Keyword", Note], Any]
"""the text of a value → the value; raises InvalidValue"""
Setter = Callable[[str, "Keyword", Service], Mapping[str, Any]]
"""the text that a client sends for a keyword of a service → the fields that change; raises SettingError"""

CURRENT = "."
"""stands for the current directory where a variable's name stands for its directory"""


@dataclass(frozen=True, slots=True, eq=False)
class ValueType:
    """How values of one kind are read and written.

    ``read`` reads the text in mon.cf; it is None for dependencies, which need the service's group too. ``set`` reads
    the text that a client sends. ``explain`` writes a value (or the values of several fields) as mon.cf would have it,
    ``get`` gives what mon's clients are sent: text, a number (seconds), a truth, or None for nothing.
    """

    read: Converter | None
    set: Setter
    explain: Callable[..., str] = str
    get: Callable[..., str | float | bool | None] = lambda value: value


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword of a service or period, or one global variable."""

    name: str
    scope: Scope
    type: ValueType
    """how its value is read, explained, set and sent"""
    wording: str = ""
    """what begins the error about a text that is not a time; mon has other words for each keyword"""
    unset: str = ""
    """how ``explain`` says that it is not given, where its default does not say so"""
    fields: tuple[str, ...] = ()
    """the fields of the scope's record that it sets; empty: the one of its name. Their defaults are the keyword's. With
    ``fields`` the converter returns a mapping of them."""
    inherits: Inheritance | None = None
    """which global variable counts where it is not given"""
    derived: str = ""
    """the rule that gives the value where it is not given, in words"""
    explained: bool = False
    """of a global variable: whether ``explain`` shows it, because it bears on how a service is checked"""
    behavior: DependBehavior | None = None
    """of a dependency: what it holds back; None: what dep_behavior says"""
    under: str = ""
    """of a path: the global variable whose directory it is under where it is relative, or CURRENT"""
    retimes: Timer | None = None
    """the timer that starts again when ``set`` changes it"""

    def __post_init__(self) -> None:
        """Raise TypeError if the record lacks a field that the keyword sets, or that field's default."""
        record = _RECORDS[self.scope]
        for name in self.fields or (self.name,):
            field = record.__dataclass_fields__.get(name)
            if field is None or field.default is MISSING:
                raise TypeError(f"the keyword {self.name} needs a field {name} of {record.__name__}, with a default")

    @property
    def terminal(self) -> str:
        """Its name in the grammar."""
        return self.name.upper()

    @property
    def default(self) -> tuple[object, ...]:
        """What its fields hold where it is not given."""
        fields = _RECORDS[self.scope].__dataclass_fields__
        return tuple(fields[name].default for name in self.fields or (self.name,))

    def read(self, text: str, note: Note) -> dict[str, Any]:
        """The fields that a value in mon.cf sets. Raises InvalidValue."""
        if self.type.read is None:
            raise TypeError(f"{self.name} cannot be read without its service")
        value = self.type.read(text, self, note)
        return dict(value) if self.fields else {self.name: value}

    def set(self, service: Service, text: str) -> Service:
        """A service to which a client gave this keyword (``set GROUP SERVICE KEYWORD text``); empty text takes it back.

        Raises SettingError, which says what is wrong with the text.
        """
        text = text.strip(BLANKS)
        names = self.fields or (self.name,)
        changes = self.type.set(text, self, service) if text else dict(zip(names, self.default, strict=True))
        return replace(service, **changes)

    def get(self, service: Service) -> str | float | bool | None:
        """What clients are sent for it (``get GROUP SERVICE KEYWORD``): text, seconds, a truth, or nothing."""
        return self.type.get(*self.values_of(service))

    def values_of(self, record: Record) -> tuple[Any, ...]:
        """The values that a record has for it."""
        return tuple(getattr(record, name) for name in self.fields or (self.name,))

    def explain(self, *values: Any) -> str:
        """Values of its fields, as mon.cf would have them."""
        is_empty = all(value in (None, 0, ()) for value in values)
        if all(value is None for value in values) or (self.unset and (is_empty or values == self.default)):
            return self.unset or "not set"
        return self.type.explain(*values)


@dataclass(frozen=True, slots=True)
class RecordKeyword:
    """A word that starts a record. ``pattern`` is its first line, whose group 1 is where the record's name begins.

    ``content`` is the terminal of the lines inside that are no keywords; ``needs`` is what must follow the word.
    """

    name: str
    pattern: Pattern[str]
    content: str
    needs: str = "a name"

    @property
    def terminal(self) -> str:
        """Its name in the grammar."""
        return self.name.upper()
