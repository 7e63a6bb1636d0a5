"""What a check says of each of its hosts: as the monitor told, else by mon's contract, else nothing.

1. A monitor that told outcomes of hosts (the SDK's do; a program can, see ``pymon.contract.side_channel``) is believed,
   unless its run was cut off: then it was not done, and what it saw may be pymon's own trouble. Hosts of which it told
   nothing are unknown. If it is not the SDK's, what it told must agree with its exit value, else all hosts are unknown:
   a script that turns the verdict of another monitor round passes on what that one tells.
2. Of any other monitor, exit value 0 means that all hosts are up which it was given as arguments.
3. Of an exit value that is a failure, the summary (the first line of output) names the hosts that are down; the others
   that it was given are up. A summary that names no host says nothing about any: all are unknown.
4. If its check is broken, all hosts are unknown. So they are of any that was cut off at its time limit.

A host is named by a word of its own, as host dependencies have it (``pymon.model.summary``).
"""

from __future__ import annotations

from collections.abc import Mapping

from pymon.contract.check_order import CheckOrder
from pymon.model.result import NO_HOSTS, Cause, CheckOutcome, CheckResult, HostOutcome
from pymon.model.summary import names_host

SUMMARY_LIMIT = 64 * 1024
"""characters of a summary that are searched for hosts; in a longer one, hosts that are not found are unknown"""

_BLANKS = " \t\r\f\v"

_OWN_ENDS = (Cause.EXITED, Cause.BROKEN)
"""ends of a run before which the monitor saw what it told"""


def host_outcomes(order: CheckOrder, result: CheckResult, *, is_sdk: bool = False) -> Mapping[str, HostOutcome]:
    """What a result says of each host of its order; ``result.hosts`` is what the monitor told itself.

    ``is_sdk``: the monitor is the SDK's, so that nobody else can have told for it.
    """
    hosts, told = order.hosts, result.hosts
    if not hosts:
        return NO_HOSTS
    if told and result.cause in _OWN_ENDS:
        if not is_sdk and _contradicts(told, result.outcome):
            return dict.fromkeys(hosts, HostOutcome.UNKNOWN)
        if told.keys() == set(hosts) and all(type(outcome) is HostOutcome for outcome in told.values()):
            return told  # as every check has it whose monitor is the SDK's
        if any(host in told for host in hosts):
            return {host: _to_outcome(told.get(host)) for host in hosts}
    unknown = dict.fromkeys(hosts, HostOutcome.UNKNOWN)
    if result.cause is not Cause.EXITED:
        return unknown
    match result.outcome:
        case CheckOutcome.OK:
            return unknown | dict.fromkeys(_find_given_hosts(order), HostOutcome.UP)
        case CheckOutcome.FAILED:
            return unknown | _read_summary(order, result.output)
        case CheckOutcome.BROKEN:
            return unknown


def _contradicts(told: Mapping[str, HostOutcome], outcome: CheckOutcome) -> bool:
    is_down = HostOutcome.DOWN in told.values()
    return (outcome is CheckOutcome.OK and is_down) or (outcome is CheckOutcome.FAILED and not is_down)


def _read_summary(order: CheckOrder, output: str) -> dict[str, HostOutcome]:
    summary = output[: SUMMARY_LIMIT + 1].partition("\n")[0]
    is_whole = len(summary) <= SUMMARY_LIMIT
    if not is_whole:  # the last word may be the beginning of another host's name
        summary = summary[: 1 + max(summary.rfind(blank) for blank in _BLANKS)]
    down = [host for host in order.hosts if names_host(summary, host)]
    if not down:
        return {}
    up = dict.fromkeys(_find_given_hosts(order), HostOutcome.UP) if is_whole else {}
    return up | dict.fromkeys(down, HostOutcome.DOWN)


def _find_given_hosts(order: CheckOrder) -> tuple[str, ...]:
    """The hosts that the monitor was called with: not all, where its line in mon.cf ends in ``;;``."""
    if order.arguments[-len(order.hosts) :] == order.hosts:
        return order.hosts
    arguments = frozenset(order.arguments)
    return tuple(host for host in order.hosts if host in arguments)


def _to_outcome(outcome: object) -> HostOutcome:
    """A monitor's own value, of any type, as an outcome."""
    return outcome if isinstance(outcome, HostOutcome) else HostOutcome.UNKNOWN
