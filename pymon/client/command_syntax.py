"""The commands that a server understands, for usage texts and for completion.

A word in capitals stands for something to fill in; GROUP, SERVICE, HOST, VIEW and ALIAS are known to the server. A
last word with ``...`` may be repeated.
"""

from __future__ import annotations

COMMANDS = tuple(
    tuple(line.split())
    for line in """
    ack GROUP SERVICE COMMENT...
    checkauth COMMAND
    clear timers GROUP SERVICE
    disable host HOST...
    disable service GROUP SERVICE
    disable watch GROUP
    enable host HOST...
    enable service GROUP SERVICE
    enable watch GROUP
    get GROUP SERVICE VARIABLE
    get maxkeep
    getview
    json list WHAT...
    json why GROUP SERVICE [SINCE]
    list alerthist
    list aliases ALIAS...
    list aliasgroups
    list banished
    list deps
    list debts
    list debts GROUP SERVICE
    list descriptions
    list disabled
    list dtlog
    list failurehist
    list failures
    list group GROUP
    list measurements GROUP SERVICE
    list opstatus GROUP...
    list pids
    list state
    list successes
    list views
    list warnings
    list watch
    loadstate KIND...
    login USER PASSWORD
    protid NUMBER
    quit
    reload auth
    reset [stopped] [keepstate]
    savestate KIND...
    servertime
    set GROUP SERVICE VARIABLE VALUE
    set maxkeep NUMBER
    setview VIEW
    start
    stop
    term
    test config
    test monitor GROUP SERVICE
    test alert GROUP SERVICE RETVAL PERIOD
    test ackalert GROUP SERVICE RETVAL PERIOD
    test disablealert GROUP SERVICE RETVAL PERIOD
    test startupalert GROUP SERVICE RETVAL PERIOD
    test upalert GROUP SERVICE RETVAL PERIOD
    version
    why GROUP SERVICE [SINCE]
""".strip().splitlines()
)

KNOWN = {
    "KIND": ("disabled", "opstatus", "all"),
    "VARIABLE": ("opstatus", "interval", "failure_interval", "alert_on_trap", "description", "randskew"),
    "PERIOD": (),
}
"""words to fill in whose values do not depend on the server; the variables are the usual ones"""


def listing(indent: str = "    ") -> str:
    """The commands, one a line."""
    return "\n".join(indent + " ".join(command) for command in COMMANDS)
