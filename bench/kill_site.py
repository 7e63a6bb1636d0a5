"""The site of the kill play: services that flap, one that is down for good, two that only traps change."""

from __future__ import annotations

from pathlib import Path

from tests.ports import free_port
from tests.programs import write_program

SERVICES = ("web flap", "web down", "db flap", "traps quiet", "traps other")
QUIET = ("traps quiet", "traps other")
"""services that nothing but a trap changes"""
WATCHES = ("web", "db", "traps")
HOSTS = ("h1", "h2", "h3", "h4")
"""h4 is disabled in the configuration"""

_CONFIG = """\
cfbasedir = {here}
mondir = {here}/mon.d
alertdir = {here}/alert.d
statedir = {here}/state
logdir = {here}/log
authfile = {here}/auth.cf
serverport = {port}
trapport = {port}
serverbind = 127.0.0.1
trapbind = 127.0.0.1
histlength = 10000
dtlogging = yes

hostgroup web h1 h2 *h4

hostgroup db h3

hostgroup traps t1

watch web
    service flap
        interval 0.2s
        randskew 0.1s
        monitor flap.monitor
        period
            alert rec.alert
            upalert rec.alert
    service down
        interval 0.3s
        monitor down.monitor
        period
            alert rec.alert
            alertevery 1h

watch db
    service flap
        interval 0.25s
        monitor flap.monitor
        period
            alert rec.alert
            upalert rec.alert
            numalerts 2

watch traps
    service quiet
        period
            alert rec.alert
            upalert rec.alert
    service other
        period
            alert rec.alert
            alertafter 3
"""
_COMMANDS = "list ack disable enable set get stop start test clear savestate servertime"
_FLAP = '#!/bin/sh\nn=$(date +%s%N)\necho "flap $n"\nexit $(( n / 700000000 % 2 ))\n'
_DOWN = "#!/bin/sh\necho down since ever\nexit 1\n"
_ALERT = '#!/bin/sh\nread summary\necho "$MON_ALERTTYPE $MON_GROUP $MON_SERVICE $summary" >>{here}/calls\n'

# The parent of the daemons: it has imported all that they need, so that a round does not wait for that.
NURSERY = """
import os, sys
from pathlib import Path
from pymon.cli.run import run
import pymon.plugin.alert, pymon.plugin.monitor, pymon.server.server

for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
        os.dup2(2, 1)
        os._exit(run(Path(sys.argv[1]), level=20, style="json", overrides={}))
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
"""


def make(here: Path) -> int:
    """Make the folders, programs and configuration; the port that the daemon is to have."""
    port = free_port()
    for name in ("mon.d", "alert.d", "state", "log"):
        (here / name).mkdir(parents=True)
    write_program(here / "mon.d/flap.monitor", _FLAP)
    write_program(here / "mon.d/down.monitor", _DOWN)
    write_program(here / "alert.d/rec.alert", _ALERT.format(here=here))
    auth = "".join(f"{command}: all\n" for command in _COMMANDS.split())
    (here / "auth.cf").write_text(f"command section\n{auth}trap section\n* * *\n")
    (here / "mon.cf").write_text(_CONFIG.format(here=here, port=port))
    (here / "calls").touch()
    return port
