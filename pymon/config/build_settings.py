"""Global variables: one converter each, and what the services after them inherit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lark import Token

from pymon.config import server_values, values
from pymon.config.keywords import OTHER_VARIABLES, find_other_word
from pymon.config.report import Misfit, Report
from pymon.config.time_values import BLANKS
from pymon.config.values import Note
from pymon.model.depend import DependBehavior
from pymon.model.settings import Settings

CONVERTERS: Mapping[str, Callable[[str, str, Note], object]] = {
    "alertdir": values.path_list,
    "mondir": values.path_list,
    "logdir": values.plain_text,
    "statedir": values.plain_text,
    "basedir": values.plain_text,
    "cfbasedir": values.plain_text,
    "authfile": values.plain_text,
    "userfile": values.plain_text,
    "authtype": values.auth_types,
    "pamservice": values.plain_text,
    "histlength": values.number,
    "historicfile": values.plain_text,
    "historictime": values.global_time,
    "serverport": values.port,
    "trapport": values.port,
    "serverbind": server_values.addresses,
    "trapbind": server_values.addresses,
    "clientallow": server_values.client_patterns,
    "pidfile": values.plain_text,
    "maxprocs": values.process_count,
    "cltimeout": values.global_time,
    "randstart": values.global_time,
    "monerrfile": values.plain_text,
    "dtlogfile": values.plain_text,
    "dtlogging": values.dtlogging,
    "dep_recur_limit": values.number,
    "dep_behavior": values.behavior,
    "dep_memory": values.global_time,
    "unack_summary": values.unack_summary,
    "syslog_facility": values.facility,
    "startupalerts_on_reset": values.startupalerts_on_reset,
    "monremote": values.plain_text,
    "exclude_period": values.exclude_period,
    "inprocess": values.yes_or_no,
    "servertls": values.port,
    "servertlscert": values.plain_text,
    "servertlskey": values.plain_text,
    "servertlsca": values.plain_text,
    "serversocket": values.plain_text,
    "serversocketmode": server_values.socket_mode,
    "trapmaxage": values.global_time,
    "state": server_values.state_policy,
    "plugins": server_values.plugin_order,
}
"""how each global variable is read; the field of Settings has the variable's name"""

INHERITED = ("dep_behavior", "dep_memory", "unack_summary")
"""the globals that are defaults of the services defined later in the file"""

BUILT_IN: Mapping[str, object] = {"dep_behavior": DependBehavior.ALERTS, "dep_memory": 0.0, "unack_summary": False}
"""what services inherit before any such global"""


class SettingsBuilder:
    """Gathers the global variables; ``tokens`` keeps the last assignment of each, ``inherited`` what holds so far."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._fields: dict[str, Any] = {}
        self.tokens: dict[str, Token] = {}
        self.inherited: dict[str, object] = dict(BUILT_IN)

    def assign(self, token: Token) -> None:
        """Read ``name = value``."""
        left, _, right = token.partition("=")
        name, text = left.rstrip(BLANKS), right.lstrip(BLANKS)
        convert = CONVERTERS.get(name)
        if convert is None:
            hint = find_other_word(name, OTHER_VARIABLES) or self._report.guess(name.lower(), CONVERTERS.keys())
            hint = hint or "see the list of global variables in mon(8)"
            self._report.add("unknown-variable", token.line or 0, 0, name=name, hint=hint)
            return
        value_token = Token("VALUE", text, len(token) - len(text), token.line)
        if name in self.tokens:
            first = self.tokens[name].line
            self._report.add("repeated-keyword", token.line or 0, 0, keyword=name, first=first, hint="")
        self.tokens[name] = value_token
        try:
            value = convert(text, name, self._report.note_of(value_token))
        except Misfit as misfit:
            self._report.add_misfit(misfit, value_token)
            return
        self._fields[name] = value
        if name in self.inherited:
            self.inherited[name] = value

    def settings(self) -> Settings:
        """The settings as the file has them; what it leaves out has its default."""
        return Settings(**self._fields)
