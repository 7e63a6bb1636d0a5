"""One converter for each kind of value in mon.cf.

A converter takes the text of a value, the keyword it belongs to (its row of the table), and ``note``, by which it
mentions what is odd and yet legal. It returns the value, or raises InvalidValue. Offsets are counted from the start of
the text.
"""

from __future__ import annotations

import re

from pymon.config.dependencies import parse_dependency, scan_dependency
from pymon.config.keyword import InvalidValue, Keyword, Note
from pymon.config.periods import parse_period
from pymon.config.report import did_you_mean
from pymon.config.shell_words import split_blanks, split_words
from pymon.config.time_values import BLANKS, parse_timeval
from pymon.errors import DependencyError, PeriodError, TimevalError, WordSplitError
from pymon.model.depend import DependBehavior, Dependency
from pymon.model.period import PeriodSpec
from pymon.model.service import Command, ExitRange, MonitorCommand
from pymon.redaction.command_words import mask_secrets

_LEADING_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,15})(?![0-9])", re.ASCII)
_EXIT_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_EXIT_PREFIX = re.compile(r"exit\s*=\s*([0-9]{1,9}(?:-[0-9]{1,9})?)(?:\s+|$)", re.IGNORECASE | re.ASCII)
_ODD_CHARACTERS = {
    "“": ("a typographic quote", '"'), "”": ("a typographic quote", '"'), "„": ("a typographic quote", '"'),
    "‘": ("a typographic quote", "'"), "’": ("a typographic quote", "'"), "–": ("a dash", "-"), "—": ("a dash", "-"),
    "−": ("a minus sign", "-"), "‐": ("a hyphen", "-"), "－": ("a full-width dash", "-"),
    "\u00a0": ("a blank that does not break", "a blank"), "\u3000": ("a wide blank", "a blank"),
}  # fmt: skip
_ODD_START = re.compile(rf"(?:(?<=\s)|^)[{''.join(_ODD_CHARACTERS)}]", re.ASCII)
_INSIDE_WORD = re.compile(r"[a-zA-Z0-9_.\-]+SELF:[a-zA-Z0-9_.\-]*")

AUTHTYPES = frozenset({"getpwnam", "shadow", "userfile", "pam", "trustlocal"})
FACILITIES = frozenset({
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
    *(f"local{number}" for number in range(8)),
})  # fmt: skip


def global_time(text: str, keyword: Keyword, note: Note) -> float:
    """A time value of a global variable; zero is fine."""
    try:
        return parse_timeval(text)
    except TimevalError as error:
        raise InvalidValue("global-time", value=text, keyword=keyword.name, hint=error) from None


def positive_time(text: str, keyword: Keyword, note: Note) -> float:
    """A time value of a service or period; it must be more than zero."""
    try:
        seconds, hint = parse_timeval(text), "it must be more than zero"
    except TimevalError as error:
        seconds, hint = 0.0, str(error)
    if seconds <= 0:
        what = keyword.wording or f"invalid {keyword.name}"
        raise InvalidValue("time", value=text, keyword=keyword.name, what=what, hint=hint)
    return seconds


def number(text: str, keyword: Keyword, note: Note) -> int:
    """A whole number; as in Perl the leading digits count, and nothing is 0."""
    match = _LEADING_NUMBER.match(text)
    value = int(match[1]) if match else 0
    if text and (match is None or match.end() != len(text)):
        note("odd-number", value=text, keyword=keyword.name, number=value)
    return max(value, 0)


def process_count(text: str, keyword: Keyword, note: Note) -> int:
    """``maxprocs``: a number; text would mean that nothing is ever run."""
    if text and not _LEADING_NUMBER.match(text):
        hint = "mon would run nothing at all: write a number"
        raise InvalidValue("not-a-number", value=text, keyword=keyword.name, hint=hint)
    return number(text, keyword, note)


def port(text: str, keyword: Keyword, note: Note) -> int | None:
    """A port number; empty is the default."""
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        hint = "write a port number, from 1 to 65535"
        raise InvalidValue("not-a-number", value=text, keyword=keyword.name, hint=hint)
    return int(text)


