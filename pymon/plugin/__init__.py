"""All that the author of a monitor or an alert imports: ``from pymon.plugin import Monitor, Up, Down, option, …``.

monitor       Monitor, SetMonitor: what makes a program of a probe
outcome       what a probe gives: Up, Down, Broken; and a SetMonitor: Report
probe_errors  what an exception of a probe says: down, or broken
host          Host: one host, as a probe sees it
conversation  lines to and from a server, bounded
datagram      questions and answers of one datagram each, over UDP
alert         Alert: what makes a program of a function
alert_event   Event: what happened, as mon tells its alerts
alert_outcome what came of an attempt: Done, TryAgain, Failed
options       option, flag, many, words, choice: the command line, declared as a dataclass
validation    Given: what a plugin would be called with, to be judged before it is
values        ports, seconds, counts: what options take
net           names and connections that cannot block the event loop
tls           TlsOptions, and the context they make
command       programs that a monitor runs
login         LoginOptions: TLS from the start or by STARTTLS, an account and its password
dialogue      the detail of mon's monitors that show what was said
blocking      functions that block, in threads
bounded       judging with a bound on what it may cost
matching      Regex: regular expressions that users give
template      texts filled with the values of an event
http_sender   PostOptions: alerts that are HTTP requests
secret        secrets from files and systemd's credentials
icmp          echo requests to many hosts over one socket
http/transport  one HTTP request over one connection, behind httpx's transport interface

docs/plugins.md leads through it. Each name is imported when it is first used, so that a plugin which runs as a
program pays for what it needs.
"""

from __future__ import annotations

import gc
import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymon.contract.plugin import Answer, Subject
    from pymon.errors import PluginError, PluginUsageError
    from pymon.model.argument import ArgumentProblem, Fault
    from pymon.model.measurement import Measurement
    from pymon.model.result import Cause, CheckOutcome, CheckResult, HostOutcome
    from pymon.model.status import EventKind
    from pymon.options import choice, flag, many, option, words
    from pymon.plugin.alert import Alert, append, run_program
    from pymon.plugin.alert_event import Event
    from pymon.plugin.alert_outcome import AlertOutcome, Done, Exit, Failed, TryAgain
    from pymon.plugin.blocking import in_thread
    from pymon.plugin.bounded import TooMuchWork, judge
    from pymon.plugin.command import run_command
    from pymon.plugin.conversation import Conversation, ProtocolProblem
    from pymon.plugin.datagram import Datagram, ask, exchange
    from pymon.plugin.dialogue import dialogues
    from pymon.plugin.host import Host
    from pymon.plugin.hostname import host_addresses, host_text
    from pymon.plugin.http_sender import PostOptions
    from pymon.plugin.icmp import Echo, ping
    from pymon.plugin.login import LoginOptions
    from pymon.plugin.matching import Regex
    from pymon.plugin.monitor import AT_ONCE, Monitor, SetMonitor
    from pymon.plugin.net import FAMILY_NAMES, Address, CannotConnect, NameNotFound, addresses, connect, literal
    from pymon.plugin.outcome import Broken, Call, Down, Outcome, Outcomes, Report, Up, Wording
    from pymon.plugin.secret import read_secret, read_secrets
    from pymon.plugin.template import (
        TemplateProblem,
        event_json,
        event_values,
        expand,
        fill_json,
        fill_template,
        iso_time,
    )
    from pymon.plugin.tls import TlsOptions, days_left, tls_context, tls_problem
    from pymon.plugin.validation import Given, sample_event
    from pymon.plugin.values import count, duration, milliseconds, port, positive, seconds
    from pymon.text import one_line, readable

