"""Words of a command that are code, and the placeholders in them (pure).

What a monitor, a trap or a client said must never become a part of code: ``sh -c 'echo {summary}'`` would run what
stands behind a semicolon in the summary. In a script for a shell such a placeholder becomes a variable, whose value the
shell only ever takes as text. Code in other languages knows no such thing, and is left as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

OF_MON_CF = frozenset({
    "word", "kind", "group", "service", "hosts", "members", "time", "iso_time", "when", "noticed", "opstatus", "status",
    "first_failure", "last_failure", "last_success", "duration", "id",
})  # fmt: skip
"""values that nobody outside can choose: names of mon.cf, times, numbers"""

_PLACEHOLDER = re.compile(r"\{\{[a-z_]+\}\}|\{([a-z_]+)\}")
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "ksh93", "mksh", "lksh", "zsh", "ash", "rbash", "posh", "yash"})
_RUNS_BY_SHELL = {
    "su": "c",
    "runuser": "c",
    "sg": "c",
    "script": "c",
    "flock": "c",
}
_OTHERS = {
    "perl": "eE", "python": "c", "pypy": "c", "ruby": "e", "node": "ep", "nodejs": "ep", "php": "r", "lua": "e",
    "luajit": "e", "osascript": "e", "expect": "c", "pwsh": "c", "Rscript": "e", "psql": "c", "mysql": "e",
    "mariadb": "e", "fish": "c", "csh": "c", "tcsh": "c", "env": "S", "sed": "e", "vim": "c", "ex": "c", "gdb": "x",
    "mongosh": "e", "mongo": "e", "sqlcmd": "Qq", "clickhouse-client": "q",
}  # fmt: skip
"""interpreters, and the letters of the options that code follows"""
_LONG = frozenset({"--command", "--eval", "--execute", "--expression", "--print", "--query", "--run", "--split-string"})
_FIRST_WORD = frozenset({"awk", "gawk", "mawk", "nawk", "sed", "jq", "eval", "parallel", "watch"})
"""programs whose first word that is no option is code"""
_ALL_WORDS = frozenset({"ssh", "rsh", "eval", "parallel", "watch", "tmux", "screen", "sqlite3"})
"""programs that make one script of all their words"""
_ASIDE = re.compile(
    r"(?<![\w.-])(?:eval|source|trap|ssh|rsh|su|sudo|doas|runuser|xargs|parallel|watch|at|batch|perl|python[\d.]*|ruby|"
    r"node|php|lua|g?awk|sed|(?:ba|da|k|z|a|c|tc|fi)?sh)(?![\w.-])"
)
"""what may take its words for code of its own"""
_NAMES_COMMAND = re.compile(
    r"(?:^|[(`{!;|&\n]|\b(?:then|do|else|elif|if|while|until|exec|time|command|builtin|nohup|env|in)\s|(?:^|\s)\.\s)"
    r"""[\s"'\\]*(?:\w+=\S*\s+)*["']*$"""
)
"""what stands before the name of a command, so that the text would choose which"""
_PIPELINE = re.compile(r"\|[^;&\n]*")
_RUNS_INPUT = re.compile(r"(?<![\w.-])(?:(?:ba|da|k|z|a|c|tc|fi)?sh|at|batch|parallel)(?![\w.-])")


class Code(NamedTuple):
    """A word that is code: its index in the command, who reads it, and whether that is a shell of this machine."""

    at: int
    reader: str
    is_shell: bool


class Mention(NamedTuple):
    """A placeholder for text from outside that stands in code."""

    code: Code
    name: str


def mentions(command: Sequence[str]) -> list[Mention]:
    """The placeholders of a command that stand in code, and are for text from outside."""
    return [
        Mention(code, match[1])
        for code in code_words(command)
        for match in _PLACEHOLDER.finditer(command[code.at])
        if match[1] and match[1] not in OF_MON_CF
    ]


def reading_shell(command: Sequence[str]) -> int | None:
    """The index of a shell that takes its input for a script, as one does that is given none; None if none does."""
    for index, word in enumerate(command):
        rest = command[index + 1 :]
        if word.rpartition("/")[2] in _SHELLS and all(each[:1] == "-" and "c" not in each for each in rest):
            return index
    return None


def code_words(command: Sequence[str]) -> list[Code]:
    """The words of a command that some interpreter in it takes for code, each once."""
    found: dict[int, Code] = {}
    for index, word in enumerate(command):
        for code in _code_of(word.rpartition("/")[2], command, index + 1):
            found.setdefault(code.at, code)
    return [found[at] for at in sorted(found)]


def _code_of(name: str, command: Sequence[str], start: int) -> Iterator[Code]:
    """The code among the words behind one that may be an interpreter."""
    if name in _SHELLS:
        yield from _script_of_shell(name, command, start)
        return
    letters = _RUNS_BY_SHELL.get(name) or _OTHERS.get(name) or _OTHERS.get(name.rstrip("0123456789."))
    if letters:
        yield from _behind_options(name, command, start, letters, is_shell=name in _RUNS_BY_SHELL)
    if name in _ALL_WORDS:
        yield from (Code(index, name, False) for index in range(start, len(command)))
    elif name in _FIRST_WORD:
        first = next((index for index in range(start, len(command)) if not command[index].startswith("-")), None)
        if first is not None:
            yield Code(first, name, False)


