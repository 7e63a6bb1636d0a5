"""How an alert is called, exactly as mon calls it (pure).

argv is the alert's path and what ``pymon.contract.alert_options`` makes. What stands in which MON_* variable, and when
one is absent, was compared with the running mon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pymon.contract.alert_options import alert_arguments
from pymon.contract.environ import clean, fit
from pymon.contract.invocation import Invocation
from pymon.model.effect import AlertCall
from pymon.model.result import CheckOutcome
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.model.state import NO_SUMMARY, split_output
from pymon.model.status import EventKind
from pymon.model.variables import MonVariable

HOSTS_LIMIT = 120 * 1024
"""bytes of the ``-h`` argument: the kernel refuses a single argument of 128 KiB"""


def alert_invocation(
    call: AlertCall,
    service: Service,
    path: str,
    hosts: Sequence[str],
    settings: Settings,
    base_environ: Mapping[str, str],
) -> Invocation:
    """Make the call of one alert.

    ``path`` is the alert's file. ``hosts`` are the group's without the disabled ones (exclude_hosts and host
    dependencies do not count here). ``base_environ`` is the daemon's own environment; the service's variables
    override it, and mon's override both.

    A NUL, which no argument or variable can hold, is passed as U+FFFD (A-nul); MON_* variables are cut at 64 KiB
    and the host list at 120 KiB, because the kernel would refuse to start the alert (Q21). Standard input is whole.
    """
    told = _join_hosts(hosts)
    arguments = alert_arguments(call.key.service, call.key.group, told, call.at, call.event, call.command.arguments)
    environ = dict(base_environ)
    environ.update((name, clean(value)) for name, value in service.environment)
    environ.update((name, fit(value)) for name, value in _variables(call, service, settings))
    return Invocation(path, tuple(clean(argument) for argument in arguments), environ, call.output)


def history_line(call: AlertCall, path: str) -> str:
    """``KIND GROUP SERVICE EPOCH PATH (ARGUMENTS) SUMMARY``: the line of mon's alert history, without newline.

    The arguments stand as written in mon.cf, but for secrets; the summary is that of what the alert gets as input.
    """
    summary, _ = split_output(call.output)
    word = call.history_word or call.event.value
    return (
        f"{word} {call.key.group} {call.key.service} {int(call.at)} {path} ({call.command.shown_arguments}) "
        f"{summary if summary.strip() else NO_SUMMARY}"
    )


def _variables(call: AlertCall, service: Service, settings: Settings) -> Iterator[tuple[str, str]]:
    """The MON_* variables that are present (spec: calling an alert)."""
    state = call.state
    yield MonVariable.GROUP, call.key.group
    yield MonVariable.SERVICE, call.key.service
    yield MonVariable.ALERTTYPE, call.event.value
    yield MonVariable.OPSTATUS, str(int(state.op_status))
    if state.check is not None:
        yield MonVariable.CHECK, check_outcome(call)
    yield MonVariable.LAST_FAILURE, str(int(state.last_failure))
    yield MonVariable.LAST_SUCCESS, str(int(state.last_success))
    yield MonVariable.FIRST_SUCCESS, ""  # mon passes it, and never has a value for it
    yield MonVariable.STATEDIR, settings.statedir
    yield MonVariable.LOGDIR, settings.logdir
    yield MonVariable.CFBASEDIR, settings.cfbasedir
    if call.exitval is not None:
        yield MonVariable.RETVAL, str(call.exitval)
    if service.description is not None:
        yield MonVariable.DESCRIPTION, service.description
    if state.ack and state.ack_comment:
        yield MonVariable.ACK, state.ack_comment
    if call.trap_intended:
        yield MonVariable.TRAP_INTENDED, call.trap_intended
    if state.has_result:
        if state.last_summary or state.last_output:  # mon has none of a success that printed nothing
            yield MonVariable.LAST_SUMMARY, state.last_summary
        yield MonVariable.FIRST_FAILURE, str(int(state.first_failure))
    if state.has_output:  # it is the output of the event before this one, so the first event has none
        yield MonVariable.LAST_OUTPUT, state.last_output


def check_outcome(call: AlertCall) -> str:
    """``failed`` or ``broken``: what an alert is about. Of an upalert that is the outage that ends; else ``ok``."""
    if call.event is EventKind.UP and call.period is not None:
        return (CheckOutcome.BROKEN if call.state.broken else CheckOutcome.FAILED).value
    return (call.state.check or CheckOutcome.OK).value


def _join_hosts(hosts: Sequence[str]) -> str:
    """The hosts in one argument; those that do not fit are left out."""
    text = " ".join(hosts)
    if len(text) * 4 <= HOSTS_LIMIT:
        return text
    cut = fit(text, HOSTS_LIMIT)
    return text if cut == clean(text) else cut.rpartition(" ")[0]
