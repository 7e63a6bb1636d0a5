"""The words of mon.cf, by where they may stand, and pymon's own (``timeout``, ``inprocess``)."""

from __future__ import annotations

RECORD_KEYWORDS = frozenset({"hostgroup", "alias", "view", "watch"})
"""what starts a record"""

SERVICE_KEYWORDS = frozenset({
    "interval", "failure_interval", "monitor", "redistribute", "allow_empty_group", "description", "unack_summary",
    "traptimeout", "trapduration", "randskew", "dep_behavior", "dep_memory", "depend", "alertdepend",
    "monitordepend", "hostdepend", "exclude_hosts", "exclude_period", "timeout", "inprocess",
})  # fmt: skip
"""what may stand after ``service`` and before its first ``period``"""

PERIOD_KEYWORDS = frozenset({
    "alert", "upalert", "startupalert", "ackalert", "disablealert", "alertevery", "alertafter", "upalertafter",
    "numalerts", "no_comp_alerts", "alerts_dont_count", "alertexitrange",
})  # fmt: skip
"""what may stand after ``period``"""

WATCH_KEYWORDS = SERVICE_KEYWORDS | PERIOD_KEYWORDS | {"service", "period"}
"""all that may stand in a watch, at one place or another"""

KEYWORDS = RECORD_KEYWORDS | WATCH_KEYWORDS
"""every keyword that begins a line"""
