"""What an HTTP answer must be like: rules as options have them, and what is wrong with an answer by each (pure).

Judging raises TooMuchWork where the bound in force is reached (``pymon.plugin.bounded``).

Each rule is a record that can be hashed; ``problem(…)`` of it says in a few words what is wrong, or is empty.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pymon.options import many, option
from pymon.plugin.matching import Regex
from pymon.plugin.values import seconds
from pymon.text import bounded, decode, encode

if TYPE_CHECKING:
    from pymon.plugin.http.http1 import Headers, HttpAnswer

CONTENT_LIMIT = 16 << 20
"""bytes that a compressed body may come to; one that grows beyond is a failure"""

GOOD = frozenset({200, 301, 302, 401})
"""statuses that mon's http.monitor takes for good"""

CODE_FAILURE = "HTTP response code failure"
"""what mon's http.monitor says of a bad status, and of no answer at all"""

_SHOWN = 79
"""characters of a value that are shown"""


class BadContent(ValueError):
    """A body that cannot be read as what it says to be; the text is for the user."""


class HeaderRule(NamedTuple):
    """A header that must be there, with a value that ``pattern`` is found in (None: any); or must not (``absent``)."""

    name: str
    pattern: Regex | None = None
    absent: bool = False

    def problem(self, headers: Headers) -> str:
        """What is wrong with these headers by this rule."""
        wanted = encode(self.name.lower())
        values = [decode(value) for name, value in headers if name.lower() == wanted]
        if self.absent:
            return f"header {self.name} is there" if values else ""
        if not values:
            return f"no header {self.name}"
        if self.pattern is not None and not any(self.pattern.search(value) for value in values):
            return f"header {self.name} is {bounded(', '.join(values), _SHOWN)}"
        return ""


class JsonRule(NamedTuple):
    """What a JSONPath (RFC 9535) must find: something; and all of it must compare so with ``wanted``, if it does.

    ``compare`` is empty, or one of ``= != < <= > >=``; the last four are for numbers.
    """

    path: str
    compare: str = ""
    wanted: str = ""

    def problem(self, document: Any) -> str:
        """What is wrong with this document by this rule."""
        from pymon.plugin.json_path import find  # noqa: PLC0415  # 50 ms, only for who asks for it

        if isinstance(document, str):
            document = json.dumps(document)  # for the library takes text for that of a document
        try:
            found = find(self.path, document)
        except ValueError as error:
            return f"JSON {self.path}: {error}"
        if not found:
            return f"JSON has no {self.path}"
        for value in found if self.compare else ():
            if not _compares(value, self.compare, self.wanted):
                return f"JSON {self.path} is {_in_json(value)}"
        return ""


def statuses(text: str) -> frozenset[int]:
    """Status codes and ranges of them, separated by commas: ``200,204,300-399``."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not (low.isdigit() and (high or low).isdigit() and 100 <= int(low) <= int(high or low) <= 599):
            raise ValueError("must be status codes such as 200,204,300-399")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def header_rule(text: str) -> HeaderRule:
    """``NAME`` for one that must be there, ``NAME: REGEX`` for what its value must match."""
    name, colon, pattern = text.partition(":")
    return HeaderRule(field_name(name.strip()), Regex(pattern.strip()) if colon else None)


def absent_header(text: str) -> HeaderRule:
    """The name of a header that must not be there."""
    return HeaderRule(field_name(text.strip()), absent=True)


def field_name(text: str) -> str:
    """The name of a header (RFC 9110, 5.1)."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", text):
        raise ValueError("is no name of a header")
    return text


def json_rule(text: str) -> JsonRule:
    """``PATH``, or ``PATH=VALUE`` with one of ``= != < <= > >=``; a path without its ``$`` is taken from the root."""
    from pymon.plugin.json_path import compile_path  # noqa: PLC0415  # as above

    path, compare, wanted = _split(text)
    if not path.startswith("$"):
        path = f"${path}" if path.startswith("[") else f"$.{path}"
    compile_path(path)
    if compare in ("<", "<=", ">", ">=") and not _is_number(_as_json(wanted)):
        raise ValueError(f"{compare} compares numbers, and {wanted!r} is none")
    return JsonRule(path, compare, wanted)


def size(text: str) -> int:
    """A number of bytes; K, M and G behind it stand for 1024 of them, and so on."""
    match = re.fullmatch(r"([0-9]{1,15})([KMG]?)", text)
    if match is None:
        raise ValueError("must be a number of bytes, such as 500, 10K or 2M")
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


def size_problem(size: int, least: int | None, most: int | None) -> str:
    """What is wrong with the size of a body, in bytes as they came."""
    if least is not None and size < least:
        return f"{size} bytes, less than {least}"
    if most is not None and size > most:
        return f"more than {most} bytes"
    return ""


def content_of(answer: HttpAnswer) -> bytes:
    """The body without its content encoding; raises BadContent where it cannot be taken off, or is a bomb."""
    encoding = b",".join(value for name, value in answer.headers if name.lower() == b"content-encoding").strip().lower()
    if encoding in (b"", b"identity") or not answer.body:
        return answer.body
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        raise BadContent(f"the body is encoded as {encoding.decode('ascii', 'replace')}, which was not asked for")
    try:
        return _inflate(answer.body, whole=answer.whole)
    except zlib.error as error:
        raise BadContent(f"the body is no {encoding.decode('ascii')}") from error


