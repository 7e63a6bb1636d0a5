"""Everything that can be wrong with a mon.cf: one table for the messages and for their tests.

Each kind has a code, a message, advice (what would be right) and samples. A sample is a configuration in which
``»`` stands before the character where the caret must be, or at the start of a line that is meant as a whole; the
tests load each one, and put each one before Debian's mon too: it must reject what is an error here at the same
line, and accept what is a warning. Kinds whose ``differs`` is set deviate from that on purpose: it is the id of
the row of docs/compatibility.md that says why.

The messages keep mon's words where mon has any.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymon.model.problem import Severity

MARK = "»"
_WATCH = "hostgroup g h\n\nwatch g\n"
_SERVICE = _WATCH + " service s\n  interval 1m\n  monitor m.monitor\n"
_PERIOD = _SERVICE + "  period wd {Sun-Sat}\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. ``message`` and ``advice`` are format strings; ``differs`` names a deviation from mon.

    ``starts``: an error for ``pymon check``, with which the daemon starts all the same, and warns.
    """

    code: str
    message: str
    advice: str
    samples: tuple[str, ...]
    severity: Severity = Severity.ERROR
    differs: str = ""
    starts: bool = False


def _error(code: str, message: str, advice: str, *samples: str, differs: str = "") -> Kind:
    return Kind(code, message, advice, samples, Severity.ERROR, differs)


def _warning(code: str, message: str, advice: str, *samples: str, differs: str = "") -> Kind:
    return Kind(code, message, advice, samples, Severity.WARNING, differs)


_STRUCTURE = (
    _error(
        "unknown-keyword", "unknown syntax [{line}]", "{hint}",
        _SERVICE + "  »intervall 5m\n",
        _SERVICE + "  »disable\n",
        _SERVICE + "  »*x\n",
        _SERVICE + "  »foo=1\n",
        _SERVICE + "  »FOO =1\n",
        _SERVICE + "  description a\\\n  b\n  »descripton c\n",
        _PERIOD + "    »alertevry 5m\n",
        _PERIOD + "    »watch\n",
        _PERIOD + "    »comp_alerts\n",
        _PERIOD + "    »alerts_count\n",
        _SERVICE + "  »include_hosts h\n",
    ),
    _error(
        "service-keyword-in-period", "unknown syntax [{line}]",
        "'{keyword}' belongs to the service: write it before the first 'period'",
        _PERIOD + "    »interval 5m\n",
        _PERIOD + "    alert a.alert\n    »monitor m.monitor\n",
        _PERIOD + "    FOO=1\n    »depend g:s\n",
    ),
    _error(
        "period-keyword-in-service", "unknown syntax [{line}]",
        "'{keyword}' belongs to a period: write it after a line 'period wd {{Sun-Sat}}'",
        _SERVICE + "  »alert a.alert\n",
        _SERVICE + "  FOO=1\n  »alertevery 5m\n",
        _WATCH + " service s\n  »upalertafter 3m\n",
    ),
    _error(
        "keyword-before-service", "need to specify service in watch record", "{hint}",
        _WATCH + " »interval 5m\n",
        _WATCH + " »period wd {Mon}\n",
        _WATCH + " »foo\n",
        _WATCH + " »servise s\n",
    ),
    _error(
        "environment-before-service", "environment variable defined without a service",
        "write it after a line 'service NAME'",
        _WATCH + " »FOO=1\n",
    ),
    _error(
        "service-name", "invalid service tag '{name}'", "a name is made of letters, digits and the characters _ . -",
        _WATCH + " service»\n",
        _WATCH + " service »s!\n",
        _WATCH + " service »a b\n",
        _WATCH + " service \\\n  »핑\n",
    ),
    _error(
        "duplicate-service", "service {name} already defined for watch group {group}",
        "the first one is at line {first}: give this one another name",
        _SERVICE + " service »s\n",
    ),
    _error(
        "duplicate-watch", "watch '{group}' already defined",
        "the first one is at line {first}: write these services there",
        _SERVICE + "\nwatch »g\n service t\n",
    ),
    _error(
        "duplicate-period", "period '{key}' already defined for watch group {group} service {service}",
        "the first one is at line {first}: give one of them a label, as in 'period second: {text}'",
        _PERIOD + "  period »wd {Sun-Sat}\n",
        _SERVICE + "  period a: wd {Mon}\n  period »a: wd {Tue}\n",
    ),
)  # fmt: skip

