"""What a decision is recorded as: what the check or trap said, whom that was told to, and what was held back (pure).

Routine is not recorded: a success of a service that is well, unless something follows from it.

The facts of an event, by its kind:

    check, trap   ``status`` (fail, ok, …), ``exitval``, ``summary``; ``check`` is ``broken`` of a check that could not
                  be carried out; ``cause`` if the monitor did not simply exit;
                  ``sta`` and ``intended`` of a trap; ``measurements`` of a check (host, name, value, unit of each),
                  those of failed hosts first, and ``unlisted``, how many more there were
    alert, held   ``event`` (failure, up, ack, …), ``period`` (its key; None: of no period), ``alert`` (as in mon.cf);
                  ``rule`` that held it back; ``why`` the alert was sent, in words, if that is not plain; and
                  ``reason``, the same for programs: ``rule`` (``pymon.model.effect.SendRule``), and what it looked at
                  (the fields of SendReason). What an older pymon recorded has no ``reason``
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pymon.core.outages import ending
from pymon.model import acknowledgement
from pymon.model.depend import ServiceKey
from pymon.model.duration import format_duration
from pymon.model.effect import Noticed, Rule, SendReason, SendRule, Suppressed, Suppression, Verdict
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.measurement import Measurement
from pymon.model.result import BROKEN_WORD, LOCAL, Cause, CheckOutcome, CheckResult
from pymon.model.service import LIST_OF, AlertKind, Service
from pymon.model.state import ServiceState, summary_of
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.model.whole_seconds import format_elapsed
from pymon.text import bounded
from pymon.timeline.debt_text import GONE

SUMMARY_LIMIT = 500
"""characters of a summary that are recorded"""
FIGURES = 20
"""measurements that are recorded with an event"""
FIGURES_LENGTH = 2000
"""characters of their names"""
NAMED = 3
"""alerts that a held-back line names; of more, how many"""

_CAUSES = {
    Cause.SIGNALED: "ended by a signal",
    Cause.TIMED_OUT: "timed out",
    Cause.NOT_STARTED: "not started",
    Cause.RAISED: "raised an exception",
    Cause.BLOCKED: "blocked the daemon",
    Cause.HELD_UP: "the daemon was held up",
    Cause.STARVED: "the daemon lacked what it takes to run it",
}


def of_verdict(
    service: Service,
    before: ServiceState,
    verdict: Verdict,
    now: float,
    cause: CheckResult | Trap | None = None,
) -> tuple[TimelineEvent, ...]:
    """What is to be recorded of one decision, in order.

    ``before`` is the state that it was made on, ``cause`` what it came from: a monitor's result, a trap, or neither
    (a trap that did not come, a trap's time that is over, the start, an acknowledgement, a disable, a test).
    ``now`` is the time of the decision, in seconds since the epoch.
    """
    after = verdict.state
    if not verdict.effects and before.op_status is after.op_status is OpStatus.OK:
        return ()
    return (
        *_notice_events(service.key, verdict, now),
        *_check_events(service, before, verdict, now, cause),
        *_acknowledgement_events(service.key, before, verdict, now),
        *_alert_events(verdict),
        *_suppression_events(service, verdict),
    )


def of_misbehaviour(
    service: Service, state: ServiceState, result: CheckResult, now: float, until: float
) -> TimelineEvent:
    """What is recorded of a monitor that is not run inside the daemon until some time, after ``result`` there.

    One that blocked the daemon is repeated as a process at once, so that result itself is never judged.
    """
    name = service.monitor.name if service.monitor is not None else "the monitor"
    minutes = f"{(until - now) / 60:.0f} min"
    text = f"{name}: {_shorten(summary_of(result.output))}; for {minutes} it runs as a process, for this service"
    facts: dict[str, object] = {"status": state.op_status.name.lower(), "cause": result.cause.value, "until": until}
    return _event(service.key, now, TimelineKind.CHECK, text, facts)


# What the check said


def _check_events(
    service: Service, before: ServiceState, verdict: Verdict, now: float, cause: CheckResult | Trap | None
) -> Iterator[TimelineEvent]:
    after = verdict.state
    if isinstance(cause, CheckResult):
        if cause.cause is Cause.CANCELLED:
            return
        kind = TimelineKind.CHECK
    else:
        kind = TimelineKind.TRAP
    if cause is None:
        text = _describe_silence(service, before, after)
    elif after.op_status is OpStatus.FAIL:
        text = _describe_failure(service, before, after, cause)
    elif before.op_status is not after.op_status:
        text = _describe_success(before, after, cause, now)
    else:
        return
    if not text:
        return
    facts: dict[str, object] = {"status": after.op_status.name.lower(), "exitval": after.exitval}
    facts["summary"] = _shorten(after.last_summary)
    if after.is_broken:
        facts["check"] = CheckOutcome.BROKEN.value
    facts |= _cause_facts(cause, after.last_summary)
    yield _event(service.key, now, kind, text, facts)


def _cause_facts(cause: CheckResult | Trap | None, summary: str) -> dict[str, object]:
    """What is recorded of a result, or a trap, itself."""
    if isinstance(cause, Trap):
        return {"sta": cause.sta, **({"intended": cause.intended} if cause.intended else {})}
    facts: dict[str, object] = {}
    if cause is None:
        return facts
    if cause.cause is not Cause.EXITED:
        facts["cause"] = cause.cause.value
    if cause.source != LOCAL:
        facts["source"] = cause.source
    if cause.measurements:
        facts |= _measurement_facts(cause.measurements, summary)
    return facts


def _measurement_facts(measurements: tuple[Measurement, ...], summary: str) -> dict[str, object]:
    """As many figures as an event has room for: those of hosts that the summary names come first."""
    if len(measurements) > FIGURES:
        named = frozenset(summary.split())
        measurements = tuple(sorted(measurements, key=lambda each: each.host not in named))
    listed: list[Measurement] = []
    room = FIGURES_LENGTH
    for each in measurements[:FIGURES]:
        room -= len(each.host) + len(each.name) + len(each.unit)
        if room < 0:
            break
        listed.append(each)
    unlisted = len(measurements) - len(listed)
    return {"measurements": [list(each) for each in listed], **({"unlisted": unlisted} if unlisted else {})}


def _describe_failure(service: Service, before: ServiceState, after: ServiceState, cause: CheckResult | Trap) -> str:
    if isinstance(cause, Trap):
        what = "a broken check" if after.is_broken else "failure"
        how = f"trap of {what}{_describe_addressee(cause)} (sta {cause.sta})"
    elif after.is_broken:
        told = f"{_CAUSES[cause.cause]}, " if cause.cause in _CAUSES else ""
        how = f"broken ({told}exit {after.exitval})"
    elif cause.cause is Cause.EXITED:
        how = f"failed (exit {cause.exitval})"
    else:
        how = f"failed ({_CAUSES[cause.cause]}, exit {cause.exitval})"
    more = ""
    if after.failure_interval_active and not before.failure_interval_active and service.failure_interval:
        more = f"; checked every {format_duration(service.failure_interval)} until it is well (failure_interval)"
    said = after.last_summary.removeprefix(BROKEN_WORD) if after.is_broken else after.last_summary
    return f"{how}: {_shorten(said)}{more}"


def _describe_success(before: ServiceState, after: ServiceState, cause: CheckResult | Trap, now: float) -> str:
    how = f"trap of success{_describe_addressee(cause)}" if isinstance(cause, Trap) else "ok"
    said = f": {_shorten(after.last_summary)}" if after.last_summary.strip() else ""
    if before.op_status is not OpStatus.FAIL or not before.first_failure:
        return f"{how}{said}"
    before = ending(before)
    lasted, count = format_elapsed(before.first_failure, now), before.consec_failures
    if before.broken:
        return f"{how} after its check was broken for {lasted} ({count} in a row){said}"
    return f"{how} after {lasted} of failure ({count} {'failure' if count == 1 else 'failures'} in a row){said}"


def _describe_silence(service: Service, before: ServiceState, after: ServiceState) -> str:
    """What happened when neither a check nor a trap did, empty if that is recorded as something else."""
    if after.failure_count > before.failure_count:
        return f"no trap for {format_duration(service.traptimeout or 0.0)}: counts as a failure (traptimeout)"
    if after.op_status is OpStatus.OK and before.op_status is not OpStatus.OK:
        return f"no trap any more for {format_duration(service.trapduration or 0.0)}: counts as ok (trapduration)"
    return ""


def _describe_addressee(trap: Trap) -> str:
    return f", addressed to {trap.intended}" if trap.intended else ""


def _notice_events(key: ServiceKey, verdict: Verdict, now: float) -> Iterator[TimelineEvent]:
    for effect in verdict.effects:
        if isinstance(effect, Noticed):
            yield _event(key, now, TimelineKind.CHECK, effect.text, {"status": verdict.state.op_status.name.lower()})


def _acknowledgement_events(
    key: ServiceKey, before: ServiceState, verdict: Verdict, now: float
) -> Iterator[TimelineEvent]:
    """An acknowledgement ends by itself: with the outage, for another one, or for another summary (unack_summary)."""
    after = verdict.state
    if before.ack and not after.ack:
        if before.broken is not after.broken and after.op_status is OpStatus.FAIL:
            ended = f"it was given before {'the check broke' if after.broken else 'the service was found failing'}"
        elif after.op_status is OpStatus.OK:
            ended = "the outage is over"
        else:
            ended = "the summary is another (unack_summary)"
        said = acknowledgement.describe(before.ack_comment)
        text = f"the acknowledgement has ended, {ended}{f': {_shorten(said)}' if said else ''}"
        yield _event(key, now, TimelineKind.CHECK, text, {"status": after.op_status.name.lower()})


# Whom it was told to


def _alert_events(verdict: Verdict) -> Iterator[TimelineEvent]:
    for call in verdict.alerts:
        word = call.list_kind or "redistribute"
        why = describe_reason(call.reason)
        where = f"period {call.period}" if call.period else ("" if call.period is None else "the period without a name")
        details = ", ".join(part for part in (where, why) if part)
        test = "test of " if call.history_word is None and call.list_kind is not None else ""
        text = f"{test}{word} {call.command}{f' ({details})' if details else ''}: {_shorten(summary_of(call.output))}"
        facts: dict[str, object] = {
            "event": call.event.value,
            "kind": str(word),
            "period": call.period,
            "alert": str(call.command),
            "exitval": call.exitval,
            **({"why": why} if why else {}),
            "reason": _facts_of(call.reason),
            **({"test": True} if test else {}),
        }
        yield _event(call.key, call.at, TimelineKind.ALERT, text, facts)


def describe_reason(reason: SendReason) -> str:
    """Why an alert was sent, in words; empty where the kind of the alert says it all."""
    match reason.rule:
        case SendRule.DEBT:
            return f"it pays for the down alert {reason.pays}{f': {GONE}' if reason.is_gone else ''}"
        case SendRule.RECOVERY:
            return f"{reason.number} {'alert' if reason.number == 1 else 'alerts'} sent in this outage"
        case SendRule.NO_COMP_ALERTS:
            return "no alert sent in this outage, and no_comp_alerts is set"
        case SendRule.ACK | SendRule.DISABLE | SendRule.STARTUP | SendRule.REDISTRIBUTE | SendRule.TEST:
            return ""
        case (
            SendRule.FIRST
            | SendRule.COUNT_REACHED
            | SendRule.WINDOW_REACHED
            | SendRule.REPEAT
            | SendRule.SUMMARY_CHANGED
            | SendRule.OUTPUT_CHANGED
            | SendRule.UNACKNOWLEDGED
            | SendRule.NO_RULE
        ):
            return ", ".join((*_order(reason), *_alertafter(reason))) or "the first of this outage"


def _order(reason: SendReason) -> Iterator[str]:
    """Which alert of the outage it is, and why it did not have to wait; nothing of the first one."""
    if reason.number in (None, 1):
        return
    yield f"alert {reason.number} of this outage"
    if reason.since_last is None:
        return
    but = ""
    if reason.rule in (SendRule.SUMMARY_CHANGED, SendRule.OUTPUT_CHANGED):
        changed = "summary" if reason.rule is SendRule.SUMMARY_CHANGED else "output"
        but = f" but the {changed} is another (alertevery {format_duration(reason.alertevery or 0)})"
    yield f"the last one {format_duration(max(reason.since_last, 0))} ago{but}"


def _alertafter(reason: SendReason) -> Iterator[str]:
    """What alertafter has waited for, if that decided."""
    if reason.rule is SendRule.COUNT_REACHED:
        yield f"failure {reason.count} in a row, alertafter {reason.wanted}"
    elif reason.rule is SendRule.WINDOW_REACHED:
        window, lasted = format_duration(reason.window or 0), format_duration(max(reason.lasting or 0, 0))
        if reason.wanted is None:
            # which can be less than the outage lasts: it begins again with ``clear timers`` and unack_summary
            yield f"failing for {lasted} as alertafter {window} counts"
        else:
            yield f"failure {reason.count} in {lasted}, alertafter {reason.wanted} {window}"


def _facts_of(reason: SendReason) -> dict[str, object]:
    looked_at = {field.name: getattr(reason, field.name) for field in fields(reason) if field.name != "rule"}
    known = {
        name: value for name, value in looked_at.items() if value is not None and value != "" and value is not False
    }
    return {"rule": reason.rule.value, **known}


# What was held back


def _suppression_events(service: Service, verdict: Verdict) -> Iterator[TimelineEvent]:
    for effect in verdict.effects:
        if not isinstance(effect, Suppressed):
            continue
        kind = LIST_OF.get(effect.event, AlertKind.ALERT)
        for held in effect.held:
            facts: dict[str, object] = {
                "event": effect.event.value,
                "kind": kind.value,
                "rule": held.rule.value,
                "period": held.period,
                "alert": held.alert,
                "alerts": list(_alerts_meant(service, kind, held)),
            }
            yield _event(effect.key, effect.at, TimelineKind.HELD, _describe_suppression(service, kind, held), facts)


def _describe_suppression(service: Service, kind: AlertKind, held: Suppression) -> str:
    if held.rule is Rule.NONE_CONFIGURED:
        return f"nobody is told: {held.text}"
    names = list(_alerts_meant(service, kind, held))
    named = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    where = "" if held.period is None else f" ({f'period {held.period}'.rstrip()})"
    return f"{kind}{f' {named}' if named else ''} not sent{where}: {held.text}"


def _alerts_meant(service: Service, kind: AlertKind, held: Suppression) -> Iterator[str]:
    """The alerts that were held back, as mon.cf writes them."""
    if held.alert is not None:
        yield held.alert
        return
    seen = set()
    for period in service.periods:
        if held.period in (None, period.key):
            for alert in period.alerts_of(kind):
                if (name := str(alert.command)) not in seen:
                    seen.add(name)
                    yield name


def _event(key: ServiceKey, at: float, kind: TimelineKind, text: str, facts: dict[str, object]) -> TimelineEvent:
    return TimelineEvent(at, kind, text, key.group, key.service, facts=facts)


def _shorten(text: str) -> str:
    return bounded(text, SUMMARY_LIMIT)