_HOME = {
    "PluginError": "pymon.errors",
    "PluginUsageError": "pymon.errors",
    "ArgumentProblem": "pymon.model.argument",
    "Fault": "pymon.model.argument",
    "Measurement": "pymon.model.measurement",
    "Cause": "pymon.model.result",
    "CheckOutcome": "pymon.model.result",
    "CheckResult": "pymon.model.result",
    "HostOutcome": "pymon.model.result",
    "EventKind": "pymon.model.status",
    "Alert": "pymon.plugin.alert",
    "AlertOutcome": "pymon.plugin.alert_outcome",
    "Done": "pymon.plugin.alert_outcome",
    "Event": "pymon.plugin.alert_event",
    "Exit": "pymon.plugin.alert_outcome",
    "Failed": "pymon.plugin.alert_outcome",
    "TryAgain": "pymon.plugin.alert_outcome",
    "append": "pymon.plugin.alert",
    "run_program": "pymon.plugin.alert",
    "in_thread": "pymon.plugin.blocking",
    "TooMuchWork": "pymon.plugin.bounded",
    "judge": "pymon.plugin.bounded",
    "run_command": "pymon.plugin.command",
    "Conversation": "pymon.plugin.conversation",
    "ProtocolProblem": "pymon.plugin.conversation",
    "Datagram": "pymon.plugin.datagram",
    "ask": "pymon.plugin.datagram",
    "exchange": "pymon.plugin.datagram",
    "dialogues": "pymon.plugin.dialogue",
    "Host": "pymon.plugin.host",
    "host_addresses": "pymon.plugin.hostname",
    "host_text": "pymon.plugin.hostname",
    "Echo": "pymon.plugin.icmp",
    "ping": "pymon.plugin.icmp",
    "LoginOptions": "pymon.plugin.login",
    "Regex": "pymon.plugin.matching",
    "AT_ONCE": "pymon.plugin.monitor",
    "Monitor": "pymon.plugin.monitor",
    "SetMonitor": "pymon.plugin.monitor",
    "FAMILY_NAMES": "pymon.plugin.net",
    "Address": "pymon.plugin.net",
    "CannotConnect": "pymon.plugin.net",
    "NameNotFound": "pymon.plugin.net",
    "addresses": "pymon.plugin.net",
    "connect": "pymon.plugin.net",
    "literal": "pymon.plugin.net",
    "choice": "pymon.options",
    "flag": "pymon.options",
    "many": "pymon.options",
    "option": "pymon.options",
    "words": "pymon.options",
    "Broken": "pymon.plugin.outcome",
    "Call": "pymon.plugin.outcome",
    "Down": "pymon.plugin.outcome",
    "Outcome": "pymon.plugin.outcome",
    "Outcomes": "pymon.plugin.outcome",
    "Report": "pymon.plugin.outcome",
    "Up": "pymon.plugin.outcome",
    "Wording": "pymon.plugin.outcome",
    "PostOptions": "pymon.plugin.http_sender",
    "read_secret": "pymon.plugin.secret",
    "read_secrets": "pymon.plugin.secret",
    "TemplateProblem": "pymon.plugin.template",
    "event_json": "pymon.plugin.template",
    "event_values": "pymon.plugin.template",
    "expand": "pymon.plugin.template",
    "fill_json": "pymon.plugin.template",
    "fill_template": "pymon.plugin.template",
    "iso_time": "pymon.plugin.template",
    "one_line": "pymon.text",
    "readable": "pymon.text",
    "TlsOptions": "pymon.plugin.tls",
    "days_left": "pymon.plugin.tls",
    "tls_context": "pymon.plugin.tls",
    "tls_problem": "pymon.plugin.tls",
    "Given": "pymon.plugin.validation",
    "sample_event": "pymon.plugin.validation",
    "count": "pymon.plugin.values",
    "duration": "pymon.plugin.values",
    "milliseconds": "pymon.plugin.values",
    "port": "pymon.plugin.values",
    "positive": "pymon.plugin.values",
    "seconds": "pymon.plugin.values",
    "Answer": "pymon.contract.plugin",
    "Subject": "pymon.contract.plugin",
}

__all__ = [
    "AT_ONCE",
    "FAMILY_NAMES",
    "Address",
    "Alert",
    "AlertOutcome",
    "Answer",
    "ArgumentProblem",
    "Broken",
    "Call",
    "CannotConnect",
    "Cause",
    "CheckOutcome",
    "CheckResult",
    "Conversation",
    "Datagram",
    "Done",
    "Down",
    "Echo",
    "Event",
    "EventKind",
    "Exit",
    "Failed",
    "Fault",
    "Given",
    "Host",
    "HostOutcome",
    "LoginOptions",
    "Measurement",
    "Monitor",
    "NameNotFound",
    "Outcome",
    "Outcomes",
    "PluginError",
    "PluginUsageError",
    "PostOptions",
    "ProtocolProblem",
    "Regex",
    "Report",
    "SetMonitor",
    "Subject",
    "TemplateProblem",
    "TlsOptions",
    "TooMuchWork",
    "TryAgain",
    "Up",
    "Wording",
    "addresses",
    "append",
    "ask",
    "choice",
    "connect",
    "count",
    "days_left",
    "dialogues",
    "duration",
    "event_json",
    "event_values",
    "exchange",
    "expand",
    "fill_json",
    "fill_template",
    "flag",
    "host_addresses",
    "host_text",
    "in_thread",
    "iso_time",
    "judge",
    "literal",
    "many",
    "milliseconds",
    "one_line",
    "option",
    "ping",
    "port",
    "positive",
    "read_secret",
    "read_secrets",
    "readable",
    "run_command",
    "run_program",
    "sample_event",
    "seconds",
    "tls_context",
    "tls_problem",
    "words",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"pymon.plugin has no {name}")
    value = getattr(_import(_HOME[name]), name)
    globals()[name] = value
    return value


def _import(module: str) -> types.ModuleType:
    """Import a module; the one that brings asyncio along without looking for garbage.

    What a program imports at its start stays to its end: looking through it again and again took 3 ms of 60.
    """
    if "asyncio" in sys.modules or not gc.isenabled():
        return importlib.import_module(module)
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        gc.enable()
