"""What services owe (R-debts), as lines for people and as data for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.whole_seconds import format_elapsed
from pymon.text import printable

GONE = "mon.cf does not have the upalert any more that was in force when the down alert was called"
"""why a debt is paid by a line that is not there any more"""

_TEXTS = ("alert", "why")
_LISTS = ("upalerts", "by_hand")


def lines(owed: Iterable[Owed], now: float) -> list[str]:
    """Lines for each debt of one service that is not paid in the usual way: what it is, and what pays it by hand."""
    told = []
    for each in owed:
        since = f"called {format_elapsed(each.at, now)} ago"
        if not each.is_paid_at_recovery:
            told.append(f"  unpaid   {each.alert} ({since}): {each.why}")
        elif each.why:
            told.append(f"  owes     {each.alert} ({since}), paid at the recovery as it was then: {each.why}")
        else:
            continue
        told += [f"  by hand  {line}" for line in each.by_hand]
    return [printable(line) for line in told]


def line(owed: Owed) -> str:
    """One line for a debt: ``GROUP SERVICE owed|unpaid EPOCH ALERT; by hand: LINE``, and why it is unpaid."""
    word = "owed" if owed.is_paid_at_recovery else "unpaid"
    why = f" ({owed.why})" if owed.why else ""
    what = f"{owed.key.group} {owed.key.service} {word} {int(owed.at)} {owed.alert}{why}"
    return printable(f"{what}; by hand: {'; '.join(owed.by_hand)}")


def as_data(owed: Owed) -> dict[str, object]:
    """A debt as JSON values."""
    values: dict[str, object] = {"group": owed.key.group, "service": owed.key.service}
    values |= {"state": "owed" if owed.is_paid_at_recovery else "unpaid", "at": owed.at, "alert": owed.alert}
    values |= {"unpaid_since": owed.unpaid_since or None, "why": owed.why}
    return values | {name: list(getattr(owed, name)) for name in _LISTS}


def from_data(data: Mapping[str, object]) -> Owed:
    """The debt that ``as_data`` made the values from. Raises ValueError for other values."""
    group, service, at, since = data.get("group"), data.get("service"), data.get("at"), data.get("unpaid_since") or 0.0
    texts, lists = [data.get(name) for name in _TEXTS], [data.get(name) for name in _LISTS]
    match group, service, at, since, texts, lists:
        case str(), str(), float() | int(), float() | int(), [str(alert), str(why)], [list(upalerts), list(by_hand)]:
            key = ServiceKey(group, service)
            is_owed = data.get("state") == "owed"
            words = tuple(map(str, upalerts)), tuple(map(str, by_hand))
            return Owed(key, alert, float(at), is_owed, float(since), why, *words)
    raise ValueError(f"{data!r:.80} is not a debt")