_VALUES = (
    _error(
        "unknown-variable", "unknown variable '{name}'", "{hint}",
        "»maxproc = 20\n",
        "»snmpport = 161\n",
        "hostgroup g h\n »foo = 1\n",
        "»MAXPROCS = 3\n",
        "alias a\n »foo = bar\n",
    ),
    _error(
        "global-time", "bad value '{value}' for {keyword} (syntax: {keyword} = timeval)", "{hint}",
        "cltimeout = »30\n", "randstart = »1h30m\n", "historictime = »5w\n", "dep_memory = ».5m\n", "randstart =»\n",
    ),
    _error(
        "time", "{what} '{value}' (syntax: {keyword} {{positive number}}{{smhd}})", "{hint}",
        _WATCH + " service s\n  interval »5\n",
        _WATCH + " service s\n  interval »0s\n",
        _WATCH + " service s\n  interval »= 5m\n",
        _SERVICE + "  failure_interval »x\n",
        _SERVICE + "  traptimeout »1h30m\n",
        _SERVICE + "  trapduration »5 m\n",
        _SERVICE + "  randskew »0s\n",
        _SERVICE + "  dep_memory »0s\n",
        _PERIOD + "    upalertafter »3\n",
    ),
    _error(
        "alertevery",
        "invalid time interval '{value}' (syntax: alertevery {{positive number}}{{smhd}} "
        "[strict | observe_detail | ignore_summary])",
        "{hint}",
        _PERIOD + "    alertevery »30\n",
        _PERIOD + "    alertevery »0s\n",
        _PERIOD + "    alertevery 5m »strikt\n",
        _PERIOD + "    alertevery 5m »no_summary\n",
        _PERIOD + "    alertevery 5m »strict observe_detail\n",
    ),
    _error(
        "alertafter", "invalid interval specification '{value}'",
        "write 'alertafter 3' (failures in a row), 'alertafter 3 30m' (failures within a time) or 'alertafter 30m'; "
        "here the units are h, m, s in lower case, without fractions{hint}",
        _PERIOD + "    alertafter »1d\n",
        _PERIOD + "    alertafter »3 2.5m\n",
        _PERIOD + "    alertafter »1H\n",
        _PERIOD + "    alertafter »0s\n",
        _PERIOD + "    alertafter»\n",
    ),
    _error(
        "alertafter-not-sensible",
        "interval & alertafter not sensible. No alerts can be generated with those parameters",
        "{count} failures take {takes} at least (interval {interval}), and {time} is not longer than that",
        _PERIOD + "    alertafter »2 1m\n",
        _PERIOD + "    alertafter »3 90s\n",
    ),
    _error(
        "numalerts", "-numeric arg '{value}' (syntax: {keyword} {{positive integer}})", "write a number; 0 is no limit",
        _PERIOD + "    numalerts »-1\n", _PERIOD + "    numalerts »many\n",
    ),
    _error(
        "exit-range", "invalid exit code range '{value}'",
        "write one exit value, or two with a dash and no blanks: 1-3",
        _PERIOD + "    alertexitrange »1 - 3\n", _PERIOD + "    alertexitrange »x\n",
    ),
    _error(
        "malformed-period",
        "malformed {what} '{value}' (the specified time period is not valid as per Time::Period::inPeriod)", "{hint}",
        _SERVICE + "  period wd {Mon»,Tue}\n",
        _SERVICE + "  period label: hr {9am-»24}\n",
        _SERVICE + "  period »foo-bar: wd {Mon}\n",
        _SERVICE + "  exclude_period »always\n",
        "exclude_period = hr »22\n",
    ),
    _error(
        "malformed-later-period",
        "malformed {what} '{value}' (the specified time period is not valid as per Time::Period::inPeriod)",
        "{hint} (mon notices this only at times when nothing before it matches)",
        _SERVICE + "  period wd {Sun-Sat}, »bogus {1}\n",
        differs="C-PERIOD",
    ),
    _error(
        "unknown-behavior", "unknown dependency behavior '{value}'",
        "write a (alerts are held back), m (the monitor does not run) or hm (hosts are left out){hint}",
        "dep_behavior = »x\n", _SERVICE + "  dep_behavior »A\n",
    ),
    _error(
        "unack-summary", "invalid {keyword} value '{value}' (syntax: {keyword} [0|1|y|yes|n|no])",
        "write yes or no",
        "unack_summary = »true\n", _SERVICE + "  unack_summary »off\n", "unack_summary =»\n",
    ),
    _error(
        "unreadable-file", "{keyword} '{value}' does not exist or is not readable", "looked for {path}{hint}",
        "authfile = »/nonexistent/auth.cf\n", "userfile = »/nonexistent/users\n",
    ),
    _error(
        "not-a-number", "{keyword} is no number: '{value}'", "{hint}",
        "maxprocs = »abc\n", "serverport = »mon\n", "trapport = »99999\n",
        differs="C-NUMBER",
    ),
    _error(
        "unbalanced-monitor", "the quotes of this monitor do not pair: {hint}",
        "mon would run nothing here: close the quote, or write a backslash before it",
        _SERVICE + "  monitor m.monitor -m \"it's\"»'\n",
        differs="C-QUOTES",
    ),
    _error(
        "inprocess", "{keyword} takes yes or no, not '{value}'", "write yes or no",
        "inprocess = »perhaps\n", _SERVICE + "  inprocess »on\n",
    ),
    _error(
        "client-pattern", "'{value}' is no regular expression: {hint}",
        "write patterns for whole addresses, such as 10.0.0.[0-9]+, with blanks in between",
        "clientallow = 127.0.0.1 »10.0.0.[0-9\n", "clientallow = »(\n",
        differs="N-PATTERN",
    ),
    _error(
        "socket-mode", "'{value}' is no mode of a socket", "write octal digits, such as 660 (its group may connect)",
        "serversocketmode = »rw\n", "serversocketmode = »888\n", "serversocketmode = »60\n",
    ),
    _error(
        "state-policy", "state is keep or fresh, not '{value}'",
        "with 'state = fresh' the daemon starts as mon does, knowing nothing of before",
        "state = »forget\n",
    ),
    _error(
        "plugin-order", "plugins is own or first, not '{value}'",
        "with 'own' pymon's own monitors and alerts are taken, with 'first' what mondir and alertdir have first",
        "plugins = »mine\n", "plugins =»\n",
    ),
    _error(
        "tls-certificate", "servertls needs a certificate",
        "write servertlscert = FILE, and servertlskey = FILE unless the key is in the same file",
        "servertls = »2584\n",
    ),
    _error(
        "tls-port", "servertls and serverport are both {port}", "give each a port of its own",
        "servertls = »2583\nservertlscert = /dev/null\n",
    ),
    _error(
        "encoding", "this line is not UTF-8{guess}", "convert the file: {command}",
        differs="C-ENCODING",
    ),
    _error("unreadable", "could not open cf file: {reason}", ""),
    _error("too-large", "this file has more than {limit} MiB, so it is no mon.cf", ""),
    _warning(
        "tls-unused", "{keyword} has no effect without servertls", "write servertls = PORT",
        "»servertlskey = /dev/null\n",
        differs="C-OWN",
    ),
    _warning("no-services", "nothing is watched: there is no service in this file", ""),
    _error("m4", "m4: {reason}", "try it by hand: {command}"),
)  # fmt: skip

