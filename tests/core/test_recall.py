"""An outage that an earlier daemon told of: its end is told by this one."""

from __future__ import annotations

from pymon.core import events
from pymon.core.context import SiteContext
from pymon.model.effect import Rule
from pymon.model.period import PeriodSpec
from pymon.model.result import CheckResult
from pymon.model.service import Alert, AlertKind, Command, Period, Service
from pymon.model.state import ServiceState
from pymon.model.status import EventKind, OpStatus

LINES = (
    Alert(AlertKind.ALERT, Command("lvs.alert", "-X down", ("-X", "down"))),
    Alert(AlertKind.UPALERT, Command("lvs.alert")),
)
SERVICE = Service("web", "http", interval=3.0, periods=(Period("", PeriodSpec("", ((),)), alerts=LINES, numalerts=1),))
AROUND = SiteContext(services={SERVICE.key: SERVICE})


def test_a_success_is_a_recovery() -> None:
    state = events.recall_outage(SERVICE, ServiceState(), at=1000.0)
    verdict = events.observe(SERVICE, state, CheckResult(0, "", 1.0), 1010.0, AROUND)
    (call,) = verdict.alerts
    assert (call.event, call.list_kind) == (EventKind.UP, AlertKind.UPALERT)
    assert verdict.state.op_status is OpStatus.OK
    without = events.observe(SERVICE, ServiceState(), CheckResult(0, "", 1.0), 1010.0, AROUND)
    assert without.alerts == (), "a first success alone is none"


def test_a_failure_goes_on_with_the_outage() -> None:
    state = events.recall_outage(SERVICE, ServiceState(), at=1000.0)
    verdict = events.observe(SERVICE, state, CheckResult(1, "web1", 1.0), 1010.0, AROUND)
    assert verdict.alerts == ()
    assert [held.rule for held in verdict.held] == [Rule.NUMALERTS]
    assert verdict.state.first_failure == 1000.0
