"""Names of variables and options stand once: what the daemon writes is what plugins read and mon.cf is warned of."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pymon.contract.alert_call import alert_invocation
from pymon.contract.alert_options import KIND_OPTIONS
from pymon.contract.monitor_call import order_check
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall, SendReason, SendRule
from pymon.model.service import Command, MonitorCommand, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus
from pymon.model.variables import MonVariable
from pymon.plugin import Alert, AlertOutcome, Done, Event

TESTED = SendReason(SendRule.TEST)


@dataclass(frozen=True)
class Options:
    """None of its own."""


SERVICE = Service("g", "s", description="what it is")
STATE = ServiceState(
    op_status=OpStatus.FAIL,
    has_result=True,
    has_output=True,
    last_summary="bad",
    last_output="worse",
    ack=1.0,
    ack_comment="seen",
    depend_status=True,
)


def call(kind: EventKind) -> AlertCall:
    return AlertCall(
        ServiceKey("g", "s"),
        kind,
        Command("x.alert", "", ()),
        STATE,
        "bad\n",
        7.0,
        exitval=1,
        trap_intended="h",
        reason=TESTED,
    )


def test_every_variable_that_is_set_has_a_name_and_every_name_is_set() -> None:
    command = MonitorCommand("x.monitor", "", ())
    monitor = order_check(SERVICE, command, (), STATE, Settings(), time_limit=60)
    alert = alert_invocation(call(EventKind.TRAP), SERVICE, "/a", (), Settings(), {})
    assert {*monitor.environment, *alert.environ} == set(MonVariable)


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("by_option", [True, False])
async def test_an_alert_is_told_what_happened(kind: EventKind, by_option: bool) -> None:
    heard: list[Event] = []

    async def deliver(event: Event, _options: Options) -> AlertOutcome:
        heard.append(event)
        return Done()

    made = alert_invocation(call(kind), SERVICE, "/a", ("h1", "h2"), Settings(), {})
    told = dict(made.environ)
    if by_option:
        del told[MonVariable.ALERTTYPE]
    else:
        made = made._replace(arguments=tuple(word for word in made.arguments if word not in KIND_OPTIONS.values()))
    await Alert(Options, deliver).run(made._replace(environ=told))
    (event,) = heard
    assert (event.service, event.group, event.hosts, event.time) == ("s", "g", ("h1", "h2"), 7.0)
    is_told = kind in KIND_OPTIONS or not by_option
    assert (event.kind, event.is_told) == (kind if is_told else EventKind.FAILURE, is_told)
    assert (event.summary, event.description) == ("bad", "what it is")