_LINES = (
    _warning(
        "ignored-line", "this line stands in no record and is ignored{more}", "{hint}",
        "»hello world\n",
        "»maxprocs 20\n",
        _SERVICE + "\n »service t\n  interval 5m\n",
        "»hostgruop g h\n",
    ),
    _warning(
        "swallowed-line", "inside a hostgroup this line is {count} more hosts, not a {keyword}",
        "end the hostgroup with an empty line before it",
        "hostgroup g h\n»watch g\n\n",
        "hostgroup g h\n»view v g\n\n",
    ),
    _warning(
        "swallowed-by-view", "inside a view this line is {count} more entries, not a {keyword}",
        "end the view with an empty line before it",
        _SERVICE + "\nview v g\n»watch g\n",
    ),
    _warning(
        "won-sign", "a won sign (U+{code:04X}) at the line's end is read as a backslash: the line goes on in the next",
        "write a backslash",
        _SERVICE + "  description a »₩\n   b\n",
        _SERVICE + "  description a»￦\n   b\n",
        differs="C-WON",
    ),
    _warning(
        "won-text", "a won sign (U+{code:04X}) at the line's end is kept as text, because of the line that follows",
        "if the line should go on in the next one, write a backslash",
        _SERVICE + "  description 100»₩\n  randskew 2s\n",
    ),
    _warning(
        "lost-line", "the last line ends in a backslash, and is lost", "remove the backslash",
        _SERVICE + "  description x »\\",
    ),
    _warning(
        "byte-order-mark", "the file begins with a byte order mark, which mon would read as text", "remove it",
        "»\ufeff# x\n",
    ),
    _warning(
        "comment-encoding", "this comment is not UTF-8{guess}", "convert the file: {command}",
    ),
    _warning(
        "text-after-name", "what follows the name of the {keyword} is ignored: '{text}'", "{hint}",
        "hostgroup g h\n\nwatch g» junk\n service s\n  traptimeout 1m\n",
        "hostgroup g h\n\nwatch g»!\n service s\n  traptimeout 1m\n",
    ),
    _warning(
        "odd-character", "this is {name} (U+{code:04X}), no {plain}: it is read as ordinary text", "write {plain}",
        _PERIOD + "    alert a.alert »–P tcp\n",
        _PERIOD + "    alert a.alert »“down”\n",
        _SERVICE + "  monitor m.monitor »−p 80\n",
    ),
    _warning(
        "repeated-keyword", "'{keyword}' is given again: this one counts, the one at line {first} does not", "{hint}",
        _SERVICE + "  »interval 5m\n",
        _SERVICE + "  exclude_hosts h\n  »exclude_hosts h\n",
    ),
    _warning(
        "repeated-hostgroup", "hostgroup {name} is defined again: these hosts replace those of line {first}", "",
        "hostgroup g a\n\nhostgroup »g b\n\nwatch g\n service s\n  traptimeout 1m\n",
    ),
    _warning(
        "ignored-argument", "'{keyword}' takes no argument: '{value}' is ignored, and {keyword} is on", "{hint}",
        _SERVICE + "  allow_empty_group »no\n",
        _PERIOD + "    no_comp_alerts »no\n",
        _PERIOD + "    alerts_dont_count »0\n",
    ),
    _warning(
        "odd-number", "{keyword} '{value}' is read as {number}", "write a number",
        "histlength = »100x\n", "maxprocs = »20₩\n", "dep_recur_limit = »many\n",
    ),
    _warning(
        "odd-switch", "{keyword} '{value}' is read as {meaning}", "write yes or no",
        "dtlogging = »on\n", "startupalerts_on_reset = »maybe\n",
        "unack_summary = »On\n", _SERVICE + "  unack_summary »nay\n",
    ),
    _warning(
        "bare-unack-summary", "'unack_summary' without a value is read as yes", "write unack_summary yes",
        _SERVICE + "  »unack_summary\n",
        differs="C-UNACK",
    ),
    _warning(
        "alertevery-summary", "'{text}' after the time of alertevery is an old syntax that has no effect",
        "leave it out",
        _PERIOD + "    alertevery 1h »summary\n",
    ),
    _warning(
        "unbalanced-alert", "the quotes of this alert do not pair, so it is called without arguments: {hint}",
        "close the quote, or write a backslash before it",
        _PERIOD + "    alert a.alert »\"www1 is down\n",
    ),
    _warning(
        "empty-command", "'{keyword}' names no program", "write the name of a file in {where}",
        _WATCH + " service s\n  interval 1m\n  »monitor\n",
        _PERIOD + "    »alert\n",
        _PERIOD + "    »upalert exit=3\n",
    ),
    _warning(
        "exit-prefix", "'{text}' is not read as a condition, but as the name of the alert",
        "write exit=N or exit=N-M, with N and M from 0 to 255",
        _PERIOD + "    alert »exit=x a.alert\n",
    ),
    _warning(
        "unknown-authtype", "authtype '{value}' is not known: it never lets anybody in", "{hint}",
        "authtype = »userfiles\n",
    ),
    _warning(
        "no-pam", "authtype pam lets nobody in: {reason}", "install it (pip install 'pymon[pam]'), or leave pam out",
    ),
    _warning(
        "unknown-facility", "syslog has no facility '{value}': nothing is written there", "{hint}",
        "syslog_facility = »deamon\n", "syslog_facility =»\n",
    ),
    _warning(
        "overridden-environment", "{name} is set by mon itself, so this value is never seen", "use another name",
        _SERVICE + "  »MON_GROUP=x\n",
    ),
    _warning(
        "self-in-word", "'SELF:' is replaced inside '{word}' too", "",
        _SERVICE + "  depend »MYSELF:x\n",
    ),
)  # fmt: skip

