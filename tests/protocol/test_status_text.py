"""How a service stands, in one line for people."""

from __future__ import annotations

import pytest

from pymon.core.context import utc
from pymon.model.service import Service
from pymon.model.state import PeriodState, ServiceState
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from pymon.protocol.status_text import describe_muting, describe_status
from pymon.server.status_of import status_of

T0 = 1_795_458_000.0


def line_of(state: ServiceState) -> str:
    return describe_status(status_of(Service("web", "http"), state, T0), T0, utc, left=state.left)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ServiceState(), "web http is not checked yet"),
        (
            ServiceState(OpStatus.OK, last_success=T0 - 5, last_summary="fine"),
            "web http is ok, found well 5s ago: fine",
        ),
        (
            ServiceState(
                OpStatus.FAIL,
                first_failure=T0 - 90,
                consec_failures=2,
                last_summary="down\x1b[0m",
                periods={"p": PeriodState(alert_sent=1)},
                ack=T0,
                ack_comment="bob: on it",
            ),
            "web http has been failing for 1m30s (2 failures in a row): down\\x1b[0m; 1 alert sent in this outage; "
            "acknowledged by bob: on it",
        ),
        (ServiceState(OpStatus.FAIL, last_summary="x"), "web http is failing: x; 0 alerts sent in this outage"),
        (
            ServiceState(
                OpStatus.FAIL, broken=True, first_failure=T0 - 10, consec_failures=3, last_summary="broken: x"
            ),
            "web http cannot be judged, its check has been broken for 10s (3 results in a row): x; "
            "0 alerts sent in this outage",
        ),
        (ServiceState(OpStatus.UNKNOWN), "web http is unknown"),
    ],
)
def test_how_a_service_stands(state: ServiceState, text: str) -> None:
    assert line_of(state) == text


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("bob: on it", "acknowledged by bob: on it"),
        ("bob: ", "acknowledged by bob"),
        (": on it: soon", "acknowledged: on it: soon"),
        (": ", "acknowledged"),
        ("", "acknowledged"),
        ("set by hand", "acknowledged: set by hand"),
    ],
)
def test_whose_acknowledgement_it_is(comment: str, told: str) -> None:
    """Who is not logged in has no name, and ``set _ack`` leaves no words."""
    state = ServiceState(OpStatus.FAIL, ack=T0, ack_comment=comment)
    assert line_of(state).rpartition("; ")[2] == told


def test_of_a_server_that_does_not_tell_more_the_alerts_that_it_counts_are_shown() -> None:
    status = ServiceStatus("web", "http", OpStatus.FAIL, last_summary="x", alerts_sent=3)
    assert describe_status(status, T0, utc) == "web http is failing: x; 3 alerts sent in this outage"


@pytest.mark.parametrize(
    ("watch", "service", "stopped_since", "texts"),
    [
        (False, False, None, ()),
        (True, False, None, ("the watch is disabled",)),
        (False, True, None, ("the service is disabled",)),
        (False, False, T0, ("the scheduler is stopped since 2026-11-23 18:20",)),
        (
            True,
            True,
            0.0,
            ("the watch is disabled", "the service is disabled", "the scheduler is stopped since 1970-01-01 00:00"),
        ),
    ],
)
def test_what_an_operator_has_muted(
    watch: bool, service: bool, stopped_since: float | None, texts: tuple[str, ...]
) -> None:
    muted = describe_muting(utc, watch=watch, service=service, stopped_since=stopped_since)
    assert muted == texts
    line = describe_status(status_of(Service("web", "http"), ServiceState(), T0), T0, utc, muted)
    assert line == "web http is not checked yet" + (f"; no checks, no alerts: {', '.join(texts)}" if texts else "")
