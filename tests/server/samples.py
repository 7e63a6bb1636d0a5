"""A small site with services in every state, as a daemon would show it, and a client to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pymon.config.auth import parse_auth
from pymon.config.build import build
from pymon.config.keywords import FIRST_WORDS
from pymon.config.lines import Source
from pymon.config.parse import parse
from pymon.config.report import ProblemReport
from pymon.model.depend import ServiceKey
from pymon.model.request import Outcome, Request
from pymon.model.site import Site
from pymon.model.snapshot import Snapshot
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from pymon.server.commands.reply import CommandReply, EngineRequest, Session
from pymon.server.commands.table import answer

NOW = 1_795_477_400.0

MON_CF = r"""
dtlogging = yes

hostgroup g1 h1 h2 h3
hostgroup g2 127.0.0.1 a.b

alias al1
  line one
  line two

alias without_lines

view v1 g1
view v2 g2:s3 g1:s1

watch g1
  service s1
    description It's a "desc" \ and é
    interval 5m
    failure_interval 7s
    monitor ctl.monitor a 'b c'
    depend g2:s3 && !g1:s2
    exclude_hosts h3 h2
    exclude_period wd {Sun}
    randskew 3s
    traptimeout 1h
    trapduration 30m
    period wd {Sun-Sat}
      alert rec.alert a b
    period LBL: hr {0-23}
      alert rec.alert q
      alerts_dont_count
  service s2
    interval 1h
    monitor ctl.monitor ;;
    hostdepend g1:s1
    monitordepend g2:s3
    alertdepend g2:s3
    period wd {Sun-Sat}
      alert rec.alert
  service tr
    traptimeout 2h
    period wd {Sun-Sat}
      alert rec.alert

watch g2
  service s3
    interval 1.5m
    monitor slow.monitor
    redistribute rec.alert x
    MYVAR=5
    period
      alert rec.alert
"""

AUTH_CF = """
command section
list: all
servertime: all
disable: all
enable: all
ack: all
test: all
set: all
get: all
reset: all
reload: all
clear: all
stop: all
start: all
term: all
loadstate: all
savestate: all
foo: all
frob: bob
"""

S1, S2, TR, S3 = (ServiceKey(*pair) for pair in (("g1", "s1"), ("g1", "s2"), ("g1", "tr"), ("g2", "s3")))


def site_of(text: str) -> Site:
    """The site that a mon.cf describes."""
    report = ProblemReport(Source("mon.cf", text, FIRST_WORDS))
    return build(parse(report), report).site


SITE = site_of(MON_CF)
AUTH, _ = parse_auth(AUTH_CF)

FAILING = ServiceState(
    op_status=OpStatus.FAIL,
    exitval=3,
    failure_count=2,
    consec_failures=2,
    first_failure=NOW - 63.7,
    last_failure=NOW - 3,
    last_check=NOW - 4,
    monitor_duration=1.2,
    has_result=True,
    has_output=True,
    last_summary="sum 'q' \\ é\t~",
    last_detail="det1 \\\ndet2\n",
    last_output="sum 'q' \\ é\t~\ndet1 \\\ndet2\n",
    failure_output="out",
    depend_status=False,
    failure_interval_active=True,
    periods={
        "wd {Sun-Sat}": PeriodState(last_alert=NOW - 60, alert_sent=1, counted_sent=2),
        "LBL": PeriodState(last_alert=NOW - 50, alert_sent=4, counted_sent=4),
    },
)
WELL = ServiceState(
    op_status=OpStatus.OK, exitval=0, last_success=NOW - 9, last_check=NOW - 10, monitor_duration=30.0, has_result=True
)
STATES = {S1: FAILING, S2: ServiceState(), TR: replace(WELL, monitor_duration=None), S3: WELL}


DUE = {S1: NOW + 4.2, S2: NOW + 3600.0, S3: NOW - 0.5}
"""TR is not scheduled"""


SNAPSHOT = Snapshot(
    site=SITE,
    now=NOW,
    started=NOW - 1000,
    states=STATES,
    due=DUE,
    maxkeep=100,
    auth=AUTH,
    pid=4711,
    hostname="mon1",
)


def with_states(states: Mapping[ServiceKey, ServiceState]) -> Snapshot:
    """The usual snapshot, with some states of its own."""
    return replace(SNAPSHOT, states={**STATES, **states})


def with_auth(text: str) -> Snapshot:
    """The usual snapshot under another auth.cf."""
    return replace(SNAPSHOT, auth=parse_auth(text)[0])


@dataclass(slots=True)
class Client:
    """A client on one connection; ``asked`` is what the daemon was asked for, which it answers by ``outcome``."""

    snapshot: Snapshot = SNAPSHOT
    session: Session = field(default_factory=Session)
    outcome: Callable[[Request], Outcome] = lambda _request: Outcome()
    asked: list[Request] = field(default_factory=list)
    is_open: bool = True

    def say(self, line: str) -> list[str]:
        """Send a line; gives the lines of the answer, the closing one last."""
        reply = self.reply(line)
        if reply.session is not None:
            self.session = reply.session
        self.is_open = not reply.close
        data = list(reply.lines)
        return ["".join(data), reply.final] if reply.is_one_line else [*data, reply.final]

    def reply(self, line: str) -> CommandReply:
        """The reply to a line, once the daemon has done what it is asked for."""
        made = answer(line, self.session, self.snapshot)
        if isinstance(made, EngineRequest):
            self.asked.append(made.request)
            made = made.reply(self.outcome(made.request))
        return made
