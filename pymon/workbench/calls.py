"""A plugin's call, made as the daemon makes it, of a service that exists only for the trial."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pymon.contract.alert_call import alert_invocation
from pymon.contract.environ import own_environ
from pymon.contract.invocation import Invocation
from pymon.contract.monitor_call import monitor_invocation, order_check
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command, MonitorCommand, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus

OUTAGE = 60.0
"""seconds since when the service of a tried alert has failed"""


class TrialService(NamedTuple):
    """The service of the trial. ``environ`` are its ``NAME=value`` lines in mon.cf."""

    group: str = "trial"
    service: str = "plugin"
    description: str = ""
    environ: Mapping[str, str] = {}


class TrialEvent(NamedTuple):
    """The event that an alert is called for."""

    kind: EventKind = EventKind.FAILURE
    summary: str = "host1"
    detail: str = "host1: connection refused"
    hosts: Sequence[str] = ("host1", "host2")


NO_ABOUT = TrialService()
SOMETHING = TrialEvent()


def make_monitor_call(
    path: str, arguments: Sequence[str], about: TrialService = NO_ABOUT, settings: Settings | None = None
) -> Invocation:
    """The first call of a monitor: options and hosts are ``arguments``, all that follows its name."""
    command = MonitorCommand(path, " ".join(arguments), tuple(arguments), append_hosts=False)
    service, settings = _service(about, command), settings or Settings()
    order = order_check(service, command, (), ServiceState(), settings, time_limit=math.inf)
    return monitor_invocation(order, path, own_environ())


def make_alert_call(
    path: str,
    arguments: Sequence[str],
    happened: TrialEvent = SOMETHING,
    about: TrialService = NO_ABOUT,
    settings: Settings | None = None,
) -> Invocation:
    """The call of an alert: ``arguments`` are the words of its line in mon.cf, which follow mon's own."""
    now = time.time()
    output = f"{happened.summary}\n{happened.detail}".rstrip("\n") + "\n"
    is_up = happened.kind is EventKind.UP
    state = ServiceState(
        op_status=OpStatus.OK if is_up else OpStatus.FAIL,
        has_result=True,
        first_failure=now - OUTAGE,
        last_failure=now - (10.0 if is_up else 0.0),
        last_success=now if is_up else now - OUTAGE - 10.0,
        last_summary=happened.summary,
    )
    command = Command(path, " ".join(arguments), tuple(arguments))
    call = AlertCall(
        ServiceKey(about.group, about.service),
        happened.kind,
        command,
        state,
        output,
        now,
        exitval=0 if is_up else 1,
        reason=SendReason(SendRule.TEST),
    )
    return alert_invocation(call, _service(about, None), path, happened.hosts, settings or Settings(), own_environ())


def _service(about: TrialService, command: MonitorCommand | None) -> Service:
    return Service(
        about.group,
        about.service,
        monitor=command,
        description=about.description or None,
        environment=tuple(about.environ.items()),
    )