def dtlogging(text: str, keyword: Keyword, note: Note) -> bool:
    """On for the number 1, ``yes`` and ``true``, in lower case; off for anything else."""
    is_on = text in ("yes", "true") or bool(re.match(r"\+?0*1(?:\.0*)?(?![0-9.])", text))
    if text not in ("1", "yes", "true", "0", "no", "false", ""):
        note("odd-switch", value=text, keyword=keyword.name, meaning="yes" if is_on else "no")
    return is_on


def startupalerts_on_reset(text: str, keyword: Keyword, note: Note) -> bool:
    """On if it starts with 1, contains ``yes`` or ``true``, or ends with ``on``, in either case."""
    is_on = re.search("^1|yes|true|on$", text, re.IGNORECASE) is not None
    if text.lower() not in ("1", "yes", "true", "on", "0", "no", "false", "off", ""):
        note("odd-switch", value=text, keyword=keyword.name, meaning="yes" if is_on else "no")
    return is_on


def unack_summary(text: str, keyword: Keyword, note: Note) -> bool:
    """Yes if there is a ``y`` anywhere, else no if there is an ``n``, else 1 or 0."""
    lowered = text.lower()
    if "y" not in lowered and "n" not in lowered and text not in ("0", "1"):
        raise InvalidValue("unack-summary", value=text, keyword=keyword.name)
    is_on = text == "1" or "y" in lowered
    if lowered not in ("y", "yes", "n", "no", "0", "1"):
        note("odd-switch", value=text, keyword=keyword.name, meaning="yes" if is_on else "no")
    return is_on


def unack_summary_or_bare(text: str, keyword: Keyword, note: Note) -> bool:
    """As ``unack_summary``; the bare keyword is yes, as mon's manual promises (C-UNACK)."""
    if not text:
        note("bare-unack-summary", -len(keyword.name))
        return True
    return unack_summary(text, keyword, note)


def yes_or_no(text: str, keyword: Keyword, note: Note) -> bool:
    """``yes`` or ``no``, and nothing else: a keyword of pymon's own."""
    if text not in ("yes", "no"):
        raise InvalidValue("inprocess", value=text, keyword=keyword.name)
    return text == "yes"


def flag(text: str, keyword: Keyword, note: Note) -> bool:
    """A keyword that is on by being there."""
    if text:
        note("ignored-argument", value=text, keyword=keyword.name, hint=f"to turn it off, remove {keyword.name}")
    return True


def plain_text(text: str, keyword: Keyword, note: Note) -> str:
    """Text as it is."""
    return text


def host_set(text: str, keyword: Keyword, note: Note) -> frozenset[str]:
    """Hosts, in any order."""
    return frozenset(split_blanks(text))


def auth_types(text: str, keyword: Keyword, note: Note) -> tuple[str, ...]:
    """The kinds of authentication, in the order in which they are tried."""
    for match in re.finditer(r"\S+", text, re.ASCII):
        if match[0] not in AUTHTYPES:
            hint = did_you_mean(match[0], AUTHTYPES) or f"use {' '.join(sorted(AUTHTYPES))}"
            note("unknown-authtype", match.start(), value=match[0], hint=hint)
    return tuple(split_blanks(text))


def facility(text: str, keyword: Keyword, note: Note) -> str:
    """A facility of syslog, as Perl's Sys::Syslog takes it: any case, with ``LOG_`` before it or without."""
    name = text.lower().removeprefix("log_")
    if name not in FACILITIES:
        note("unknown-facility", 0, value=text, hint=did_you_mean(name, FACILITIES) or "such as daemon or local0")
    return text


def path_list(text: str, keyword: Keyword, note: Note) -> tuple[str, ...]:
    """Directories separated by colons; blanks around a colon are dropped (mon drops letters "s": C-PATHS)."""
    return tuple(part.strip(BLANKS) for part in text.split(":") if part.strip(BLANKS))


def behavior(text: str, keyword: Keyword, note: Note) -> DependBehavior:
    """a, m or hm."""
    try:
        return DependBehavior(text)
    except ValueError:
        hint = f": '{text.lower()}' in lower case" if text.lower() in ("a", "m", "hm") else ""
        raise InvalidValue("unknown-behavior", value=text, hint=hint) from None


def exclude_period(text: str, keyword: Keyword, note: Note) -> PeriodSpec | None:
    """A period in which nothing is done; the blank one excludes nothing."""
    return period(text, keyword.name) if text else None


