"""The table of keywords: every word of mon.cf, where it stands, and how its value is read, shown and set.

All that knows keywords takes them from here: the grammar (``parse``), the builders, ``pymon check`` and its
``--explain``, ``set`` and ``get``, the guesses for misspelt words, and docs/mon.cf.md. What a column means stands in
``keyword.py``. ``--explain`` shows keywords in the order of this table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pymon.config import value_types as types
from pymon.config.keyword import CURRENT, Inheritance, Keyword, RecordKeyword, Scope
from pymon.model.depend import DependBehavior
from pymon.model.timer import Timer

SITE, SERVICE, PERIOD = Scope.SITE, Scope.SERVICE, Scope.PERIOD
EARLIER, LAST = Inheritance.EARLIER, Inheritance.LAST

KEYWORDS: tuple[Keyword, ...] = (
    # how services are checked
    Keyword("maxprocs", SITE, types.PROCESSES, unset="no limit", explained=True),
    Keyword("randstart", SITE, types.GLOBAL_TIME, unset="off", explained=True),
    Keyword("exclude_period", SITE, types.EXCLUDED_PERIOD, explained=True),
    Keyword("inprocess", SITE, types.YES_OR_NO, explained=True),
    Keyword("dep_recur_limit", SITE, types.NUMBER, explained=True),
    Keyword("dep_behavior", SITE, types.BEHAVIOR),
    Keyword("dep_memory", SITE, types.GLOBAL_TIME),
    Keyword("unack_summary", SITE, types.GLOBAL_UNACK_SUMMARY),
    Keyword("startupalerts_on_reset", SITE, types.STARTUPALERTS),
    Keyword("monremote", SITE, types.TEXT, unset="none"),
    # directories and files
    Keyword("plugins", SITE, types.PLUGIN_ORDER, explained=True),
    Keyword("mondir", SITE, types.PATHS, under="basedir", explained=True),
    Keyword("alertdir", SITE, types.PATHS, under="basedir", explained=True),
    Keyword("basedir", SITE, types.DIRECTORY, under=CURRENT),
    Keyword("cfbasedir", SITE, types.DIRECTORY, under=CURRENT),
    Keyword("logdir", SITE, types.DIRECTORY, under="basedir"),
    Keyword("statedir", SITE, types.DIRECTORY, under="basedir"),
    Keyword("state", SITE, types.STATE_POLICY),
    Keyword("pidfile", SITE, types.PATH, under=CURRENT),
    Keyword("monerrfile", SITE, types.PATH, under=CURRENT),
    # logs and histories
    Keyword("histlength", SITE, types.NUMBER),
    Keyword("historicfile", SITE, types.PATH, under="logdir", unset="none"),
    Keyword("historictime", SITE, types.GLOBAL_TIME),
    Keyword("dtlogging", SITE, types.DTLOGGING),
    Keyword("dtlogfile", SITE, types.PATH, under="logdir"),
    Keyword("syslog_facility", SITE, types.FACILITY),
    # clients and traps
    Keyword("serverbind", SITE, types.ADDRESSES),
    Keyword("serverport", SITE, types.PORT),
    Keyword("trapbind", SITE, types.ADDRESSES),
    Keyword("trapport", SITE, types.PORT),
    Keyword("trapmaxage", SITE, types.GLOBAL_TIME),
    Keyword("cltimeout", SITE, types.GLOBAL_TIME),
    Keyword("clientallow", SITE, types.CLIENT_PATTERNS),
    Keyword("servertls", SITE, types.PORT),
    Keyword("servertlscert", SITE, types.FILE, under="cfbasedir", unset="none"),
    Keyword("servertlskey", SITE, types.FILE, under="cfbasedir", unset="none"),
    Keyword("servertlsca", SITE, types.FILE, under="cfbasedir", unset="none"),
    Keyword("serversocket", SITE, types.PATH, under="statedir", unset="none"),
    Keyword("serversocketmode", SITE, types.SOCKET_MODE),
    Keyword("authfile", SITE, types.FILE, under="cfbasedir"),
    Keyword("authtype", SITE, types.AUTH_TYPES),
    Keyword("userfile", SITE, types.FILE, under="cfbasedir"),
    Keyword("pamservice", SITE, types.TEXT),

    Keyword("interval", SERVICE, types.TIME, "invalid time interval", "never scheduled", retimes=Timer.CHECK),
    Keyword("failure_interval", SERVICE, types.TIME, "invalid interval", retimes=Timer.CHECK),
    Keyword("monitor", SERVICE, types.MONITOR),
    Keyword("timeout", SERVICE, types.TIME, derived="the larger of 5m and 10 intervals"),
    Keyword("inprocess", SERVICE, types.YES_OR_NO, inherits=LAST),
    Keyword("description", SERVICE, types.TEXT),
    Keyword("redistribute", SERVICE, types.COMMAND),
    Keyword("allow_empty_group", SERVICE, types.FLAG),
    Keyword("exclude_hosts", SERVICE, types.HOSTS),
    Keyword("exclude_period", SERVICE, types.EXCLUDED_PERIOD),
    Keyword("randskew", SERVICE, types.TIME, "invalid randskew time interval", retimes=Timer.CHECK),
    Keyword("traptimeout", SERVICE, types.TIME, "invalid traptimeout interval", retimes=Timer.TRAP_TIMEOUT),
    Keyword("trapduration", SERVICE, types.TIME, "invalid trapduration interval"),
    Keyword("dep_behavior", SERVICE, types.BEHAVIOR, inherits=EARLIER),
    Keyword("dep_memory", SERVICE, types.TIME, "bad value", inherits=EARLIER),
    Keyword("depend", SERVICE, types.DEPENDENCY),
    Keyword("alertdepend", SERVICE, types.DEPENDENCY, behavior=DependBehavior.ALERTS),
    Keyword("monitordepend", SERVICE, types.DEPENDENCY, behavior=DependBehavior.MONITOR),
    Keyword("hostdepend", SERVICE, types.DEPENDENCY, behavior=DependBehavior.HOSTS),
    Keyword("unack_summary", SERVICE, types.UNACK_SUMMARY, inherits=EARLIER),

    Keyword("alertevery", PERIOD, types.ALERTEVERY, unset="every failure", fields=("alertevery", "alertevery_mode")),
    Keyword("alertafter", PERIOD, types.ALERTAFTER, unset="the first failure",
            fields=("alertafter_consecutive", "alertafter_count", "alertafter_time")),
    Keyword("upalertafter", PERIOD, types.TIME, "invalid upalertafter specification"),
    Keyword("numalerts", PERIOD, types.COUNT, unset="no limit"),
    Keyword("no_comp_alerts", PERIOD, types.FLAG),
    Keyword("alerts_dont_count", PERIOD, types.FLAG),
    Keyword("alertexitrange", PERIOD, types.EXIT_RANGE),
    Keyword("alert", PERIOD, types.ALERT, fields=("alerts",)),
    Keyword("upalert", PERIOD, types.ALERT, fields=("alerts",)),
    Keyword("startupalert", PERIOD, types.ALERT, fields=("alerts",)),
    Keyword("ackalert", PERIOD, types.ALERT, fields=("alerts",)),
    Keyword("disablealert", PERIOD, types.ALERT, fields=("alerts",)),
)  # fmt: skip

_NAME = r"([a-zA-Z0-9_.\-]+)"
RECORDS: tuple[RecordKeyword, ...] = (
    RecordKeyword("hostgroup", re.compile(rf"hostgroup\s+{_NAME}", re.ASCII), "HOSTS"),
    RecordKeyword("alias", re.compile(rf"alias\s+{_NAME}$", re.ASCII), "ALIAS_LINE"),
    RecordKeyword("view", re.compile(rf"view\s+{_NAME}\s+\S", re.ASCII), "ENTRIES", "a name and entries"),
    RecordKeyword("watch", re.compile(rf"watch\s+{_NAME}", re.ASCII), "UNKNOWN"),
)
"""what starts a record, in mon's order: inside a record, a line that would start a later one is plain content"""


def keywords_of(scope: Scope) -> Mapping[str, Keyword]:
    """The keywords of one scope by their names, in the order of the table."""
    return {keyword.name: keyword for keyword in KEYWORDS if keyword.scope is scope}


VARIABLES = keywords_of(SITE)
SERVICE_KEYWORDS = keywords_of(SERVICE)
PERIOD_KEYWORDS = keywords_of(PERIOD)

WATCH_WORDS = frozenset({*SERVICE_KEYWORDS, *PERIOD_KEYWORDS, "service", "period"})
"""what may begin a line of a watch, at one place or another"""

FIRST_WORDS = WATCH_WORDS | {record.name for record in RECORDS}
"""every word that begins a line, but for global variables"""