def _inflate(packed: bytes, *, whole: bool) -> bytes:
    """What was compressed, in one piece or several (RFC 1952, 2.2); raises BadContent and zlib.error."""
    content = bytearray()
    while packed:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its header
        content += inflater.decompress(packed, CONTENT_LIMIT - len(content) + 1)
        if len(content) > CONTENT_LIMIT:
            raise BadContent(f"the body comes to more than {CONTENT_LIMIT} bytes")
        if not inflater.eof:
            if whole:
                raise BadContent("the compressed body is cut off")
            break
        packed = inflater.unused_data
    return bytes(content)


def document_of(content: bytes, *, whole: bool) -> Any:
    """The JSON document that a body is; raises BadContent."""
    if not whole:
        raise BadContent(f"the body is too long to be read as JSON (more than {len(content)} bytes)")
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadContent(f"the body is no JSON: {bounded(str(error), _SHOWN)}") from error


@dataclass(frozen=True)
class AnswerOptions:
    """What an answer must be like; inherit your Options from it. -m is that of mon's http.monitor."""

    match: Regex | None = option(
        *("-m", "--match"), default=None, convert=Regex, metavar="REGEX",
        about="must match headers and body; decides in place of the status",
    )  # fmt: skip
    good: frozenset[int] = option(
        "-c", "--codes", default=GOOD, convert=statuses, metavar="CODES", about="good statuses, such as 200,300-399"
    )
    absent: tuple[Regex, ...] = many(
        "--absent", convert=Regex, metavar="REGEX", about="must not match the body (repeat)"
    )
    json: tuple[JsonRule, ...] = many(
        *("--json",), convert=json_rule, metavar="PATH[=VALUE]",
        about="JSONPath that must find something, all of it so (=, !=, <, <=, >, >=; repeat)",
    )  # fmt: skip
    expected: tuple[HeaderRule, ...] = many(
        "--expect-header", convert=header_rule, metavar="'NAME[: REGEX]'", about="header that must be there (repeat)"
    )
    unexpected: tuple[HeaderRule, ...] = many(
        "--absent-header", convert=absent_header, metavar="NAME", about="header that must not be there (repeat)"
    )
    least: int | None = option("--min-size", default=None, convert=size, metavar="BYTES", about="the body's least size")
    most: int | None = option("--max-size", default=None, convert=size, metavar="BYTES", about="its greatest")
    slowest: float | None = option(
        "--slowest", default=None, convert=seconds, metavar="SECONDS", about="slower is a failure"
    )

    def verdict(self, answer: HttpAnswer, took: float) -> str:
        """All that is wrong with an answer that took so many seconds, in a line; empty if nothing is."""
        return "; ".join(filter(None, self._problems(answer, took)))

    def _problems(self, answer: HttpAnswer, took: float) -> Iterator[str]:
        """What is wrong with an answer, the verdict of mon's http.monitor first."""
        head = decode(answer.head)
        content, unreadable = b"", ""
        if self.match is not None or self.absent or self.json:
            try:
                content = content_of(answer)
            except BadContent as error:
                unreadable = str(error)
        text = decode(content)
        if self.match is not None:
            if not self.match.search(head + text):
                yield "Regex match failed"
        elif answer.status not in self.good:
            yield CODE_FAILURE
        for rule in (*self.expected, *self.unexpected):
            yield rule.problem(answer.headers)
        yield size_problem(answer.size, self.least, self.most)
        if unreadable:
            yield unreadable
        else:
            yield from (f"the body matches {found.pattern!r}" for found in self.absent if found.search(text))
            yield from _json_problems(content, self.json, whole=answer.whole)
        if self.slowest is not None and took > self.slowest:
            yield f"took {took:.3f} seconds, more than {self.slowest:g}"


def _json_problems(content: bytes, rules: Sequence[JsonRule], *, whole: bool) -> Iterator[str]:
    """What is wrong with a body that is to be JSON, if there are rules for that."""
    if not rules:
        return
    try:
        document = document_of(content, whole=whole)
    except BadContent as error:
        yield str(error)
        return
    yield from (rule.problem(document) for rule in rules)


def _split(text: str) -> tuple[str, str, str]:
    """Path, comparison and value: split at the first operator that is in no bracket and in no quotes."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif not depth and (operator := re.match(r"!=|<=|>=|=|<|>", text[at:])):
            return text[:at].strip(), operator[0], text[at + len(operator[0]) :].strip()
        at += 1
    return text.strip(), "", ""


def _compares(value: Any, compare: str, wanted: str) -> bool:
    if compare in ("=", "!="):
        return (compare == "=") is _is(value, wanted)
    limit = _as_json(wanted)
    if not _is_number(value):
        return False
    return bool({"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[compare])


def _is(value: Any, wanted: str) -> bool:
    """Whether a value is the one written: text as it is or as JSON has it, all else as JSON has it."""
    if isinstance(value, str) and value == wanted:
        return True
    meant = _as_json(wanted)
    return isinstance(value, bool) is isinstance(meant, bool) and bool(value == meant) and meant is not _NOTHING


_NOTHING = object()


def _as_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _NOTHING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _in_json(value: Any) -> str:
    """A value as JSON has it; of what has parts, no more than what it is."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    return bounded(json.dumps(value, ensure_ascii=False), _SHOWN)
