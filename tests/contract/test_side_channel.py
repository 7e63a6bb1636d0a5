"""The lines by which a program tells more than its exit code and output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.side_channel import SideNotes, format_notes, parse_notes
from pymon.model.measurement import Measurement
from pymon.model.result import HostOutcome
from pymon.text import decode

UP, DOWN, UNKNOWN = HostOutcome.UP, HostOutcome.DOWN, HostOutcome.UNKNOWN
TIME = Measurement("web1", "time", 0.5, "s")
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\t "), min_size=1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", SideNotes()),
        ("web1 time 0.5 s\n", SideNotes((TIME,))),
        ("!broken\n", SideNotes(is_broken=True)),
        ("!broken\r\nweb1 time 0.5 s\n", SideNotes((TIME,), is_broken=True)),
        ("!up web1\n!down web2\n!unknown web3\n", SideNotes(hosts={"web1": UP, "web2": DOWN, "web3": UNKNOWN})),
        ("web1 time 0.5 s\n  !down   web1  \n", SideNotes((TIME,), {"web1": DOWN})),
        ("!up caf\udce9", SideNotes(hosts={"caf\udce9": UP})),
        ("!up two words\n", SideNotes(hosts={"two words": UP})),
        ("!up web1\n!down web1\n!up web1\n!unknown web1\n", SideNotes(hosts={"web1": DOWN})),
        ("!unknown web1\n!up web1\n", SideNotes(hosts={"web1": UNKNOWN})),
    ],
)
def test_lines(text: str, told: SideNotes) -> None:
    assert parse_notes(text) == told


@pytest.mark.parametrize(
    "line", ["!up", "!up ", "!down", "!UP web1", "!upweb1", "up web1", "!broken web1", "!maybe web1"]
)
def test_a_bad_line_is_told_of_and_spoils_no_other(line: str) -> None:
    told = parse_notes(f"!up web1\n{line}\n!down web2\n")
    assert (told.hosts, told.is_broken) == ({"web1": UP, "web2": DOWN}, False)
    assert told.problem.startswith("line 2, ")


@given(
    st.lists(st.builds(Measurement, WORD, WORD, st.floats(-1e9, 1e9), st.sampled_from(["", "s", "%"])), max_size=5),
    st.dictionaries(WORD, st.sampled_from(HostOutcome), max_size=5),
    st.booleans(),
)
def test_what_is_told_is_read(measurements: list[Measurement], hosts: dict[str, HostOutcome], broken: bool) -> None:
    told = parse_notes(format_notes(measurements, hosts, broken=broken))
    assert (told.hosts, told.is_broken) == (hosts, broken)
    assert [each.value for each in told.measurements] == [each.value for each in measurements]
    assert not told.problem


def test_names_that_are_no_lines_are_left_out() -> None:
    """They stay unknown; what is written can be read, and encoded."""
    odd = {"a\nb": UP, "": UP, " a": UP, "a\ud800": DOWN, decode(b"caf\xe9"): DOWN, "b\n!up web1": DOWN}
    text = format_notes((), odd)
    assert text.encode("utf-8", "surrogateescape") == b"!down caf\xe9\n"


def test_a_measurement_that_is_none_is_told_of_by_a_line_that_is_none() -> None:
    assert parse_notes(format_notes((Measurement("web1", "time", float("nan")), TIME), {"web1": UP})).problem
