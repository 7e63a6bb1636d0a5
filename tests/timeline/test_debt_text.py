"""What services owe, in words, and as data that comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.timeline import debt_text
from pymon.timeline.debt_text import GONE
from tests.store.samples import T0, WEB, times

PAID = Owed(WEB, "lvs.alert -X down", T0 - 90, True)
OLD = Owed(WEB, "lvs.alert -X down", T0 - 90, True, why=GONE, by_hand=("lvs.alert -u -X up",))
UNPAID = Owed(WEB, "lvs.alert -X down", T0 - 90, False, T0 - 30, "no upalert", ("lvs.alert",), ("lvs.alert -u", "\x1b"))


def test_only_what_is_not_paid_in_the_usual_way_is_told() -> None:
    assert debt_text.lines([PAID], T0) == []
    assert debt_text.lines([PAID, OLD, UNPAID], T0) == [
        f"  owes     lvs.alert -X down (called 1m30s ago), paid at the recovery as it was then: {GONE}",
        "  by hand  lvs.alert -u -X up",
        "  unpaid   lvs.alert -X down (called 1m30s ago): no upalert",
        "  by hand  lvs.alert -u",
        "  by hand  \\x1b",
    ]


def test_a_line_says_what_pays_it() -> None:
    at = int(T0 - 90)
    assert debt_text.line(PAID) == f"web http owed {at} lvs.alert -X down; by hand: "
    assert (
        debt_text.line(UNPAID) == f"web http unpaid {at} lvs.alert -X down (no upalert); by hand: lvs.alert -u; \\x1b"
    )


owed = st.builds(
    Owed,
    key=st.builds(ServiceKey, st.text(), st.text()),
    alert=st.text(),
    at=times,
    is_paid_at_recovery=st.booleans(),
    unpaid_since=times,
    why=st.text(),
    upalerts=st.lists(st.text()).map(tuple),
    by_hand=st.lists(st.text()).map(tuple),
)


@pytest.mark.slow
@given(owed)
def test_data_come_back(debt: Owed) -> None:
    assert debt_text.from_data(debt_text.as_data(debt)) == debt


@pytest.mark.parametrize(
    "change", [{"group": None}, {"at": "x"}, {"unpaid_since": "x"}, {"why": 1}, {"by_hand": None}, {"alert": []}]
)
def test_other_data_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is not a debt"):
        debt_text.from_data({**debt_text.as_data(UNPAID), **change})
