"""auth.cf: text → rules.

Lines are blank, comments, ``command section``, ``trap section``, or of the section they stand in:

- ``command : user, user``: split at the first colon, users at commas; commands are lower-cased;
- ``host user password-hash``, three words.

A line of the command section without a colon makes the file unusable when mon starts; a bad line of the trap
section is skipped.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pymon.config.lines import Source
from pymon.config.report import ProblemReport, did_you_mean
from pymon.config.shell_words import split_blanks
from pymon.config.time_values import BLANKS
from pymon.model.auth import ANY_USER, ANYONE, AuthRules, TrapSource
from pymon.model.problem import Problem

COMMANDS = frozenset({
    "servertime", "stop", "start", "term", "reset", "reload", "clear", "test", "loadstate", "savestate", "set", "get",
    "list", "ack", "disable", "enable", "version", "protid", "dump", "checkauth", "getview", "setview", "quit", "login",
    "why", "json",
})  # fmt: skip
"""the commands of mon's protocol, and pymon's own"""

_CRYPT = re.compile(r"\$[0-9a-z]+\$.+|[./0-9A-Za-z]{13}|_[./0-9A-Za-z]{19}")


def parse_auth(text: str, name: str = "auth.cf") -> tuple[AuthRules, tuple[Problem, ...]]:
    """Read auth.cf; lines that cannot be read are left out of the rules and reported."""
    source = Source(name, text)
    report = ProblemReport(source)
    commands: dict[str, tuple[str, ...]] = {}
    traps: list[TrapSource] = []
    in_traps = False
    for number in range(1, source.count + 1):
        line = source.physical_line(number).strip(BLANKS)
        if not line or line.startswith("#"):
            continue
        if re.match("(command|trap)\\s+section", line, re.ASCII):
            in_traps = line.startswith("trap")
        elif in_traps:
            _trap(line, number, traps, report)
        else:
            _command(line, number, commands, report)
    return AuthRules(commands, tuple(traps)), tuple(_mask_secrets(problem) for problem in report.problems())


def _mask_secrets(problem: Problem) -> Problem:
    """A problem whose source line ends before what is a password or its hash, or may be one: it goes to the log.

    Of the command section that is what looks like a hash (a userfile read by mistake), and a third word without a
    colon (a line of the trap section in the wrong place).
    """
    words = list(re.finditer(r"[^\s:,]+", problem.source, re.ASCII))
    safe = {"auth-trap": 1, "auth-trap-host": 2, "auth-trap-password": 2, "auth-line": 2}.get(problem.code, len(words))
    for position, word in enumerate(words):
        if position >= safe or _CRYPT.fullmatch(word[0]):
            return replace(problem, source=f"{problem.source[: word.start()]}…")
    return problem


def _command(line: str, number: int, commands: dict[str, tuple[str, ...]], report: ProblemReport) -> None:
    """Read ``command : user, user``."""
    word, colon, rest = line.partition(":")
    command = word.strip(BLANKS).lower()
    if not colon:
        report.add("auth-line", number, 0, number=number)
        return
    if command not in COMMANDS:
        report.add("auth-command", number, 0, command=command, hint=did_you_mean(command, COMMANDS))
    users = tuple(user.strip(BLANKS) for user in rest.split(",") if user.strip(BLANKS))
    for user in users:
        right = {ANYONE: ANYONE, ANY_USER.lower(): ANY_USER}.get(user.lstrip("!").lower())
        if right is not None and user.lstrip("!") != right:
            report.add("auth-user", number, line.index(user, len(word)), user=user, right=right)
    if command in commands:
        report.add("auth-repeated", number, 0, command=command)
    commands[command] = users


def _trap(line: str, number: int, traps: list[TrapSource], report: ProblemReport) -> None:
    """Read ``host user password-hash``."""
    words = split_blanks(line)
    if len(words) != 3:
        report.add("auth-trap", number, 0, count=len(words))
        return
    host, user, password = words
    if len(host) == 1 and host != "*":
        report.add("auth-trap-host", number, 0, host=host)
        return
    if user != "*" and not _CRYPT.fullmatch(password):
        report.add("auth-trap-password", number, line.rindex(password), user=user)
    traps.append(TrapSource(host, user, password, number))
