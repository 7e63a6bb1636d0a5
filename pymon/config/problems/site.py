"""The problems of a site as a whole."""

from __future__ import annotations

from pymon.config.problems.kind import PERIOD, SERVICE, WATCH, warning

SITE = (
    warning(
        "no-hostgroup", "watch group {name} defined with no corresponding hostgroup",
        "it is given one host, '{name}'{hint}",
        "watch »g\n service s\n  traptimeout 1m\n",
    ),
    warning(
        "unwatched-hostgroup", "hostgroup {name} has no watch assigned to it", "{hint}",
        "hostgroup »g h\n",
    ),
    warning(
        "empty-watch", "watch {name} has no service and is ignored", "write 'service NAME' and its keywords",
        "hostgroup g h\n\nwatch »g\n",
    ),
    warning(
        "name-cut", "the name of this {keyword} is '{name}': it ends before '{text}', which is taken for a member",
        "a name is made of letters, digits and the characters _ . -",
        "hostgroup gr»öße h\n\nwatch gr\n service s\n  traptimeout 1m\n",
    ),
    warning(
        "number-for-name", "clients take lines that begin with '{name} ' for the end of an answer, as in 'list watch'",
        "give the watch a name that is not a number of three digits",
        "hostgroup 220 h\n\nwatch »220\n service s\n  traptimeout 1m\n",
    ),
    warning(
        "empty-hostgroup", "hostgroup {name} has no hosts: {service} is never checked",
        "add hosts, or allow_empty_group, or end the monitor line with ;;",
        "hostgroup g\n\nwatch g\n service s\n  interval 1m\n  »monitor m.monitor\n",
    ),
    warning(
        "no-hosts-left", "exclude_hosts leaves no host of {name}: {service} is never checked",
        "add allow_empty_group, or end the monitor line with ;;",
        SERVICE + "  »exclude_hosts h\n",
    ),
    warning(
        "excluded-stranger", "'{host}' is not in hostgroup {name}", "{hint}",
        SERVICE + "  exclude_hosts »x\n",
    ),
    warning(
        "no-interval", "a monitor without an interval never runs", "write an interval",
        "hostgroup g h\n\nwatch g\n service s\n  »monitor m.monitor\n",
    ),
    warning(
        "no-monitor", "an interval without a monitor checks nothing", "write a monitor",
        "hostgroup g h\n\nwatch g\n service s\n  »interval 1m\n",
    ),
    warning(
        "missing-monitor", "monitor '{name}' is in no directory of mondir", "{hint}",
        WATCH + " service s\n  interval 1m\n  monitor »nosuch.monitor -a\n",
    ),
    warning(
        "missing-alert", "alert '{name}' is in no directory of alertdir", "{hint}",
        PERIOD + "    alert »nosuch.alert -a\n",
        PERIOD + "    upalert exit=0 »nosuch.alert -a\n",
    ),
    warning(
        "unusable-monitor", "monitor '{name}' cannot be run: {obstacle}", "{hint}",
        WATCH + " service s\n  interval 1m\n  monitor »../mon.d -a\n",
    ),
    warning(
        "unusable-alert", "alert '{name}' cannot be run: {obstacle}", "{hint}",
        PERIOD + "    alert »../alert.d -a\n",
    ),
    warning(
        "never-period", "this {what} can never match: {hint}", "{advice}",
        SERVICE + "  period »md {31} mo {Feb}\n",
        SERVICE + "  period wd {Mon}, »hr {}\n",
        SERVICE + "  period a: »yr {2003}\n",
        "exclude_period = »md {30} mo {2}\n",
    ),
    warning(
        "malformed-dependency", "the dependency '{value}' makes no sense: {hint}",
        "mon holds back every alert (or run) because of it; pymon takes it as fulfilled",
        SERVICE + "  depend g:s »g:t\n",
        SERVICE + "  monitordepend g:t &&»\n",
    ),
    warning(
        "unknown-dependency", "{keyword} names {name}, and there is no such service", "{hint}",
        SERVICE + "  depend g:s && »g:tt\n",
        SERVICE + "  hostdepend »x:y g:s\n",
    ),
    warning(
        "dependency-cycle", "these dependencies go round in a circle: {chain}",
        "mon holds back every alert (or run) because of it; pymon takes it as fulfilled",
        SERVICE + "  depend »g:s\n",
        SERVICE + "  depend »g:t\n service t\n  traptimeout 1m\n  depend SELF:s\n",
    ),
    warning(
        "dependency-depth", "this dependency leads through more services than dep_recur_limit {limit} allows",
        "raise dep_recur_limit; mon holds back every alert (or run) because of it, pymon takes it as fulfilled",
        "dep_recur_limit = 1\n\n"
        + SERVICE + "  depend »SELF:t\n"
        + " service t\n  traptimeout 1m\n  depend SELF:u\n"
        + " service u\n  traptimeout 1m\n  depend SELF:v\n"
        + " service v\n  traptimeout 1m\n",
    ),
    warning(
        "alertafter-never", "this alertafter can never be reached: {hint}", "{advice}",
        SERVICE + "  failure_interval 10m\n  period wd {Mon}\n    alertafter »3 15m\n",
    ),
    warning(
        "exit-never", "no failure has an exit value in {range}", "a failure is 1 to 255{hint}",
        PERIOD + "    alertexitrange »3-1\n",
        PERIOD + "    alert exit=»0 a.alert\n",
        PERIOD + "    alert exit=»300 a.alert\n",
    ),
    warning(
        "exit-outside", "this alert is never called: exit={range} is outside of alertexitrange {outer}", "",
        PERIOD + "    alert exit=»5 a.alert\n    alertexitrange 1-3\n",
    ),
    warning(
        "exit-not-zero", "this {kind} is never called: its exit value is always 0, and it is for {range}",
        "leave exit= out",
        PERIOD + "    upalert exit=»3 a.alert\n",
    ),
    warning(
        "upalert-never", "this upalert is never sent: an upalert follows an alert, and the period has none",
        "add an alert, or no_comp_alerts",
        PERIOD + "    »upalert a.alert\n",
    ),
    warning(
        "lvs-without-exit", "{name} is called for broken checks, too, which say nothing about the real server",
        "write 'alert exit=1-125 {name} …': a check that could not be carried out has 126 or more",
        PERIOD + "    alert »lvs-site.alert down\n",
    ),
    warning(
        "hides-own", "{kind} {name} is {path}, which hides pymon's own of this name",
        "write 'plugins = own' to have pymon's, or 'plugins = first' if it is meant so",
        PERIOD + "    alert exit=3 »test.alert x\n    upalert test.alert y\n",
    ),
    warning(
        "missing-directory", "{keyword}: there is no directory {path}", "{hint}",
        "statedir = »nonexistent\n", "logdir = »/nonexistent\n",
    ),
    warning("unreadable-directory", "{keyword}: {path} cannot be looked into: {reason}", ""),
    warning(
        "unknown-view-entry", "view {name} has '{entry}', and there is no such {what}", "{hint}",
        SERVICE + "\nview v g »gg\n",
        SERVICE + "\nview v »g:x\n",
    ),
)  # fmt: skip
