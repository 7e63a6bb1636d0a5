"""``test``: run a monitor or an alert now, or try the configuration."""

from __future__ import annotations

import re

from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome, TestAlert, TestConfig, TestMonitor
from pymon.model.service import AlertKind
from pymon.protocol.wire import escape_line_ends
from pymon.server.commands.context import Call, done, split
from pymon.server.commands.reply import Answer, Ask, Reply

_ALERT = re.compile(r"^alert|startupalert|upalert|ackalert|disablealert$")
"""mon accepts what begins, contains or ends so, and scripts may rely on it"""


def test(call: Call) -> Answer:
    """``test monitor G S``, ``test KIND G S RETVAL PERIOD`` (KIND is alert, upalert, …), ``test config``."""
    what, rest = split(call.arguments, 2)
    if what == "monitor":
        return _monitor(call, rest)
    if what == "config":
        return Ask(TestConfig(), _config_reply)
    match = _ALERT.search(what)
    return Reply("520 test error") if match is None else _alert(call, AlertKind(match[0]), rest)


def _monitor(call: Call, rest: str) -> Answer:
    group, service, _ = split(rest, 3)
    key = ServiceKey(group, service)
    if not call.knows(key):
        return Reply("220 test monitor completed", (f"{group} {service} not defined",))
    return Ask(TestMonitor(key), done("220 test monitor completed"))


def _alert(call: Call, kind: AlertKind, rest: str) -> Answer:
    group, name, retval, wanted = split(rest, 4)
    key = ServiceKey(group, name)
    service = call.snapshot.site.services.get(key)
    if service is None:
        return Reply(f"520 {group} {name} not defined")
    if all(period.key != wanted for period in service.periods):
        return Reply("520 period not defined")
    return Ask(TestAlert(key, kind, retval, wanted), done("220 test alert completed"))


def _config_reply(outcome: Outcome) -> Reply:
    if outcome.ok:
        return Reply("220 test config completed OK, no errors found")
    lines = outcome.lines or tuple(outcome.text.splitlines())
    return Reply("520 test config completed, errors found in config file", tuple(map(escape_line_ends, lines)))
