"""A status is read back from its line and from its JSON, and what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.json_text import dumps
from pymon.protocol.service_status import (
    ServiceStatus,
    from_json,
    from_line,
    parse_op_status,
    to_json,
    to_line,
)
from pymon.text import decode

TEXTS = st.binary(max_size=40).map(decode)


TIMES = st.one_of(st.just(0.0), st.integers(min_value=1, max_value=1 << 40).map(float))
NUMBERS = st.integers(min_value=0, max_value=1 << 30)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)


@st.composite
def statuses(draw: st.DrawFn) -> ServiceStatus:
    """Statuses as the line can carry them: whole seconds, and of a service without an interval nothing of its monitor.

    What is left out here is what the module says that a line does not carry.
    """
    interval = draw(st.one_of(st.none(), st.integers(min_value=1, max_value=10**9).map(lambda number: number / 100)))
    is_checked = interval is not None
    first_failure = draw(TIMES)
    opstatus = draw(st.sampled_from(OpStatus))
    text = st.one_of(TEXTS, WORDS)
    return ServiceStatus(
        group=draw(WORDS),
        service=draw(WORDS),
        opstatus=opstatus,
        last_opstatus=draw(st.sampled_from(OpStatus)),
        exitval=draw(st.one_of(st.none(), st.integers(-(1 << 40), 1 << 40), text.filter(_is_no_number))),
        timer=float(draw(NUMBERS)) if is_checked else None,
        last_success=draw(TIMES),
        last_failure=draw(TIMES),
        first_failure=first_failure,
        failure_duration=float(draw(NUMBERS)) if first_failure else None,
        last_check=draw(TIMES),
        last_alert=draw(TIMES),
        last_trap=draw(TIMES),
        last_summary=draw(text),
        last_detail=draw(text),
        ack=draw(TIMES),
        ackcomment=draw(text),
        alerts_sent=draw(NUMBERS),
        depstatus=draw(st.one_of(st.none(), st.booleans())),
        depend=draw(text),
        hostdepend=draw(text),
        monitordepend=draw(text),
        alertdepend=draw(text),
        monitor=draw(text),
        interval=interval,
        monitor_duration=draw(st.one_of(st.none(), NUMBERS.map(float))) if is_checked else None,
        monitor_running=draw(st.booleans()) and is_checked,
        exclude_period=draw(text),
        exclude_hosts=tuple(draw(st.lists(WORDS, max_size=3))),
        randskew=float(draw(NUMBERS)),
        broken=opstatus is OpStatus.FAIL and draw(st.booleans()),
    )


def _is_no_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return text not in ("", "undef")
    return False


@pytest.mark.slow
@given(statuses(), TEXTS)
def test_line_is_read_back_to_the_same_status(status: ServiceStatus, traphost: str) -> None:
    status = replace(status, last_traphost=traphost)
    line = to_line(status)
    assert line.isascii()
    assert from_line(line) == status
    assert to_line(from_line(line)) == line


@pytest.mark.slow
@given(statuses(), st.integers(0, 10**9), st.booleans(), NUMBERS, st.one_of(st.none(), NUMBERS), TEXTS)
def test_json_is_read_back_to_the_same_status(
    status: ServiceStatus, milliseconds: int, is_running: bool, failures: int, alerts: int | None, exitval: str
) -> None:
    """JSON carries also what the line does not: fractions, a monitor without an interval, exit values as they are."""
    status = replace(
        status,
        timer=milliseconds / 1000,
        monitor_duration=milliseconds / 7,
        last_check=milliseconds / 3,
        monitor_running=is_running,
        exitval=exitval,
        consec_failures=failures,
        outage_alerts=alerts,
    )
    assert from_json(json.loads(dumps(to_json(status)))) == status


def test_what_a_line_does_not_carry() -> None:
    """The header of the module names all of it."""
    full = ServiceStatus(
        *("g", "s", OpStatus.FAIL),
        exitval="7",
        timer=None,
        interval=1.5,
        last_check=9.9,
        monitor_duration=0.7,
        consec_failures=3,
        outage_alerts=2,
        exclude_hosts=("a b",),
    )
    read = from_line(to_line(full))
    assert read == replace(
        full,
        exitval=7,
        timer=0.0,
        last_check=9.0,
        monitor_duration=0.0,
        consec_failures=0,
        outage_alerts=None,
        exclude_hosts=("a", "b"),
    )
    trap_only = ServiceStatus("g", "s", OpStatus.OK, monitor_duration=1.0, monitor_running=True, exitval="undef")
    assert from_line(to_line(trap_only)) == ServiceStatus("g", "s", OpStatus.OK)


def test_fields_of_other_servers_are_kept_as_text() -> None:
    status = from_line("group=g service=s opstatus=1 colour='light\\20blue' check=broken")
    assert status.fields["colour"] == "light blue"
    assert not status.is_broken, "a service that is well has no broken check, whatever a server says"


@pytest.mark.parametrize(
    "data",
    [None, [], "x", {}, {"group": "g", "service": "s"}, {"group": "g", "service": "s", "opstatus": 12},
     {"group": "g", "service": "s", "opstatus": 1, "timer": []},
     {"group": "g", "service": "s", "opstatus": 1, "exclude_hosts": 1}],
)  # fmt: skip
def test_what_is_no_status_in_json_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"status|OpStatus"):
        from_json(data)


def test_status_of_an_older_server_lacks_some_fields() -> None:
    assert from_json({"group": "g", "service": "s", "opstatus": 1}) == ServiceStatus("g", "s", OpStatus.OK)


@pytest.mark.parametrize(
    ("text", "status"),
    [("", OpStatus.UNKNOWN), ("0", OpStatus.FAIL), ("1", OpStatus.OK), ("OK", OpStatus.OK), ("fail", OpStatus.FAIL),
     ("7", OpStatus.UNTESTED), ("untested", OpStatus.UNTESTED)],
)  # fmt: skip
def test_status_by_its_number_or_its_name(text: str, status: OpStatus) -> None:
    assert parse_op_status(text) is status


@pytest.mark.parametrize("text", ["10", "99", "up", "-1", "1.0", "٣٣", "²", " "])
def test_what_is_no_status_is_refused(text: str) -> None:
    """The phantoms that mon makes of a misspelled name, for one."""
    with pytest.raises(ValueError, match="no operational status"):
        parse_op_status(text)


@pytest.mark.parametrize("line", ["", "group=g service=s", "220 list opstatus completed", "opstatus=1"])
def test_what_is_no_status_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no status line"):
        from_line(line)


def test_status_names_its_service() -> None:
    assert from_line("group=g service=s opstatus=1").key == ServiceKey("g", "s")