_SITE = (
    _warning(
        "no-hostgroup", "watch group {name} defined with no corresponding hostgroup",
        "it is given one host, '{name}'{hint}",
        "watch »g\n service s\n  traptimeout 1m\n",
    ),
    _warning(
        "unwatched-hostgroup", "hostgroup {name} has no watch assigned to it", "{hint}",
        "hostgroup »g h\n",
    ),
    _warning(
        "empty-watch", "watch {name} has no service and is ignored", "write 'service NAME' and its keywords",
        "hostgroup g h\n\nwatch »g\n",
    ),
    _warning(
        "name-cut", "the name of this {keyword} is '{name}': it ends before '{text}', which is taken for a member",
        "a name is made of letters, digits and the characters _ . -",
        "hostgroup gr»öße h\n\nwatch gr\n service s\n  traptimeout 1m\n",
    ),
    _warning(
        "number-for-name", "clients take lines that begin with '{name} ' for the end of an answer, as in 'list watch'",
        "give the watch a name that is not a number of three digits",
        "hostgroup 220 h\n\nwatch »220\n service s\n  traptimeout 1m\n",
    ),
    _warning(
        "empty-hostgroup", "hostgroup {name} has no hosts: {service} is never checked",
        "add hosts, or allow_empty_group, or end the monitor line with ;;",
        "hostgroup g\n\nwatch g\n service s\n  interval 1m\n  »monitor m.monitor\n",
    ),
    _warning(
        "no-hosts-left", "exclude_hosts leaves no host of {name}: {service} is never checked",
        "add allow_empty_group, or end the monitor line with ;;",
        _SERVICE + "  »exclude_hosts h\n",
    ),
    _warning(
        "excluded-stranger", "'{host}' is not in hostgroup {name}", "{hint}",
        _SERVICE + "  exclude_hosts »x\n",
    ),
    _warning(
        "no-interval", "a monitor without an interval never runs", "write an interval",
        "hostgroup g h\n\nwatch g\n service s\n  »monitor m.monitor\n",
    ),
    _warning(
        "no-monitor", "an interval without a monitor checks nothing", "write a monitor",
        "hostgroup g h\n\nwatch g\n service s\n  »interval 1m\n",
    ),
    _warning(
        "missing-monitor", "monitor '{name}' is in no directory of mondir", "{hint}",
        _WATCH + " service s\n  interval 1m\n  monitor »nosuch.monitor -a\n",
    ),
    _warning(
        "missing-alert", "alert '{name}' is in no directory of alertdir", "{hint}",
        _PERIOD + "    alert »nosuch.alert -a\n",
        _PERIOD + "    upalert exit=0 »nosuch.alert -a\n",
    ),
    _warning(
        "unusable-monitor", "monitor '{name}' cannot be run: {obstacle}", "{hint}",
        _WATCH + " service s\n  interval 1m\n  monitor »../mon.d -a\n",
    ),
    _warning(
        "unusable-alert", "alert '{name}' cannot be run: {obstacle}", "{hint}",
        _PERIOD + "    alert »../alert.d -a\n",
    ),
    _warning(
        "never-period", "this {what} can never match: {hint}", "{advice}",
        _SERVICE + "  period »md {31} mo {Feb}\n",
        _SERVICE + "  period wd {Mon}, »hr {}\n",
        _SERVICE + "  period a: »yr {2003}\n",
        "exclude_period = »md {30} mo {2}\n",
    ),
    _warning(
        "malformed-dependency", "the dependency '{value}' makes no sense: {hint}",
        "mon holds back every alert (or run) because of it; pymon takes it as fulfilled",
        _SERVICE + "  depend g:s »g:t\n",
        _SERVICE + "  monitordepend g:t &&»\n",
    ),
    _warning(
        "unknown-dependency", "{keyword} names {name}, and there is no such service", "{hint}",
        _SERVICE + "  depend g:s && »g:tt\n",
        _SERVICE + "  hostdepend »x:y g:s\n",
    ),
    _warning(
        "dependency-cycle", "these dependencies go round in a circle: {chain}",
        "mon holds back every alert (or run) because of it; pymon takes it as fulfilled",
        _SERVICE + "  depend »g:s\n",
        _SERVICE + "  depend »g:t\n service t\n  traptimeout 1m\n  depend SELF:s\n",
    ),
    _warning(
        "dependency-depth", "this dependency leads through more services than dep_recur_limit {limit} allows",
        "raise dep_recur_limit; mon holds back every alert (or run) because of it, pymon takes it as fulfilled",
        "dep_recur_limit = 1\n\n"
        + _SERVICE + "  depend »SELF:t\n"
        + " service t\n  traptimeout 1m\n  depend SELF:u\n"
        + " service u\n  traptimeout 1m\n  depend SELF:v\n"
        + " service v\n  traptimeout 1m\n",
    ),
    _warning(
        "alertafter-never", "this alertafter can never be reached: {hint}", "{advice}",
        _SERVICE + "  failure_interval 10m\n  period wd {Mon}\n    alertafter »3 15m\n",
    ),
    _warning(
        "exit-never", "no failure has an exit value in {range}", "a failure is 1 to 255{hint}",
        _PERIOD + "    alertexitrange »3-1\n",
        _PERIOD + "    alert exit=»0 a.alert\n",
        _PERIOD + "    alert exit=»300 a.alert\n",
    ),
    _warning(
        "exit-outside", "this alert is never called: exit={range} is outside of alertexitrange {outer}", "",
        _PERIOD + "    alert exit=»5 a.alert\n    alertexitrange 1-3\n",
    ),
    _warning(
        "exit-not-zero", "this {kind} is never called: its exit value is always 0, and it is for {range}",
        "leave exit= out",
        _PERIOD + "    upalert exit=»3 a.alert\n",
    ),
    _warning(
        "upalert-never", "this upalert is never sent: an upalert follows an alert, and the period has none",
        "add an alert, or no_comp_alerts",
        _PERIOD + "    »upalert a.alert\n",
    ),
    _warning(
        "lvs-without-exit", "{name} is called for broken checks, too, which say nothing about the real server",
        "write 'alert exit=1-125 {name} …': a check that could not be carried out has 126 or more",
        _PERIOD + "    alert »lvs-site.alert down\n",
    ),
    _warning(
        "hides-own", "{kind} {name} is {path}, which hides pymon's own of this name",
        "write 'plugins = own' to have pymon's, or 'plugins = first' if it is meant so",
        _PERIOD + "    alert exit=3 »test.alert x\n    upalert test.alert y\n",
    ),
    _warning(
        "missing-directory", "{keyword}: there is no directory {path}", "{hint}",
        "statedir = »nonexistent\n", "logdir = »/nonexistent\n",
    ),
    _warning("unreadable-directory", "{keyword}: {path} cannot be looked into: {reason}", ""),
    _warning(
        "unknown-view-entry", "view {name} has '{entry}', and there is no such {what}", "{hint}",
        _SERVICE + "\nview v g »gg\n",
        _SERVICE + "\nview v »g:x\n",
    ),
)  # fmt: skip

