"""Failed and broken: the two outages that a service can have at the same time, and what becomes of their books.

A check that could not be carried out says nothing about the service. So the failed outage counts as if there had been
no broken results, and the broken outage as if there had been no failed ones, until a success ends both. Each has its
own alertevery, alertafter, numalerts, alerts sent, beginning and acknowledgement: however the two take turns, each
tells what it would tell alone. The books of the outage that the last result belongs to are in the fields of
ServiceState, those of the other one are in ``other_outage``.

    state           failed result            broken result            success
    --------------  -----------------------  -----------------------  --------------------------------------------
    well, untested  a failed outage begins   a broken outage begins   stays well
    failed          the outage goes on       a broken outage begins,  the outage ends: downtime, dep_memory,
                                             the failed one waits     upalerts of what it alerted
    broken          a failed outage begins,  the outage goes on       the outage ends: no downtime,
                    the broken one waits                              upalerts of what it alerted
    failed, both    the failed outage goes   the broken outage goes   both end: downtime of the failed one,
    are open        on                       on                       upalerts of what either alerted
    broken, both    the failed outage goes   the broken outage goes   the same
    are open        on                       on

A trap of failure, and a trap that did not come, are failed results; a trap of success is a success. An acknowledgement
is of each outage that is open when it is given, and of none that begins later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pymon.model.result import BROKEN_EXIT, BROKEN_WORD, CheckResult
from pymon.model.state import Outage, PeriodState, ServiceState, split_output
from pymon.model.status import OpStatus

_DIGITS = 10


def broken_result(result: CheckResult) -> CheckResult:
    """A broken check as alerts are told of it: an exit value from 126 on, and output that says what it is.

    So ``exit=1-125`` and ``alertexitrange 1-125`` are for failures only, under mon as well.
    """
    output = result.output if result.output.startswith(BROKEN_WORD) else BROKEN_WORD + result.output
    return result._replace(exitval=max(result.exitval, BROKEN_EXIT), output=output)


def says_broken(exitval: int | str | None, summary: str) -> bool:
    """Whether what mon's files, and traps, have of a result is that of a broken check: they have no field for it."""
    if isinstance(exitval, str):
        exitval = int(exitval) if exitval.isascii() and exitval.isdigit() and len(exitval) < _DIGITS else 0
    return exitval is not None and exitval >= BROKEN_EXIT and summary.startswith(BROKEN_WORD)


def enter(state: ServiceState, *, broken: bool) -> ServiceState:
    """The state with the books of the broken, or of the failed, outage in force; fresh ones if there is none."""
    if state.broken is broken:
        return state
    books = _books(state)
    return replace(
        state,
        broken=broken,
        other_outage=None if _is_fresh(books) else books,
        **_fields(state.other_outage or _FRESH),
    )


def is_failed_open(state: ServiceState) -> bool:
    """Whether the service was found failing since its last success, be it that the check has broken since."""
    if state.op_status is not OpStatus.FAIL:
        return False
    return not state.broken or (state.other_outage is not None and bool(state.other_outage.first_failure))


def about_outage(state: ServiceState, *, broken: bool) -> ServiceState:
    """A state as alerts see it that are about one of the outages, if the last result was of the other one."""
    if state.broken is broken:
        return state
    of_it = enter(state, broken=broken)
    summary, detail = split_output(of_it.failure_output)
    return replace(of_it, last_summary=summary, last_detail=detail, last_output=of_it.failure_output)


def ending(state: ServiceState) -> ServiceState:
    """The state of an outage that a success ends, as upalerts see it: of the failed one, if that is open or owed."""
    other = state.other_outage
    if state.broken and other is not None and (other.first_failure or other.is_alerted):
        return about_outage(state, broken=False)
    return state


def acknowledge_outages(state: ServiceState, at: float, comment: str) -> ServiceState:
    """Each open outage acknowledged: the one in force, and the other one if it has begun."""
    other = state.other_outage
    if other is not None and other.first_failure:
        other = replace(other, ack=at, ack_comment=comment)
    return replace(state, ack=at, ack_comment=comment, other_outage=other)


def with_status(state: ServiceState, status: OpStatus) -> ServiceState:
    """The state after a client has set its status: no outage is open that the status does not tell of."""
    state = enter(state, broken=False)
    if status is not OpStatus.FAIL and state.other_outage is not None:
        state = replace(state, other_outage=replace(state.other_outage, first_failure=0.0))
    return replace(state, op_status=status)


def _books(state: ServiceState) -> Outage:
    return Outage(**{name: getattr(state, name) for name in Outage.__slots__})


def _is_fresh(books: Outage) -> bool:
    return replace(books, periods={}) == _FRESH and all(each == _NOTHING_COUNTED for each in books.periods.values())


def _fields(outage: Outage) -> Mapping[str, Any]:
    return {name: getattr(outage, name) for name in Outage.__slots__}


_FRESH = Outage()
_NOTHING_COUNTED = PeriodState()