def period(text: str, what: str) -> PeriodSpec:
    """A period string, checked as a whole; ``what`` it is, for the error."""
    try:
        return parse_period(text)
    except PeriodError as error:
        raise InvalidValue(_period_code(text, error), error.column, what=what, value=text, hint=error) from None


def _period_code(text: str, error: PeriodError) -> str:
    """Tell whether mon notices a malformed period at any time, or only when nothing before it matches."""
    before, comma, _ = text[: error.column].rpartition(",")
    try:
        parse_period(before)
    except PeriodError:
        return "malformed-period"
    return "malformed-later-period" if comma and before.strip(BLANKS) else "malformed-period"


def dependency(text: str, group: str, note: Note) -> tuple[Dependency | None, DependencyError | None]:
    """An expression with ``SELF`` replaced; if it makes no sense its names are taken, and the error comes along."""
    inside = _INSIDE_WORD.search(text) if "SELF:" in text else None
    if inside:
        note("self-in-word", inside.start(), word=inside[0])
    replaced = text.replace("SELF:", f"{group}:")
    if not replaced:
        return None, None
    try:
        return parse_dependency(replaced), None
    except DependencyError as error:
        return scan_dependency(replaced), error


def monitor(text: str, keyword: Keyword, note: Note) -> MonitorCommand | None:
    """A program with its arguments; a ``;;`` at the end leaves the hosts out."""
    body = text
    if text.endswith(";;"):
        body = text[:-2].rstrip(BLANKS)
    name, rest, start = _split_name(body)
    if not name:
        note("empty-command", -len(keyword.name) - 1, keyword=keyword.name, where="mondir")
        return None
    _note_odd_characters(text, note)
    try:
        words = split_words(rest)
    except WordSplitError as error:
        raise InvalidValue("unbalanced-monitor", start + error.column, hint=error) from None
    return MonitorCommand(name, mask_secrets(rest, name), words, append_hosts=body == text)


def command(text: str, keyword: Keyword, note: Note) -> Command | None:
    """An alert with its arguments."""
    name, rest, start = _split_name(text)
    if not name:
        note("empty-command", -len(keyword.name) - 1, keyword=keyword.name, where="alertdir")
        return None
    _note_odd_characters(text, note)
    try:
        return Command(name, mask_secrets(rest, name), split_words(rest))
    except WordSplitError as error:
        note("unbalanced-alert", start + error.column, hint=error)
        return Command(name, mask_secrets(rest, name), ())


def alert(text: str, keyword: Keyword, note: Note) -> tuple[Command | None, ExitRange | None]:
    """``[exit=N|exit=N-M] alert args``; blanks around the ``=`` are allowed."""
    match = _EXIT_PREFIX.match(text)
    if match is None:
        if re.match(r"\w+=", text, re.ASCII):
            note("exit-prefix", text=split_blanks(text)[0])
        return command(text, keyword, note), None

    def note_further(kind: str, offset: int = 0, /, **facts: object) -> None:
        note(kind, offset if offset < 0 else offset + match.end(), **facts)

    return command(text[match.end() :], keyword, note_further), exit_range(match[1], keyword, note)


def exit_range(text: str, keyword: Keyword, note: Note) -> ExitRange:
    """``N`` or ``N-M``."""
    match = _EXIT_RANGE.fullmatch(text)
    if match is None:
        raise InvalidValue("exit-range", value=text)
    return ExitRange(int(match[1]), int(match[2] or match[1]))


def alert_count(text: str, keyword: Keyword, note: Note) -> int:
    """``numalerts``: digits."""
    if not re.fullmatch("[0-9]{1,15}", text):
        raise InvalidValue("numalerts", value=text, keyword=keyword.name)
    return int(text)


def _split_name(text: str) -> tuple[str, str, int]:
    """Split a command line into program, arguments, and the offset of the arguments."""
    match = re.match(r"(\S+)\s*", text, re.ASCII)
    return (match[1], text[match.end() :], match.end()) if match else ("", "", 0)


def _note_odd_characters(text: str, note: Note) -> None:
    """Mention characters that a word processor put where a quote, dash or blank was meant."""
    if text.isascii():
        return
    for match in _ODD_START.finditer(text):
        name, plain = _ODD_CHARACTERS[match[0]]
        note("odd-character", match.start(), name=name, code=ord(match[0]), plain=plain)
