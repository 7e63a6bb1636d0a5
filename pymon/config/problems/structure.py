"""Lines that stand where they cannot stand."""

from __future__ import annotations

from pymon.config.problems.kind import PERIOD, SERVICE, WATCH, error

STRUCTURE = (
    error(
        "unknown-keyword", "unknown syntax [{line}]", "{hint}",
        SERVICE + "  »intervall 5m\n",
        SERVICE + "  »disable\n",
        SERVICE + "  »*x\n",
        SERVICE + "  »foo=1\n",
        SERVICE + "  »FOO =1\n",
        SERVICE + "  description a\\\n  b\n  »descripton c\n",
        PERIOD + "    »alertevry 5m\n",
        PERIOD + "    »watch\n",
        PERIOD + "    »comp_alerts\n",
        PERIOD + "    »alerts_count\n",
        SERVICE + "  »include_hosts h\n",
    ),
    error(
        "service-keyword-in-period", "unknown syntax [{line}]",
        "'{keyword}' belongs to the service: write it before the first 'period'",
        PERIOD + "    »interval 5m\n",
        PERIOD + "    alert a.alert\n    »monitor m.monitor\n",
        PERIOD + "    FOO=1\n    »depend g:s\n",
    ),
    error(
        "period-keyword-in-service", "unknown syntax [{line}]",
        "'{keyword}' belongs to a period: write it after a line 'period wd {{Sun-Sat}}'",
        SERVICE + "  »alert a.alert\n",
        SERVICE + "  FOO=1\n  »alertevery 5m\n",
        WATCH + " service s\n  »upalertafter 3m\n",
    ),
    error(
        "keyword-before-service", "need to specify service in watch record", "{hint}",
        WATCH + " »interval 5m\n",
        WATCH + " »period wd {Mon}\n",
        WATCH + " »foo\n",
        WATCH + " »servise s\n",
    ),
    error(
        "environment-before-service", "environment variable defined without a service",
        "write it after a line 'service NAME'",
        WATCH + " »FOO=1\n",
    ),
    error(
        "service-name", "invalid service tag '{name}'", "a name is made of letters, digits and the characters _ . -",
        WATCH + " service»\n",
        WATCH + " service »s!\n",
        WATCH + " service »a b\n",
        WATCH + " service \\\n  »핑\n",
    ),
    error(
        "duplicate-service", "service {name} already defined for watch group {group}",
        "the first one is at line {first}: give this one another name",
        SERVICE + " service »s\n",
    ),
    error(
        "duplicate-watch", "watch '{group}' already defined",
        "the first one is at line {first}: write these services there",
        SERVICE + "\nwatch »g\n service t\n",
    ),
    error(
        "duplicate-period", "period '{key}' already defined for watch group {group} service {service}",
        "the first one is at line {first}: give one of them a label, as in 'period second: {text}'",
        PERIOD + "  period »wd {Sun-Sat}\n",
        SERVICE + "  period a: wd {Mon}\n  period »a: wd {Tue}\n",
    ),
)  # fmt: skip
