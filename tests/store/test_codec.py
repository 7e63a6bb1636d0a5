"""States and alerts under way, to JSON and back without loss."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.delivery import Pending
from pymon.model.measurement import Measurement
from pymon.model.state import Outage, PeriodState, ServiceState
from pymon.store.codec import (
    FIGURES_KEPT,
    decode_facts,
    decode_measurements,
    decode_pending,
    decode_state,
    encode_measurements,
    encode_pending,
    encode_state,
)
from pymon.text import decode, encode
from tests.store.samples import T0, pending, pendings, states, texts


@pytest.mark.slow
@given(states)
def test_a_state_comes_back_as_it_was(state: ServiceState) -> None:
    text = encode_state(state)
    assert text.isascii()
    assert decode_state(text) == state
    assert type(decode_state(text).exitval) is type(state.exitval)


@given(pendings)
def test_an_alert_comes_back_as_it_was(sent: Pending) -> None:
    assert decode_pending(encode_pending(sent)) == sent


@given(st.lists(st.builds(Measurement, texts, texts, st.floats(allow_nan=False, allow_infinity=False), texts)))
def test_measurements_come_back_as_they_were_by_host(measurements: list[Measurement]) -> None:
    text = encode_measurements(measurements)
    assert text.isascii()
    found = decode_measurements(text)
    hosts = dict.fromkeys(each.host for each in measurements)
    assert found == tuple(each for host in hosts for each in measurements if each.host == host)


def test_a_flood_of_measurements_is_kept_in_part() -> None:
    many = [Measurement(f"host{number}", "time", 0.123456, "s") for number in range(2 * FIGURES_KEPT)]
    assert decode_measurements(encode_measurements(many)) == tuple(many[:FIGURES_KEPT])
    wordy = [Measurement("h" * 256, "n" * 256, float(number), "u" * 256) for number in range(1000)]
    assert 100 < len(decode_measurements(encode_measurements(wordy))) < 200
    assert len(encode_measurements(wordy)) < 200_000


@pytest.mark.parametrize(
    "text", ["", "[]", '{"h":1}', '{"h":[1]}', '{"h":[["n","x",""]]}', '{"h":[["n",NaN,""]]}', '{"h":[["n",1]]}']
)
def test_what_is_no_measurement_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_measurements(text)


@given(texts)
def test_text_in_a_column_comes_back_as_it_was(text: str) -> None:
    assert decode(encode(text)) == text


def test_every_field_is_written_by_its_name() -> None:
    other = Outage(first_failure=5.0, ack_comment="bob: on it", periods={"p": PeriodState(alert_sent=2)})
    state = ServiceState(periods={"p": PeriodState()}, broken=True, other_outage=other)
    written = json.loads(encode_state(state))
    assert written.keys() | {"measured", "measurements"} == {field.name for field in fields(ServiceState)}
    assert written["periods"]["p"].keys() == {field.name for field in fields(PeriodState)}
    assert written["other_outage"].keys() == {field.name for field in fields(Outage)}
    assert decode_state(json.dumps(written)) == state


def test_what_another_version_wrote_is_taken_up_as_far_as_it_goes() -> None:
    state = decode_state('{"op_status": 0, "ack": 5, "of_the_future": [1], "periods": {"p": {"alert_sent": 2}}}')
    assert state == ServiceState(op_status=state.op_status, ack=5, periods={"p": PeriodState(alert_sent=2)})


COMMAND = '{"name": "x", "shown_arguments": "", "arguments": []}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "[" * 100_000,
        '{"op_status": 10}',
        '{"op_status": "fail"}',
        '{"op_status": true}',
        '{"ack": "yesterday"}',
        '{"has_result": 1}',
        '{"last_summary": null}',
        '{"periods": []}',
        '{"broken": 1}',
        '{"other_outage": []}',
        '{"other_outage": {"first_failure": "x"}}',
        '{"other_outage": {"periods": {"p": {"alert_sent": "x"}}}}',
        '{"periods": {"p": []}}',
        '{"periods": {"p": {"alert_sent": "x"}}}',
        '{"debts": {}}',
        '{"debts": [1]}',
        '{"debts": [{"command": "x", "period": "p", "at": 1, "payers": []}]}',
        f'{{"debts": [{{"command": {COMMAND.replace("[]", "[1]")}, "period": "p", "at": 1, "payers": []}}]}}',
        f'{{"debts": [{{"command": {COMMAND}, "period": "p", "at": "1", "payers": []}}]}}',
        f'{{"debts": [{{"command": {COMMAND}, "period": "p", "at": 1, "payers": [1]}}]}}',
    ],
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the reader's words
        decode_state(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", encode_pending(pending()).replace(f"{T0}", '"x"')])
def test_what_is_no_alert_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_pending(text)


def test_facts_are_an_object() -> None:
    with pytest.raises(ValueError, match="not an object"):
        decode_facts("[1]")


@pytest.mark.parametrize("number", ["1e400", "NaN", "1" + "0" * 400, "-1" + "0" * 400, '"1"'])
def test_a_figure_that_is_no_number_spoils_the_text(number: str) -> None:
    with pytest.raises(ValueError, match="is not a measurement"):
        decode_measurements(f'{{"web1":[["time",{number},"s"]]}}')
