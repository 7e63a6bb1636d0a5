"""One keyword of a service, given while the daemon runs (``set GROUP SERVICE interval 30s``)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pymon.config.build_service import CONVERTERS, DEPENDENCIES
from pymon.config.problems import KINDS
from pymon.config.report import Misfit
from pymon.config.time_values import BLANKS
from pymon.config.values import dependency
from pymon.errors import SettingError
from pymon.model.depend import DependBehavior
from pymon.model.service import Service

_TIMES = frozenset({"interval", "failure_interval", "traptimeout", "trapduration", "randskew", "dep_memory", "timeout"})
_FLAGS = {"1": True, "yes": True, "": False, "0": False, "no": False}
_DEFAULTS = Service("", "")


def change_setting(service: Service, keyword: str, text: str) -> Service:
    """A service with another value for one of its keywords, written as in mon.cf; empty text takes it back.

    A time may do without its unit, as mon's clients write it, and is then in seconds. ``allow_empty_group`` is
    1 or 0. Raises SettingError, which says what is wrong, for other keywords and values that do not fit.
    """
    kind = keyword.upper()
    if keyword != keyword.lower() or (kind not in CONVERTERS and kind not in DEPENDENCIES):
        raise SettingError(f"{keyword} is no keyword of a service")
    text = text.strip(BLANKS)
    changes: dict[str, Any] = {keyword: getattr(_DEFAULTS, keyword) if not text else _value(service, keyword, text)}
    return replace(service, **changes)


def _value(service: Service, keyword: str, text: str) -> object:
    kind = keyword.upper()
    if kind in DEPENDENCIES:
        return _dependency(service, keyword, text)
    if keyword == "allow_empty_group":
        if text not in _FLAGS:
            raise SettingError(f"allow_empty_group is 1 or 0, not {text!r}")
        return _FLAGS[text]
    if keyword in _TIMES and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        text = f"{text}s"
    problems: list[str] = []

    def note(code: str, _offset: int = 0, /, **facts: object) -> None:
        problems.append(_sentence(code, facts))

    try:
        value = CONVERTERS[kind](text, keyword, note)
    except Misfit as misfit:
        raise SettingError(_sentence(misfit.code, misfit.facts)) from None
    if problems:
        raise SettingError("; ".join(problems))
    return value


def _dependency(service: Service, keyword: str, text: str) -> object:
    value, error = dependency(text, service.group, lambda *_args, **_facts: None)
    takes_list = keyword == "hostdepend" or (keyword == "depend" and service.dep_behavior is DependBehavior.HOSTS)
    if error is not None and not takes_list:
        raise SettingError(f"{keyword}: {error}")
    return value


def _sentence(code: str, facts: dict[str, object]) -> str:
    known = KINDS[code]
    message, advice = known.message.format(**facts), known.advice.format(**facts)
    return f"{message} ({advice})" if advice else message