_LVS = (
    _warning(
        "lvs-no-direction", "lvs.alert refuses this line: '{keyword}' does not say whether to take {real} out",
        "write -X down (take it out) or -X up (put it in)",
    ),
    _warning(
        "lvs-contrary", "-X {direction} in an {keyword}: it {what}, as written",
        "leave -X out: an alert takes the real server out, an upalert puts it in",
    ),
    _warning(
        "lvs-no-return", "nothing puts {real} back into {virtual} when the service is well again", "{hint}",
    ),
    _warning(
        "lvs-other-return", "what this line takes out returns with {differing} (line {line})",
        "write both lines with the same -W and -F",
    ),
    _warning(
        "lvs-period", "{real} is not put back by a recovery at a time that is outside of 'period {period}'",
        "write the lvs.alert lines in a period of all times: 'period wd {{Sun-Sat}}'",
    ),
    _warning(
        "lvs-upalertafter", "{real} stays out after an outage shorter than {time}: its upalert waits for upalertafter",
        "write the lvs.alert lines in a period of their own, without upalertafter",
    ),
    _warning(
        "lvs-shared",
        "{other} (line {line}) acts upon {real}, too: the recovery of one puts it back while the other fails",
        "let one service check both, or write lvs.alert lines for one of them only",
    ),
)  # fmt: skip

