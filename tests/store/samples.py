"""States and events for tests of the record, some of them any that can be."""

from __future__ import annotations

from hypothesis import strategies as st

from pymon.model.debt import Debt
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.service import Command
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus

WEB = ServiceKey("web", "http")
MAIL = ServiceKey("mail", "smtp")
T0 = 1_700_000_000.0

texts = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
"""any text that comes from bytes"""
times = st.floats(min_value=0, max_value=4e9)
counts = st.integers(min_value=0, max_value=10**9)
period_states = st.builds(PeriodState, times, counts, counts, times, counts)
commands = st.builds(Command, texts, texts, st.lists(texts, max_size=3).map(tuple))
owed = st.builds(Debt, commands, texts, times, st.lists(commands, max_size=2).map(tuple), times, texts)
states = st.builds(
    ServiceState,
    op_status=st.sampled_from(OpStatus),
    last_op_status=st.sampled_from(OpStatus),
    exitval=st.none() | st.integers(-(2**31), 2**31) | texts,
    failure_count=counts,
    alert_count=counts,
    consec_failures=counts,
    first_failure=times,
    last_failure=times,
    last_success=times,
    last_check=times,
    last_trap=times,
    monitor_duration=st.none() | times,
    has_result=st.booleans(),
    has_output=st.booleans(),
    last_summary=texts,
    last_detail=texts,
    last_output=texts,
    failure_output=texts,
    outage_ended=times,
    outage_summary=texts,
    ack=times,
    ack_comment=texts,
    depend_status=st.none() | st.booleans(),
    depend_error=texts,
    monitor_depend_error=texts,
    failure_interval_active=st.booleans(),
    trap_intended=texts,
    periods=st.dictionaries(texts, period_states, max_size=3),
    debts=st.lists(owed, max_size=2).map(tuple),
    left=times,
)
pendings = st.builds(
    Pending,
    key=texts,
    name=texts,
    group=texts,
    service=texts,
    event=texts,
    at=times,
    arguments=st.lists(texts, max_size=3).map(tuple),
    environ=st.dictionaries(texts, texts, max_size=3),
    stdin=texts,
)


def pending(at: float = T0) -> Pending:
    """A mail on its way."""
    return Pending("", "mail.alert", *WEB, "failure", at, ("-s", "http"), {"MON_GROUP": "web"}, "down\n")


def check(at: float, text: str = "failed (exit 1): down", key: ServiceKey = WEB) -> TimelineEvent:
    """A check that said something."""
    return TimelineEvent(at, TimelineKind.CHECK, text, *key)


def act(at: float, text: str = "acknowledged: on it", key: tuple[str, str] = WEB) -> TimelineEvent:
    """Something an operator did."""
    return TimelineEvent(at, TimelineKind.OPERATOR, text, *key, asker="bob@127.0.0.1")
