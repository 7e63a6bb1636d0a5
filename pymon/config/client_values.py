"""Values as mon's clients write and read them (``set`` and ``get GROUP SERVICE KEYWORD``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pymon.config.keyword import InvalidValue, Keyword
from pymon.config.problems import PROBLEM_KINDS
from pymon.config.values import dependency
from pymon.errors import SettingError
from pymon.model.depend import DependBehavior, Dependency
from pymon.model.period import PeriodSpec
from pymon.model.service import Command, MonitorCommand, Service

_SWITCHES = {"1": True, "yes": True, "0": False, "no": False}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def set_as_written(text: str, keyword: Keyword, service: Service) -> Mapping[str, Any]:
    """A value as in mon.cf. A value that gets a warning there is refused here, as clients do not see warnings."""
    problems: list[str] = []

    def note(code: str, _offset: int = 0, /, **facts: object) -> None:
        problems.append(_sentence(code, facts))

    try:
        changes = keyword.read(text, note)
    except InvalidValue as invalid:
        raise SettingError(_sentence(invalid.code, invalid.facts)) from None
    if problems:
        raise SettingError("; ".join(problems))
    return changes


def set_time(text: str, keyword: Keyword, service: Service) -> Mapping[str, Any]:
    """A time; without a unit it is in seconds, as mon's clients write it."""
    return set_as_written(f"{text}s" if _NUMBER.fullmatch(text) else text, keyword, service)


def set_flag(text: str, keyword: Keyword, service: Service) -> Mapping[str, Any]:
    """A keyword that is on by being there, to which clients give 1 or 0."""
    if text not in _SWITCHES:
        raise SettingError(f"{keyword.name} is 1 or 0, not {text!r}")
    return {keyword.name: _SWITCHES[text]}


def set_dependency(text: str, keyword: Keyword, service: Service) -> Mapping[str, Any]:
    """A dependency; ``SELF`` is the service's group."""
    value, error = dependency(text, service.group, lambda *_args, **_facts: None)
    takes_list = (keyword.behavior or service.dep_behavior) is DependBehavior.HOSTS
    if error is not None and not takes_list:
        raise SettingError(f"{keyword.name}: {error}")
    return {keyword.name: value}


def command_text(command: Command | None) -> str | None:
    """A program and its arguments as in mon.cf, but for secrets; None without one."""
    if isinstance(command, MonitorCommand) and not command.append_hosts:
        return f"{command} ;;"
    return None if command is None else str(command)


def dependency_text(dependency: Dependency | None) -> str | None:
    """A dependency as written; None without one."""
    return None if dependency is None else dependency.text


def period_text(spec: PeriodSpec | None) -> str | None:
    """A period as written; None without one."""
    return None if spec is None else spec.text


def hosts_text(hosts: frozenset[str]) -> str:
    """Hosts, sorted."""
    return " ".join(sorted(hosts))


def flag_or_nothing(is_on: bool) -> bool | None:
    """A keyword that is on by being there: nothing where it is not."""
    return is_on or None


def _sentence(code: str, facts: Mapping[str, object]) -> str:
    known = PROBLEM_KINDS[code]
    message, advice = known.message.format(**facts), known.advice.format(**facts)
    return f"{message} ({advice})" if advice else message
