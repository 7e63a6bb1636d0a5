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
from collections.abc import Iterable, Iterator

from pymon.redaction import MASK

_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\s"'\\])+|["'\\]\S*""", re.DOTALL)
_NAMES = (
    r"pass-?w(?:or)?d|passwort|kennwort|pass-?phrase|secret|token|credentials?"
    r"|(?:api|auth|routing|access|private|shared|signing|integration|license|account|service|genie|write|read)[-_]?key"
)
_SENSITIVE = rf"[\w.-]*(?:{_NAMES})"
_BRIEF = r"(?!-?(?:by|com|encom|tres|sur)pass\b)(?:[\w.-]*(?:pass|pwd|psk)|(?:[\w.-]*[-_])?(?:pw|pin|otp|bearer))"
_NAME = rf"(?:{_SENSITIVE}|{_BRIEF}|community)"
_OPTION = re.compile(rf"--?(?:{_NAME}|[\w.-]+[-_]key)", re.IGNORECASE)
_OPTION_WITH_VALUE = re.compile(rf"(--?(?:{_NAME}|[\w.-]+[-_]key)=)(.+)", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(rf"((?:{_SENSITIVE}|{_BRIEF}|(?:[\w.-]*_)?key)[=:]\s*)(.+)", re.IGNORECASE | re.DOTALL)
_BEFORE_VALUE = re.compile(rf"(?:--?)?(?:{_NAME})[=:]|passw(?:or)?d|passphrase|bearer", re.IGNORECASE)
"""a word of its own before a value"""
_VARIABLE = re.compile(r"[A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY)")
"""the name of one, before its value: ``set GROUP SERVICE PGPASSWORD x``"""
_NO_VALUES = frozenset({"=", ":", "is", "was", "has", "of", "for", "expired", "expires", "wrong", "changed"})
"""what follows such a word where somebody speaks of it"""
_PAIR = re.compile(
    rf"""((?<![\w.-])(?:{_SENSITIVE}|{_BRIEF})\\?["']?\s*[:=]\s*)(\\?"[^"\\]*|'[^']*|[^\s"',;&}}\\]+)""", re.IGNORECASE
)
"""inside a word: of JSON, or of a connection string"""
_SHORT = re.compile(r"-[pP]")
_SHORT_WITH_VALUE = re.compile(
    r"(-[pP])(?!(?:a(?:ckage|ge|ssive|th)|eriod|ing|lain|oll|ort|re(?:fix|text)|ri(?:nt|vate|ority)|ro\w*|ublic)\b)=?(.+)",
    re.DOTALL | re.IGNORECASE,
)
_SHORT_WITH_WEAK_VALUE = re.compile(rf"(-[pP])((?:{_NAMES})\w*)", re.IGNORECASE)
"""a password such as ``secret``: not an option of the name ``psecret``"""
_USER_OPTION = re.compile(r"-[uUaA]|--(?:user|proxy-user|auth|basic-auth|login)(?:=.*)?", re.DOTALL)
_USER_WITH_VALUE = re.compile(r"((?:-u|--(?:user|proxy-user|auth|basic-auth|login)=)[^:]+:)(?!//)(.+)", re.DOTALL)
_SPOKEN = re.compile(
    r"[-+]?[\d.,:/%-]*|[a-z0-7]+\.(?:emerg|alert|crit|err|warn(?:ing)?|notice|info|debug)|tcp|udp|sctp|icmp|imaps?|pop3s?|smtps?|https?|ftps?|ldaps?|tls|ssl",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:credential:|/|\.\.?/|~/|\{\{).*", re.DOTALL)
_USERINFO = re.compile(r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/@:]*:)([^\s/@]+)(?=@)", re.IGNORECASE)
_QUERY = re.compile(rf"([?&;#](?:{_SENSITIVE}|pass|pw|pwd|key|sig|signature|code|auth)=)([^\s&#;'\"]+)", re.IGNORECASE)
_HEADER = re.compile(
    r"((?:authorization|proxy-authorization|cookie|(?<![\w-])x-[\w-]*(?:key|token|auth))\s*[:=]\s*(?:(?:bearer|basic|token|digest|key)\s+)?)([^'\"]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"((?<![\w.~+/=-])(?:bearer|basic)\s+)([\w.~+/=-]{6,})", re.IGNORECASE)
_KEY = re.compile(
    r"(?<![\w-])(?:xox[abeoprs]-[\w-]{6,}|gh[opsur]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|AKIA[0-9A-Z]{16}"
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
)
_USER_ONLY = re.compile(r"((?<![a-z0-9+.-])https?://)(?=[\w:~-]*\d)[\w~-]{20,}(?=@)", re.IGNORECASE)
"""a key in the place of a user's name"""
_AFTER_NAME = re.compile(rf"(/(?:{_NAMES}|key)/)([^\s/?#'\"]+)", re.IGNORECASE)
_URL = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)
_SEGMENT = re.compile(r"(?<=/)(?:(?=[\w:~@%=+-]*\d)(?=[\w:~@%=+-]*[A-Za-z])[\w:~@%=+-]{20,}|[A-Za-z]{22,})(?=$|[/?#])")
_LETTERS = {"trap.alert": ("-P",), "radius.monitor": ("-s",), "ldap.monitor": ("-w",)}
"""options of one letter that are secrets of these programs"""
_PORT_PROGRAMS = frozenset(
    f"{name}.monitor"
    for name in (
        *("dns", "ftp", "http", "http_t", "http_tp", "https", "imap", "ldap", "lpd", "mon", "nntp", "ntp", "phttp"),
        *("pop3", "radius", "smtp", "ssh", "sslcert", "tcp", "telnet"),
    )
)
"""programs whose ``-p`` is a port, whatever stands behind it"""
_SNMP_LETTERS = ("-c", "-C", "-A", "-X")
"""of every program of SNMP: communities and passphrases"""
_PROGRAM = re.compile(r"(?:^|/)(?:[\w-]+\.(?:alert|monitor)|check_\w+|snmp\w+)$")
_ECHO_SIZE = 5
"""characters of a secret that is looked for in what a program said"""
_SECRETS_OF_A_WORD = 6
_DEPTH = 2
"""commands within commands that are looked through"""


@functools.lru_cache(maxsize=4096)
def mask_secrets(line: str, program: str = "") -> str:
    """An argument line as written in mon.cf, with ``***`` for each word, or part of one, that is a secret.

    ``program`` is whose line it is, if that is known.
    """
    return _mask_line(line, program.rpartition("/")[2], 0)


def mask_value(name: str, value: str) -> str:
    """The value of a variable of that name."""
    is_secret = _OPTION.fullmatch(f"-{name}") and value and not _PATH.fullmatch(value)
    return MASK if is_secret else mask_secrets(value)


def mask_echoed(text: str, arguments: Iterable[str], program: str) -> str:
    """What a program said, with ``***`` for what is a secret among the arguments that it was called with."""
    secrets = sorted(_secrets_among(arguments, program.rpartition("/")[2]), key=len, reverse=True) if text else ()
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _secrets_among(arguments: Iterable[str], program: str) -> Iterator[str]:
    """Those that are long enough not to be found in other words."""
    before = ""
    for word in arguments:
        shown = _mask_word(f'"{word}"', before, program, 0)[1:-1]
        before = word
        around = shown.split(MASK)
        if len(around) == 1 or len(around) > _SECRETS_OF_A_WORD:
            continue
        hidden = re.fullmatch("(.+?)".join(map(re.escape, around)), word, re.DOTALL)
        yield from (each for each in (hidden.groups() if hidden else ()) if len(each) >= _ECHO_SIZE)


def _mask_line(line: str, program: str, depth: int) -> str:
    shown: list[str] = []
    end = 0
    before = ""
    for match in _WORD.finditer(line):
        word = match.group()
        shown += (line[end : match.start()], _mask_word(word, before, program, depth))
        if word not in ("=", ":") or before.startswith("-"):
            before = word
        end = match.end()
        if _PROGRAM.search(word):  # whose line it is, or what that program runs
            program = word.rpartition("/")[2]
    return "".join(shown) + line[end:]


def _mask_word(quoted: str, before: str, program: str, depth: int) -> str:
    """One word, which may be in quotes; ``before`` is the one before it."""
    quote = quoted[0] if len(quoted) > 1 and quoted[0] in "\"'" and quoted[-1] == quoted[0] else ""
    word = quoted[1:-1] if quote else quoted
    before = before.strip("\"'")
    is_behind_name = (
        depth == 0 and word not in _NO_VALUES and (_BEFORE_VALUE.fullmatch(before) or _VARIABLE.fullmatch(before))
    )
    if is_behind_name or _is_secret_option(before) or before in _letters_of(program):
        masked = word if _PATH.fullmatch(word) else MASK
    elif _SHORT.fullmatch(before) and not _is_plain(before, program) and _is_secret_value(word):
        masked = MASK
    elif _USER_OPTION.fullmatch(before) and ":" in word and "://" not in word:
        masked = f"{word.partition(':')[0]}:{MASK}"
    else:
        masked = _mask_inside(word, program)
        if quote and depth < _DEPTH and any(blank in masked for blank in " \t\n"):
            masked = _mask_line(masked, "", depth + 1)
    return f"{quote}{masked}{quote}"


def _is_secret_option(word: str) -> bool:
    return bool(_OPTION.fullmatch(word)) and not _SHORT_WITH_WEAK_VALUE.fullmatch(word)


def _letters_of(program: str) -> tuple[str, ...]:
    """The options of one letter that are a secret whatever their value."""
    return _LETTERS.get(program, _SNMP_LETTERS if "snmp" in program.lower() else ())


def _is_plain(option: str, program: str) -> bool:
    """Whether an option that may be a password elsewhere is none of this program's."""
    return program == "lvs.alert" or (option == "-p" and program in _PORT_PROGRAMS)


def _mask_inside(word: str, program: str) -> str:
    """A word that says itself what it is."""
    if _PATH.fullmatch(word):
        return word
    for form in (_OPTION_WITH_VALUE, _ASSIGNMENT):
        if (match := form.fullmatch(word)) and not _PATH.fullmatch(_bare(match[2])) and not match[2].startswith("//"):
            return f"{match[1]}{MASK}"
    if word[:2] in _letters_of(program) and len(word) > 2 and not _PATH.fullmatch(word[2:].lstrip("=")):
        return f"{word[:2]}{MASK}"
    if match := _USER_WITH_VALUE.fullmatch(word):
        return f"{match[1]}{MASK}"
    if not _is_plain(word[:2], program):
        if match := _SHORT_WITH_WEAK_VALUE.fullmatch(word):
            return f"{match[1]}{MASK}"
        if not _OPTION.fullmatch(word) and (match := _SHORT_WITH_VALUE.fullmatch(word)) and _is_secret_value(match[2]):
            return f"{match[1]}{MASK}"
    word = _USERINFO.sub(rf"\1{MASK}", word)
    word = _USER_ONLY.sub(rf"\1{MASK}", word)
    word = _QUERY.sub(rf"\1{MASK}", word)
    word = _HEADER.sub(rf"\1{MASK}", word)
    word = _BEARER.sub(rf"\1{MASK}", word)
    word = _PAIR.sub(_mask_pair, word)
    word = _KEY.sub(MASK, word)
    return _URL.sub(lambda url: _SEGMENT.sub(MASK, _AFTER_NAME.sub(rf"\1{MASK}", url.group())), word)


def _mask_pair(match: re.Match[str]) -> str:
    value = match[2]
    bare = value.lstrip("\\\"'")
    is_shown = not bare or bare.startswith(MASK) or _PATH.fullmatch(bare)
    return match.group() if is_shown else f"{match[1]}{value[: len(value) - len(bare)]}{MASK}"


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
