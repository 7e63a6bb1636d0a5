"""Lines and values that are odd by themselves, and yet legal."""

from __future__ import annotations

from pymon.config.problems.kind import PERIOD, SERVICE, WATCH, warning

LINES = (
    warning(
        "ignored-line", "this line stands in no record and is ignored{more}", "{hint}",
        "»hello world\n",
        "»maxprocs 20\n",
        SERVICE + "\n »service t\n  interval 5m\n",
        "»hostgruop g h\n",
    ),
    warning(
        "swallowed-line", "inside a hostgroup this line is {count} more hosts, not a {keyword}",
        "end the hostgroup with an empty line before it",
        "hostgroup g h\n»watch g\n\n",
        "hostgroup g h\n»view v g\n\n",
    ),
    warning(
        "swallowed-by-view", "inside a view this line is {count} more entries, not a {keyword}",
        "end the view with an empty line before it",
        SERVICE + "\nview v g\n»watch g\n",
    ),
    warning(
        "won-sign", "a won sign (U+{code:04X}) at the line's end is read as a backslash: the line goes on in the next",
        "write a backslash",
        SERVICE + "  description a »₩\n   b\n",
        SERVICE + "  description a»￦\n   b\n",
        differs="C-WON",
    ),
    warning(
        "won-text", "a won sign (U+{code:04X}) at the line's end is kept as text, because of the line that follows",
        "if the line should go on in the next one, write a backslash",
        SERVICE + "  description 100»₩\n  randskew 2s\n",
    ),
    warning(
        "lost-line", "the last line ends in a backslash, and is lost", "remove the backslash",
        SERVICE + "  description x »\\",
    ),
    warning(
        "byte-order-mark", "the file begins with a byte order mark, which mon would read as text", "remove it",
        "»\ufeff# x\n",
    ),
    warning(
        "comment-encoding", "this comment is not UTF-8{guess}", "convert the file: {command}",
    ),
    warning(
        "text-after-name", "what follows the name of the {keyword} is ignored: '{text}'", "{hint}",
        "hostgroup g h\n\nwatch g» junk\n service s\n  traptimeout 1m\n",
        "hostgroup g h\n\nwatch g»!\n service s\n  traptimeout 1m\n",
    ),
    warning(
        "odd-character", "this is {name} (U+{code:04X}), no {plain}: it is read as ordinary text", "write {plain}",
        PERIOD + "    alert a.alert »–P tcp\n",
        PERIOD + "    alert a.alert »“down”\n",
        SERVICE + "  monitor m.monitor »−p 80\n",
    ),
    warning(
        "repeated-keyword", "'{keyword}' is given again: this one counts, the one at line {first} does not", "{hint}",
        SERVICE + "  »interval 5m\n",
        SERVICE + "  exclude_hosts h\n  »exclude_hosts h\n",
    ),
    warning(
        "repeated-hostgroup", "hostgroup {name} is defined again: these hosts replace those of line {first}", "",
        "hostgroup g a\n\nhostgroup »g b\n\nwatch g\n service s\n  traptimeout 1m\n",
    ),
    warning(
        "ignored-argument", "'{keyword}' takes no argument: '{value}' is ignored, and {keyword} is on", "{hint}",
        SERVICE + "  allow_empty_group »no\n",
        PERIOD + "    no_comp_alerts »no\n",
        PERIOD + "    alerts_dont_count »0\n",
    ),
    warning(
        "odd-number", "{keyword} '{value}' is read as {number}", "write a number",
        "histlength = »100x\n", "maxprocs = »20₩\n", "dep_recur_limit = »many\n",
    ),
    warning(
        "odd-switch", "{keyword} '{value}' is read as {meaning}", "write yes or no",
        "dtlogging = »on\n", "startupalerts_on_reset = »maybe\n",
        "unack_summary = »On\n", SERVICE + "  unack_summary »nay\n",
    ),
    warning(
        "bare-unack-summary", "'unack_summary' without a value is read as yes", "write unack_summary yes",
        SERVICE + "  »unack_summary\n",
        differs="C-UNACK",
    ),
    warning(
        "alertevery-summary", "'{text}' after the time of alertevery is an old syntax that has no effect",
        "leave it out",
        PERIOD + "    alertevery 1h »summary\n",
    ),
    warning(
        "unbalanced-alert", "the quotes of this alert do not pair, so it is called without arguments: {hint}",
        "close the quote, or write a backslash before it",
        PERIOD + "    alert a.alert »\"www1 is down\n",
    ),
    warning(
        "empty-command", "'{keyword}' names no program", "write the name of a file in {where}",
        WATCH + " service s\n  interval 1m\n  »monitor\n",
        PERIOD + "    »alert\n",
        PERIOD + "    »upalert exit=3\n",
    ),
    warning(
        "exit-prefix", "'{text}' is not read as a condition, but as the name of the alert",
        "write exit=N or exit=N-M, with N and M from 0 to 255",
        PERIOD + "    alert »exit=x a.alert\n",
    ),
    warning(
        "unknown-authtype", "authtype '{value}' is not known: it never lets anybody in", "{hint}",
        "authtype = »userfiles\n",
    ),
    warning(
        "no-pam", "authtype pam lets nobody in: {reason}", "install it (pip install 'pymon[pam]'), or leave pam out",
    ),
    warning(
        "unknown-facility", "syslog has no facility '{value}': nothing is written there", "{hint}",
        "syslog_facility = »deamon\n", "syslog_facility =»\n",
    ),
    warning(
        "overridden-environment", "{name} is set by mon itself, so this value is never seen", "use another name",
        SERVICE + "  »MON_GROUP=x\n",
    ),
    warning(
        "self-in-word", "'SELF:' is replaced inside '{word}' too", "",
        SERVICE + "  depend »MYSELF:x\n",
    ),
)  # fmt: skip