def _script_of_shell(name: str, command: Sequence[str], start: int) -> Iterator[Code]:
    """``sh -c SCRIPT``: the first word behind the options, if one of them has the letter c."""
    reads_code = False
    index = start
    while index < len(command):
        word = command[index]
        if word == "--" or word[:1] not in ("-", "+") or len(word) == 1:
            index += word == "--"
            break
        is_long = word.startswith("--")
        reads_code = reads_code or (not is_long and word[0] == "-" and "c" in word)
        index += 1 + (not is_long and word[-1] in "oO") + (word in ("--rcfile", "--init-file"))
    if reads_code and index < len(command):
        yield Code(index, name, True)


def _behind_options(name: str, command: Sequence[str], start: int, letters: str, *, is_shell: bool) -> Iterator[Code]:
    """Words behind options such as ``-e``, ``-ne`` and ``--eval=``."""
    for index in range(start, len(command)):
        word = command[index]
        option, equals, _ = word.partition("=")
        if option in _LONG:
            yield Code(index if equals else min(index + 1, len(command) - 1), name, is_shell)
        elif re.match(rf"-[A-Za-z0-9]*[{letters}]", word):
            ends = word[-1] in letters and index + 1 < len(command)
            yield Code(index + 1 if ends else index, name, is_shell and ends)


def with_variables(script: str) -> str:
    """A shell's script in which variables (``ALERT_SUMMARY``) stand where placeholders for text from outside stood.

    The text is then what the shell takes for one, whatever it holds, in quotes and without. Where a command may take
    its words for code of its own (``eval``, ``ssh``, another ``sh -c``) the placeholder stays as it is written.
    """
    parts: list[str] = []
    position = 0
    for place in _places(script):
        if place.is_aside:
            continue
        parts.append(script[position : place.start])
        parts.append(_variable(place))
        position = place.end
    return "".join((*parts, script[position:]))


class _Place(NamedTuple):
    start: int
    end: int
    name: str
    quote: str
    is_aside: bool


def _variable(place: _Place) -> str:
    value = f"${{ALERT_{place.name.upper()}}}"
    if place.quote == "'":
        return f"""'"{value}"'"""
    if place.quote == "$'":
        return f"""'"{value}"$'"""
    return value if place.quote == '"' else f'"{value}"'


def _places(script: str) -> Iterator[_Place]:
    """The placeholders for text from outside, each with the quotes that it stands in, and with what command it does."""
    found: list[tuple[int, int, str, str]] = []
    breaks = [0]
    stack = [""]
    position = 0
    while position < len(script):
        match = _PLACEHOLDER.match(script, position)
        if match is not None:
            if match[1] and match[1] not in OF_MON_CF:
                found.append((*match.span(), match[1], stack[-1]))
            position = match.end()
            continue
        step, ends_command = _step(script, position, stack)
        position += step
        if ends_command:
            breaks.append(position)
    breaks.append(len(script))
    for start, end, name, quote in found:
        begin = max(each for each in breaks if each <= start)
        until = min(each for each in breaks if each >= end)
        yield _Place(start, end, name, quote, _is_run(script, begin, start, until))


def _is_run(script: str, begin: int, start: int, until: int) -> bool:
    """Whether a command, from ``begin`` to ``until``, may run what it is given at ``start``, or hand it to who does."""
    rest = script[until - 1 :] if until < len(script) else ""
    pipeline = _PIPELINE.match(rest)
    return (
        _ASIDE.search(script, begin, until) is not None
        or _NAMES_COMMAND.search(script[begin:start]) is not None
        or (pipeline is not None and _RUNS_INPUT.search(pipeline[0]) is not None)
    )


def _step(script: str, position: int, stack: list[str]) -> tuple[int, bool]:
    """Go on by a character or two; ``stack`` is what quotes one is in. Whether a command has ended, too."""
    char, quote = script[position], stack[-1]
    if quote == "'":
        stack[-1] = "" if char == "'" else quote
        return 1, False
    if char == "\\":
        # a backslash before a placeholder keeps nothing: the variable's own quotes must stay quotes
        return (1 if _PLACEHOLDER.match(script, position + 1) else 2), False
    if quote == "$'":
        stack[-1] = "" if char == "'" else quote
        return 1, False
    if script.startswith("$(", position):
        stack.append("")
        return 2, False
    if quote == '"':
        stack[-1] = "" if char == '"' else quote
        return 1, False
    return _step_outside(script, position, stack)


def _step_outside(script: str, position: int, stack: list[str]) -> tuple[int, bool]:
    """The same where no quotes are."""
    char = script[position]
    if script.startswith("$'", position):
        stack[-1] = "$'"
        return 2, False
    if char in "'\"":
        stack[-1] = char
    elif char == "(":
        stack.append("")
    elif char == ")" and len(stack) > 1:
        stack.pop()
    elif char == "#" and (position == 0 or script[position - 1] in " \t\n;"):
        end = script.find("\n", position)
        return (len(script) if end < 0 else end) - position, False
    return 1, char in ";|&\n"
