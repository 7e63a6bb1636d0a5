"""Secrets out of argument lines, wherever these are shown: logs, histories, answers to clients (pure).

mon.cf may have passwords among the words of an alert or monitor. The program gets them; people who read a log or ask
the daemon do not. A word is a secret by what it stands behind (``--password``, ``-P``, ``token=``, ``user:`` of a URL)
or by its form (keys of well-known services). Where it is unclear (``-p`` may be a port or a password), a number, a
path, or a protocol's name is shown, and everything else is not: a masked word costs little.

Clients may send long lines to be shown: each expression is linear in the length of a word.
"""

from __future__ import annotations

import functools
import re

MASK = "***"

_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\s"'\\])+|["'\\]\S*""", re.DOTALL)
_SENSITIVE = r"[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|auth[-_]?key|routing[-_]?key|credentials?)"
_OPTION = re.compile(rf"--?(?:{_SENSITIVE}|pass|pw|pwd|community|bearer)", re.IGNORECASE)
_OPTION_WITH_VALUE = re.compile(rf"(--?(?:{_SENSITIVE}|pass|pw|pwd|community|bearer)=)(.+)", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(rf"((?:{_SENSITIVE}|(?:[\w.-]*_)?(?:pass|pw|pwd|key))[=:]\s*)(.+)", re.IGNORECASE | re.DOTALL)
_SHORT = re.compile(r"-[pP]")
_SHORT_WITH_VALUE = re.compile(
    r"(-[pP])(?!(?:a(?:ckage|ge|ssive|th)|eriod|ing|lain|oll|ort|re(?:fix|text)|ri(?:nt|vate|ority)|ro\w*|ublic)\b)=?(.+)",
    re.DOTALL | re.IGNORECASE,
)
_USER_OPTION = re.compile(r"-[uUaA]|--(?:user|proxy-user|auth|basic-auth|login)(?:=.*)?", re.DOTALL)
_SPOKEN = re.compile(
    r"[-+]?[\d.,:/%-]*|tcp|udp|sctp|icmp|imaps?|pop3s?|smtps?|https?|ftps?|ldaps?|tls|ssl", re.IGNORECASE
)
_PATH = re.compile(r"(?:credential:|/|\.\.?/|~/|\{\{).*", re.DOTALL)
_USERINFO = re.compile(r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/@:]*:)([^\s/@]+)(?=@)", re.IGNORECASE)
_QUERY = re.compile(rf"([?&;](?:{_SENSITIVE}|pass|pw|pwd|key|sig|signature|code|auth)=)([^\s&#;'\"]+)", re.IGNORECASE)
_HEADER = re.compile(
    r"((?:authorization|proxy-authorization|cookie|(?<![\w-])x-[\w-]*(?:key|token|auth))\s*[:=]\s*(?:(?:bearer|basic|token|digest|key)\s+)?)([^'\"]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"((?<![\w.~+/=-])(?:bearer|basic)\s+)([\w.~+/=-]{6,})", re.IGNORECASE)
_KEY = re.compile(
    r"(?<![\w-])(?:xox[abeoprs]-[\w-]{6,}|gh[opsur]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|AKIA[0-9A-Z]{16}"
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
)
_URL = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)
_SEGMENT = re.compile(r"(?<=/)(?=[\w:~-]*\d)(?=[\w:~-]*[A-Za-z])[\w:~-]{20,}(?=$|[/?#])")


@functools.lru_cache(maxsize=4096)
def mask_secrets(line: str) -> str:
    """An argument line as written in mon.cf, with ``***`` for each word, or part of one, that is a secret."""
    shown: list[str] = []
    end = 0
    before = ""
    for match in _WORD.finditer(line):
        word = match.group()
        shown += (line[end : match.start()], _mask_word(word, before))
        before, end = word, match.end()
    return "".join(shown) + line[end:]


def _mask_word(quoted: str, before: str) -> str:
    """One word, which may be in quotes; ``before`` is the one before it."""
    quote = quoted[0] if len(quoted) > 1 and quoted[0] in "\"'" and quoted[-1] == quoted[0] else ""
    word = quoted[1:-1] if quote else quoted
    before = before.strip("\"'")
    if _OPTION.fullmatch(before):
        masked = word if _PATH.fullmatch(word) else MASK
    elif _SHORT.fullmatch(before) and _is_secret_value(word):
        masked = MASK
    elif _USER_OPTION.fullmatch(before) and ":" in word and "://" not in word:
        masked = f"{word.partition(':')[0]}:{MASK}"
    else:
        masked = _mask_inside(word)
    return f"{quote}{masked}{quote}"


def _mask_inside(word: str) -> str:
    """A word that says itself what it is."""
    if _PATH.fullmatch(word):
        return word
    for form in (_OPTION_WITH_VALUE, _ASSIGNMENT):
        if (match := form.fullmatch(word)) and not _PATH.fullmatch(_bare(match[2])) and not match[2].startswith("//"):
            return f"{match[1]}{MASK}"
    if not _OPTION.fullmatch(word) and (match := _SHORT_WITH_VALUE.fullmatch(word)) and _is_secret_value(match[2]):
        return f"{match[1]}{MASK}"
    word = _USERINFO.sub(rf"\1{MASK}", word)
    word = _QUERY.sub(rf"\1{MASK}", word)
    word = _HEADER.sub(rf"\1{MASK}", word)
    word = _BEARER.sub(rf"\1{MASK}", word)
    word = _KEY.sub(MASK, word)
    return _URL.sub(lambda url: _SEGMENT.sub(MASK, url.group()), word)


def _is_secret_value(value: str) -> bool:
    """Of an option that may be a port, a protocol, a path or a password."""
    value = _bare(value)
    return bool(value) and not _SPOKEN.fullmatch(value) and not _PATH.fullmatch(value)


def _bare(value: str) -> str:
    return value.strip("\"'")


def cut_before_secret(line: str) -> str:
    """A line of a file, for a message that points into it: it ends with ``…`` where the first secret stands."""
    shown = mask_secrets(line)
    if shown == line:
        return line
    same = next(
        (place for place, pair in enumerate(zip(line, shown, strict=False)) if pair[0] != pair[1]),
        min(len(line), len(shown)),
    )
    return f"{line[:same]}…"
