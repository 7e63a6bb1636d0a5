"""Values that cannot be read, and files of which there is nothing to read."""

from __future__ import annotations

from pymon.config.problems.kind import PERIOD, SERVICE, WATCH, error, warning

VALUES = (
    error(
        "unknown-variable", "unknown variable '{name}'", "{hint}",
        "»maxproc = 20\n",
        "»snmpport = 161\n",
        "hostgroup g h\n »foo = 1\n",
        "»MAXPROCS = 3\n",
        "alias a\n »foo = bar\n",
    ),
    error(
        "global-time", "bad value '{value}' for {keyword} (syntax: {keyword} = timeval)", "{hint}",
        "cltimeout = »30\n", "randstart = »1h30m\n", "historictime = »5w\n", "dep_memory = ».5m\n", "randstart =»\n",
    ),
    error(
        "time", "{what} '{value}' (syntax: {keyword} {{positive number}}{{smhd}})", "{hint}",
        WATCH + " service s\n  interval »5\n",
        WATCH + " service s\n  interval »0s\n",
        WATCH + " service s\n  interval »= 5m\n",
        SERVICE + "  failure_interval »x\n",
        SERVICE + "  traptimeout »1h30m\n",
        SERVICE + "  trapduration »5 m\n",
        SERVICE + "  randskew »0s\n",
        SERVICE + "  dep_memory »0s\n",
        PERIOD + "    upalertafter »3\n",
    ),
    error(
        "alertevery",
        "invalid time interval '{value}' (syntax: alertevery {{positive number}}{{smhd}} "
        "[strict | observe_detail | ignore_summary])",
        "{hint}",
        PERIOD + "    alertevery »30\n",
        PERIOD + "    alertevery »0s\n",
        PERIOD + "    alertevery 5m »strikt\n",
        PERIOD + "    alertevery 5m »no_summary\n",
        PERIOD + "    alertevery 5m »strict observe_detail\n",
    ),
    error(
        "alertafter", "invalid interval specification '{value}'",
        "write 'alertafter 3' (failures in a row), 'alertafter 3 30m' (failures within a time) or 'alertafter 30m'; "
        "here the units are h, m, s in lower case, without fractions{hint}",
        PERIOD + "    alertafter »1d\n",
        PERIOD + "    alertafter »3 2.5m\n",
        PERIOD + "    alertafter »1H\n",
        PERIOD + "    alertafter »0s\n",
        PERIOD + "    alertafter»\n",
    ),
    error(
        "alertafter-not-sensible",
        "interval & alertafter not sensible. No alerts can be generated with those parameters",
        "{count} failures take {takes} at least (interval {interval}), and {time} is not longer than that",
        PERIOD + "    alertafter »2 1m\n",
        PERIOD + "    alertafter »3 90s\n",
    ),
    error(
        "numalerts", "-numeric arg '{value}' (syntax: {keyword} {{positive integer}})", "write a number; 0 is no limit",
        PERIOD + "    numalerts »-1\n", PERIOD + "    numalerts »many\n",
    ),
    error(
        "exit-range", "invalid exit code range '{value}'",
        "write one exit value, or two with a dash and no blanks: 1-3",
        PERIOD + "    alertexitrange »1 - 3\n", PERIOD + "    alertexitrange »x\n",
    ),
    error(
        "malformed-period",
        "malformed {what} '{value}' (the specified time period is not valid as per Time::Period::inPeriod)", "{hint}",
        SERVICE + "  period wd {Mon»,Tue}\n",
        SERVICE + "  period label: hr {9am-»24}\n",
        SERVICE + "  period »foo-bar: wd {Mon}\n",
        SERVICE + "  exclude_period »always\n",
        "exclude_period = hr »22\n",
    ),
    error(
        "malformed-later-period",
        "malformed {what} '{value}' (the specified time period is not valid as per Time::Period::inPeriod)",
        "{hint} (mon notices this only at times when nothing before it matches)",
        SERVICE + "  period wd {Sun-Sat}, »bogus {1}\n",
        differs="C-PERIOD",
    ),
    error(
        "unknown-behavior", "unknown dependency behavior '{value}'",
        "write a (alerts are held back), m (the monitor does not run) or hm (hosts are left out){hint}",
        "dep_behavior = »x\n", SERVICE + "  dep_behavior »A\n",
    ),
    error(
        "unack-summary", "invalid {keyword} value '{value}' (syntax: {keyword} [0|1|y|yes|n|no])",
        "write yes or no",
        "unack_summary = »true\n", SERVICE + "  unack_summary »off\n", "unack_summary =»\n",
    ),
    error(
        "unreadable-file", "{keyword} '{value}' does not exist or is not readable", "looked for {path}{hint}",
        "authfile = »/nonexistent/auth.cf\n", "userfile = »/nonexistent/users\n",
    ),
    error(
        "not-a-number", "{keyword} is no number: '{value}'", "{hint}",
        "maxprocs = »abc\n", "serverport = »mon\n", "trapport = »99999\n",
        differs="C-NUMBER",
    ),
    error(
        "unbalanced-monitor", "the quotes of this monitor do not pair: {hint}",
        "mon would run nothing here: close the quote, or write a backslash before it",
        SERVICE + "  monitor m.monitor -m \"it's\"»'\n",
        differs="C-QUOTES",
    ),
    error(
        "inprocess", "{keyword} takes yes or no, not '{value}'", "write yes or no",
        "inprocess = »perhaps\n", SERVICE + "  inprocess »on\n",
    ),
    error(
        "client-pattern", "'{value}' is no regular expression: {hint}",
        "write patterns for whole addresses, such as 10.0.0.[0-9]+, with blanks in between",
        "clientallow = 127.0.0.1 »10.0.0.[0-9\n", "clientallow = »(\n",
        differs="N-PATTERN",
    ),
    error(
        "socket-mode", "'{value}' is no mode of a socket", "write octal digits, such as 660 (its group may connect)",
        "serversocketmode = »rw\n", "serversocketmode = »888\n", "serversocketmode = »60\n",
    ),
    error(
        "state-policy", "state is keep or fresh, not '{value}'",
        "with 'state = fresh' the daemon starts as mon does, knowing nothing of before",
        "state = »forget\n",
    ),
    error(
        "plugin-order", "plugins is own or first, not '{value}'",
        "with 'own' pymon's own monitors and alerts are taken, with 'first' what mondir and alertdir have first",
        "plugins = »mine\n", "plugins =»\n",
    ),
    error(
        "tls-certificate", "servertls needs a certificate",
        "write servertlscert = FILE, and servertlskey = FILE unless the key is in the same file",
        "servertls = »2584\n",
    ),
    error(
        "tls-port", "servertls and serverport are both {port}", "give each a port of its own",
        "servertls = »2583\nservertlscert = /dev/null\n",
    ),
    error(
        "encoding", "this line is not UTF-8{guess}", "convert the file: {command}",
        differs="C-ENCODING",
    ),
    error("unreadable", "could not open cf file: {reason}", ""),
    error("too-large", "this file has more than {limit} MiB, so it is no mon.cf", ""),
    warning(
        "tls-unused", "{keyword} has no effect without servertls", "write servertls = PORT",
        "»servertlskey = /dev/null\n",
        differs="C-OWN",
    ),
    warning("no-services", "nothing is watched: there is no service in this file", ""),
    error("m4", "m4: {reason}", "try it by hand: {command}"),
)  # fmt: skip
