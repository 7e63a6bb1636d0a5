"""What a check says of each of its hosts: as the monitor told, else by mon's contract, else nothing.

1. A monitor that told outcomes of hosts (the SDK's do; a program can, see ``pymon.contract.side_channel``) is believed,
   unless its run was cut off from outside: then what it saw may be pymon's own trouble. Hosts of which it told nothing
   are unknown.
2. Of any other monitor, exit value 0 means that all hosts are up which it was given as arguments.
3. Of any other exit value that is a failure, the summary (the first line of output) names the hosts that are down; the
   others that it was given are up. A summary that names none of them says nothing of any: all are unknown.
4. A check that is broken, or was cut off at its time limit, says nothing of any host.

A host is named by a word of its own, as host dependencies have it (``pymon.model.summary``).
"""

from __future__ import annotations

from collections.abc import Mapping

from pymon.contract.check_order import CheckOrder
from pymon.model.result import NO_HOSTS, Cause, CheckOutcome, CheckResult, HostOutcome
from pymon.model.summary import names_host

SUMMARY_LIMIT = 64 * 1024
"""characters of a summary that are searched for hosts; in a longer one, hosts that are not found are unknown"""

_OWN_ENDS = (Cause.EXITED, Cause.BROKEN, Cause.TIMED_OUT)
"""ends of a run before which the monitor saw what it told"""


def host_outcomes(order: CheckOrder, result: CheckResult) -> Mapping[str, HostOutcome]:
    """What a result says of each host of its order; ``result.hosts`` is what the monitor told itself."""
    hosts, told = order.hosts, result.hosts
    if not hosts:
        return NO_HOSTS
    if told and result.cause in _OWN_ENDS:
        if len(told) == len(hosts) and all(type(told.get(host)) is HostOutcome for host in hosts):
            return told  # as every check has it whose monitor is the SDK's
        if any(host in told for host in hosts):
            return {host: _as_outcome(told.get(host)) for host in hosts}
    unknown = dict.fromkeys(hosts, HostOutcome.UNKNOWN)
    if result.cause is not Cause.EXITED:
        return unknown
    match result.outcome:
        case CheckOutcome.OK:
            return unknown | dict.fromkeys(_given(order), HostOutcome.UP)
        case CheckOutcome.FAILED:
            return unknown | _by_summary(order, result.output)
        case CheckOutcome.BROKEN:
            return unknown


def _by_summary(order: CheckOrder, output: str) -> dict[str, HostOutcome]:
    summary = output[: SUMMARY_LIMIT + 1].partition("\n")[0]
    down = [host for host in order.hosts if names_host(summary, host)]
    if not down:
        return {}
    is_whole = len(summary) <= SUMMARY_LIMIT
    up = dict.fromkeys(_given(order), HostOutcome.UP) if is_whole else {}
    return up | dict.fromkeys(down, HostOutcome.DOWN)


def _given(order: CheckOrder) -> tuple[str, ...]:
    """The hosts that the monitor was called with: not all, where its line in mon.cf ends in ``;;``."""
    if order.arguments[-len(order.hosts) :] == order.hosts:
        return order.hosts
    arguments = frozenset(order.arguments)
    return tuple(host for host in order.hosts if host in arguments)


def _as_outcome(outcome: object) -> HostOutcome:
    """What a monitor told, which may be anybody's."""
    return outcome if isinstance(outcome, HostOutcome) else HostOutcome.UNKNOWN
