"""Converters for the rules of a period that set several fields: alertevery and alertafter (see ``values``)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pymon.config.keyword import InvalidValue, Keyword, Note
from pymon.config.other_words import OTHER_MODES
from pymon.config.report import did_you_mean
from pymon.config.time_values import advice_for, parse_timeval
from pymon.errors import TimevalError
from pymon.model.service import AlerteveryMode

_CONSECUTIVE = re.compile(r"[0-9]{1,15}")
_WITHIN = re.compile(r"([0-9]{1,15})\s+([0-9]{1,9}[hms])$", re.ASCII)
_LASTING = re.compile(r"[0-9]{1,9}[hms]")
_SUMMARY = re.compile(r"\s(summary.*)", re.IGNORECASE | re.ASCII)
_MODES = {mode.value: mode for mode in AlerteveryMode if mode is not AlerteveryMode.SUMMARY}
Changes = Mapping[str, object]
"""the fields of Period that a value sets"""


def alertevery(text: str, keyword: Keyword, note: Note) -> Changes:
    """``TIMEVAL [strict | observe_detail | ignore_summary]``; an old ``summary …`` at the end has no effect."""
    body = text
    old = _SUMMARY.search(text)
    if old:
        body = text[: old.start()]
        note("alertevery-summary", old.start(1), text=old[1])
    time, *modifiers = body.split() or [""]
    try:
        seconds, hint = parse_timeval(time), "it must be more than zero"
    except TimevalError:
        seconds, hint = 0.0, advice_for(time)
    if seconds <= 0:
        raise InvalidValue("alertevery", value=text, hint=hint)
    if not modifiers:
        return {"alertevery": seconds, "alertevery_mode": AlerteveryMode.SUMMARY}
    offset = text.index(modifiers[0], len(time))
    if len(modifiers) > 1:
        raise InvalidValue("alertevery", offset, value=text, hint="one of these words can be given, not several")
    try:
        mode = _MODES[modifiers[0].lower()]
    except KeyError:
        word = modifiers[0].lower()
        hint = OTHER_MODES.get(word) or did_you_mean(word, _MODES) or "write strict, observe_detail, ignore_summary"
        raise InvalidValue("alertevery", offset, value=text, hint=hint) from None
    return {"alertevery": seconds, "alertevery_mode": mode}


def alertafter(text: str, keyword: Keyword, note: Note) -> Changes:
    """``N``, ``N TIME`` or ``TIME``; each form has fields of its own, and leaves those of the others alone."""
    if _CONSECUTIVE.fullmatch(text):
        return {"alertafter_consecutive": int(text)}
    within = _WITHIN.search(text)
    if within:
        return {"alertafter_count": int(within[1]), "alertafter_time": parse_timeval(within[2])}
    if not _LASTING.fullmatch(text) or not parse_timeval(text):
        raise InvalidValue("alertafter", value=text, hint=_alertafter_hint(text))
    return {"alertafter_time": parse_timeval(text)}


def _alertafter_hint(text: str) -> str:
    """How a time with a unit or fraction that is not allowed here could be written."""
    try:
        *words, time = text.split() or [""]
        seconds = parse_timeval(time)
    except TimevalError:
        return ""
    count = "".join(f"{word} " for word in words)
    if seconds <= 0 or seconds != int(seconds):
        return ""
    whole = f"{int(seconds // 3600)}h" if seconds % 3600 == 0 else f"{int(seconds)}s"
    return f": 'alertafter {count}{whole}'"