_ARGUMENTS = (
    _warning("refused-argument", "{name} refuses these arguments: {reason}", "{advice}"),
    _warning("ignored-option", "{name}: {reason}", "{advice}"),
    _warning("unusable-file", "{name}: {reason}", "{advice}"),
    Kind("dangerous-argument", "{name}: {reason}", "{advice}", (), Severity.ERROR, "C-DANGER", starts=True),
    _warning(
        "broken-plugin", "{kind} {name} cannot be loaded: {reason}", "until that is mended, each of its calls is broken"
    ),
    _warning("untried", "the arguments of monitors and alerts were not tried: {obstacle}", ""),
)  # fmt: skip

_AUTH = (
    _error("auth-unreadable", "could not open auth file: {reason}", ""),
    _error(
        "auth-line", "could not parse line {number} of auth file",
        "write 'command : user, user'; what belongs to traps comes after a line 'trap section'",
        "»list all\n",
    ),
    _warning(
        "auth-command", "there is no command '{command}'", "{hint}",
        "command section\n»lsit: all\n",
    ),
    _warning(
        "auth-user", "'{user}' is the name of a user here", "write {right} if that is meant",
        "list: »ALL\n", "list: all, »!auth_any\n",
    ),
    _warning(
        "auth-repeated", "'{command}' is given again: this line counts", "write all users in one line",
        "list: all\n»list: root\n",
    ),
    _warning(
        "auth-trap", "a line of the trap section has three words, this one {count}: it is skipped",
        "write 'host user password-hash'",
        "trap section\n»10.0.0.1 root\n",
    ),
    _warning(
        "auth-trap-host", "a host's name has more than one letter: the line of '{host}' is skipped", "write an address",
        "trap section\n»h u *\n",
    ),
    _warning(
        "auth-trap-password", "the password of '{user}' is no crypt(3) hash, and never matches",
        "make one with: openssl passwd -6",
        "trap section\n10.0.0.1 root »secret\n",
    ),
)  # fmt: skip

KINDS = {kind.code: kind for kind in (*_STRUCTURE, *_VALUES, *_LINES, *_SITE, *_LVS, *_ARGUMENTS, *_AUTH)}
"""every kind of problem by its code"""
