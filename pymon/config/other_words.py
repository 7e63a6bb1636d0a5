"""Words that mon.cf does not have, and what is right instead (C-WORDS)."""

from __future__ import annotations

from collections.abc import Mapping

_EMPTY = "a group without hosts is not checked unless allow_empty_group says so: drop the line"
_COUNT = "alerts count unless alerts_dont_count says otherwise: drop the line"

_DISABLE = "there is no keyword for this: use 'moncmd disable service', or write *host in the hostgroup"
_ENABLE = "what stands in the file is enabled: drop the line"

OTHER_WORDS: dict[str, str] = {
    "comp_alerts": "it is the default: drop the line (the keyword for the opposite is no_comp_alerts)",
    "compalerts": "it is the default: drop the line (the keyword for the opposite is no_comp_alerts)",
    "alerts_count": _COUNT,
    "alerts_do_count": _COUNT,
    "dont_count_alerts": "the word for this is alerts_dont_count",
    "deny_empty_group": _EMPTY,
    "disallow_empty_group": _EMPTY,
    "no_empty_group": _EMPTY,
    "no_allow_empty_group": _EMPTY,
    "include_hosts": "all hosts of the group are checked, but for those of exclude_hosts",
    "include_period": "checks run at all times, but for those of exclude_period",
    "no_unack_summary": "write: unack_summary no",
    "outprocess": "write: inprocess no",
    "noinprocess": "write: inprocess no",
    "no_inprocess": "write: inprocess no",
    "success_interval": "the word for this is interval; failure_interval holds while the service fails",
    "check_interval": "the word for this is interval",
    "retry_interval": "the word for this is failure_interval",
    "alertinterval": "the word for this is alertevery",
    "notification_interval": "the word for this is alertevery",
    "downalert": "the word for this is alert",
    "okalert": "the word for this is upalert",
    "recoveryalert": "the word for this is upalert",
    "noalert": "leave the alert line out",
    "noupalert": "leave the upalert line out",
    "startalert": "the word for this is startupalert",
    "enablealert": "nobody is told when something is enabled; disablealert is for what is disabled",
    "maxalerts": "the word for this is numalerts",
    "alertnum": "the word for this is numalerts",
    "trapalert": "the word for this is alert: a trap that says fail calls it, too",
    "recoveralert": "the word for this is upalert",
    "disable": _DISABLE,
    "disabled": _DISABLE,
    "enable": _ENABLE,
    "enabled": _ENABLE,
    "max_alerts": "the word for this is numalerts",
    "parents": "the word for this is depend",
    "hosts": "the hosts stand in a hostgroup of the watch's name",
}
"""words of older versions, of other programs, and opposites, with what is right instead"""

OTHER_VARIABLES: dict[str, str] = {
    "snmp": "there is no SNMP: drop the line",
    "snmpport": "there is no SNMP: drop the line",
    "nodtlogging": "write: dtlogging = no",
    "no_dtlogging": "write: dtlogging = no",
    "no_startupalerts_on_reset": "write: startupalerts_on_reset = no",
    "clientdeny": "clientallow says who may connect, and nobody else may",
    "port": "the word for this is serverport",
    "bind": "the word for this is serverbind",
    **dict.fromkeys(("serverip", "serveraddr", "serveraddress", "serverhost"), "the word for this is serverbind"),
    **dict.fromkeys(("trapip", "trapaddr", "trapaddress"), "the word for this is trapbind"),
    **dict.fromkeys(("syslog", "use_syslog"), "the word for this is syslog_facility"),
    **dict.fromkeys(("histmax", "historymax", "maxhistory"), "the word for this is histlength"),
    "alertpath": "the word for this is alertdir",
    "monpath": "the word for this is mondir",
    "monitordir": "the word for this is mondir",
    "pluginorder": "the word for this is plugins",
    "auth": "the word for this is authtype",
    "scriptdir": "the word for this is mondir",
    "maxkeep": "the word for this is histlength",
    "minprocs": "there is no lowest number of processes; the highest is maxprocs",
    "outprocess": "write: inprocess = no",
    "noinprocess": "write: inprocess = no",
}
"""the same for global variables"""

_DEFAULT_MODE = "it is the default: leave it out"
OTHER_MODES: dict[str, str] = {
    "no_summary": "the word for this is observe_detail",
    "nosummary": "the word for this is observe_detail",
    "detail": "the word for this is observe_detail",
    "observe_summary": _DEFAULT_MODE,
    "ignore_detail": _DEFAULT_MODE,
    "no_detail": _DEFAULT_MODE,
    "no_strict": _DEFAULT_MODE,
    "nostrict": _DEFAULT_MODE,
    "unstrict": _DEFAULT_MODE,
}
"""the same for what may follow the time of alertevery"""


def find_other_word(word: str, table: Mapping[str, str]) -> str:
    """What is right instead of a word of one of these tables, however it is joined, and in the singular too.

    Empty if it is in none.
    """
    return table.get(word.lower()) or next((right for known, right in table.items() if _join(known) == _join(word)), "")


def _join(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").removesuffix("s")
